"""The other end of `suite/program.py`: what runs in the process of a program.

It imports nothing heavy by itself: FastAPI and uvicorn are there, once for all programs, before the first one starts.
"""

import asyncio
import importlib.machinery
import importlib.util
import io
import math
import os
import selectors
import socket
import sys
import tempfile
import threading
import time
import traceback
from contextlib import AbstractContextManager, suppress
from enum import Enum, auto
from multiprocessing import get_all_start_methods, get_context, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from suite.tasks import Tasks

if TYPE_CHECKING:
    import fastapi

# How far a clock that stands still moves all the same. Such a sum with halves is exact: nobody is late by rounding.
HAIR_S = 2.0**-30
TURNS = 20  # of a loop
LOOK_S = 0.05
STUCK_S = 0.8  # after this long without a turn for anybody, the line to blame is written down
MARK = "CLUB_TESTED_BY"  # an environment variable, with the process that runs the tests
NO_APP = "no app"  # what the pipe says in place of a port
TERMINAL_MOST = 2_000_000  # bytes; then it begins again
TESTS = Path(__file__).parents[1]
# A fork server has a socket in the folder for temporary files. Its path must fit into about a hundred bytes.
CAN_FORK = "forkserver" in get_all_start_methods() and len(os.fsencode(tempfile.gettempdir())) < 64
context: Any = get_context("forkserver" if CAN_FORK else "spawn")


def get_ready() -> None:
    """Import FastAPI once for all programs, in the background. Windows does so for each program."""
    if context.get_start_method() != "forkserver":
        return
    from multiprocessing import forkserver  # noqa: PLC0415

    uvicorns = [f"uvicorn.{name}" for name in ("lifespan.on", "loops.auto", "protocols.http.auto")]
    context.set_forkserver_preload(["fastapi", "pydantic.v1", "uvicorn.protocols.websockets.auto", *uvicorns])
    with patch.dict(sys.modules, __main__=ModuleType("__main__")), looking_nowhere():  # see `Process`
        forkserver.ensure_running()


def looking_nowhere() -> AbstractContextManager[object]:
    """A Python that is started now does not look for modules in the folder in which the command was typed."""
    return patch.dict(os.environ, PYTHONSAFEPATH="1")


class Watch:
    """Writes down which line holds everybody up: not in the terminal, where endless printing would drown it."""

    def __init__(self, path: Path, notes: Path) -> None:
        self.path = path
        self.notes = notes
        self.left = math.inf
        threading.Thread(target=self.look, daemon=True).start()

    def begin(self, seconds: float = STUCK_S) -> None:
        self.left = seconds

    def end(self) -> None:
        self.left = math.inf

    def look(self) -> None:
        while True:
            time.sleep(LOOK_S)
            self.left -= LOOK_S  # by looks, not by the clock on the wall: a busy machine makes both of us wait
            if self.left > 0:
                continue
            self.end()
            stack = traceback.extract_stack(sys._current_frames()[threading.main_thread().ident or 0])
            # If it is none of the learner's lines, the machine is only slow.
            if any(frame.filename == str(self.path) for frame in stack):
                self.notes.write_text("".join(stack.format()), encoding="utf-8")

    async def keep(self) -> None:
        while True:
            self.begin()
            await asyncio.sleep(STUCK_S / 4)


class Clock(selectors.DefaultSelector):
    """The clock of an event loop: it stands still until it is told how far to go.

    Whenever the loop has nothing to do, the clock jumps to the next moment that somebody is waiting for.
    So a test sees five seconds pass at once, and no message comes early, late or by luck.
    """

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch
        self.now = self.goal = 0.0
        self.arrived = threading.Event()

    def forward(self, seconds: float, arrived: threading.Event) -> None:
        self.goal = self.now + seconds
        self.arrived = arrived

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.watch.begin()
        self.now += HAIR_S  # or a program that compares times to the last digit would wait for ever
        events = super().select(0)
        if events or timeout == 0:
            return events
        if self.now < self.goal:
            self.now = self.goal if timeout is None else min(self.goal, self.now + timeout)
            return []
        self.arrived.set()
        self.watch.end()
        events = super().select(None)
        self.watch.begin()
        return events


class ClockLoop(asyncio.SelectorEventLoop):
    def __init__(self, watch: Watch) -> None:
        self.clock = Clock(watch)
        super().__init__(self.clock)
        # A program may look at one of these, too, to know how long it still has to wait.
        time.monotonic = time.perf_counter = self.time

    def time(self) -> float:
        return self.clock.now


class Order(Enum):
    """What a test may want to know of a program, beside letting some seconds pass."""

    COUNT_TASKS = auto()
    TELL_FAILURES = auto()


