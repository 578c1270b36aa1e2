"""Many checks in one process, one at a time: it reads a line of JSON for each, and answers with another.

This way Python, pytest and FastAPI start only once.
"""

import importlib.metadata
import io
import json
import os
import queue
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from operator import itemgetter
from pathlib import Path
from types import SimpleNamespace

import pytest

from club.ladder import STEPS

TESTS = Path(__file__).parents[1]
AT_ONCE = 4  # checks; most of one is waiting for what a wrong program does not say


class Checks:
    """Such a process. In its folder each program is where a learner would have it, with a clubhouse beside it."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(STEPS / "clubhouse", folder / "steps" / "clubhouse")
        self._file = folder / "steps" / "my_club" / "main.py"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "project.checks"],
            env=os.environ | {"PYTHONUTF8": "1", "PYTHONPATH": str(TESTS)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def check(self, source: str, goal: int, start: int = 1, beside: str = "") -> SimpleNamespace:
        """The verdict on this program, held to the steps from `start` to `goal`, and what the command prints about it.

        `beside` is the name of an empty file in its folder.
        """
        shutil.rmtree(self._file.parent, ignore_errors=True)
        self._file.parent.mkdir(exist_ok=True)
        self._file.write_text(source, encoding="utf-8")
        if beside:
            self._file.with_name(beside).touch()
        self._process.stdin.write(json.dumps([str(self._file), goal, start]) + "\n")
        self._process.stdin.flush()
        return SimpleNamespace(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()


@pytest.fixture(scope="session")
def verdict(request, tmp_path_factory):
    """The verdicts on all programs that are asked for: (program, up to which step, from which step, a file beside)."""
    free = queue.SimpleQueue()
    all_checks = [Checks(tmp_path_factory.mktemp("learner")) for _ in range(AT_ONCE)]
    for checks in all_checks:
        free.put(checks)

    def check(*asked):
        checks = free.get()
        try:
            return checks.check(*asked)
        finally:
            free.put(checks)

    asked = [item.callspec.params["asked"] for item in request.session.items if "verdict" in item.fixturenames]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        # The longest come first: those of the last steps.
        found = {each: pool.submit(check, *each) for each in sorted(set(asked), key=itemgetter(1), reverse=True)}
        yield lambda each: found[each].result(timeout=300)
    for checks in all_checks:
        checks.close()


def main() -> None:
    from club import check, cli  # noqa: PLC0415

    importlib.metadata.distributions = tuple  # pytest looks into each of them for each of our plugins
    answers = sys.stdout
    for line in sys.stdin:
        file, goal, start = json.loads(line)
        sys.stdout = io.StringIO()
        os.chdir(Path(file).parents[2])
        verdict = check.check(Path(file), goal, start=start)
        cli.print_verdict(verdict, Path(file))
        answer = {"oops": verdict.oops, "instead": verdict.instead, "code": verdict.code, "said": sys.stdout.getvalue()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
