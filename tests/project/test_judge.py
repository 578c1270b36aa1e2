"""The judge is held to programs that are right (`tests/right`), and to some that are wrong."""

from pathlib import Path

import pytest

from club.ladder import STEPS, steps
from club_site.mistakes import mistakes_of, program_with

pytestmark = pytest.mark.slow
RIGHT = sorted((Path(__file__).parents[1] / "right").glob("*.py"))
ONE_EACH = {file.name[:2]: file for file in RIGHT}.values()  # of each step; `test_check.py` has the others
STARTER = (STEPS / "my_club" / "main.py").read_text(encoding="utf-8")


def of_each_step(ask):
    return pytest.mark.parametrize(
        ("asked", "step"), [(ask(step), step) for step in steps().values()], ids=steps().keys()
    )


@pytest.mark.parametrize(
    "asked",
    [(file.read_text(encoding="utf-8"), int(file.name[:2])) for file in ONE_EACH],
    ids=[f.name for f in ONE_EACH],
)
def test_a_right_program_passes(verdict, asked):
    found = verdict(asked)
    assert not found.oops, found.said


@of_each_step(lambda step: ("\n".join(step.before) or STARTER, step.number, step.number))
def test_the_step_before_does_not_pass(verdict, asked, step):
    found = verdict(asked)
    assert f"Step {step.number}, {step.subject}, is not finished yet." in " ".join(found.said.split())
    assert found.said.startswith("★ " * (step.number - 1) + "☆")


@of_each_step(lambda step: (program_with(mistakes_of(step)[0], step), step.number, step.number))
def test_a_mistake_of_each_step_gets_its_verdict(verdict, asked, step):
    mistake = mistakes_of(step)[0]
    found = verdict(asked)
    assert found.oops in (mistake["oops"], mistake.get("or")), found.said
