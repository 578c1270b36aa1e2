"""The shared suite in the page: the tests of `uv run club check`, on a program that runs beside them in one Python.

A test waits for its friends, but a page must not stand still. JavaScript Promise Integration puts the test aside
until its answer has come, and the program goes on meanwhile. Only what a browser cannot have has a stand-in here: the
process, the sockets and the network of `suite.program`, `websockets` and `httpx2`.
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
from urllib.parse import urlencode

import bridge
from pyodide import webloop
from pyodide.ffi import run_sync

import club.ladder

club.ladder.ROOT = Path("/home/club")
club.ladder.STEPS = club.ladder.ROOT / "steps"
sys.path.insert(0, str(club.ladder.ROOT / "tests"))

from club.check import PATIENCE, check  # noqa: E402
from suite.tasks import Tasks  # noqa: E402

loop = asyncio.get_event_loop()
later, clock = loop.call_later, loop.time  # by the clock on the wall, whatever the program's clock says
create_task = loop.create_task
news = asyncio.Event()  # something has happened, so who waits may look again
numbers = itertools.count(1)
lines: "dict[int, Line]" = {}


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
    """Put the test aside until this is so. False if it was not in time."""
    return bool(ready()) or run_sync(_until(ready, seconds))


def in_time(work: Awaitable[Any], seconds: float) -> Any:
    """What this work brings. Raises `TimeoutError`."""
    task = asyncio.ensure_future(work)
    task.add_done_callback(lambda _: news.set())
    if until(task.done, seconds):
        return task.result()
    task.cancel()
    raise TimeoutError


async def settle() -> None:
    """Everyone who has something to do has had a turn."""
    for _ in range(20):
        await asyncio.sleep(0)


# --- websockets ----------------------------------------------------------------------------------------------


class ConnectionClosed(Exception):  # noqa: N818
    pass


class InvalidHandshake(Exception):  # noqa: N818
    pass


class InvalidStatus(InvalidHandshake):
    def __init__(self, status: int) -> None:
        self.response = types.SimpleNamespace(status_code=status)


class Line:
    """One walkie-talkie at the server in this page."""

    def __init__(self, url: str, open_timeout: float, max_queue: int | None = None, **_: Any) -> None:
        self.number = next(numbers)
        self.heard: deque[Any] = deque()
        self.open = self.closed = False
        self.status = None
        lines[self.number] = self
        bridge.socket_open(self.number, "/" + url.split("/", 3)[3])
        if max_queue == 0:
            fall_asleep(self.end)
        if not until(lambda: self.open or self.closed, open_timeout):
            self.drop()
            raise TimeoutError
        if not self.open:
            raise InvalidStatus(self.status) if self.status else EOFError

    @property
    def end(self) -> Any:
        """The server's end."""
        return bridge.server and bridge.server.sockets.get(self.number)

    @property
    def socket(self) -> "Line":
        return self

    def happens(self, what: dict[str, Any], data: Any) -> None:
        match what["type"]:
            case "open":
                self.open = True
            case "message":
                self.heard.append(what.get("data", data))
            case "close":
                self.closed, self.status = True, what.get("status")

    def send(self, said: str | bytes) -> None:
        if self.closed:
            raise ConnectionClosed
        kind = "text" if isinstance(said, str) else "bytes"
        if self.end:
            self.end.inbox.put_nowait({"type": "websocket.receive", kind: said})

    def recv(self, timeout: float) -> Any:
        if not until(lambda: self.heard or self.closed, timeout):
            raise TimeoutError
        if not self.heard:
            raise ConnectionClosed
        return self.heard.popleft()

    def ping(self) -> "Line":
        return self

    def wait(self, _: float) -> None:
        run_sync(settle())

    def drop(self, code: int = 1006) -> None:
        if not self.closed:
            bridge.socket_close(self.number, code)
            self.closed = True

    def shutdown(self, _: int) -> None:
        self.drop()

    def setsockopt(self, *_: Any) -> None:
        pass

    def close(self) -> None:
        self.drop(1000)

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()


