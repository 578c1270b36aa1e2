"""A program that runs in a page of the site, for friends outside of it.

A real server stands in front of the page and hands on what it gets, so that the friends of the suite can call as ever.
"""

import asyncio
import itertools
import os
import shutil
import sys
import threading
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from typing import Any

import pytest
import uvicorn

from suite.browser import NAMES, NO_INTERNET, missing

PATIENCE = 20  # seconds for anything that the page does
START = """async (step) => {
    const { runtime, Socket } = await import(new URL("../assets/run.js", location));
    const ends = new Map();
    for (const kind of ["terminal", "error"]) runtime.addEventListener(kind, ({ detail }) => printed(detail.text));
    window.club = {
        run: (source) => runtime.run(source, new URL(`../take-home/${step}.zip`, location).href),
        open(id, path) {
            const socket = new Socket(runtime, path);
            ends.set(id, socket);
            for (const type of ["open", "message", "close"]) {
                socket[`on${type}`] = ({ data = "", code = 0 }) => heard(id, type, data, code);
            }
        },
        send: (id, data) => ends.get(id).send(data),
        sendBytes: (id, data) => ends.get(id).send(Uint8Array.from(data)),
        close: (id, code) => ends.get(id).close(code),
        async http(method, path, headers, body) {
            const answer = await runtime.http(method, path, headers, Uint8Array.from(body).buffer);
            const bytes = new Uint8Array(await answer.arrayBuffer());
            const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
            return [answer.status, [...answer.headers], text];
        },
    };
}"""
# The clock of the program stands still until `forward` turns it.
CLOCK = """
import asyncio, heapq, itertools

class Clock:
    def __init__(self):
        self.now, self.waiting, self.count = 0.0, [], itertools.count()
        self.loop = asyncio.get_event_loop()
        self.call_later = self.loop.call_later
        self.loop.call_later = self.later

    def later(self, delay, callback, *args, context=None):
        if delay <= 0:
            return self.call_later(delay, callback, *args, context=context)
        handle = asyncio.Handle(callback, args, self.loop, context)
        heapq.heappush(self.waiting, (self.now + delay, next(self.count), handle))
        return handle

    async def forward(self, seconds):
        goal = self.now + seconds
        while self.waiting and self.waiting[0][0] <= goal:
            self.now, _, handle = heapq.heappop(self.waiting)
            if not handle.cancelled():
                handle._run()
            await settle()
        self.now = goal

async def settle():
    for _ in range(12):
        await asyncio.sleep(0)
"""


class Front:
    """A page with a program in it, and the server before it, both in a thread of their own."""

    def __init__(self, address: str, step: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.terminal = ""
        self._queues: dict[int, asyncio.Queue[tuple[str, Any, int]]] = {}
        self._numbers = itertools.count()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.port: int = self.do(self._start(address, step))

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE * 2)

    def python(self, code: str) -> Any:
        return self.do(self.page.workers[-1].evaluate("(code) => python.runPythonAsync(code).then(() => null)", code))

    async def _start(self, address: str, step: str) -> int:
        from playwright.async_api import async_playwright  # noqa: PLC0415

        self._playwright = await async_playwright().start()
        found = os.environ.get("BROWSER_PATH") or next(filter(None, map(shutil.which, NAMES)), None)
        root = sys.platform == "linux" and os.geteuid() == 0
        self._browser = await self._playwright.chromium.launch(
            executable_path=found, args=[NO_INTERNET, *(["--no-sandbox"] if root else [])]
        )
        self.page = await self._browser.new_page()
        self.page.set_default_timeout(PATIENCE * 1000)
        await self.page.expose_binding("heard", lambda _, *what: self._heard(*what))
        await self.page.expose_binding("printed", lambda _, text: self._printed(text))
        await self.page.goto(f"http://{address}/steps/{step}.html")
        await self.page.evaluate(START, step)
        self._server = uvicorn.Server(
            uvicorn.Config(self.app, port=0, log_level="error", lifespan="off", interface="asgi3")
        )
        self._serving = asyncio.create_task(self._server.serve())
        while not self._server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        return self._server.servers[0].sockets[0].getsockname()[1]

    def _heard(self, number: int, kind: str, data: Any, code: int) -> None:
        self._queues[number].put_nowait((kind, data, code))

    def _printed(self, text: str) -> None:
        self.terminal += text

    async def call(self, name: str, *words: Any) -> Any:
        return await self.page.evaluate(f"(words) => club.{name}(...words)", list(words))

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["raw_path"].decode() + ("?" + scope["query_string"].decode() if scope["query_string"] else "")
        await getattr(self, "_" + scope["type"])(scope, path, receive, send)

    async def _http(self, scope: Any, path: str, receive: Any, send: Any) -> None:
        headers = [[key.decode("latin-1"), value.decode("latin-1")] for key, value in scope["headers"]]
        body = (await receive()).get("body", b"")
        status, answered, text = await self.call("http", scope["method"], path, headers, list(body))
        pairs = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in answered]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": text.encode("latin-1")})

    async def _websocket(self, _: Any, path: str, receive: Any, send: Any) -> None:
        await receive()
        number = next(self._numbers)
        heard = self._queues[number] = asyncio.Queue()

        async def to_page() -> None:
            while (event := await receive())["type"] == "websocket.receive":
                if event.get("text") is not None:
                    await self.call("send", number, event["text"])
                else:
                    await self.call("sendBytes", number, list(event["bytes"]))
            await self.call("close", number, event["code"])

        await self.call("open", number, path)
        talking = None
        while (event := await heard.get())[0] != "close":
            with suppress(RuntimeError):  # this friend has just gone
                if event[0] == "open":
                    await send({"type": "websocket.accept"})
                    talking = asyncio.create_task(to_page())
                else:
                    await send({"type": "websocket.send", "text": event[1]})
        with suppress(RuntimeError):
            await send({"type": "websocket.close", "code": event[2] if event[2] != 1006 else 1011})
        if talking:
            await talking

    def close(self) -> None:
        async def close() -> None:
            self._server.should_exit = self._server.force_exit = True
            await self._serving
            await self._browser.close()
            await self._playwright.stop()

        self.do(close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class PageProgram:
    """A step's program in the page. To the friends it is what `suite.program.Program` is."""

    patience = 10.0

    def __init__(self, front: Front, source: str, turn_the_clock: bool) -> None:
        self._front, self._clock = front, turn_the_clock
        self.port = front.port
        front.terminal = ""
        if not front.do(front.call("run", source)):
            raise RuntimeError(front.terminal)
        front.python(CLOCK + ("clock = Clock()" if turn_the_clock else ""))

    def terminal(self) -> str:
        return self._front.terminal

    def seconds_pass(self, seconds: float) -> None:
        self.settle()
        self._front.python(f"await clock.forward({seconds})")
        self.settle()

    def tasks(self) -> int:
        count = "() => python.runPython('import asyncio; len(asyncio.all_tasks())')"
        return self._front.do(self._front.page.workers[-1].evaluate(count))

    def settle(self) -> None:
        """What was said before has come through."""
        self._front.python("await settle()")
        self._front.do(asyncio.sleep(0.02))
        self._front.python("await settle()")

    def stop(self) -> None:
        if self._clock:
            self._front.python("clock.loop.call_later = clock.call_later")


@pytest.fixture(scope="module")
def front(served) -> Iterator[Front]:
    pytest.importorskip("playwright") if not os.environ.get("CI") else None
    if not shutil.which("npm"):
        missing("npm")
    front = Front(served.address, "05_docs_page")
    yield front
    front.close()
