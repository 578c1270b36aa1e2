"""The server in the page: it plays uvicorn's part between the page's sockets and the app in the learner's main.py.

A browser has no port to listen on. So the worker calls these functions, and the app gets the same ASGI events as
on the learner's own machine.
"""

import asyncio
import gc
import importlib
import json
import linecache
import os
import random
import sys
import time
import traceback
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI

import club.ladder

club.ladder.ROOT = Path("/home/club")
club.ladder.STEPS = club.ladder.ROOT / "steps"
club.ladder.MISTAKES = club.ladder.ROOT / "tests" / "mistakes"

from club.causes import Failure, cause_of, filled  # noqa: E402
from club.source import close_name  # noqa: E402

HOME = "/home/learner/my-club/my_club/"
MAIN = HOME + "main.py"
PEER, HOST = ("127.0.0.1", 50000), ("127.0.0.1", 8000)
LONGEST_REASON = 123  # bytes that fit into the frame that ends a WebSocket
TURN = 3.0  # seconds for which a loop in main.py may keep everybody else waiting

tell: Callable[..., None] = print  # what the worker hands to `connect`
server: "Server | None" = None


def module(name: str, **parts: Any) -> None:
    """A module that a browser cannot have, for programs and for pytest that only import it."""
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(parts)


module("redis.asyncio", Redis=None, RedisError=type("RedisError", (Exception,), {}))


def say(line: str) -> None:
    tell("terminal", json.dumps({"text": line + "\n"}))


# --- what is different in a browser --------------------------------------------------------------------------


def without_threads() -> None:
    """Starlette hands files and plain functions to threads. A browser has none, so they run on the spot."""
    from anyio._backends._asyncio import AsyncIOBackend  # noqa: PLC0415
    from pyodide import webloop  # noqa: PLC0415

    async def here(_: Any, func: Any, args: Any, **__: Any) -> Any:
        await asyncio.sleep(0)
        return func(*args)

    async def to_thread(func: Any, /, *args: Any, **kwargs: Any) -> Any:
        return await here(None, lambda: func(*args, **kwargs), ())

    AsyncIOBackend.run_sync_in_worker_thread = classmethod(here)
    asyncio.to_thread = to_thread
    # Pyodide lets others run during time.sleep() where the browser can. A real server does not.
    time.sleep = webloop._orig_sleep


class LoopStuckError(BaseException):
    """Raised in a line of main.py that keeps everybody waiting. `except Exception` must not hide it."""

    __module__ = "builtins"


class Watchdog:
    """Stops a loop without `await`: Python tells it whenever the learner's code jumps back."""

    def __init__(self) -> None:
        self.turn = time.monotonic()
        self.tool = 4
        self.stuck: Callable[[Any], None] = lambda frame: None  # is told where
        monitoring = sys.monitoring
        monitoring.use_tool_id(self.tool, "club")
        monitoring.register_callback(self.tool, monitoring.events.JUMP, self.jump)
        run = asyncio.Handle._run

        def noted(handle: asyncio.Handle) -> None:
            self.turn = time.monotonic()
            run(handle)

        asyncio.Handle._run = noted

    def watch(self, code: types.CodeType) -> None:
        self.turn = time.monotonic()
        sys.monitoring.set_local_events(self.tool, code, sys.monitoring.events.JUMP)
        for part in code.co_consts:
            if isinstance(part, types.CodeType):
                self.watch(part)

    def jump(self, code: types.CodeType, start: int, target: int) -> None:
        if target <= start and time.monotonic() - self.turn > TURN:
            self.turn = time.monotonic()
            self.stuck(sys._getframe(1))
            raise LoopStuckError(f"this loop ran for {TURN:g} seconds without an await, so nobody else got a turn")


# --- errors --------------------------------------------------------------------------------------------------


def own_frames(error: traceback.TracebackException) -> None:
    """Leave only the lines that the learner can change."""
    error.stack = traceback.StackSummary.from_list([f for f in error.stack if f.filename.startswith(HOME)])
    for other in (error.__cause__, error.__context__):
        if other:
            own_frames(other)


def report(error: BaseException) -> None:
    """Print a traceback, and say its line and, if Oops! knows it, what it means."""
    told = traceback.TracebackException.from_exception(error, compact=True)
    own_frames(told)
    text = "".join(told.format()).replace(HOME, "")
    line = error.lineno if isinstance(error, SyntaxError) else told.stack[-1].lineno if told.stack else None
    if isinstance(error, LoopStuckError):
        means, do = "A loop went round and round, and nobody else got a turn.", "Put an `await` inside."
    else:
        kind = (
            "no-app" if isinstance(error, NoAppError) else "unreadable" if isinstance(error, SyntaxError) else "error"
        )
        name = getattr(error, "name", "")  # of a NameError or an AttributeError
        other = name and kind == "error" and close_name(Path(MAIN).read_text(encoding="utf-8"), name)
        cause, gaps = cause_of(Failure("", 1, kind, str(error), {"other": other} if other else {}, terminal=text), "")
        means, do = filled(cause.means, gaps), filled(cause.do, gaps)
    tell("error", json.dumps({"text": text, "line": line, "means": means, "do": do}))


