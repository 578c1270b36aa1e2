"""A worker that is lost ends the run, and the run says which test it was."""

import os
import subprocess
import sys

import pytest

from club.ladder import ROOT

CONFTEST = """
from suite import workers
workers.SILENCE_S = 10
pytest_plugins = ["suite.workers"]
"""
LOST = """
import os, time, pytest

@pytest.mark.parametrize("number", range(4))
def test_all_is_well(number): pass

def test_takes_its_worker_with_it(): {trouble}
"""


@pytest.mark.parametrize("trouble", ["os.kill(os.getpid(), 9)", "time.sleep(200)"])
def test_a_lost_worker_ends_the_run_with_its_name(tmp_path, trouble):
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (tmp_path / "test_lost.py").write_text(LOST.format(trouble=trouble), encoding="utf-8")
    how = ["-n", "2", "--max-worker-restart=0", "-p", "no:cacheprovider", "-o", f"pythonpath={ROOT / 'tests'}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--rootdir", str(tmp_path), *how, str(tmp_path)],
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=150,
        check=False,
    )
    assert done.returncode != 0
    assert "test_takes_its_worker_with_it" in done.stdout, done.stdout + done.stderr
