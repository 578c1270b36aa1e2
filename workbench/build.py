"""Put all that the site needs from elsewhere where its builder finds it, Python for the browser among it.

    uv run --group node python workbench/build.py

Run it before the site is built. The group `node` brings Node.js. The files for the browser come from npm and PyPI, are
checked against the hashes that stand beside this file, and go to `docs/assets/in-page/`, which git ignores. Files that
are already there are not fetched again.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from club.ladder import ROOT
from club_site.parcels import pack
from club_site.runtime import OUT, SOURCE, built, name, packed

# To pip, Pyodide is a platform of its own.
MACHINE = "--platform=pyemscripten_2026_0_wasm32 --python-version=3.14 --implementation=cp --abi=cp314 --abi=none"


def run(*command: str) -> None:
    program = shutil.which(command[0]) or sys.exit(f"There is no {command[0]}. `uv run --group node` brings it.")
    done = subprocess.run([program, *command[1:]], cwd=SOURCE, check=False)
    if done.returncode:
        sys.exit(f"{command[0]} could not do its part. The club in the page is not built.")


def bundle(out: Path) -> None:
    """Make the files of the runtime in this folder. The same sources always give the same bytes."""
    out.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as wheels:
        fetch = "download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all:"
        pip = ["uv", "run", "--no-project", "--quiet", "--with", "pip", "python", "-m", "pip"]
        run(*pip, *fetch.split(), *MACHINE.split(), "--requirement", "requirements.txt", "--dest", wheels)
        ours = Path(wheels, "ours.json")
        ours.write_text(json.dumps({path: str(file) for path, file in packed().items()}), encoding="utf-8")
        run("node", "bundle.mjs", wheels, str(ours), str(out))


def main() -> None:
    pack()
    if built():
        return
    shutil.rmtree(OUT, ignore_errors=True)
    run("npm", "ci", "--ignore-scripts", "--silent", "--no-audit", "--no-fund")
    unfinished = OUT / "unfinished"
    bundle(unfinished)
    unfinished.rename(OUT / name())  # all of it, or nothing
    size = sum(file.stat().st_size for file in OUT.rglob("*"))
    print(f"{OUT.relative_to(ROOT)}/{name()}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