def obey(pipe: Connection, loop: ClockLoop | None, tasks: Tasks) -> None:
    """Let as many seconds pass as the pipe says, or follow an `Order`. When its other end closes, end the process."""
    with suppress(EOFError, OSError):
        while order := pipe.recv():
            if order is Order.COUNT_TASKS:
                if tasks.loop:
                    notice(tasks.loop)
                pipe.send(tasks.count())
            elif order is Order.TELL_FAILURES:
                tasks.tell()
                pipe.send(None)
            elif loop:
                arrived = threading.Event()
                loop.call_soon_threadsafe(loop.clock.forward, order, arrived)
                arrived.wait()
                pipe.send(loop.clock.now)
    os._exit(1)


def notice(loop: asyncio.AbstractEventLoop) -> None:
    """Give the loop some turns: a call that has ended is told from hand to hand."""
    noticed = threading.Event()

    def turn(left: int) -> None:
        if left:
            loop.call_soon(turn, left - 1)
        else:
            noticed.set()

    loop.call_soon_threadsafe(turn, TURNS)
    noticed.wait()


class Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, name: str) -> CodeType | None:
        """`CLUB_TEXT` may name a file with another text for the program: what is left when its slips are cut out."""
        if text := os.environ.get("CLUB_TEXT"):
            return compile(Path(text).read_text(encoding="utf-8"), self.path, "exec", dont_inherit=True)
        return super().get_code(name)


def load(path: Path) -> "fastapi.FastAPI | None":
    """Import a file and find its app, as `fastapi dev` does. None if it has none."""
    from fastapi import FastAPI  # noqa: PLC0415

    sys.path.insert(0, str(path.parent))
    loader = Loader(path.stem, str(path))
    spec = importlib.util.spec_from_loader(path.stem, loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        loader.exec_module(module)
    except Exception as error:
        trace = error.__traceback__
        while trace and trace.tb_frame.f_code.co_filename != str(path):
            trace = trace.tb_next
        traceback.print_exception(error.with_traceback(trace))  # from the learner's own lines on
        sys.exit(1)
    apps = [getattr(module, "app", None), *vars(module).values()]
    return next((app for app in apps if isinstance(app, FastAPI)), None)


class Terminal(io.FileIO):
    """Whoever prints without end must not fill the disk, however busy the machine is."""

    def write(self, said: Any) -> int:
        if os.fstat(self.fileno()).st_size > TERMINAL_MOST:
            os.ftruncate(self.fileno(), 0)
        return super().write(said)


def serve(path: Path, terminal: Path, patience: float, turn_the_clock: bool, pipe: Connection) -> None:
    """Run in the new process. The pipe brings more of its environment.

    It gets a word when the file is about to be read, and the port once it answers.
    """
    if hasattr(os, "setsid"):
        os.setsid()  # so that what the program starts can be ended with it
    terminal.write_bytes(b"")
    with terminal.open("ab") as file, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    for name, number in (("stdout", 1), ("stderr", 2)):
        file = io.BufferedWriter(Terminal(number, "a", closefd=False))
        setattr(sys, name, io.TextIOWrapper(file, "utf-8", "backslashreplace", line_buffering=True))
    sys.path[:] = [folder for folder in sys.path if Path(folder) != TESTS]  # a learner's modules may have our names
    os.environ |= {
        "FASTAPI_ENV": "development",
        "PYTHONUTF8": "1",
        MARK: str(os.getppid() if (parent := parent_process()) is None else parent.pid),
    }
    os.environ |= pipe.recv()
    os.environ.pop("PYTHONSAFEPATH", None)  # see `looking_nowhere`
    os.chdir(path.parent)
    watch, tasks = Watch(path, terminal.with_suffix(".held-up")), Tasks(path)
    loop = ClockLoop(watch) if turn_the_clock else None
    threading.Thread(target=obey, args=[pipe, loop, tasks], daemon=True).start()
    pipe.send("reading")
    watch.begin(patience * 0.8)
    app = load(path)
    if app is None:
        pipe.send(NO_APP)
        sys.exit(1)

    import uvicorn  # noqa: PLC0415

    listening = socket.create_server(("127.0.0.1", 0))
    # As asyncio does for a server of its own. Each answer would take 40 ms more: its second half waits for the first.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            tasks.watch(asyncio.get_running_loop())
            self.watch = None if loop else asyncio.create_task(watch.keep())
            pipe.send(listening.getsockname()[1])

    server = Server(uvicorn.Config(app, ws_ping_interval=None if loop else 20))
    if loop:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(server.serve([listening]))
    else:
        server.run([listening])
