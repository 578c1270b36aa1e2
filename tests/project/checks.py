"""Many checks in one process, one at a time: it reads a line of JSON for each, and answers with another.

This way Python, pytest and FastAPI start only once.
"""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace


class Checks:
    """Such a process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            env=os.environ | {"PYTHONUTF8": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def check(self, file: Path, goal: int, start: int) -> SimpleNamespace:
        """The verdict on this file, held to the steps from `start` to `goal`, and what the command prints about it."""
        self._process.stdin.write(json.dumps([str(file), goal, start]) + "\n")
        self._process.stdin.flush()
        return SimpleNamespace(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()


def main() -> None:
    from club import check, cli  # noqa: PLC0415

    answers = sys.stdout
    for line in sys.stdin:
        file, goal, start = json.loads(line)
        sys.stdout = io.StringIO()
        os.chdir(Path(file).parents[2])
        verdict = check.check(Path(file), goal, start=start)
        cli.show(verdict, Path(file))
        answer = {"oops": verdict.oops, "instead": verdict.instead, "code": verdict.code, "said": sys.stdout.getvalue()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
