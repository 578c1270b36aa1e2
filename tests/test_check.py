"""The checker is held to programs that are right, wrong or odd.

The wrong ones stand in `mistakes/`, a file for each step. A mistake is what a beginner changed in our program (`old`
and `new`, and more such pairs in `also`), or a whole `program`, perhaps with a file `beside` it. `oops` is the cause
that the verdict must name, `line` the code that it must point to.
"""

import queue
import re
import shutil
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from club.ladder import ROOT, STEPS, steps
from club.oops import Failure, cause, entries
from suite.checks import Checks

TESTS = Path(__file__).parent
RECORDED = ROOT / "docs" / "assets" / "recorded"
BY_NUMBER = {step.number: step for step in steps().values()}
STARTER = (STEPS / "my_club" / "main.py").read_text(encoding="utf-8")
MISTAKES = [
    (step.number, mistake)
    for step in steps().values()
    for mistake in tomllib.loads((TESTS / "mistakes" / f"{step.name}.toml").read_text(encoding="utf-8"))["mistake"]
]
RIGHT = sorted((TESTS / "right").glob("*.py"))
AT_ONCE = 3  # checks; most of a check is waiting


def learners_file(folder: Path, source: str) -> Path:
    """A program where a learner would have it, with a clubhouse beside it."""
    shutil.copytree(STEPS / "clubhouse", folder / "steps" / "clubhouse")
    file = folder / "steps" / "my_club" / "main.py"
    file.parent.mkdir()
    file.write_text(source, encoding="utf-8")
    return file


def wrong(number: int, mistake: dict) -> str:
    """The wrong program."""
    source = "\n".join([*BY_NUMBER[number].lines, ""])
    if "program" in mistake:
        return mistake["program"]
    for old, new in [(mistake["old"], mistake["new"]), *mistake.get("also", [])]:
        assert source.count(old) == 1, f"step {number} has no such place, or more than one: {old}"
        source = source.replace(old, new)
    return source


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
    [((wrong(number, mistake), number, number, mistake.get("beside", "")), mistake) for number, mistake in MISTAKES],
    ids=[f"{number}-{mistake['oops']}-{mistake['what']}" for number, mistake in MISTAKES],
)
def test_a_mistake_gets_its_verdict(verdict, asked, mistake):
    found = verdict(asked)
    assert found.oops == mistake["oops"], found.said
    assert mistake.get("line", found.code) == found.code, found.said
    is_short(found.said)


def test_each_step_has_its_mistakes_and_each_cause_is_made_to_happen():
    for number in BY_NUMBER:
        assert sum(step == number for step, _ in MISTAKES) >= 8
    made_to_happen = {mistake["oops"] for _, mistake in MISTAKES} | {"not-text"}  # see test_club.py
    assert made_to_happen == {oops.id for oops in entries().values() if oops.can_be_checked}


@pytest.mark.parametrize("asked", [("\n".join(step.lines), step.number) for step in BY_NUMBER.values()], ids=BY_NUMBER)
def test_each_step_passes(verdict, asked):
    found = verdict(asked)
    assert not found.oops, found.said
    on_the_page = (RECORDED / f"{BY_NUMBER[asked[1]].name}-check.txt").read_text(encoding="utf-8")
    assert found.said.split() == on_the_page.split()


@pytest.mark.parametrize(
    "asked", [("\n".join(step.before) or STARTER, step.number) for step in BY_NUMBER.values()], ids=BY_NUMBER
)
def test_the_step_before_does_not_pass(verdict, asked):
    found = verdict(asked)
    assert f"Not yet step {asked[1]}" in found.said
    assert found.said.startswith("★ " * (asked[1] - 1) + "☆")


@pytest.mark.parametrize(
    "asked", [(file.read_text(encoding="utf-8"), int(file.name[:2])) for file in RIGHT], ids=[f.name for f in RIGHT]
)
def test_another_right_program_passes_too(verdict, asked):
    found = verdict(asked)
    assert not found.oops, found.said


STUCK = next(mistake for number, mistake in MISTAKES if mistake["what"] == "forgets await in front of broadcast")


@pytest.mark.parametrize("asked", [(wrong(3, STUCK), 3)])
def test_a_mistake_is_shown_as_on_the_page(verdict, asked):
    assert verdict(asked).said.split() == (RECORDED / "03_chat-stuck.txt").read_text(encoding="utf-8").split()


def test_each_promise_has_a_cause_of_its_own():
    """Whatever a test may say, the checker has words for it."""
    for file in sorted(TESTS.glob("test_[0-9]*.py")):
        for beyond, test in re.findall(
            r"^(@pytest\.mark\.beyond\n)?def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE
        ):
            oops, _ = cause(Failure(test, int(file.name[5:7]), "Something odd happened."), "")
            assert beyond or test in oops.tests, test


def test_each_cause_has_three_hints_and_a_piece_that_is_there():
    last = list(steps().values())[-1]
    for oops in entries().values():
        assert len([*oops.hints, oops.do]) == (3 if oops.can_be_checked else 1), oops.id
        assert not oops.piece or last.find(oops.piece)