def unheard(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A task of the learner's has failed, and nobody waits for it: the page is told, as of any other error."""
    error = context.get("exception")
    if isinstance(error, Exception) and report is at_once:
        report(error)
    else:
        loop.default_exception_handler(context)


at_once = report  # the checker has a way of its own


# --- the server ----------------------------------------------------------------------------------------------


class NoAppError(Exception):
    __module__ = "builtins"


class GoneError(OSError):
    """What uvicorn raises when a program sends to somebody who is gone."""


class ReasonTooLongError(Exception):
    """What uvicorn raises, there by another name, when a program gives a longer reason than fits."""

    __module__ = "builtins"


class Server:
    def __init__(self, app: Any) -> None:
        self.app = app
        self.state: dict[str, Any] = {}
        self.sockets: dict[int, Socket] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.orders: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self.answers: asyncio.Queue[dict[str, str]] = asyncio.Queue()

    def start(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def lifespan(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        try:
            await self.app(scope, self.orders.get, self.answers.put)
        except Exception as error:
            report(error)
            await self.answers.put({"type": "lifespan.startup.failed"})

    async def startup(self) -> bool:
        self.start(self.lifespan())
        await self.orders.put({"type": "lifespan.startup"})
        return (await self.answers.get())["type"] == "lifespan.startup.complete"

    async def shutdown(self) -> None:
        for socket in list(self.sockets.values()):
            socket.hang_up(1012)
        await self.orders.put({"type": "lifespan.shutdown"})
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=0.05)
        for task in list(self.tasks):
            task.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=0.5)

    def scope(self, kind: str, target: str, headers: Any) -> dict[str, Any]:
        path, _, query = target.partition("?")
        named = {"host": f"{HOST[0]}:{HOST[1]}", **{key.lower(): value for key, value in headers}}
        return {
            "type": kind,
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "ws" if kind == "websocket" else "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(key.encode("latin-1"), value.encode("latin-1")) for key, value in named.items()],
            "client": PEER,
            "server": HOST,
            "state": self.state.copy(),
        }

    async def http(self, method: str, target: str, headers: Any, body: bytes) -> tuple[int, Any, bytes]:
        scope = self.scope("http", target, headers) | {"method": method}
        asked: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        asked.put_nowait({"type": "http.request", "body": body, "more_body": False})
        status, answered, chunks = 500, [(b"content-type", b"text/plain")], [b"Internal Server Error"]

        async def send(event: dict[str, Any]) -> None:
            nonlocal status, answered
            if event["type"] == "http.response.start":
                status, answered = event["status"], list(event.get("headers", []))
                chunks.clear()
            elif method != "HEAD":
                chunks.append(bytes(event.get("body", b"")))

        try:
            await self.app(scope, asked.get, send)
        except Exception as error:
            report(error)
        say(f'INFO:     {PEER[0]}:{PEER[1]} - "{method} {target} HTTP/1.1" {status}')
        pairs = [(key.decode("latin-1"), value.decode("latin-1")) for key, value in answered]
        return status, pairs, b"".join(chunks)


class Socket:
    """The server's end of one walkie-talkie."""

    def __init__(self, server: Server, number: int, target: str, headers: Any) -> None:
        self.server, self.number = server, number
        self.scope = server.scope("websocket", target, headers) | {"subprotocols": []}
        self.inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.inbox.put_nowait({"type": "websocket.connect"})
        self.accepted = self.closed = False
        self.awake = asyncio.Event()
        self.awake.set()

    def tell(self, kind: str, **what: Any) -> None:
        tell("socket", json.dumps({"id": self.number, "type": kind, **what}))

    def hang_up(self, code: int, reason: str = "") -> None:
        if len(reason.encode()) > LONGEST_REASON:
            raise ReasonTooLongError("control frame too long")
        if not self.closed:
            self.closed = True
            self.awake.set()
            self.inbox.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
            self.tell("close", code=code, reason=reason)

    async def send(self, event: dict[str, Any]) -> None:
        await self.awake.wait()
        if self.closed:
            raise GoneError
        match event["type"]:
            case "websocket.accept":
                self.accepted = True
                say(f'INFO:     {PEER[0]}:{PEER[1]} - "WebSocket {self.scope["path"]}" [accepted]')
                self.tell("open")
            case "websocket.send" if event.get("text") is not None:
                self.tell("message", data=event["text"])
            case "websocket.send":
                tell("socket", json.dumps({"id": self.number, "type": "message"}), event["bytes"])
            case "websocket.close" if self.accepted:
                self.hang_up(event.get("code") or 1000, event.get("reason") or "")
            case "websocket.close":
                say(f'INFO:     {PEER[0]}:{PEER[1]} - "WebSocket {self.scope["path"]}" 403')
                self.closed = True
                self.tell("close", code=1006, status=403)

    async def run(self) -> None:
        try:
            await self.server.app(self.scope, self.inbox.get, self.send)
        except GoneError:
            pass
        except (Exception, LoopStuckError) as error:
            report(error)
        finally:
            self.server.sockets.pop(self.number, None)
            if not self.closed:
                self.closed = True
                self.tell("close", code=1006, status=500)


# --- what the worker calls -----------------------------------------------------------------------------------


async def run(source: str) -> bool:
    """Put this program on the air, in place of the one before."""
    global server  # noqa: PLW0603
    await stop()
    with open(MAIN, "w", encoding="utf-8") as file:  # noqa: ASYNC230, PTH123
        file.write(source)
    linecache.clearcache()
    sys.modules["main"] = module = types.ModuleType("main")
    module.__file__ = MAIN
    if "sqlite3" in sys.modules:
        gc.collect()  # a program that has ended keeps no file locked
    try:
        code = compile(source, MAIN, "exec", dont_inherit=True)
        watchdog.watch(code)
        exec(code, module.__dict__)
        apps = [getattr(module, "app", None), *vars(module).values()]
        app = next((app for app in apps if isinstance(app, FastAPI)), None)
        if not app:
            raise NoAppError("There is no app = FastAPI() in main.py.")
    except BaseException as error:
        report(error)
        return False
    fresh = Server(app)
    if not await fresh.startup():
        return False
    server = fresh
    say("INFO:     Application startup complete.")
    return True


async def stop() -> None:
    global server
    if server:
        server, old = None, server
        await old.shutdown()


def socket_open(number: int, target: str, headers: Any = ()) -> None:
    if not server:
        tell("socket", json.dumps({"id": number, "type": "close", "code": 1006}))
        return
    server.sockets[number] = socket = Socket(server, number, target, headers)
    server.start(socket.run())


def socket_send(number: int, data: Any) -> None:
    if server and number in server.sockets:
        event = {"text": data} if isinstance(data, str) else {"bytes": data.to_bytes()}
        server.sockets[number].inbox.put_nowait({"type": "websocket.receive", **event})


def socket_sleep(number: int, asleep: bool) -> None:
    """A friend who sleeps takes nothing, so whoever sends to them waits. On a real line it first has to fill up."""
    if server and number in server.sockets:
        awake = server.sockets[number].awake
        awake.clear() if asleep else awake.set()


def socket_close(number: int, code: int) -> None:
    if server and number in server.sockets:
        server.sockets[number].hang_up(code)


async def http(number: int, method: str, target: str, headers: str, body: Any) -> None:
    if server:
        status, pairs, answer = await server.http(method, target, json.loads(headers), body.to_bytes())
    else:
        status, pairs, answer = 0, [], b""  # as if there were no server
    tell("http", json.dumps({"id": number, "status": status, "headers": pairs}), answer)


def connect(worker: Any) -> None:
    """From here on the worker hears what happens. A snapshot holds no folder, and the same random numbers for all."""
    global tell  # noqa: PLW0603
    tell = worker
    os.makedirs(HOME, exist_ok=True)  # noqa: PTH103
    os.chdir(HOME)
    asyncio.get_event_loop().set_exception_handler(unheard)
    sys.path_importer_cache.clear()
    importlib.invalidate_caches()
    random.seed()


WARM_UP = """
import asyncio, json, datetime
from pathlib import Path
from typing import Annotated, Literal
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect
from fastapi.exceptions import WebSocketException
class A(BaseModel):
    type: Literal["a"]
class B(BaseModel):
    type: Literal["b"]
try:
    TypeAdapter(Annotated[A | B, Field(discriminator="type")]).validate_json("{")
except ValidationError:
    pass
app = FastAPI()
app.frontend("/", directory=Path(__file__).parent)
@app.post("/say/{name}")
async def say(name: str, message: str = "") -> dict[str, int]:
    raise HTTPException(404)
@app.websocket("/ws/{name}")
async def ws(websocket: WebSocket, name: str):
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())
"""


async def warm_up() -> None:
    """Do once what every program does: the build sees what is needed, and a snapshot has it ready."""
    connect(lambda *_: None)
    with open(HOME + "index.html", "w") as file:  # noqa: ASYNC230, PTH123
        file.write("<p>")
    await run(WARM_UP)
    assert server
    socket_open(1, "/ws/Ada")
    socket_send(1, "hello")
    for method, path in [("GET", "/"), ("GET", "/nowhere"), ("GET", "/openapi.json"), ("POST", "/say/Ada")]:
        await server.http(method, path, [["accept", "text/html"]], b"")
    await run("import json; json.loads(")
    await run("1 / 0")
    await stop()


without_threads()
watchdog = Watchdog()
