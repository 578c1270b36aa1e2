"""Who takes part in the race, and how they run."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from resource import RLIMIT_NOFILE, getrlimit, setrlimit
from typing import Any

import psutil
from redis import Redis

from club import ladder
from club.machine import free_port
from race import clients
from race.draw import HERO

HERE = Path(__file__).parent
OTHERS = HERE / "contenders"
CHAT = '@app.websocket("/ws/{client_id}"'  # a step with this door takes part
OPEN_FILES = 2000
START_S = 30
REPLY_S = 600  # the friends have a limit of their own; this one is for the case that their process is lost
SOCKETIO: dict[str, Any] = {"path": "/socket.io/?EIO=4&transport=websocket", "socketio": True}


@dataclass(frozen=True)
class Contender:
    name: str
    command: Sequence[str]  # with {port}
    compression: bool = False
    path: str = "/ws/{}"  # of each friend's line: all steps have this chat, and it has no limit on the pace
    socketio: bool = False
    servers: int = 1  # more than one have a Redis between them; the friends are shared out


def uvicorn(name: str, program: Path, **more: Any) -> Contender:
    options = ("--port", "{port}", "--ws-per-message-deflate", "false", "--log-level", "warning")
    module = (f"{program.stem}:app", "--app-dir", str(program.parent))
    return Contender(name, (sys.executable, "-m", "uvicorn", *module, *options), **more)


def of_program(name: str, program: Path) -> Iterator[Contender]:
    """The program on one server, and on two if it knows what a Redis is for."""
    yield uvicorn(name, program)
    if "REDIS_URL" in program.read_text(encoding="utf-8"):
        yield uvicorn(f"{name}, two servers", program, servers=2)


def fastapi_run(name: str, program: Path) -> Contender:
    """As its reader runs it. `fastapi run` cannot switch compression off."""
    options = ("--host", "127.0.0.1", "--port", "{port}")
    return Contender(name, (sys.executable, "-m", "fastapi", "run", str(program), *options), compression=True)


def raced_steps() -> dict[str, Path]:
    """Those that differ in speed: the first with a chat, the one whose page shows the race and the one before it, the
    first with a Redis, and the newest.
    """
    chats = [step for step in ladder.steps().values() if CHAT in "\n".join(step.lines)]
    hero = next(at for at, step in enumerate(chats) if f"step {step.number}" == HERO)
    first_redis = next(step for step in chats if "REDIS_URL" in "\n".join(step.lines))
    chosen = [step for step in chats if step in (chats[0], chats[hero - 1], chats[hero], first_redis, chats[-1])]
    return {f"step {step.number}": ladder.STEPS / step.name / "main.py" for step in chosen}


def contenders() -> Iterator[Contender]:
    """The first is what all others are compared with."""
    original, sample, socketio = (OTHERS / f"{name}.py" for name in ("original", "docs_sample", "socketio_chat"))
    broadcast = (sys.executable, str(OTHERS / "websockets_broadcast.py"), "{port}")
    steps = raced_steps()
    yield uvicorn("original", original)
    yield uvicorn("docs sample", sample)
    for name, main in steps.items():
        yield from of_program(name, main)
    yield Contender("websockets", (*broadcast, "fast"))
    yield uvicorn("python-socketio", socketio, **SOCKETIO)
    yield Contender("Socket.IO, Node.js", ("node", str(OTHERS / "socket.io.js"), "{port}"), **SOCKETIO)
    yield Contender("ws, Node.js", ("node", str(OTHERS / "ws.js"), "{port}"))
    yield fastapi_run("original, compressed", original)
    yield fastapi_run("docs sample, compressed", sample)
    first, main = next(iter(steps.items()))
    yield fastapi_run(f"{first}, compressed", main)
    yield Contender("websockets, compressed", broadcast, compression=True)


def install_node_packages() -> None:
    """Raises `OSError` without npm. What does not get installed, its server will miss."""
    if not (HERE / "node_modules").is_dir():
        command = [find("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(command, cwd=HERE, check=False)


def find(program: str) -> str:
    if not (found := shutil.which(program)):
        raise OSError(f"there is no {program} here")
    return found


def allow_many_connections() -> None:
    """Each connection is an open file, and a thousand of them are more than a process usually may have."""
    _, most = getrlimit(RLIMIT_NOFILE)
    setrlimit(RLIMIT_NOFILE, (OPEN_FILES, most))


class Server:
    """A contender's server and, in another process, its friends."""

    def __init__(self, contender: Contender, folder: Path, patience: float) -> None:
        self.processes: list[psutil.Popen] = []
        self.folder = folder
        self.environment = {key: value for key, value in os.environ.items() if key != "REDIS_URL"}
        self.environment["CLUB_DB"] = ":memory:"
        self.redis: Redis | None = None
        try:
            if contender.servers > 1:
                port = self.start(["redis-server", "--port", "{port}", "--save", ""])
                self.environment["REDIS_URL"] = f"redis://127.0.0.1:{port}"
                self.redis = Redis(port=port, decode_responses=True)
            if contender.command[0] == "node":
                install_node_packages()
            ports = [self.start(contender.command) for _ in range(contender.servers)]
        except OSError:
            self.close()
            raise
        spawn = get_context("spawn")
        self.pipe, other_end = spawn.Pipe()
        arguments = (other_end, ports, contender.path, contender.socketio, patience)
        self.clients = spawn.Process(target=clients.run, args=arguments, daemon=True)
        self.clients.start()
        other_end.close()

    def start(self, command: Sequence[str]) -> int:
        """Raises `OSError` when it does not start."""
        program, port = find(command[0]), free_port()
        log = self.folder / f"{port}.log"
        with log.open("wb") as output:
            process = psutil.Popen(
                [program, *(word.replace("{port}", str(port)) for word in command[1:])],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(process)
        end = time.monotonic() + START_S
        while time.monotonic() < end and process.poll() is None:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                return port
            time.sleep(0.05)
        raise OSError(f"it did not start: {log.read_text(errors='replace')[-500:]}")

    def ask(self, method: str, *arguments: int) -> Any:
        """Call a method of `Clients`. Raises `OSError`, such as `TimeoutError`."""
        self.pipe.send((method, *arguments))
        if not self.pipe.poll(REPLY_S):
            raise TimeoutError
        reply = self.pipe.recv()
        if isinstance(reply, Exception):
            raise reply
        return reply

    def tree(self) -> Iterator[psutil.Process]:
        for process in self.processes:
            yield from process.children(recursive=True)
            yield process

    def processor_time(self) -> float:
        """In seconds, of the chat's own processes. What its Redis does is told apart."""
        chat = self.processes[bool(self.redis) :]
        times = [process.cpu_times() for each in chat for process in (each, *each.children(recursive=True))]
        return sum(time.user + time.system for time in times)

    def asked_of_redis(self) -> tuple[int, float]:
        """How many requests its Redis has had so far, and how many seconds of processor time it has taken."""
        if not self.redis:
            return 0, 0.0
        told: dict[str, Any] = self.redis.info()
        return int(told["total_commands_processed"]), told["used_cpu_user"] + told["used_cpu_sys"]

    def close(self) -> None:
        """A server that is asked kindly would first say goodbye to each friend."""
        for process in list(self.tree()):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        for process in self.processes:
            process.wait(10)
        if hasattr(self, "clients"):
            self.pipe.close()
            self.clients.kill()
            self.clients.join(10)
