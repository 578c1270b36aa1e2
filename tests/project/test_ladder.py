"""The rules that make the steps a ladder."""

import ast
import difflib
from pathlib import Path

import pytest

from club import ladder
from suite.choice import PROGRAMS

pytestmark = pytest.mark.rules
ROOT = Path(__file__).parents[2]
# By level. Step 9 needs one line more than 25 to pass a message on as a dictionary; step 15 three more than 50 so that
# the list of friends, the board and both routes of the docs page are right on all servers at once.
NEW_LINES = {1: 25, 2: 26, 3: 50, 4: 53}  # that a step may add; a longer one is two steps
CHANGED_LINES = {1: 0, 2: 10, 3: 10, 4: 20}  # so many at most, each shown on its page
TOOLS = {  # that may be imported from this level on
    1: {"asyncio", "datetime", "fastapi", "fastapi.exceptions", "json", "pathlib"},
    2: {"pydantic", "typing"},
    3: {"collections.abc", "contextlib", "fastapi.responses", "fastapi.websockets", "os", "secrets", "sqlite3"},
    4: {"fastapi.requests", "redis.asyncio", "time"},
}
IN_A_PART = 13  # that can be explained at one go
COLUMNS = 88  # of a line

pairs = pytest.mark.parametrize(("before", "after"), list(zip(PROGRAMS, list(PROGRAMS)[1:], strict=False)))


def level(step):
    return next(each.level for each in ladder.steps().values() if each.number == step)


def lines(step):
    return PROGRAMS[step].read_text(encoding="utf-8").splitlines()


@pairs
def test_a_step_only_adds_or_changes_little(before, after):
    diff = difflib.ndiff(lines(before), lines(after))
    gone = [line[2:] for line in diff if line.startswith("- ") and line[2:].strip()]
    gone = [line for line in gone if not line.startswith("app = FastAPI(")]
    assert len(gone) <= CHANGED_LINES[level(after)], f"Leave more of step {before} as it is: {gone}"


@pairs
def test_a_step_adds_little(before, after):
    new = [line for line in difflib.ndiff(lines(before), lines(after)) if line.startswith("+ ") and line[2:].strip()]
    assert len(new) <= NEW_LINES[level(after)], f"Step {after} adds {len(new)} lines. Make two steps of it."


@pytest.mark.parametrize("step", PROGRAMS)
def test_each_part_can_be_explained_at_one_go(step):
    for node in ast.walk(ast.parse("\n".join(lines(step)))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno + 1 <= IN_A_PART, f"Make two functions of {node.name}."


@pytest.mark.parametrize("step", PROGRAMS)
def test_a_step_needs_nothing_but_fastapi(step):
    """And Pydantic, which FastAPI is built on. Redis is for many servers."""
    allowed = set().union(*(tools for first, tools in TOOLS.items() if first <= level(step)))
    nodes = [*ast.walk(ast.parse("\n".join(lines(step))))]
    used = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    used |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert not used - allowed, f"Do without {used - allowed}, or add it to TOOLS."


@pytest.mark.parametrize("step", PROGRAMS)
def test_no_line_breaks_out_of_its_box(step):
    long = [line for line in lines(step) if len(line) > COLUMNS]
    assert not long, f"Break these lines before column {COLUMNS}: {long}"
