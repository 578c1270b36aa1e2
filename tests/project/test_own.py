"""The pages on a feature and a test of one's own: what they show is tried out as they tell it."""

import difflib
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from club.ladder import ROOT, ideas, step
from club_site import boxes
from project.bench import CHECKED

own_test = pytest.importorskip("club_site.own_test")

BASE = "09_whispers"
NEW_LINES = 15  # of an idea
CHANGED_LINES = 2  # of the step that it adds to
COLUMNS = 88  # of a line
IN_A_BOX = 10  # lines of Python
WORDS_IN_A_BOX = 30
OWN_PAGE = (ROOT / "docs" / "toolbox" / "own.md").read_text(encoding="utf-8")
TEST_PAGE = (ROOT / "docs" / "toolbox" / "test.md").read_text(encoding="utf-8")
COMMAND = "uv run pytest tests/test_mine.py"

each_idea = pytest.mark.parametrize("idea", ideas().values(), ids=ideas().keys())


def written(name: str) -> str:
    return (ROOT / "tests" / "project" / "own" / f"{name}.py").read_text(encoding="utf-8")


# --- a feature of one's own ----------------------------------------------------------------------------------


@each_idea
def test_an_idea_adds_little_to_its_step_and_changes_next_to_nothing(idea):
    diff = [line for line in difflib.ndiff(idea.before, idea.lines) if line[2:].strip()]
    assert idea.before == step(BASE).lines
    assert 1 <= sum(line.startswith("+ ") for line in diff) <= NEW_LINES
    assert sum(line.startswith("- ") for line in diff) <= CHANGED_LINES
    assert [line for line in idea.lines if len(line) > COLUMNS] == []


@each_idea
def test_the_boxes_of_the_page_are_what_is_new_in_an_idea(idea):
    shown = []
    for box in re.findall(
        rf"^!!! task .*\n((?:(?:    .*)?\n)*?    \[\[box {idea.name} (.+)\]\])", OWN_PAGE, re.MULTILINE
    ):
        lines = boxes.box_lines(idea, box[1].split())
        assert len(lines) <= IN_A_BOX
        assert len(re.sub(r"\[\[.*", "", box[0]).split()) <= WORDS_IN_A_BOX
        shown += lines
    assert sorted(shown) == sorted(idea.new)


def all_together() -> list[str]:
    """The step with all ideas added to it, as somebody has it who follows the page to its end."""
    before = list(step(BASE).lines)
    lines = [[line] for line in before] + [[]]
    for idea in ideas().values():
        for tag, start, end, at, to in difflib.SequenceMatcher(None, before, idea.lines, False).get_opcodes():
            if tag == "replace":
                lines[start:end] = [[]] * (end - start)
            if tag in {"insert", "replace"}:
                lines[start] = [*idea.lines[at:to], *lines[start]]
    return [line for here in lines for line in here]


def test_with_all_ideas_the_club_keeps_every_promise_that_our_step_keeps(tmp_path):
    """They take the place of the step, so they are held to all that it is held to."""
    home = own_test.project(tmp_path)
    (home / "steps" / BASE / "main.py").write_text("\n".join([*all_together(), ""]), encoding="utf-8")
    tests = sorted(Path(__file__).parents[1].glob("test_[0-9]*.py"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--step={step(BASE).number}"]
    command += [str(home / "tests" / test.name) for test in tests]
    done = subprocess.run(command, cwd=home, capture_output=True, encoding="utf-8", timeout=180, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    promises = [
        name
        for test in tests[: step(BASE).number]
        for name in re.findall(r"^def (test_\w+)", test.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) >= len(promises)


# --- a test of one's own -------------------------------------------------------------------------------------


def test_the_page_breaks_the_club_as_the_recording_does():
    """Who follows the page has exactly the broken club whose test is shown, and types exactly the command that ran."""
    old, new = re.search(r"find the line `(.+?)`\. In its place, type `(.+?)`", TEST_PAGE).groups()
    assert own_test.CLUBS["test-passes"].replace(old, new) == own_test.BROKEN != own_test.CLUBS["test-passes"]
    assert set(re.findall(r"uv run .+", TEST_PAGE)) == {COMMAND}


@pytest.mark.parametrize("what", own_test.CLUBS)
def test_a_test_of_ones_own_says_what_the_page_shows(what):
    recorded = own_test.RECORDED / f"{own_test.STEP.name}-{what}.txt"
    said = own_test.said_about(own_test.CLUBS[what], written("hello"))
    assert said == recorded.read_text(encoding="utf-8"), "run: uv run --all-groups python -m club_site.own_test"
    assert f"1 {'failed' if what == 'test-fails' else 'passed'}" in said


def test_a_test_of_ones_own_runs_in_the_page(bench):
    """Typed beside the words, on the club that the page breaks and on the one that it mends."""
    here = bench().opens("../toolbox/test")
    here.press("My test")
    here.box.locator(".code > *").first.click()
    editor = here.box.get_by_role("textbox", name="test_mine.py").and_(here.page.locator(".cm-content"))
    editor.wait_for()
    editor.press("Control+a")
    here.page.keyboard.insert_text(written("hello"))
    for what, said, sign in (("test-fails", "Your test failed.", "✗"), ("test-passes", "Your test passes!", "✓")):
        here.press("Mine")
        here.writes(own_test.CLUBS[what])
        here.press("My test")
        assert here.shown == written("hello")
        here.press("Run my test")
        here.verdict.get_by_text(said).wait_for(timeout=CHECKED)
        assert here.verdict.get_by_role("listitem").inner_text().startswith(f"{sign} test_bo_hears_ada")
    here.reloads()
    here.press("My test")
    assert here.shown == written("hello"), "it is kept"


def test_a_test_of_the_dice_fails_without_a_bot_and_passes_with_one():
    clubs = ["\n".join([*each.lines, ""]) for each in (step(BASE), step("idea_dice"))]
    with ThreadPoolExecutor() as pool:
        without, with_bot = pool.map(own_test.said_about, clubs, [written("dice")] * 2)
    assert "Dina waited 5 seconds for Dice bot, and heard nothing" in without
    assert " 1 failed " in without
    assert " 1 passed " in with_bot
