"""Python for the browser, as `workbench/build.py` makes it: where it is, and whether it is up to date."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from club.ladder import ROOT

SOURCE = ROOT / "workbench"
OUT = ROOT / "docs" / "assets" / "in-page"


def parts() -> Iterator[Path]:
    """All files that it is made from, in a fixed order."""
    yield from sorted(file for file in SOURCE.iterdir() if file.is_file())
    yield from (ROOT / "src" / "club" / f"{part}.py" for part in ("check", "causes", "ladder"))
    yield from (ROOT / "pyproject.toml", ROOT / "tests" / "conftest.py")
    for folder, pattern in (
        (ROOT / "steps", "[0-9]*/main.py"),
        (ROOT / "tests", "test_[0-9]*.py"),
        (ROOT / "tests" / "suite", "*.py"),
        (ROOT / "tests" / "mistakes", "*.toml"),
    ):
        yield from sorted(folder.glob(pattern))


def name() -> str:
    """The runtime's folder. New content gets a new name, so no browser mixes old files with new ones."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in parts())).hexdigest()[:12]


def built() -> str | None:
    """The runtime's folder, if it is there and up to date."""
    return name() if (OUT / name() / "manifest.json").is_file() else None
