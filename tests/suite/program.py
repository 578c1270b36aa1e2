"""One program on the air: a real uvicorn on a free port, in a process of its own that can always be ended."""

import asyncio
import importlib.machinery
import importlib.util
import math
import os
import selectors
import signal
import socket
import sys
import threading
import time
import traceback
from contextlib import suppress
from multiprocessing import get_all_start_methods, get_context, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import fastapi
import psutil
import uvicorn

from suite.tasks import Tasks

OURS = 15  # seconds that Python and FastAPI may take to start
LIVES = 6  # so many times as long as a friend waits, a program may live, whatever it does
MARK = "CLUB_TESTED_BY"  # a variable of the environment, with the process that runs the tests
HELD_UP = 0.8  # seconds without a turn for anybody, after which it is written down which line is to blame
SUITE = Path(__file__).parents[1]  # a learner's modules may have the names of ours

context = get_context("forkserver" if "forkserver" in get_all_start_methods() else "spawn")


def get_ready() -> None:
    """Import FastAPI once for all programs, while the tests are collected. Windows does so for each program."""
    if context.get_start_method() != "forkserver":
        return
    from multiprocessing import forkserver  # noqa: PLC0415

    uvicorns = [f"uvicorn.{name}" for name in ("lifespan.on", "loops.auto", "protocols.http.auto")]
    whoever_runs_us = [name for name in ("pytest", "club.cli") if name in sys.modules]
    context.set_forkserver_preload(
        ["fastapi", "pydantic.v1", "uvicorn.protocols.websockets.auto", *uvicorns, *whoever_runs_us]
    )
    forkserver.ensure_running()


class Watch:
    """Writes down who holds up everybody, with the line: not in the terminal, where endless printing would drown it."""

    def __init__(self, path: Path, notes: Path) -> None:
        self.path = path
        self.notes = notes
        self.limit = math.inf
        threading.Thread(target=self.look, daemon=True).start()

    def begin(self, seconds: float = HELD_UP) -> None:
        self.limit = time.monotonic() + seconds

    def end(self) -> None:
        self.limit = math.inf

    def look(self) -> None:
        while True:
            time.sleep(0.05)
            if time.monotonic() < self.limit:
                continue
            self.end()
            stack = traceback.extract_stack(sys._current_frames()[threading.main_thread().ident])
            # If it is none of the learner's lines, the machine is only slow.
            if any(frame.filename == str(self.path) for frame in stack):
                self.notes.write_text(f"\nHeld up:\n{''.join(stack.format())}", encoding="utf-8")

    async def keep(self) -> None:
        while True:
            self.begin()
            await asyncio.sleep(HELD_UP / 4)


class Clock(selectors.DefaultSelector):
    """The clock of an event loop: it stands still until it is told how far to go.

    Whenever the loop has nothing to do, the clock jumps to the next moment for which somebody waits.
    So a test sees five seconds pass at once, and no message comes early, late or by luck.
    """

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch
        self.now = self.goal = 0.0
        self.arrived = threading.Event()

    def forward(self, seconds: float, arrived: threading.Event) -> None:
        self.goal += seconds
        self.arrived = arrived

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.watch.begin()
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

    def time(self) -> float:
        return self.clock.now


def obey(pipe: Connection, loop: ClockLoop | None, tasks: Tasks) -> None:
    """Let as many seconds pass as the pipe says, or ask the tasks. End with those who hold its other end."""
    with suppress(EOFError, OSError):
        while order := pipe.recv():
            if isinstance(order, str):
                pipe.send(getattr(tasks, order)())
                continue
            arrived = threading.Event()
            loop.call_soon_threadsafe(loop.clock.forward, order, arrived)
            arrived.wait()
            pipe.send(loop.clock.now)
    os._exit(1)


def load(path: Path) -> fastapi.FastAPI:
    """Import a file and find its app, as `fastapi dev` does."""
    sys.path.insert(0, str(path.parent))
    loader = importlib.machinery.SourceFileLoader(path.stem, str(path))
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
    return next((app for app in apps if isinstance(app, fastapi.FastAPI)), None) or sys.exit(
        f"There is no app = FastAPI() in {path.name}."
    )


