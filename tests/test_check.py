"""The checker is held to programs that are right, wrong or odd, by way of its command.

The wrong ones stand in `mistakes/`, a file for each step. A mistake is what a beginner changed in our program (`old`,
`new`) or a whole `program`; `oops` is the cause that the verdict must name, `line` the code that it must point to.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from club.ladder import ROOT, STEPS, steps
from club.oops import Failure, cause, entries

TESTS = Path(__file__).parent
MISTAKES = [
    (number, mistake)
    for number, step in enumerate(steps().values(), 1)
    for mistake in tomllib.loads((TESTS / "mistakes" / f"{step.name}.toml").read_text(encoding="utf-8"))["mistake"]
]
PROMISES = {
    name: int(file.name[5:7])
    for file in sorted(TESTS.glob("test_[0-9]*.py"))
    for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
}
ENOUGH = 60  # seconds for a check on a machine that is busy with other checks
BY_NUMBER = {step.number: step for step in steps().values()}


def club(*words, cwd=ROOT) -> subprocess.CompletedProcess:
    """Run the command as a learner does."""
    command = [sys.executable, "-m", "club.cli", *map(str, words)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # slow
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        timeout=ENOUGH,
        check=False,
    )


def learners_file(folder: Path, source: str | bytes) -> Path:
    """A program where a learner would have it, with a clubhouse beside it."""
    if not (folder / "clubhouse").exists():
        shutil.copytree(STEPS / "clubhouse", folder / "clubhouse")
    file = folder / "my_club" / "main.py"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(source if isinstance(source, bytes) else source.encode())
    return file


def is_verdict(run: subprocess.CompletedProcess, code: int) -> str:
    """Check the form of what the command printed, and return it as one line."""
    assert run.returncode == code, run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    assert len(run.stdout.strip().splitlines()) <= 12, run.stdout
    return " ".join(run.stdout.split())


def program(number: int, mistake: dict) -> str:
    """The wrong program."""
    source = "\n".join([*BY_NUMBER[number].lines, ""])
    if "program" in mistake:
        return mistake["program"]
    assert source.count(mistake["old"]) == 1, f"step {number} has no such place, or more than one: {mistake['old']}"
    return source.replace(mistake["old"], mistake["new"])


@pytest.fixture(scope="session")
def checked(request, tmp_path_factory):
    """What the command says of each program that is asked for: (a step's number, the program, up to which step).

    A few are checked at a time, because most of a check is waiting.
    """
    with ThreadPoolExecutor(3) as pool:

        def check(source, goal):
            return club("check", learners_file(tmp_path_factory.mktemp("learner"), source), "--step", goal)

        asked = [item.callspec.params["asked"] for item in request.session.items if "checked" in item.fixturenames]
        runs = {each: pool.submit(check, *each) for each in dict.fromkeys(asked)}
        yield lambda each: runs[each].result()


@pytest.mark.parametrize(
    ("asked", "mistake"),
    [((program(number, mistake), number), mistake) for number, mistake in MISTAKES],
    ids=[f"{number}-{mistake['oops']}-{mistake['what']}" for number, mistake in MISTAKES],
)
def test_a_mistake_gets_its_verdict(checked, asked, mistake):
    said = is_verdict(checked(asked), 1)
    means = re.escape(" ".join(entries()[mistake["oops"]].means.split()))
    assert re.search(re.sub(r"\\{\w+\\}", ".+", means), said)
    if "line" in mistake:
        assert " ".join(f": {mistake['line']}".split())[:50] in said


@pytest.mark.parametrize("asked", [("\n".join(step.lines), step.number) for step in BY_NUMBER.values()], ids=BY_NUMBER)
def test_each_step_passes(checked, asked):
    assert "★" in is_verdict(checked(asked), 0)


STARTER = (STEPS / "my_club" / "main.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "asked", [("\n".join(step.before) or STARTER, step.number) for step in BY_NUMBER.values()], ids=BY_NUMBER
)
def test_the_step_before_does_not_pass(checked, asked):
    said = is_verdict(checked(asked), 1)
    assert f"Not yet step {asked[1]}" in said
    assert said.startswith("★ " * (asked[1] - 1) + "☆")


def test_each_step_has_its_mistakes_and_each_cause_is_made_to_happen():
    for number in BY_NUMBER:
        assert sum(step == number for step, _ in MISTAKES) >= 8
    told = {oops.id for oops in entries().values() if oops.tests or oops.sentence or oops.terminal}
    assert told == {mistake["oops"] for _, mistake in MISTAKES}


def test_each_promise_has_a_cause_of_its_own():
    for test, step in PROMISES.items():
        oops, _ = cause(Failure(test, step, "Something odd happened."), "")
        beyond = f"beyond\ndef {test}(" in "".join(f.read_text(encoding="utf-8") for f in TESTS.glob("test_[0-9]*.py"))
        assert (test in oops.tests) != beyond, test


def test_each_cause_has_three_hints_and_a_piece_that_is_there():
    for oops in entries().values():
        assert len(oops.hints) == (2 if oops.tests or oops.sentence or oops.terminal else 0), oops.id
        last = list(steps().values())[-1]
        assert not oops.piece or last.find(oops.piece)
