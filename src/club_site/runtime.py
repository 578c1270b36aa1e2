"""Python for the browser, as `workbench/build.py` makes it: where it is, and whether it is up to date."""

import hashlib
import re
from pathlib import Path

from club.ladder import ROOT, judging

SOURCE = ROOT / "workbench"
OUT = ROOT / "docs" / "assets" / "in-page"
LIBRARIES = "/lib/python3.14/site-packages"


def packed() -> dict[str, Path]:
    """What of ours the page's Python gets: each file, by the path that it has there."""
    ours = {f"club/{file.name}": file for file in imported("check")}
    ours |= {file.name: file for file in (SOURCE / name for name in ("bridge.py", "checker.py", "in_page.py"))}
    home = [ROOT / "pyproject.toml", *judging(), *sorted((ROOT / "steps").glob("[0-9]*/main.py"))]
    return {f"{LIBRARIES}/{path}": file for path, file in ours.items()} | {
        f"/home/club/{file.relative_to(ROOT).as_posix()}": file for file in home
    }


def imported(module: str) -> list[Path]:
    """The files of the package `club` that this module of it needs, itself among them."""
    found, todo = {"__init__"}, {module}
    while todo:
        found |= todo
        text = "".join((ROOT / "src" / "club" / f"{each}.py").read_text(encoding="utf-8") for each in todo)
        todo = set(re.findall(r"^ *from club\.(\w+) import", text, re.MULTILINE)) - found
    return [ROOT / "src" / "club" / f"{each}.py" for each in sorted(found)]


def name() -> str:
    """The runtime's folder. New content gets a new name, so no browser mixes old files with new ones."""
    files = [*sorted(file for file in SOURCE.iterdir() if file.is_file()), *packed().values()]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def built() -> str | None:
    """The runtime's folder, if it is there and up to date."""
    return name() if (OUT / name() / "manifest.json").is_file() else None
