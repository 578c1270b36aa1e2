"""What the site needs from outside `docs/`: the clubhouse, the workbench of its pages, and the steps to take home."""

import ast
import json
import shutil
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from pathspec import GitIgnoreSpec

from club.ladder import ROOT, STEPS, ideas, steps
from club_site import llms, slides

PROJECT_NAME = "fastapi-websocket-adventure"
PROJECT = """\
[project]
name = "my-club"
version = "1"
requires-python = ">=3.11"
dependencies = ["fastapi[standard]>=0.165,<1"]

[tool.fastapi]
entrypoint = "my_club.main:app"
"""
README = """\
This is our program of step {number}.

Open a terminal where you have unpacked it, and type these two lines:

    cd {folder}
    uv run fastapi dev

Then open http://127.0.0.1:8000 in your browser. Ctrl+C ends the club.
"""


# What the project itself consists of.
FILES = [
    "README.md",
    "LICENSE",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "pyproject.toml",
    "mkdocs.yml",
    "biome.jsonc",
    ".gitignore",
    ".ci/run",
]
FOLDERS = [".devcontainer", ".github", "guides", "steps", "src", "tests", "docs", "workbench", "race"]


@cache
def private() -> GitIgnoreSpec:
    """What git ignores: what a build makes, and what is nobody else's business."""
    return GitIgnoreSpec.from_lines((ROOT / ".gitignore").read_text(encoding="utf-8").splitlines())


def is_public(path: Path) -> bool:
    """A link may lead out of the project, so none is followed."""
    name = path.relative_to(ROOT).as_posix()
    return not path.is_symlink() and not private().match_file(name + "/" * path.is_dir())


def public_files(folder: Path) -> list[Path]:
    found = []
    for path in sorted(folder.iterdir()):
        if is_public(path):
            found += public_files(path) if path.is_dir() else [path]
    return found


def pack_project(parcel: Path) -> None:
    """The whole project as a zip, for those who build their club on their own computer."""
    found = [file for name in FILES if (file := ROOT / name).is_file()]
    for folder in FOLDERS:
        found += public_files(ROOT / folder) if (ROOT / folder).is_dir() else []
    with zipfile.ZipFile(parcel, "w", zipfile.ZIP_DEFLATED) as zip_file:
        for file in found:
            zip_file.write(file, f"{PROJECT_NAME}/{file.relative_to(ROOT).as_posix()}")
        zip_file.writestr(f"{PROJECT_NAME}/AGENTS.md", llms.AGENTS)


def copy(files: list[Path], folder: Path, to: Path) -> None:
    for file in files:
        there = to / file.relative_to(folder)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, there)


def insisted() -> list[str]:
    """The words in our programs that the promises of the steps insist on. Others can be anything."""
    promises = "".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / "tests").glob("test_*.py")))
    nodes = (node for each in steps().values() for node in ast.walk(ast.parse("\n".join(each.lines))))
    texts = {node.value.strip() for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return sorted(text for text in texts if " " in text and text in promises)


def programs() -> dict[str, Any]:
    """What the workbench knows of the steps: their programs, the file to start with, and `said`, words they need."""
    ours = [
        {
            "number": each.number,
            "name": each.name,
            "subject": each.subject,
            "source": "\n".join(each.lines) + "\n",
            "new": sorted(each.new if each.before else ()),
        }
        for each in steps().values()
    ]
    starter = (STEPS / "my_club" / "main.py").read_text(encoding="utf-8")
    own = [{"name": each.name, "source": "\n".join(each.lines) + "\n"} for each in ideas().values()]
    return {"starter": starter, "steps": ours, "ideas": own, "said": insisted()}


def pack() -> None:
    """Put them into `docs/`. Git ignores them."""
    clubhouse = STEPS / "clubhouse"
    docs, assets = ROOT / "docs", ROOT / "docs" / "assets"
    house = public_files(clubhouse)
    copy(house, clubhouse, assets / "clubhouse")
    page = ROOT / "workbench" / "page"
    scripts = [file for file in public_files(page) if file.name != "service-worker.js"]
    copy(scripts, page, assets / "workbench")
    shutil.copy(page / "service-worker.js", docs)  # it serves all that is below it
    (assets / "workbench" / "steps.json").write_text(json.dumps(programs()), encoding="utf-8")
    # A page waits for its style sheets, so there is one. It stands where the fonts are.
    sheets = [clubhouse / "tokens.css", clubhouse / "air.css", assets / "site.css", page / "bench.css"]
    (assets / "clubhouse" / "site.css").write_text("".join(each.read_text("utf-8") for each in sheets), "utf-8")

    (docs / "llms.txt").write_text(llms.llms_txt(docs), encoding="utf-8")
    slides.pack(docs / "slides")
    parcels = docs / "take-home"
    parcels.mkdir(exist_ok=True)
    pack_project(parcels / f"{PROJECT_NAME}.zip")
    for step in steps().values():
        main = STEPS / step.name / "main.py"
        parcel = parcels / f"{step.name}.zip"
        newest = max(file.stat().st_mtime for file in [main, Path(__file__), Path(llms.__file__), *house])
        if parcel.exists() and parcel.stat().st_mtime > newest:
            continue
        with zipfile.ZipFile(parcel, "w", zipfile.ZIP_DEFLATED) as zip_file:
            folder = f"club-step-{step.number:02}"  # a learner's own is my-club
            zip_file.writestr(f"{folder}/README.txt", README.format(number=step.number, folder=folder))
            zip_file.writestr(f"{folder}/AGENTS.md", llms.AGENTS)
            zip_file.writestr(f"{folder}/pyproject.toml", PROJECT)
            zip_file.write(main, f"{folder}/my_club/main.py")
            for file in house:
                zip_file.write(file, Path(folder) / file.relative_to(STEPS))


if __name__ == "__main__":
    pack()
