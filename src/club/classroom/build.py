"""The pages that a class needs: whether they are built and up to date, and how to build them."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from club.ladder import ROOT

SITE = ROOT / "site"
CACHE = ROOT / ".cache"
SOURCES = ("docs", "steps", "src", "tests", "workbench", "mkdocs.yml")
# What building makes, or what is no part of it.
LEFT_OUT = (
    "__pycache__",
    "docs/assets/clubhouse",
    "docs/assets/in-page",
    "docs/assets/workbench",
    "docs/service-worker.js",
    "docs/slides",
    "docs/take-home",
    "my_club",
    "node_modules",
    "src/club/classroom",
    "tests/project",
)
LATE_S = 900


class CannotBuildError(Exception):
    """The text is a sentence for the teacher."""


def sources() -> Iterator[Path]:
    for name in SOURCES:
        for path in [ROOT / name, *(ROOT / name).rglob("*")]:
            where = f"/{path.relative_to(ROOT).as_posix()}/"
            if path.is_file() and not any(f"/{left_out}/" in where for left_out in LEFT_OUT):
                yield path


def is_built() -> bool:
    """Whether there are pages, with Python for the browser in them."""
    return (SITE / "index.html").is_file() and any(SITE.glob("assets/in-page/*/manifest.json"))


def is_fresh() -> bool:
    made = (SITE / "index.html").stat().st_mtime if is_built() else 0
    return made > 0 and all(path.stat().st_mtime <= made for path in sources())


def build() -> None:
    """Takes a minute, or a few the first time. Raises `CannotBuildError`."""
    uv = os.environ.get("UV") or shutil.which("uv")
    # Node.js comes along, so that nobody has to install it.
    groups = ["--group", "docs", *(() if shutil.which("npm") else ("--group", "node"))]
    python = [uv, "run", "--quiet", *groups, "python"] if uv else [sys.executable]
    try:
        done = run([*python, "-m", "club.classroom.build"])
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotBuildError(f"Building them did not work: {error}") from error
    if done.returncode:
        why = (done.stdout + done.stderr).strip().splitlines()[-1:] or ["It does not say why."]
        raise CannotBuildError(f"Building them did not work. {why[0]}")


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONUTF8": "1"}
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=LATE_S,
        check=False,
    )


def main() -> None:
    """The build itself, in a process of its own that has what it needs. One builds at a time, and the others wait."""
    psutil.Process().nice(getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", 10))  # the class comes first
    CACHE.mkdir(exist_ok=True)
    turn = sqlite3.connect(CACHE / "class-build.db", timeout=LATE_S, isolation_level=None)
    turn.execute("BEGIN EXCLUSIVE")  # it ends with the process, however that ends
    if is_fresh():
        return
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        new = Path(folder) / "site"
        for command in (["workbench/build.py"], ["-m", "mkdocs", "build", "--quiet", "--site-dir", str(new)]):
            done = run([sys.executable, *command])
            if done.returncode:
                sys.exit(done.stdout + done.stderr)
        if SITE.exists():
            SITE.rename(Path(folder) / "old")
        new.rename(SITE)


if __name__ == "__main__":
    main()
