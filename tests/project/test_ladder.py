"""The rules that make the steps a ladder."""

import ast
import difflib
from pathlib import Path

import pytest

from suite.choice import PROGRAMS

pytestmark = pytest.mark.rules
ROOT = Path(__file__).parents[2]
NEW_LINES = 26  # that a step may add; a longer one is two steps
NEW_LINES_LEVEL_3 = 45
LEVEL_3 = 10  # the first step of level 3
# What lay in the memory of one server is shared in step 13. It takes more lines than a step should have, so its page
# goes through them in three parts: hear each other, know who is here, one name once.
THREE_PARTS = {13: (106, 30)}  # new lines and changed ones
MAY_CHANGE = 6  # from this step on, a step may change lines of the one before
CHANGED_LINES = 10  # so many at most, each shown on its page
FIRST_WITH_TYPES = 7
FIRST_WITH_REDIS = 13
IN_A_PART = 13  # that can be explained at one go
COLUMNS = 88  # of a line

pairs = pytest.mark.parametrize(("before", "after"), list(zip(PROGRAMS, list(PROGRAMS)[1:], strict=False)))


def lines(step):
    return PROGRAMS[step].read_text(encoding="utf-8").splitlines()


@pairs
def test_a_step_only_adds_or_changes_little(before, after):
    diff = difflib.ndiff(lines(before), lines(after))
    gone = [line[2:] for line in diff if line.startswith("- ") and line[2:].strip()]
    if after < MAY_CHANGE:
        assert [line for line in gone if not line.startswith("app = FastAPI(")] == []
    assert len(gone) <= THREE_PARTS.get(after, (0, CHANGED_LINES))[1], f"Leave more of step {before} as it is: {gone}"


@pairs
def test_a_step_adds_little(before, after):
    new = [line for line in difflib.ndiff(lines(before), lines(after)) if line.startswith("+ ") and line[2:].strip()]
    limit = NEW_LINES if after < LEVEL_3 else NEW_LINES_LEVEL_3
    assert len(new) <= THREE_PARTS.get(after, (limit, 0))[0], (
        f"Step {after} adds {len(new)} lines. Make two steps of it."
    )


@pytest.mark.parametrize("step", PROGRAMS)
def test_each_part_can_be_explained_at_one_go(step):
    for node in ast.walk(ast.parse("\n".join(lines(step)))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno + 1 <= IN_A_PART, f"Make two functions of {node.name}."


@pytest.mark.parametrize("step", PROGRAMS)
def test_a_step_needs_nothing_but_fastapi(step):
    """And Pydantic, which FastAPI is built on. Redis is for many servers."""
    allowed = {"asyncio", "datetime", "fastapi", "fastapi.exceptions", "json", "pathlib"}
    if step >= FIRST_WITH_TYPES:
        allowed |= {"pydantic", "typing"}
    if step >= LEVEL_3:
        allowed |= {"collections.abc", "contextlib", "fastapi.responses", "fastapi.websockets"}
        allowed |= {"os", "secrets", "sqlite3"}
    if step >= FIRST_WITH_REDIS:
        allowed |= {"fastapi.requests", "redis.asyncio"}
    for node in ast.walk(ast.parse("\n".join(lines(step)))):
        if isinstance(node, ast.Import):
            assert {name.name for name in node.names} <= allowed
        elif isinstance(node, ast.ImportFrom):
            assert node.module in allowed


@pytest.mark.parametrize("step", PROGRAMS)
def test_no_line_breaks_out_of_its_box(step):
    long = [line for line in lines(step) if len(line) > COLUMNS]
    assert not long, f"Break these lines before column {COLUMNS}: {long}"
