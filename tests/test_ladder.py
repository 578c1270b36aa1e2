"""The rules that make the steps a ladder."""

import ast
import difflib
import re
import tomllib
from pathlib import Path

import pytest

from conftest import PROGRAMS

ROOT = Path(__file__).parent.parent
NEW_LINES = 25  # that a step may add; a longer one is two steps
IN_A_PART = 10  # that can be explained at one go

pairs = pytest.mark.parametrize(("before", "after"), list(zip(PROGRAMS, list(PROGRAMS)[1:], strict=False)))


def lines(step):
    return PROGRAMS[step].read_text(encoding="utf-8").splitlines()


@pairs
def test_a_step_only_adds(before, after):
    gone = [line for line in difflib.ndiff(lines(before), lines(after)) if line.startswith("- ")]
    assert gone == []


@pairs
def test_a_step_adds_little(before, after):
    new = [line for line in difflib.ndiff(lines(before), lines(after)) if line.startswith("+ ") and line[2:].strip()]
    assert len(new) <= NEW_LINES


@pytest.mark.parametrize("step", PROGRAMS)
def test_each_part_can_be_explained_at_one_go(step):
    for node in ast.walk(ast.parse("\n".join(lines(step)))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno + 1 <= IN_A_PART, node.name


@pytest.mark.parametrize("step", PROGRAMS)
def test_a_step_needs_nothing_but_fastapi(step):
    allowed = {"asyncio", "collections.abc", "datetime", "fastapi", "json", "pathlib", "pydantic", "typing"}
    for node in ast.walk(ast.parse("\n".join(lines(step)))):
        if isinstance(node, ast.Import):
            assert {name.name for name in node.names} <= allowed
        elif isinstance(node, ast.ImportFrom):
            assert node.module in allowed


def test_the_last_step_is_what_runs_without_a_name():
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    last = PROGRAMS[max(PROGRAMS)].parent.name
    assert pyproject["tool"]["fastapi"]["entrypoint"] == f"steps.{last}.main:app"


def test_the_readme_names_every_step():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"\| \[(\w+)\]\(steps/\1/main\.py\)", readme) == [main.parent.name for main in PROGRAMS.values()]
