"""A step is four files and a door: here is a made-up one, and everything finds it without being told."""

import json
import os
import re
import subprocess
import sys
import zipfile

import pytest

from club.ladder import ROOT, steps
from project.site import build, copy_of_the_repository
from suite.program import Process

NAME = "99_biscuits"
ROUTE = """

@app.get("/biscuits")
async def count_biscuits() -> int:
    return 12
"""
PROMISE = '''"""Step 99: the biscuits are counted."""


def test_the_biscuits_are_counted(club):
    assert club.get("/biscuits").text == "12"
'''
MISTAKES = """
[[oops]]
id = "no-biscuits"
at = "checker"
says = "GET /biscuits got 404 Not Found, but should get 200."
means = "Nobody counts the biscuits."
hints = ["Who counts them?", "It needs a path."]
do = "Write a function for `/biscuits`."
piece = "count_biscuits"
tests = ["test_the_biscuits_are_counted"]

[[mistake]]
what = "counts the crumbs"
oops = "no-biscuits"
old = '"/biscuits"'
new = '"/crumbs"'
"""
# The command `club check`, but not from step 1 on: that our newest step keeps all earlier promises is known.
CHECK = """
from club.check import MINE, check
from club.cli import print_verdict

print_verdict(check(MINE, 99, start=99), MINE)
"""
PAGE = """---
python: "counting"
web: "biscuits"
teach:
  aim: "Everybody can count."
  starter: "How many are there?"
  watch: [no-biscuits]
  plenary: "How many are left?"
---
# 99. The biscuits

[[scene 99_biscuits]]
<desc>A tin of biscuits.</desc>
<circle cx="20" cy="20" r="8"/>
[[/scene]]

There are biscuits.

??? question "Guess first: how many?"

    Twelve.

Type this:

[[box 99_biscuits count_biscuits]]

[[diff 99_biscuits]]

## You learned

- **biscuits**

[[take-home 99_biscuits]]

[[teachers 99_biscuits]]
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A copy of the project with that step in it."""
    home = tmp_path_factory.mktemp("home")
    copy_of_the_repository(home, "in-page", "take-home")
    newest = list(steps())[-1]
    program = home / "steps" / NAME / "main.py"
    program.parent.mkdir()
    program.write_text((ROOT / "steps" / newest / "main.py").read_text(encoding="utf-8") + ROUTE, encoding="utf-8")
    (home / "tests" / f"test_{NAME}.py").write_text(PROMISE, encoding="utf-8")
    (home / "tests" / "mistakes" / f"{NAME}.toml").write_text(MISTAKES, encoding="utf-8")
    (home / "docs" / "steps" / f"{NAME}.md").write_text(PAGE, encoding="utf-8")
    doors = home / "steps" / "clubhouse" / "club.js"
    last = '  { id: "docs"'
    door = '  { id: "biscuits", name: "Biscuit tin", step: 99, title: "the biscuits", path: "/biscuits" },\n'
    doors.write_text(doors.read_text(encoding="utf-8").replace(last, door + last), encoding="utf-8")
    return home


def run(home, *command, code=0):
    env = os.environ | {"PYTHONPATH": str(home / "src"), "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, *command], cwd=home, env=env, capture_output=True, encoding="utf-8", timeout=300, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return " ".join(done.stdout.split())


def promises(home):
    return sorted(f"tests/{file.name}" for file in (home / "tests").glob("test_[0-9]*.py"))


def test_the_checker_knows_its_promise_its_mistake_and_its_place(home):
    program = (home / "steps" / NAME / "main.py").read_text(encoding="utf-8")
    mine = home / "steps" / "my_club" / "main.py"
    mine.write_text(program.replace('"/biscuits"', '"/crumbs"'), encoding="utf-8")
    stars = "★ " * len(steps()) + "☆"
    oops = "Step 99, the biscuits, is not finished yet. Nobody counts the biscuits."
    assert run(home, "-c", CHECK).startswith(f"{stars} steps/my_club/main.py {oops}")
    assert "☆ 99. The biscuits ← you are here" in run(home, "-m", "club.cli")
    assert run(home, "-m", "club.cli", "catch-up", "99").endswith(f"docs/steps/{NAME}.md")


def test_it_is_held_to_every_earlier_promise_and_it_alone_to_its_own(home):
    files = promises(home)
    listed = run(home, "-m", "pytest", "-q", "--collect-only", "--step", "99", *files)
    held = set(re.findall(rf"::(test_\w+)\[{NAME}", listed))
    for file in files:
        assert set(re.findall(r"^def (test_\w+)", (home / file).read_text(encoding="utf-8"), re.MULTILINE)) <= held
    listed = run(home, "-m", "pytest", "-q", "--collect-only", files[-1])
    assert re.findall(r"::(test_\S+)", listed) == [f"test_the_biscuits_are_counted[{NAME}]"]


def test_its_door_opens(home, open_window, tmp_path):
    program = Process(home / "steps" / NAME / "main.py", tmp_path)
    try:
        window = open_window(f"127.0.0.1:{program.port}")
        window.door("Biscuit tin").get_by_text("open").wait_for()
    finally:
        program.stop()


def test_it_is_what_runs_when_no_file_is_named(home):
    paths = run(home, "-c", "from club.newest import app; import json; print(json.dumps(app.openapi()['paths']))")
    assert "/biscuits" in json.loads(paths)


@pytest.mark.parametrize("builder", ["mkdocs", "zensical"])
def test_the_site_has_its_page_its_place_in_the_navigation_and_its_zip(home, builder):
    done = build(builder, home)
    assert done.returncode == 0, done.stdout + done.stderr
    site = home / "site"
    start = (site / "start.html").read_text(encoding="utf-8")
    assert f'steps/{NAME}.html"' in start
    assert "99. The biscuits" in start
    assert f'steps/{NAME}.html"' in (site / "index.html").read_text(encoding="utf-8").partition('class="map"')[2]
    assert "counts the crumbs" in (site / "teaching" / "mistakes.html").read_text(encoding="utf-8")
    assert "99. The biscuits" in (site / "slides" / f"{NAME}.html").read_text(encoding="utf-8")
    with zipfile.ZipFile(site / "take-home" / f"{NAME}.zip") as parcel:
        assert ROUTE in parcel.read("club-step-99/my_club/main.py").decode()
