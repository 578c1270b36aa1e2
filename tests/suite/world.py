"""What the friends of a club need from the world: a program that runs, and lines to it.

There are two such worlds. In a terminal a program is a process with a real uvicorn (`suite/program.py`). In a page of
the site it runs in Python's WebAssembly build, beside the tests (`workbench/checker.py`).
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol

import pytest

Failed: Any = pytest.fail.Exception


class NotKept(Failed):  # type: ignore[misc]
    """A promise that a program did not keep: a sentence for the reader, and the same in fields for the checker.

    `kind` is the kind of trouble, such as `not-heard`; `fields` has what was wanted, what came, who waited, and so on.
    """

    def __init__(self, kind: str, sentence: str, **fields: object) -> None:
        super().__init__(sentence, pytrace=False)
        self.kind = kind
        self.sentence = sentence
        self.fields = {name: str(value) for name, value in fields.items()}


def fail(kind: str, sentence: str, **fields: object) -> NoReturn:
    raise NotKept(kind, sentence, **fields) from None


def looks(seconds: float) -> Iterator[None]:
    """Look, and look again until the time is over: ever less often, so that a long wait keeps nobody busy."""
    end, pause = time.monotonic() + seconds, 0.01
    yield
    while time.monotonic() < end:
        time.sleep(pause)
        pause = min(1.3 * pause, 0.2)
        yield


class HungUpError(Exception):
    """The line, or the whole club, is gone. If the club said goodbye, it gave a code and perhaps a reason."""

    def __init__(self, code: int = 1006, reason: str = "") -> None:
        self.code = code
        self.reason = reason


class RefusedError(Exception):
    """The club answered a call with an HTTP status instead of picking up."""

    def __init__(self, status: int) -> None:
        self.status = status


@dataclass
class Answer:
    """What came back for an HTTP request."""

    status: int
    reason: str
    text: str


class Line(Protocol):
    """One WebSocket to the club. No wait is longer than `seconds`; after that, `TimeoutError` is raised."""

    def send(self, said: str | bytes) -> None:
        """Raises `HungUpError`."""

    def receive(self, seconds: float) -> str | bytes:
        """The next frame. Raises `TimeoutError` and `HungUpError`."""

    def wake_up(self) -> None:
        """Take what comes again, after having been asleep."""

    def gets_full(self, seconds: float) -> None:
        """Wait until more is on its way to a sleeper than they take, but no longer than these seconds."""

    def catch_up(self, seconds: float) -> None:
        """Wait until everything that the club has sent so far can be received at once."""

    def vanish(self) -> None:
        """Pull the plug: no goodbye, the network is simply gone."""

    def close(self) -> None:
        """Say goodbye."""


class Program(Protocol):
    """A program on the air. Making one raises `NotKept`, of the kind `not-started`, `ended` or `no-app`.

    `database` is the file that `CLUB_DB` names to it, and `port` is where it answers.
    """

    database: Path
    port: int

    def begin(self) -> None:
        """A new test begins: what was printed so far is not shown again, and the program may live on."""

    def open(self, path: str, seconds: float, asleep: bool = False, **headers: str) -> Line:
        """Call the club at this path. A friend who is `asleep` takes one message, and lets the next ones pile up.

        Raises `RefusedError`, `HungUpError` and `TimeoutError`.
        """

    def ask(self, method: str, path: str, seconds: float, **headers: str) -> Answer:
        """Send an HTTP request. Raises `HungUpError` and `TimeoutError`."""

    def pass_time(self, seconds: float) -> None:
        """Move the program's clock forward. Raises `TimeoutError` if something holds everybody up."""

    def tasks(self) -> int:
        """How many tasks the program has that are not done."""

    def tell_failures(self) -> None:
        """Print in the terminal what went wrong in tasks that nobody waits for."""

    def terminal(self) -> str:
        """The last part of what it has printed since the test began."""

    def held_up(self) -> str:
        """The stack of the line that kept everybody waiting, if there was one."""

    def is_running(self) -> bool: ...

    def crash(self) -> None:
        """Kill it in the middle of whatever it does."""

    def start_again(self) -> None:
        """Put it on the air again after a crash, with the files that it had."""

    def stop(self) -> None:
        """End it, whatever it is doing, and everything that it has started."""


# How to put a file on the air: (the file, a folder for notes, how long a friend waits, must its clock be moved?)
Start = Callable[[Path, Path, float, bool], Program]
PROGRAM = pytest.StashKey[Program]()  # on a test: the one that it is about
START = pytest.StashKey[Start]()  # another world puts its own here, in the `config.stash` of pytest


def started_here(*how: Any) -> Program:
    """The world of a terminal."""
    from suite.program import Process  # noqa: PLC0415 - a browser has none of what it imports

    return Process(*how)
