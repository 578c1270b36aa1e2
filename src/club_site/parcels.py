"""What the site needs from outside `docs/`: the clubhouse, the workbench of its pages, and the steps to take home."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

from club.ladder import ROOT, STEPS, steps

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


# What the project itself consists of. What a build makes of it is left out, as git does.
FILES = ["README.md", "LICENSE", "CONTRIBUTING.md", "pyproject.toml", "mkdocs.yml", ".gitignore", ".ci/run"]
FOLDERS = ["steps", "src", "tests", "docs", "workbench", "race"]
MADE = [
    "docs/assets/clubhouse",
    "docs/assets/in-page",
    "docs/assets/workbench",
    "docs/take-home",
    "docs/service-worker.js",
]
MADE += ["node_modules", "__pycache__", ".ruff_cache", ".club.json"]


def pack_project(parcel: Path) -> None:
    """The whole project as a zip, for those who build their club on their own computer."""
    found = [ROOT / name for name in FILES]
    for folder in FOLDERS:
        found += sorted((ROOT / folder).rglob("*"))
    with zipfile.ZipFile(parcel, "w", zipfile.ZIP_DEFLATED) as zip_file:
        for file in found:
            path = file.relative_to(ROOT).as_posix()
            if file.is_file() and not any(f"/{made}/" in f"/{path}/" for made in MADE):
                zip_file.write(file, f"{PROJECT_NAME}/{path}")


def programs() -> dict[str, Any]:
    """What the workbench knows of the steps: their programs, and the file that a learner starts with."""
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
    return {"starter": (STEPS / "my_club" / "main.py").read_text(encoding="utf-8"), "steps": ours}


def pack() -> None:
    """Put them into `docs/`. Git ignores them."""
    clubhouse = STEPS / "clubhouse"
    docs, assets = ROOT / "docs", ROOT / "docs" / "assets"
    shutil.copytree(clubhouse, assets / "clubhouse", dirs_exist_ok=True)
    page = ROOT / "workbench" / "page"
    shutil.copytree(page, assets / "workbench", dirs_exist_ok=True, ignore=shutil.ignore_patterns("service-worker.js"))
    shutil.copy(page / "service-worker.js", docs)  # it serves all that is below it
    (assets / "workbench" / "steps.json").write_text(json.dumps(programs()), encoding="utf-8")
    # A page waits for its style sheets, so there is one. It stands where the fonts are.
    sheets = [clubhouse / "tokens.css", clubhouse / "air.css", assets / "site.css", page / "bench.css"]
    (assets / "clubhouse" / "site.css").write_text("".join(each.read_text("utf-8") for each in sheets), "utf-8")

    parcels = docs / "take-home"
    parcels.mkdir(exist_ok=True)
    house = sorted(file for file in clubhouse.rglob("*") if file.is_file())
    pack_project(parcels / f"{PROJECT_NAME}.zip")
    for step in steps().values():
        main = STEPS / step.name / "main.py"
        parcel = parcels / f"{step.name}.zip"
        newest = max(file.stat().st_mtime for file in [main, Path(__file__), *house])
        if parcel.exists() and parcel.stat().st_mtime > newest:
            continue
        with zipfile.ZipFile(parcel, "w", zipfile.ZIP_DEFLATED) as zip_file:
            zip_file.writestr("my-club/pyproject.toml", PROJECT)
            zip_file.write(main, "my-club/my_club/main.py")
            for file in house:
                zip_file.write(file, Path("my-club") / file.relative_to(STEPS))


if __name__ == "__main__":
    pack()
