"""`fastapi dev`, as a learner runs it: on a file that is edited and saved while it runs."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx2

from club.machine import free_port
from suite.program import end_all
from suite.serve import MARK

PATIENCE = 30  # seconds for a start or a reload; a machine may be slow


class DevServer:
    """The command, in this folder. `terminal` is the file that gets what it prints."""

    def __init__(self, folder: Path, terminal: Path, *command: str, port: int = 0) -> None:
        self.port = port or free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._terminal = terminal
        with terminal.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "fastapi", "dev", "--port", str(self.port), *command],
                cwd=folder,
                env=os.environ | {"PYTHONUTF8": "1", MARK: str(os.getpid())},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self.answers()
        except TimeoutError:
            self.stop()
            raise

    def terminal(self) -> str:
        return self._terminal.read_text(encoding="utf-8", errors="replace")

    def answers(self, path: str = "/openapi.json") -> httpx2.Response:
        """Ask until somebody answers."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            with suppress(httpx2.HTTPError):
                return httpx2.get(f"http://{self.address}{path}", timeout=2, trust_env=False)
            time.sleep(0.05)
        raise TimeoutError(f"Nobody answered at {self.address}. The terminal says:\n{self.terminal()}")

    def waits_for(self, words: str) -> None:
        """Look at the terminal until it says these words."""
        end = time.monotonic() + PATIENCE
        while words not in self.terminal():
            if time.monotonic() > end:
                raise TimeoutError(f"The terminal never said {words!r}. It says:\n{self.terminal()}")
            time.sleep(0.05)

    def starts(self) -> int:
        """How many times a program has come on the air so far."""
        return self.terminal().count("Application startup complete.")

    def reload_seconds(self, change) -> float:
        """How long it takes from a save (`change`) until the new program is on the air."""
        before, start = self.starts(), time.monotonic()
        change()
        while self.starts() == before:
            if time.monotonic() - start > PATIENCE:
                raise TimeoutError(f"The save was not noticed. The terminal says:\n{self.terminal()}")
            time.sleep(0.02)
        return time.monotonic() - start

    def ctrl_c_seconds(self) -> float:
        """Press Ctrl+C once. Returns how long the server took to end."""
        start = time.monotonic()
        os.killpg(self._process.pid, signal.SIGINT)
        self._process.wait(PATIENCE)
        return time.monotonic() - start

    def stop(self) -> None:
        end_all([self._process.pid])
        self._process.wait(5)


def learners_folder(main_py: Path, folder: Path) -> Path:
    """A copy of this program where a learner would have it, with a clubhouse beside it; returns the file."""
    clubhouse = main_py.parent.parent / "clubhouse"
    if clubhouse.is_dir():
        shutil.copytree(clubhouse, folder / "clubhouse")
    mine = folder / "my_club" / "main.py"
    mine.parent.mkdir()
    for module in main_py.parent.glob("*.py"):
        shutil.copy(module, mine.parent)
    shutil.copy(main_py, mine)
    return mine
