"""One program on the air: a real uvicorn on a free port, in a process of its own that can always be ended."""

import asyncio
import faulthandler
import importlib.machinery
import importlib.util
import os
import selectors
import signal
import socket
import sys
import threading
import traceback
from contextlib import suppress
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection
from pathlib import Path

import fastapi
import uvicorn

START = 15  # seconds that a program may take until it answers
SUITE = Path(__file__).parents[1]  # a learner's modules may have the names of ours
LIFE = 30  # seconds after which it is ended, whatever it does

# A fork server imports FastAPI once for all tests; Windows has none and imports it for each.
context = get_context("forkserver" if "forkserver" in get_all_start_methods() else "spawn")
if context.get_start_method() == "forkserver":
    context.set_forkserver_preload(["__main__", "fastapi", "uvicorn.protocols.websockets.auto", "uvicorn.loops.auto"])


class Clock(selectors.DefaultSelector):
    """The clock of an event loop: it stands still until it is told how far to go.

    Whenever the loop has nothing to do, the clock jumps to the next moment for which somebody waits.
    So a test sees five seconds pass at once, and no message comes early, late or by luck.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = self.goal = 0.0
        self.arrived = threading.Event()

    def forward(self, seconds: float, arrived: threading.Event) -> None:
        self.goal += seconds
        self.arrived = arrived

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if events or timeout == 0:
            return events
        if self.now < self.goal:
            self.now = self.goal if timeout is None else min(self.goal, self.now + timeout)
            return []
        self.arrived.set()
        return super().select(None)


class ClockLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.clock = Clock()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.now

    def obey(self, pipe: Connection) -> None:
        """Let as many seconds pass as the pipe says, and say when they have."""
        with suppress(EOFError, OSError):
            while True:
                arrived = threading.Event()
                self.call_soon_threadsafe(self.clock.forward, pipe.recv(), arrived)
                arrived.wait()
                pipe.send(self.clock.now)


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


def serve(path: Path, pipe: Connection, terminal: Path, turn_the_clock: bool) -> None:
    """Run in the new process: the pipe gets the port once the program answers."""
    if hasattr(os, "setsid"):
        os.setsid()  # so that what the program starts can be ended with it
    with terminal.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    faulthandler.dump_traceback_later(LIFE, exit=True, file=2)
    sys.path[:] = [folder for folder in sys.path if Path(folder) != SUITE]
    os.environ |= {"FASTAPI_ENV": "development", "PYTHONUTF8": "1"}
    os.chdir(path.parent)
    app = load(path)

    listening = socket.create_server(("127.0.0.1", 0))

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            pipe.send(listening.getsockname()[1])

    server = Server(uvicorn.Config(app, ws_ping_interval=None if turn_the_clock else 20))
    if not turn_the_clock:
        server.run([listening])
    else:
        with asyncio.Runner(loop_factory=ClockLoop) as runner:
            loop = runner.get_loop()
            assert isinstance(loop, ClockLoop)
            threading.Thread(target=loop.obey, args=[pipe], daemon=True).start()
            runner.run(server.serve([listening]))


class Program:
    """A learner's file while it runs.

    `port` is where it answers; `terminal()` is what it has printed so far. Raises `RuntimeError` with a
    sentence for a reader when it does not start. Nothing that the file does can make `stop()` wait.
    """

    def __init__(self, path: Path, terminal: Path, turn_the_clock: bool = False) -> None:
        self._terminal = terminal
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(path, theirs, terminal, turn_the_clock), daemon=True)
        self._process.start()
        theirs.close()
        # Here, and not only in the process: a program can switch off everything that is in there with it.
        self._end = threading.Timer(START + LIFE, self.stop)
        self._end.daemon = True
        self._end.start()
        self.port: int = self._answer(START, f"{path.name} did not start within {START} seconds.")

    def seconds_pass(self, seconds: float) -> None:
        """Turn the program's clock on by so many seconds."""
        self._pipe.send(seconds)
        self._answer(START, f"{seconds} seconds could not pass: something holds up the event loop.")

    def terminal(self) -> str:
        return self._terminal.read_text(encoding="utf-8", errors="replace") if self._terminal.exists() else ""

    def stop(self) -> None:
        self._end.cancel()
        with suppress(ProcessLookupError, PermissionError, AttributeError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.join(5)

    def _answer(self, limit: float, otherwise: str) -> int:
        try:
            if self._pipe.poll(limit):
                return self._pipe.recv()
        except (EOFError, OSError):  # the other end is gone
            otherwise = "The program ended instead of waiting for friends."
        self.stop()
        said = "\n".join(self.terminal().strip().splitlines()[-12:])
        raise RuntimeError(f"{otherwise} Its terminal says:\n\n{said or '(nothing)'}")
