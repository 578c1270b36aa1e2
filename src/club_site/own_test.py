"""A learner's first own test: run it as the page says, on a broken club and on a right one, and keep what is printed.

uv run --all-groups python -m club_site.own_test
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from club.ladder import ROOT, step
from club_site.mistakes import mistakes_of, program_with

RECORDED = ROOT / "docs" / "assets" / "recorded"
STEP = step("03_chat")
BROKEN = program_with(next(each for each in mistakes_of(STEP) if each["what"] == "listens, but tells nobody"), STEP)
CLUBS = {"test-fails": BROKEN, "test-passes": "\n".join([*STEP.lines, ""])}
WIDTH = 72  # of the terminal


def project(folder: Path) -> Path:
    """A copy of what the tests of a club need."""
    for name in ("steps", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def said_about(program: str, test: str) -> str:
    """What pytest prints when this test is in `tests/test_mine.py`, and this program in the learner's folder."""
    with tempfile.TemporaryDirectory() as folder:
        home = project(Path(folder))
        (home / "steps" / "my_club" / "main.py").write_text(program, encoding="utf-8")
        (home / "tests" / "test_mine.py").write_text(test, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "tests/test_mine.py"],
            cwd=home,
            env={name: value for name, value in os.environ.items() if name != "CI"}  # it would print long lines
            | {"PYTHONUTF8": "1", "COLUMNS": str(WIDTH), "PYTEST_ADDOPTS": ""},
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        return clean(done.stdout + done.stderr)


def clean(said: str) -> str:
    """The part that is the same on every machine."""
    said = re.sub(r"(session starts =+\n)[\s\S]*?(?=collected)", r"\1", said)
    said = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:50000", said)
    return re.sub(r"=+ (\d \w+) in [\d.]+s =+", lambda found: f" {found[1]} ".center(WIDTH, "="), said)


def main() -> None:
    test = (ROOT / "tests" / "project" / "own" / "hello.py").read_text(encoding="utf-8")
    for what, program in CLUBS.items():
        (RECORDED / f"{STEP.name}-{what}.txt").write_text(said_about(program, test), encoding="utf-8")


if __name__ == "__main__":
    main()
