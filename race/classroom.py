"""A full class: how long its pupils wait, and what that costs the teacher's computer.

    uv run python -m race.classroom

Takes a minute. 60 pupils type, check and visit each other; then one of them has 29 guests. Friends who talk straight
to a small server of their own say how fast this machine is just now: a ratio to them means more than milliseconds do.
"""

import asyncio
import itertools
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psutil
import uvicorn
from fastapi import FastAPI, WebSocket
from websockets.asyncio.client import ClientConnection, connect

PUPILS, GUESTS = 60, 29
TALK_S = 15  # for each of the three parts
PROGRAM = "# A line of a program that a pupil has typed.\n" * 80


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


class Class:
    """`club class`, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        (folder / "index.html").write_text("A page.", encoding="utf-8")
        self.port, said = free_port(), folder / "terminal.txt"
        command = ["class", "--port", str(self.port), "--host", "127.0.0.1", "--site", str(folder)]
        with said.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "club.cli", *command],
                cwd=folder,
                env=os.environ | {"PYTHONUTF8": "1"},
                stdout=output,
            )
        while not (found := re.search(r"/class/board#(\S+)", said.read_text(encoding="utf-8"))):
            if self.process.poll() is not None:
                sys.exit("The class did not start.")
            time.sleep(0.1)
        self.secret = found[1]

    def join(self, nickname: str) -> str:
        body = json.dumps({"nickname": nickname}).encode()
        url, kind = f"http://127.0.0.1:{self.port}/class/join", {"content-type": "application/json"}
        with urlopen(Request(url, body, kind), timeout=10) as answer:
            return str(answer.headers["set-cookie"]).partition(";")[0]

    def cpu(self) -> float:
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system

    def line(self, path: str, cookie: str = "") -> connect:
        headers = {"Cookie": cookie} if cookie else None
        return connect(f"ws://127.0.0.1:{self.port}{path}", additional_headers=headers, proxy=None, compression=None)


class Host:
    """A pupil's page whose program says everything to all who are in it."""

    def __init__(self, line: ClientConnection) -> None:
        self.line = line
        self.guests: set[int] = set()

    async def says(self, **message: Any) -> None:
        await self.line.send(json.dumps(message))

    async def lives(self) -> None:
        await self.says(type="door", open=True)
        async for text in self.line:
            message = json.loads(text)
            match message["type"]:
                case "beat":
                    await self.says(type="beat")
                case "visit.open":
                    self.guests.add(message["id"])
                    await self.says(type="visit.opened", id=message["id"])
                case "visit.send":
                    for guest in self.guests:
                        await self.says(type="visit.message", id=guest, data=message["data"])
                case "visit.close":
                    self.guests.discard(message["id"])

    async def types(self) -> None:
        for number in itertools.count():
            await asyncio.sleep(2)
            await self.says(type="state", step=3, stars=[1, 2], text=f"{PROGRAM}# {number}\n")
            if number % 5 == 0:
                await self.says(type="verdict", oops=("no-chat-door", "")[number % 2], step=3)


@asynccontextmanager
async def pupils(klass: Class, count: int) -> AsyncIterator[list[str]]:
    """Their cookies. Each has a page, and a club that is open."""
    cookies = [klass.join(f"Pupil {number}") for number in range(count)]
    async with AsyncExitStack() as stack:
        hosts = [Host(await stack.enter_async_context(klass.line("/class/pupil", cookie))) for cookie in cookies]
        works = [asyncio.create_task(work) for host in hosts for work in (host.lives(), host.types())]
        await asyncio.sleep(1)
        yield cookies
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)


async def listens(line: ClientConnection, waits: list[float]) -> None:
    async for text in line:
        with suppress(ValueError):
            waits.append(time.perf_counter() - float(text))


async def talk(lines: list[ClientConnection], a_second: float) -> list[float]:
    """They talk in turn, so many messages a second in all. Returns how long each message was on its way to each."""
    waits: list[float] = []
    ears = [asyncio.create_task(listens(line, waits)) for line in lines]
    end = time.perf_counter() + TALK_S
    for line in itertools.cycle(lines):
        if time.perf_counter() > end:
            break
        await line.send(str(time.perf_counter()))
        await asyncio.sleep(1 / a_second)
    await asyncio.sleep(1)
    for ear in ears:
        ear.cancel()
    await asyncio.gather(*ears, return_exceptions=True)
    return sorted(waits)


async def straight() -> list[float]:
    """As many friends as pupils, who hear themselves from a server that does nothing else."""
    app = FastAPI()

    @app.websocket("/{me}")
    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        async for text in websocket.iter_text():
            await websocket.send_text(text)

    server = uvicorn.Server(uvicorn.Config(app, port=(port := free_port()), log_level="error"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it does not tell
        await asyncio.sleep(0.05)
    async with AsyncExitStack() as stack:
        lines = [
            await stack.enter_async_context(connect(f"ws://127.0.0.1:{port}/{number}", proxy=None))
            for number in range(PUPILS)
        ]
        waits = await talk(lines, PUPILS)
    server.should_exit = True
    await serving
    return waits


async def visits(klass: Class, hosts: Callable[[int], int], cookies: list[str], a_second: float) -> list[float]:
    """Each of these pupils visits one, and they talk."""
    async with AsyncExitStack() as stack:
        lines = [
            await stack.enter_async_context(
                klass.line(f"/visit/Pupil%20{hosts(number)}/ws/Pupil%20{number}", cookies[number])
            )
            for number in range(len(cookies))
            if hosts(number) != number
        ]
        return await talk(lines, a_second)


def shown(what: str, waits: list[float], more: str = "") -> None:
    middle, late = statistics.median(waits), waits[int(0.95 * len(waits))]
    print(f"{what:34} {len(waits):6} messages   median {1000 * middle:5.1f} ms   p95 {1000 * late:5.1f} ms   {more}")


async def measured(work: Awaitable[list[float]], klass: Class) -> tuple[list[float], float]:
    """Its result, and how much of a core the class needed."""
    cpu, start = klass.cpu(), time.perf_counter()
    waits = await work
    return waits, (klass.cpu() - cpu) / (time.perf_counter() - start)


async def race(klass: Class) -> None:
    alone = await straight()
    shown("straight to a server", alone)
    async with pupils(klass, PUPILS) as cookies:
        waits, core = await measured(visits(klass, lambda at: (at + 1) % PUPILS, cookies, PUPILS), klass)
        ratio = statistics.median(waits) / statistics.median(alone)
        shown(f"{PUPILS} pupils visit each other", waits, f"{ratio:.1f} times as long   {core:.0%} of a core")
        waits, core = await measured(visits(klass, lambda at: 0, cookies[: GUESTS + 1], 20), klass)
        ratio = statistics.median(waits) / statistics.median(alone)
        shown(f"{GUESTS} guests in one club", waits, f"{ratio:.1f} times as long   {core:.0%} of a core")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        klass = Class(Path(folder))
        try:
            asyncio.run(race(klass))
        finally:
            klass.process.terminate()
            klass.process.wait(10)


if __name__ == "__main__":
    main()
