"""The checker is held to programs that are right (`right/`), wrong (`mistakes/`) or odd."""

import ast
import queue
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from club.causes import Failure, cause_of, causes
from club.ladder import ROOT, STEPS, steps
from club_site.mistakes import mistakes_of, program_with
from project.checks import Checks

TESTS = Path(__file__).parents[1]
RECORDED = ROOT / "docs" / "assets" / "recorded"
STARTER = (STEPS / "my_club" / "main.py").read_text(encoding="utf-8")
WRONG = [(step, mistake) for step in steps().values() for mistake in mistakes_of(step)]
RIGHT = sorted((TESTS / "right").glob("*.py"))
AT_ONCE = 3  # checks; most of a check is waiting


def learners_file(folder: Path, source: str) -> Path:
    """A program where a learner would have it, with a clubhouse beside it."""
    shutil.copytree(STEPS / "clubhouse", folder / "steps" / "clubhouse")
    file = folder / "steps" / "my_club" / "main.py"
    file.parent.mkdir()
    file.write_text(source, encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def verdict(request, tmp_path_factory):
    """The verdicts on all programs that are asked for: (program, up to which step, from which step, a file beside)."""
    tmp_path_factory.getbasetemp()  # not safe to be made by several threads at once
    free = queue.SimpleQueue()
    all_checks = [Checks() for _ in range(AT_ONCE)]
    for checks in all_checks:
        free.put(checks)

    def check(source, goal, start=1, beside=""):
        file = learners_file(tmp_path_factory.mktemp("learner"), source)
        if beside:
            file.with_name(beside).write_text("", encoding="utf-8")
        checks = free.get()
        try:
            return checks.check(file, goal, start)
        finally:
            free.put(checks)

    asked = [item.callspec.params["asked"] for item in request.session.items if "verdict" in item.fixturenames]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = {each: pool.submit(check, *each) for each in dict.fromkeys(asked)}
        yield lambda each: found[each].result(timeout=300)
    for checks in all_checks:
        checks.close()


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


def test_each_step_has_its_mistakes_and_each_cause_is_made_to_happen():
    for each in steps().values():
        assert len(mistakes_of(each)) >= 8
    made_to_happen = {mistake["oops"] for _, mistake in WRONG} | {"not-text"}  # see test_club.py
    assert made_to_happen == {cause.id for cause in causes().values() if cause.can_be_checked}


def asked_of_each_step(ask):
    return pytest.mark.parametrize(
        ("asked", "step"), [(ask(step), step) for step in steps().values()], ids=steps().keys()
    )


@asked_of_each_step(lambda step: ("\n".join([*step.lines, ""]), step.number))
def test_each_step_passes(verdict, asked, step):
    found = verdict(asked)
    assert not found.oops, found.said
    on_the_page = (RECORDED / f"{step.name}-check.txt").read_text(encoding="utf-8")
    assert found.said.split() == on_the_page.split()


@asked_of_each_step(lambda step: ("\n".join(step.before) or STARTER, step.number, step.number))
def test_the_step_before_does_not_pass(verdict, asked, step):
    found = verdict(asked)
    assert f"Not yet step {step.number}" in found.said
    assert found.said.startswith("★ " * (step.number - 1) + "☆")


@pytest.mark.parametrize(
    "asked", [(file.read_text(encoding="utf-8"), int(file.name[:2])) for file in RIGHT], ids=[f.name for f in RIGHT]
)
def test_another_right_program_passes_too(verdict, asked):
    found = verdict(asked)
    assert not found.oops, found.said


def test_there_are_many_right_programs():
    assert len(RIGHT) >= 25


SHOWN = [(step, mistake) for step, mistake in WRONG if "shown" in mistake]


@pytest.mark.parametrize(
    ("asked", "recorded"),
    [((program_with(mistake, step), step.number), f"{step.name}-{mistake['shown']}.txt") for step, mistake in SHOWN],
)
def test_a_mistake_is_shown_as_on_the_page(verdict, asked, recorded):
    assert verdict(asked).said.split() == (RECORDED / recorded).read_text(encoding="utf-8").split()


def test_each_promise_says_in_words_what_was_broken():
    """A learner can do nothing with an `AssertionError`."""
    for file in sorted(TESTS.glob("test_[0-9]*.py")):
        for test in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(test, ast.FunctionDef) and "beyond" not in ast.unparse(test).partition("def ")[0]:
                assert not any(isinstance(each, ast.Assert) for each in ast.walk(test)), test.name


def test_each_promise_has_a_cause_of_its_own():
    """Whatever a test may say, the checker has words for it."""
    for file in sorted(TESTS.glob("test_[0-9]*.py")):
        tests = re.findall(r"^((?:@.+\n)*)def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
        for marks, test in tests:
            cause, _ = cause_of(Failure(test, int(file.name[5:7]), "odd", "Something odd happened."), "")
            assert "beyond" in marks or test in cause.tests, test


def test_each_cause_has_three_hints_and_a_piece_that_is_there():
    last = list(steps().values())[-1]
    for cause in causes().values():
        assert len([*cause.hints, cause.do]) == (3 if cause.can_be_checked else 1), cause.id
        assert not cause.piece or last.find(cause.piece)
