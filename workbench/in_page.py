"""The world of a page, as in `suite.world`: a program that runs in one Python with the tests that hold it to something.

A test waits for its friends, but a page must not stand still. JavaScript Promise Integration puts the test aside
until its answer has come, and the program goes on meanwhile.
"""

import asyncio
import heapq
import io
import itertools
import json
import os
import sys
import time
import traceback
import types
from collections import deque
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import bridge
import pytest
from pyodide import webloop
from pyodide.ffi import run_sync

from suite.tasks import Tasks
from suite.world import Answer, HungUpError, NotKept, RefusedError

loop = asyncio.get_event_loop()
later = loop.call_later  # by the clock on the wall, whatever the program's clock says
create_task = loop.create_task
news = asyncio.Event()  # something has happened, so whoever is waiting may look again
tickets = itertools.count(1)
SHORT = 1_000_000  # letters
lines: "dict[int, Call]" = {}


async def _until(ready: Callable[[], Any], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not ready():
        news.clear()
        limit = later(max(0, end - time.monotonic()), news.set)
        await news.wait()
        limit.cancel()
        if time.monotonic() > end:
            return False
    return True


def until(ready: Callable[[], Any], seconds: float) -> bool:
    """Put the test aside until this is true. Returns False if it took too long."""
    return bool(ready()) or run_sync(_until(ready, seconds))


def in_time(work: Awaitable[Any], seconds: float) -> Any:
    """The result of this work. Raises `TimeoutError`."""
    task = asyncio.ensure_future(work)
    task.add_done_callback(lambda _: news.set())
    if until(task.done, seconds):
        return task.result()
    task.cancel()
    raise TimeoutError


async def settle() -> None:
    """Give everyone who has something to do a turn."""
    for _ in range(20):
        await asyncio.sleep(0)


class Call:
    """One walkie-talkie, connected to the server in this page."""

    def __init__(self, path: str, seconds: float, asleep: bool, headers: dict[str, str]) -> None:
        self.number = next(tickets)
        self.heard: deque[Any] = deque()
        self.open = self.closed = False
        self.status = None
        self.goodbye = (1006, "")
        lines[self.number] = self
        bridge.socket_open(self.number, path, list(headers.items()))
        self.awake = fall_asleep(self.end) if asleep else asyncio.Event()
        if not until(lambda: self.open or self.closed, seconds):
            self.vanish()
            raise TimeoutError
        if not self.open:
            raise RefusedError(self.status) if self.status else HungUpError

    @property
    def end(self) -> Any:
        """The server's end."""
        return bridge.server and bridge.server.sockets.get(self.number)

    def happens(self, what: dict[str, Any], data: Any) -> None:
        match what["type"]:
            case "open":
                self.open = True
            case "message":
                self.heard.append(what.get("data", data))
            case "close":
                self.closed, self.status = True, what.get("status")
                self.goodbye = (what["code"], what.get("reason", ""))

    def send(self, said: str | bytes) -> None:
        if self.closed:
            raise HungUpError(*self.goodbye)
        kind = "text" if isinstance(said, str) else "bytes"
        if self.end:
            self.end.inbox.put_nowait({"type": "websocket.receive", kind: said})

    def receive(self, seconds: float) -> Any:
        if not until(lambda: self.heard or self.closed, seconds):
            raise TimeoutError
        if not self.heard:
            raise HungUpError(*self.goodbye)
        return self.heard.popleft()

    def wake_up(self) -> None:
        self.awake.set()

    def gets_full(self, seconds: float) -> None:
        until(lambda: not self.end or self.end.is_full, seconds)

    def catch_up(self, _: float) -> None:
        run_sync(settle())

    def vanish(self) -> None:
        self.end_with(1006)

    def close(self) -> None:
        self.end_with(1000)

    def end_with(self, code: int) -> None:
        if not self.closed:
            bridge.socket_close(self.number, code)
            self.closed = True


def fall_asleep(end: Any) -> asyncio.Event:
    """This end takes two short messages; what is more waits on the way until its friend wakes up, or is gone."""
    send, hang_up, awake, taken = end.send, end.hang_up, asyncio.Event(), itertools.count()
    end.is_full = False

    async def waiting(event: dict[str, Any]) -> None:
        is_long = len(event.get("text") or "") > SHORT
        if event["type"] != "websocket.accept" and (next(taken) > 1 or is_long):
            end.is_full = True
            news.set()
            await awake.wait()
        await send(event)

    def ended(code: int, reason: str = "") -> None:
        hang_up(code, reason)
        awake.set()

    end.send, end.hang_up = waiting, ended
    return awake


class Clock:
    """The clock of a program: it stands still until `forward` moves it."""

    def __init__(self) -> None:
        self.now, self.waiting, self.count = 0.0, [], itertools.count()

    def later(self, delay: float, callback: Any, *args: Any, context: Any = None) -> Any:
        if delay <= 0:
            return later(delay, callback, *args, context=context)
        handle = asyncio.Handle(callback, args, loop, context)
        heapq.heappush(self.waiting, (self.now + delay, next(self.count), handle))
        return handle

    def module(self) -> types.ModuleType:
        """The module `time` for a program that looks there how late it is. The tests go by the clock on the wall."""
        module = types.ModuleType("time")
        vars(module).update(vars(time), monotonic=self.time, perf_counter=self.time)
        return module

    def time(self) -> float:
        return self.now

    async def forward(self, seconds: float) -> None:
        goal = self.now + seconds
        await settle()
        while self.waiting and self.waiting[0][0] <= goal:
            self.now, _, handle = heapq.heappop(self.waiting)
            if not handle.cancelled():
                handle._run()
            await settle()
        self.now = goal


class Terminal(io.TextIOBase):
    """The last part of what the program prints."""

    def __init__(self) -> None:
        self.said = ""

    def write(self, text: str) -> int:
        self.said = (self.said + text)[-200_000:]
        return len(text)


class Program:
    """A program in this Python, a `suite.world.Program`. There can be only one at a time."""

    current: "Program | None" = None
    port = bridge.HOST[1]

    def __init__(self, path: Path, notes: Path, patience: float, turn_the_clock: bool) -> None:
        if Program.current:
            Program.current.stop()
        Program.current = self
        notes.mkdir(parents=True, exist_ok=True)
        self.database = notes / "club.db"
        os.environ["CLUB_DB"] = str(self.database)
        self.path, self.patience = path, patience
        self.screen, self.stack = Terminal(), ""
        self.trouble: BaseException | None = None
        self.before = asyncio.all_tasks(loop)
        self.watched = Tasks(path)
        self.watched.loop = loop
        self.clock = Clock() if turn_the_clock else None
        self.ways, self.things = pytest.MonkeyPatch(), pytest.MonkeyPatch()  # until it stops, these are its own
        self.ways.setattr(loop, "create_task", self.create_task)  # this loop cannot use tasks from a factory
        if self.clock:
            self.ways.setattr(loop, "call_later", self.clock.later)
            self.ways.setattr(loop, "time", self.clock.time)
        replace = self.things.setattr
        replace(sys, "stdin", io.StringIO())
        replace(sys, "stdout", self.screen)
        replace(sys, "stderr", self.screen)
        replace(bridge, "tell", self.told)
        replace(bridge, "report", self.report)
        replace(bridge.watchdog, "stuck", self.stuck)
        replace(time, "sleep", self.sleep)
        replace(os, "_exit", self.exit)
        self.start_again()

    def start_again(self) -> None:
        if self.clock:
            sys.modules["time"] = self.clock.module()
        try:
            text = Path(os.environ.get("CLUB_TEXT", self.path))
            if not run_sync(bridge.run(text.read_text(encoding="utf-8-sig"))):
                raise self.not_started()
        finally:
            sys.modules["time"] = time

    def crash(self) -> None:
        """There is no process to kill: all lines break, all tasks end, and what is not written by then is gone."""
        if not (old := bridge.server):
            return
        bridge.server = None
        for end in list(old.sockets.values()):
            end.hang_up(1006)
        for task in list(old.tasks):
            task.cancel()
        run_sync(settle())

    def not_started(self) -> NotKept:
        self.stop()
        kind, sentence = "ended", "The program ended instead of waiting for friends."
        if isinstance(self.trouble, bridge.NoAppError):
            kind, sentence = "no-app", str(self.trouble)
        elif self.stack:
            kind, sentence = "not-started", f"{self.path.name} did not start within {self.patience:g} seconds."
        return NotKept(kind, sentence, terminal=self.terminal(), held_up=self.stack)

    def begin(self) -> None:
        self.screen.said = self.stack = ""

    def open(self, path: str, seconds: float, asleep: bool = False, **headers: str) -> Call:
        return Call(path, seconds, asleep, headers)

    def ask(self, method: str, path: str, seconds: float, **headers: str) -> Answer:
        if not bridge.server:
            raise HungUpError
        status, pairs, body = in_time(bridge.server.http(method, path, list(headers.items()), b""), seconds)
        if method == "GET" and 300 <= status < 400:
            place = dict(pairs)["location"].removeprefix(f"http://{bridge.HOST[0]}:{bridge.HOST[1]}")
            return self.ask(method, place, seconds, **headers)
        return Answer(status, HTTPStatus(status).phrase, body.decode(errors="replace"))

    def pass_time(self, seconds: float) -> None:
        in_time(self.clock.forward(seconds), 4 * self.patience)  # friends and program share one slow processor
        run_sync(settle())

    def tasks(self) -> int:
        run_sync(settle())
        return self.watched.count()

    def tell_failures(self) -> None:
        run_sync(settle())
        self.watched.tell()

    def terminal(self) -> str:
        return self.screen.said

    def held_up(self) -> str:
        return self.stack

    def is_running(self) -> bool:
        return Program.current is self and bridge.server is not None

    def stop(self) -> None:
        if Program.current is not self:
            return
        Program.current = None
        self.ways.undo()  # a clock that stands still would keep everybody here
        run_sync(bridge.stop())
        for task in asyncio.all_tasks(loop) - self.before:
            task.cancel()
        run_sync(settle())
        self.things.undo()
        lines.clear()

    # What the program does, as the bridge tells it

    def create_task(self, *work: Any, **how: Any) -> asyncio.Task[Any]:
        task = create_task(*work, **how)
        task.add_done_callback(self.watched.note)
        return task

    def told(self, kind: str, text: str, data: Any = None) -> None:
        what = json.loads(text)
        if kind == "socket":
            if what["id"] in lines:
                lines[what["id"]].happens(what, data)
        else:
            self.screen.write(what["text"])
        news.set()

    def report(self, error: BaseException) -> None:
        self.trouble = error
        if not isinstance(error, bridge.LoopStuckError | bridge.NoAppError):
            traceback.print_exception(error, file=self.screen)

    def stuck(self, frame: types.FrameType) -> None:
        self.stack = self.stack or "".join(traceback.format_stack(frame))

    def sleep(self, seconds: float) -> None:
        """The club stands still while its program sleeps. A test only steps aside."""
        caller = sys._getframe(1)
        if caller.f_code.co_filename != str(self.path):
            until(lambda: False, seconds)
            return
        webloop._orig_sleep(min(seconds, self.patience * 1.5))
        if seconds > self.patience / 2 and not self.stack:
            self.stuck(caller)
            bridge.watchdog.turn = time.monotonic()

    def exit(self, _: int) -> None:
        """There is no process to end, so the club hangs up."""
        if not bridge.server:
            raise SystemExit
        bridge.server, old = None, bridge.server
        for end in list(old.sockets.values()):
            end.hang_up(1006)
        raise asyncio.CancelledError


bridge.module("uvicorn", run=lambda *_, **__: sys.exit("There is no port to listen on."))
bridge.module("pdb", set_trace=None)  # pytest wants to put its own there
