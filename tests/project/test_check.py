"""Each mistake of `mistakes/` gets its verdict. See also `test_judge.py`."""

import ast
import re
from pathlib import Path

import pytest

from club.causes import Failure, cause_of, causes
from club.ladder import ROOT, steps
from club_site.mistakes import mistakes_of, program_with

TESTS = Path(__file__).parents[1]
RECORDED = ROOT / "docs" / "assets" / "recorded"
pytestmark = pytest.mark.slow
WRONG = [(step, mistake) for step in steps().values() for mistake in mistakes_of(step)]


def is_short(said: str) -> None:
    assert len(said.strip().splitlines()) <= 12, said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("asked", "mistake"),
    [
        (
            (program_with(mistake, step), step.number, mistake.get("start", step.number), mistake.get("beside", "")),
            mistake,
        )
        for step, mistake in WRONG
    ],
    ids=[f"{step.number}-{mistake['oops']}-{mistake['what']}" for step, mistake in WRONG],
)
def test_a_mistake_gets_its_verdict(verdict, asked, mistake):
    found = verdict(asked)
    assert found.oops in (mistake["oops"], mistake.get("or")), found.said
    assert mistake.get("line", found.code) == found.code, found.said
    is_short(found.said)


@pytest.mark.rules
def test_each_step_has_its_mistakes_and_each_cause_is_made_to_happen():
    for each in steps().values():
        assert len(mistakes_of(each)) >= 8, f"Write more mistakes for {each.name}: how do learners break it?"
    made_to_happen = {mistake["oops"] for _, mistake in WRONG} | {"not-text"}  # see test_club.py
    never = {cause.id for cause in causes().values() if cause.can_be_checked} - made_to_happen
    assert not never, f"Write a mistake that shows each of these causes, or delete them: {sorted(never)}"
    assert made_to_happen <= causes().keys(), "Write these causes, or name others in the mistakes."


@pytest.mark.parametrize(
    ("asked", "step"),
    [(("\n".join([*step.lines, ""]), step.number, step.number), step) for step in steps().values()],
    ids=steps().keys(),
)
def test_each_step_passes(verdict, asked, step):
    found = verdict(asked)
    assert not found.oops, found.said
    on_the_page = (RECORDED / f"{step.name}-check.txt").read_text(encoding="utf-8")
    assert found.said.split() == on_the_page.split()


SHOWN = [(step, mistake) for step, mistake in WRONG if "shown" in mistake]


@pytest.mark.parametrize(
    ("asked", "recorded"),
    [((program_with(mistake, step), step.number), f"{step.name}-{mistake['shown']}.txt") for step, mistake in SHOWN],
)
def test_a_mistake_is_shown_as_on_the_page(verdict, asked, recorded):
    assert verdict(asked).said.split() == (RECORDED / recorded).read_text(encoding="utf-8").split()


@pytest.mark.rules
def test_each_promise_says_in_words_what_was_broken():
    """A learner can do nothing with an `AssertionError`."""
    for file in sorted(TESTS.glob("test_[0-9]*.py")):
        for test in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(test, ast.FunctionDef) and "beyond" not in ast.unparse(test).partition("def ")[0]:
                assert not any(isinstance(each, ast.Assert) for each in ast.walk(test)), (
                    f"{test.name}: call `fail(…)` with a sentence for learners in place of `assert`."
                )


@pytest.mark.rules
def test_each_promise_has_a_cause_of_its_own():
    """Whatever a test may say, the checker has words for it."""
    for file in sorted(TESTS.glob("test_[0-9]*.py")):
        tests = re.findall(r"^((?:@.+\n)*)def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
        for marks, test in tests:
            cause, _ = cause_of(Failure(test, int(file.name[5:7]), "odd", "Something odd happened."), "")
            assert "beyond" in marks or test in cause.tests, f"Write a cause that names {test} among its `tests`."


@pytest.mark.rules
def test_each_cause_has_three_hints_and_a_piece_that_is_there():
    last = list(steps().values())[-1]
    for cause in causes().values():
        assert len([*cause.hints, cause.do]) == (3 if cause.can_be_checked else 1), (
            f"{cause.id}: a cause that is checked has two hints and `do`; another one has only `do`."
        )
        assert not cause.piece or last.find(cause.piece)
