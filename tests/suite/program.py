"""The world of a terminal: a real uvicorn on a free port, in a process of its own that can always be ended."""

import ctypes
import http.client
import logging
import os
import select
import signal
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import psutil
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from suite.serve import MARK, NO_APP, TERMINAL_MOST, Order, context, looking_nowhere, serve
from suite.world import Answer, HungUpError, NotKept, RefusedError

PYTHON_START_S = 15  # how long Python and FastAPI may take to start, whatever the program is
START_LIMIT = 3  # how many times longer than a friend waits a program may take until it answers
TERMINAL_SHOWN = 200_000  # bytes: its last part
TEST_LIMIT = 8  # how many times longer than a friend waits one test may take, before the program is ended
NARROW = 4096  # bytes that wait on the way to a sleeper
LOOK = 65_536  # bytes, more than are there
PR_SET_CHILD_SUBREAPER = 36
SILENT = logging.Logger("friends", logging.CRITICAL + 1)  # a friend who pulls the plug knows that the line is dead


def hung_up(closed: ConnectionClosed) -> HungUpError:
    return HungUpError(*((closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else ()))


class Call:
    """A line to the program: one real WebSocket, without a browser around it."""

    def __init__(self, calling: Any) -> None:
        self._calling = calling
        self._socket: ClientConnection = calling.__enter__()  # it warns of anything else

    def send(self, said: str | bytes) -> None:
        try:
            self._socket.send(said)
        except ConnectionClosed as closed:
            raise hung_up(closed) from None

    def receive(self, seconds: float) -> str | bytes:
        try:
            return self._socket.recv(timeout=seconds)
        except ConnectionClosed as closed:
            raise hung_up(closed) from None

    def wake_up(self) -> None:
        pass  # it takes a message whenever somebody asks for one

    def gets_full(self, seconds: float) -> None:
        end, before, waiting = time.monotonic() + seconds, 0, 0
        while (waiting < NARROW / 2 or waiting != before) and time.monotonic() < end:
            time.sleep(0.02)
            # Nobody takes it away, so a look cannot wait.
            plug, before = self._socket.socket, waiting
            waiting = len(plug.recv(LOOK, socket.MSG_PEEK)) if select.select([plug], [], [], 0)[0] else 0

    def catch_up(self, seconds: float) -> None:
        with suppress(ConnectionClosed):  # `receive` reports that, once the last message has been read
            self._socket.ping().wait(seconds)  # the answer comes after everything that is on its way

    def vanish(self) -> None:
        plug = self._socket.socket
        with suppress(OSError):
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            plug.shutdown(socket.SHUT_RDWR)
        self._socket.close_socket()  # this also wakes who reads from it; nobody answers a goodbye any more

    def close(self) -> None:
        self._calling.__exit__(None, None, None)


class Process:
    """A learner's file while it runs: a `suite.world.Program`.

    `port` is where it answers. Nothing that the file does can make `stop()` wait, and whatever it has started ends
    with it.
    """

    def __init__(
        self, path: Path, notes: Path, patience: float = 5, turn_the_clock: bool = False, **environment: str
    ) -> None:
        notes.mkdir(parents=True, exist_ok=True)
        self.patience = patience
        self._http = http.client.HTTPConnection("127.0.0.1")
        self._terminal, self._held_up = notes / "terminal.txt", notes / "terminal.held-up"
        self.database = notes / "club.db"
        self._limit = threading.Timer(0, self.stop)
        self._ended = threading.Event()
        self._how = path, turn_the_clock, {"CLUB_DB": str(self.database)} | environment
        self._start()

    def _start(self) -> None:
        path, turn_the_clock, environment = self._how
        patience = START_LIMIT * self.patience
        self._pipe, theirs = context.Pipe()
        self._pipe.send({"CLUB_TEXT": os.environ.get("CLUB_TEXT", "")} | environment)
        self._process = context.Process(target=serve, args=(path, self._terminal, patience, turn_the_clock, theirs))
        # A program needs nothing from the main module that runs the tests, so its process need not import that again.
        with patch.dict(sys.modules, __main__=ModuleType("__main__")), looking_nowhere():
            self._process.start()
        theirs.close()
        self._ended = threading.Event()
        threading.Thread(target=self._keep_short, args=[self._ended], daemon=True).start()
        self._live_on()
        try:
            self._answer(PYTHON_START_S)
            started = self._answer(patience)
        except TimeoutError:
            raise self._not_started("not-started", f"{path.name} did not start within {patience:g} seconds.") from None
        except HungUpError:
            raise self._not_started("ended", "The program ended instead of waiting for friends.") from None
        if started == NO_APP:
            raise self._not_started("no-app", f"There is no app = FastAPI() in {path.name}.")
        self.port: int = started
        self._http.port = started

    def _not_started(self, kind: str, sentence: str) -> NotKept:
        self.stop()
        return NotKept(kind, sentence, terminal=self.terminal(), held_up=self.held_up())

    def begin(self) -> None:
        self._live_on()
        with suppress(FileNotFoundError):
            os.truncate(self._terminal, 0)  # it belongs to earlier tests
            self._held_up.unlink()

    def _live_on(self) -> None:
        # Here, and not in the process: a program can switch off everything that is in there with it.
        self._limit.cancel()
        self._limit = threading.Timer(PYTHON_START_S + TEST_LIMIT * self.patience, self.stop)
        self._limit.daemon = True
        self._limit.start()

    def _keep_short(self, ended: threading.Event) -> None:
        """What Python prints keeps itself short (`Terminal`). This is for what a program starts beside it."""
        while not ended.wait(0.05):
            with suppress(OSError):
                if self._terminal.stat().st_size > TERMINAL_MOST:
                    os.truncate(self._terminal, 0)

    def open(self, path: str, seconds: float, asleep: bool = False, **headers: str) -> Call:
        try:
            # No proxy: a school's proxy knows nothing of this machine's own programs.
            calling = connect(
                f"ws://127.0.0.1:{self.port}{path}",
                sock=self._narrow(seconds) if asleep else None,
                open_timeout=seconds,
                close_timeout=seconds,
                max_size=None,
                max_queue=0 if asleep else None,
                compression=None,
                ping_interval=None,
                proxy=None,
                additional_headers=headers,
                logger=SILENT,
            )
            return Call(calling)
        except InvalidStatus as error:
            raise RefusedError(error.response.status_code) from None
        except TimeoutError:
            raise
        except (InvalidHandshake, InvalidMessage, OSError, EOFError):
            raise HungUpError from None

    def _narrow(self, seconds: float) -> socket.socket:
        """A way that holds little, so that who talks to a sleeper soon has to wait. An ordinary one holds megabytes."""
        way = socket.socket()
        way.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)
        with suppress(AttributeError, OSError):  # not on Windows
            way.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, NARROW)
        way.settimeout(seconds)
        way.connect(("127.0.0.1", self.port))
        return way

    def ask(self, method: str, path: str, seconds: float, **headers: str) -> Answer:
        line = self._http
        if line.sock and select.select([line.sock], [], [], 0)[0]:  # the club has hung up on it
            line.close()
        line.timeout = seconds
        used = line.sock is not None
        if line.sock:
            line.sock.settimeout(seconds)
        try:
            line.request(method, path, headers=headers)
            answer = line.getresponse()
            text = answer.read().decode(errors="replace")
        except TimeoutError:
            raise
        except (http.client.HTTPException, OSError):
            line.close()
            if used:  # the club may end a line on which nobody asks, also in the moment when somebody does
                return self.ask(method, path, seconds, **headers)
            raise HungUpError from None
        if method == "GET" and answer.status in {301, 302, 303, 307, 308}:
            return self.ask(method, urlsplit(answer.getheader("location", "/")).path, seconds, **headers)
        return Answer(answer.status, answer.reason, text)

    def pass_time(self, seconds: float) -> None:
        self._order(seconds)

    def tasks(self) -> int:
        count: int = self._order(Order.COUNT_TASKS)
        return count

    def tell_failures(self) -> None:
        with suppress(TimeoutError, HungUpError):
            self._order(Order.TELL_FAILURES)

    def terminal(self) -> str:
        with suppress(FileNotFoundError), self._terminal.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TERMINAL_SHOWN))
            return file.read().decode(errors="replace")
        return ""

    def held_up(self) -> str:
        with suppress(FileNotFoundError):
            return self._held_up.read_text(encoding="utf-8")
        return ""

    def is_running(self) -> bool:
        return bool(self._process.is_alive())

    def crash(self) -> None:
        self._ended.set()
        self._limit.cancel()
        self._http.close()
        end_all([self._process.pid])
        self._process.join(5)

    def start_again(self) -> None:
        self._start()

    def stop(self) -> None:
        self._ended.set()
        self._limit.cancel()
        self._http.close()
        end_all([self._process.pid])
        self._process.join(5)

    def _order(self, order: Any) -> Any:
        with suppress(OSError):  # the answer tells more
            self._pipe.send(order)
        return self._answer(self.patience)

    def _answer(self, seconds: float) -> Any:
        try:
            if self._pipe.poll(seconds):
                return self._pipe.recv()
        except (EOFError, OSError):  # the other end is gone
            raise HungUpError from None
        raise TimeoutError


def end_all(pids: list[int]) -> None:
    """End these processes, and everything that they have started."""
    for pid in pids:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            for each in [process, *process.children(recursive=True)]:
                with suppress(psutil.Error):
                    each.kill()
        with suppress(ProcessLookupError, PermissionError, AttributeError):
            os.killpg(pid, signal.SIGKILL)


def end_marked() -> None:
    """End whatever the programs of these tests have started, and `end_all` has not found."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(MARK) == str(os.getpid()):
                process.kill()


def adopt_orphans() -> set[int]:
    """From now on, what a program leaves behind becomes a child of this process, where the system can do that.

    Returns the process ids of the children that this process has already.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    return {child.pid for child in psutil.Process().children()}


def end_orphans(ours: set[int]) -> None:
    """End all children but ours."""
    for _ in range(3):  # one that is ended may have left others
        for child in psutil.Process().children():
            if child.pid not in ours:
                end_all([child.pid])
                with suppress(psutil.Error):
                    child.wait(1)
