"""The site as its builders make it, and a server for it."""

import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def copy_of_the_repository(folder, *without):
    for name in ("docs", "steps", "tests", "src", "workbench"):
        ignored = shutil.ignore_patterns("__pycache__", "node_modules", *without)
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("mkdocs.yml", "pyproject.toml", ".gitignore"):
        shutil.copy(ROOT / name, folder)


def build(builder, folder):
    """Build the site in this folder, strictly, with one of the builders; returns the finished process."""
    pytest.importorskip(builder, reason="the site needs: uv run --all-groups pytest tests/project")
    how = {
        "cwd": folder,
        "env": os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(folder / "src"), "PYTHONUTF8": "1"},
        "capture_output": True,
        "encoding": "utf-8",
        "timeout": 120,
    }
    subprocess.run([sys.executable, "-m", "club_site.parcels"], **how, check=True)
    return subprocess.run([sys.executable, "-m", builder, "build", "--strict"], **how, check=False)


@pytest.fixture(scope="session")
def sites(tmp_path_factory):
    """The finished site of each builder, with the club in its pages if npm is there to fetch it.

    The workers of pytest-xdist share them: whoever needs one first makes it.
    """
    filelock = pytest.importorskip("filelock", reason="the site needs: uv run --all-groups pytest tests/project")
    mine = tmp_path_factory.getbasetemp()
    shared = mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine
    if shutil.which("npm") or os.environ.get("CI"):
        with filelock.FileLock(shared / "runtime.lock"):
            if not (shared / "runtime").exists():
                subprocess.run([sys.executable, "workbench/build.py"], cwd=ROOT, check=True, timeout=300)
                (shared / "runtime").touch()

    @functools.cache
    def site(builder):
        folder = shared / builder
        with filelock.FileLock(f"{folder}.lock"):
            if not folder.exists():
                copy_of_the_repository(folder)
                done = build(builder, folder)
                assert done.returncode == 0, done.stdout + done.stderr
        return folder / "site"

    return site


@pytest.fixture(scope="session")
def site(sites):
    return sites("mkdocs")


class Served:
    """The site at an address of this machine."""

    def __init__(self, folder):
        handler = functools.partial(Quiet, directory=str(folder))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def served(site):
    served = Served(site)
    yield served
    served.close()