def serve(path: Path, terminal: Path, patience: float, turn_the_clock: bool, pipe: Connection) -> None:
    """Run in the new process: the pipe gets a word when the file is about to be read, and the port once it answers."""
    if hasattr(os, "setsid"):
        os.setsid()  # so that what the program starts can be ended with it
    with terminal.open("wb") as file, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    sys.path[:] = [folder for folder in sys.path if Path(folder) != SUITE]
    os.environ |= {"FASTAPI_ENV": "development", "PYTHONUTF8": "1", MARK: str(parent_process().pid)}
    os.chdir(path.parent)
    watch, tasks = Watch(path, terminal.with_suffix(".held-up")), Tasks(path)
    loop = ClockLoop(watch) if turn_the_clock else None
    threading.Thread(target=obey, args=[pipe, loop, tasks], daemon=True).start()
    pipe.send("reading")
    watch.begin(patience * 0.8)
    app = load(path)

    listening = socket.create_server(("127.0.0.1", 0))

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


class Program:
    """A learner's file while it runs.

    `port` is where it answers; `terminal()` is what it has printed so far. `patience` is how many seconds anybody
    waits for it. Raises `RuntimeError` with a sentence for a reader when it does not start. Nothing that the file
    does can make `stop()` wait, and whatever it has started ends with it.
    """

    def __init__(self, path: Path, terminal: Path, patience: float = 5, turn_the_clock: bool = False) -> None:
        self.patience = patience
        self._terminal = terminal
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(path, terminal, patience, turn_the_clock, theirs))
        self._process.start()
        theirs.close()
        # Here, and not in the process: a program can switch off everything that is in there with it.
        self._end = threading.Timer(OURS + LIVES * patience, self.stop)
        self._end.daemon = True
        self._end.start()
        self._answer(OURS, f"Python did not start within {OURS} seconds.")
        self.port: int = self._answer(patience, f"{path.name} did not start within {patience:g} seconds.")

    def seconds_pass(self, seconds: float) -> None:
        """Turn the program's clock on by so many seconds."""
        with suppress(OSError):  # the answer tells more
            self._pipe.send(seconds)
        self._answer(self.patience, f"{seconds:g} seconds could not pass. Something holds up the whole club.")

    def tasks(self, order: str = "count") -> Any:
        """How many are not done; or `tell` in the terminal which lines of the file went wrong in one."""
        with suppress(OSError):
            self._pipe.send(order)
        return self._answer(self.patience, "The program did not say what it is doing.")

    def terminal(self) -> str:
        """The last part of it: a program may print for as long as it lives. Then who held up everybody, if anyone."""
        said = b""
        for path in (self._terminal, self._terminal.with_suffix(".held-up")):
            with suppress(FileNotFoundError), path.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 200_000))
                said += file.read()
        return said.decode(errors="replace")

    def stop(self) -> None:
        self._end.cancel()
        end_all([self._process.pid])
        self._process.join(5)

    def _answer(self, limit: float, otherwise: str) -> Any:
        try:
            if self._pipe.poll(limit):
                return self._pipe.recv()
        except (EOFError, OSError):  # the other end is gone
            otherwise = "The program ended instead of waiting for friends."
        self.stop()
        said = "\n".join(self.terminal().strip().splitlines()[-30:])
        raise RuntimeError(f"{otherwise} Its terminal says:\n\n{said or '(nothing)'}")


def end_all(pids: list[int]) -> None:
    """End these processes, and all that they have started."""
    for pid in pids:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            for each in [process, *process.children(recursive=True)]:
                with suppress(psutil.Error):
                    each.kill()
        with suppress(ProcessLookupError, PermissionError, AttributeError):
            os.killpg(pid, signal.SIGKILL)


def end_marked() -> None:
    """End whatever was started by the programs of these tests, and has hidden from `end_all`."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(MARK) == str(os.getpid()):
                process.kill()
