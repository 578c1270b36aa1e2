"""Fetch Python for the browser, and put it where the site finds it: a page can then run a step's program itself.

    uv run python -m club.in_page

Run it before the site is built. It needs npm. The files come from npm and PyPI, are checked against the hashes in
`in_page/`, and go to `docs/assets/in-page/`, which git ignores. What is there already is not fetched again.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from club.ladder import ROOT

SOURCE = ROOT / "in_page"
OUT = ROOT / "docs" / "assets" / "in-page"
# What Pyodide is to pip: a machine of its own kind.
MACHINE = "--platform=pyemscripten_2026_0_wasm32 --python-version=3.14 --implementation=cp --abi=cp314 --abi=none"


def name() -> str:
    """The runtime's folder. Another content has another name, so no browser mixes old files with new ones."""
    inputs = [file for file in SOURCE.iterdir() if file.is_file()]
    inputs += [Path(__file__).with_name(part) for part in ("check.py", "ladder.py", "oops.py", "oops.toml")]
    inputs += [*(ROOT / "steps").glob("[0-9]*/main.py"), ROOT / "pyproject.toml"]
    inputs += [file for some in ("conftest.py", "test_0*.py", "suite/*.py") for file in (ROOT / "tests").glob(some)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(inputs))).hexdigest()[:12]


def built() -> str | None:
    """The runtime's folder if it is there, and fits."""
    return name() if (OUT / name() / "manifest.json").is_file() else None


def run(*command: str) -> None:
    program = shutil.which(command[0]) or sys.exit(f"The club in the page needs {command[0]}. See CONTRIBUTING.md.")
    done = subprocess.run([program, *command[1:]], cwd=SOURCE, check=False)
    if done.returncode:
        sys.exit(f"{command[0]} could not do its part. The club in the page is not built.")


def main() -> None:
    if built():
        return
    shutil.rmtree(OUT, ignore_errors=True)
    run("npm", "ci", "--ignore-scripts", "--silent", "--no-audit", "--no-fund")
    unfinished = OUT / "unfinished"
    unfinished.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as wheels:
        fetch = "download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all:"
        pip = ["uv", "run", "--no-project", "--quiet", "--with", "pip", "python", "-m", "pip"]
        run(*pip, *fetch.split(), *MACHINE.split(), "--requirement", "requirements.txt", "--dest", wheels)
        run("node", "build.mjs", wheels, str(unfinished))
    unfinished.rename(OUT / name())  # all of it, or nothing
    size = sum(file.stat().st_size for file in OUT.rglob("*"))
    print(f"{OUT.relative_to(ROOT)}/{name()}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