def fall_asleep(end: Any) -> None:
    """This end takes two messages; the next one waits on the way until its friend is gone."""
    send, hang_up, gone, taken = end.send, end.hang_up, asyncio.Event(), itertools.count()

    async def waiting(event: dict[str, Any]) -> None:
        if event["type"] == "websocket.send" and next(taken) > 1:
            await gone.wait()
        await send(event)

    def ended(code: int) -> None:
        hang_up(code)
        gone.set()

    end.send, end.hang_up = waiting, ended


# --- httpx2 --------------------------------------------------------------------------------------------------


class HTTPError(Exception):
    pass


class TimeoutException(HTTPError):  # noqa: N818
    pass


class Response:
    def __init__(self, status: int, pairs: list[tuple[str, str]], body: bytes) -> None:
        self.status_code, self.headers, self.text = status, dict(pairs), body.decode(errors="replace")
        self.reason_phrase = HTTPStatus(status).phrase

    def json(self) -> Any:
        return json.loads(self.text)


class Client:
    def __init__(self, timeout: float, **_: Any) -> None:
        self.timeout = timeout

    def request(
        self, method: str, path: str, params: Any = (), headers: Any = (), follow_redirects: bool = False
    ) -> Response:
        target = f"{path}?{urlencode(params)}" if params else path
        if not bridge.server:
            raise HTTPError
        try:
            answer = Response(
                *in_time(bridge.server.http(method, target, list(dict(headers).items()), b""), self.timeout)
            )
        except TimeoutError:
            raise TimeoutException from None
        if follow_redirects and 300 <= answer.status_code < 400:
            place = answer.headers["location"].removeprefix(f"http://{bridge.HOST[0]}:{bridge.HOST[1]}")
            return self.request(method, place, headers=headers)
        return answer

    def close(self) -> None:
        pass


# --- suite.program -------------------------------------------------------------------------------------------


class Clock:
    """The clock of a program: it stands still until `forward` turns it."""

    def __init__(self) -> None:
        self.now, self.waiting, self.count = 0.0, [], itertools.count()
        loop.call_later, loop.time = self.later, lambda: self.now

    def later(self, delay: float, callback: Any, *args: Any, context: Any = None) -> Any:
        if delay <= 0:
            return later(delay, callback, *args, context=context)
        handle = asyncio.Handle(callback, args, loop, context)
        heapq.heappush(self.waiting, (self.now + delay, next(self.count), handle))
        return handle

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
    """What the program prints, its last part."""

    def __init__(self) -> None:
        self.said = ""

    def write(self, text: str) -> int:
        self.said = (self.said + text)[-200_000:]
        return len(text)


class Program:
    """What `suite.program.Program` is, in this Python."""

    def __init__(self, path: Path, terminal: Path, patience: float = 5, turn_the_clock: bool = False) -> None:
        self.path, self.patience, self.port = path, patience, bridge.HOST[1]
        self.screen = sys.stdout = sys.stderr = Terminal()
        sys.stdin = io.StringIO()
        self.held_up = ""
        self.before = asyncio.all_tasks(loop)
        self.watched = Tasks(path)
        self.watched.loop, loop.create_task = loop, self.create_task  # this loop can do nothing with a factory's tasks
        self.clock = Clock() if turn_the_clock else None
        bridge.tell, bridge.report, bridge.watchdog.stuck = self.told, self.report, self.stuck
        time.sleep, os._exit = self.sleep, self.exit
        if not run_sync(bridge.run(path.read_text(encoding="utf-8-sig"))):
            slow = f"{path.name} did not start within {patience:g} seconds."
            self.stop()
            raise RuntimeError(
                f"{slow if self.held_up else 'The program ended instead of waiting for friends.'} "
                f"Its terminal says:\n\n{self.terminal().strip()}"
            )

    def create_task(self, *work: Any, **how: Any) -> asyncio.Task[Any]:
        task = create_task(*work, **how)
        task.add_done_callback(self.watched.note)
        return task

    def told(self, kind: str, text: str, data: Any = None) -> None:
        what = json.loads(text)
        if kind == "socket":
            lines[what["id"]].happens(what, data)
        else:
            self.screen.write(what["text"])
        news.set()

    def report(self, error: BaseException) -> None:
        if not isinstance(error, bridge.LoopStuckError):
            traceback.print_exception(error, file=self.screen)

    def stuck(self, frame: types.FrameType) -> None:
        self.held_up = self.held_up or f"\nHeld up:\n{''.join(traceback.format_stack(frame))}"

    def sleep(self, seconds: float) -> None:
        """The club stands still while its program sleeps. A test only puts itself aside."""
        caller = sys._getframe(1)
        if caller.f_code.co_filename != str(self.path):
            until(lambda: False, seconds)
            return
        webloop._orig_sleep(min(seconds, self.patience * 1.5))
        if seconds > self.patience / 2 and not self.held_up:
            self.stuck(caller)
            bridge.watchdog.turn = time.monotonic()

    def exit(self, _: int) -> None:
        """There is no process that could end, so the club hangs up."""
        if not bridge.server:
            raise SystemExit
        bridge.server, old = None, bridge.server
        for end in list(old.sockets.values()):
            end.hang_up(1006)
        raise asyncio.CancelledError

    def seconds_pass(self, seconds: float) -> None:
        try:
            in_time(self.clock.forward(seconds), self.patience)
        except TimeoutError:
            raise RuntimeError(f"{seconds:g} seconds could not pass. Something holds up the whole club.") from None
        run_sync(settle())

    def tasks(self, order: str = "count") -> Any:
        run_sync(settle())
        return getattr(self.watched, order)()

    def terminal(self) -> str:
        return self.screen.said + self.held_up

    def stop(self) -> None:
        loop.call_later, loop.time, loop.create_task = later, clock, create_task
        run_sync(bridge.stop())
        for task in asyncio.all_tasks(loop) - self.before:
            task.cancel()
        run_sync(settle())
        sys.stdout, sys.stderr, time.sleep = sys.__stdout__, sys.__stderr__, webloop._orig_sleep
        lines.clear()


# -------------------------------------------------------------------------------------------------------------


def module(name: str, **parts: Any) -> None:
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(parts)


module("websockets")
module(
    "websockets.exceptions",
    ConnectionClosed=ConnectionClosed,
    InvalidHandshake=InvalidHandshake,
    InvalidMessage=EOFError,
    InvalidStatus=InvalidStatus,
)
module("websockets.sync")
module("websockets.sync.client", connect=Line, ClientConnection=Line)
module("httpx2", Client=Client, Response=Response, HTTPError=HTTPError, TimeoutException=TimeoutException)
module("uvicorn", run=lambda *_, **__: sys.exit("There is no port to listen on."))
module("pdb", set_trace=None)  # pytest wants to put its own there
module("suite.program", Program=Program, end_marked=lambda: None, get_ready=lambda: None)
bridge.TURN = PATIENCE


def verdict(source: str, goal: int, names: list[str], progress: Callable[[int], None]) -> str:
    """Hold this program to the steps up to the goal: what the page shows, as JSON."""
    main = Path(bridge.MAIN)
    main.parent.mkdir(parents=True, exist_ok=True)
    main.write_text(source, encoding="utf-8")
    found = check(main, goal, progress)
    told: dict[str, Any] = {"oops": found.oops, "stars": found.stars, "goal": goal, "words": found.headline(names)}
    if found.oops:
        cause = found.cause
        told |= {"wanted": f"{found.wanted}.", "instead": found.instead, "line": found.line, "code": found.code}
        told["hints"] = [found.words(hint) for hint in [*cause.hints, cause.do]]
    return json.dumps(told)
