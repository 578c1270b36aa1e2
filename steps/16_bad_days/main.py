import asyncio
import json
import os
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, HTTPException, Query, WebSocket
from fastapi.exceptions import WebSocketException, WebSocketRequestValidationError
from fastapi.requests import HTTPConnection
from fastapi.responses import PlainTextResponse, Response
from fastapi.websockets import WebSocketDisconnect, WebSocketState
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from redis.asyncio import Redis, RedisError

clubhouse = Path(__file__).parent.parent / "clubhouse"

url = os.environ.get("REDIS_URL")
redis = Redis.from_url(url, decode_responses=True, socket_timeout=2) if url else None
SERVER = secrets.token_hex(8)
SAY = """
    local id = redis.call("LLEN", KEYS[1]) + 1
    local text = '{"id": ' .. id .. ", " .. ARGV[1]:sub(2)
    redis.call("RPUSH", KEYS[1], text)
    redis.call("PUBLISH", KEYS[1], text)
"""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    listening = asyncio.create_task(again_and_again(listen_to_redis))
    staying = asyncio.create_task(again_and_again(stay))
    yield
    listening.cancel()
    staying.cancel()


app = FastAPI(
    lifespan=lifespan,
    title="The WebSocket club",
    description="[Open the clubhouse](/) in two windows. Then press **Execute** here.",
    docs_url=None if clubhouse.is_dir() else "/docs",
)
if clubhouse.is_dir():
    app.frontend("/", directory=clubhouse)

ALWAYS_OPEN = ("chat", "notifications")
SECRET_ROOMS = {"treehouse": "open sesame"}


class Outbox:
    def __init__(self, websocket: WebSocket) -> None:
        self.websocket = websocket
        self.messages: list[str] = []
        self.postman: asyncio.Task[None] | None = None  # who has to wait at this door
        self.patience = asyncio.timeout(None)

    def put(self, message: str) -> None:
        self.messages.append(message)
        if self.postman and not self.patience.expired():
            now = asyncio.get_running_loop().time()
            end = self.patience.when() or now + 10
            self.patience.reschedule(end if len(self.messages) < 100 else now)

    async def empty(self) -> None:
        self.postman = asyncio.current_task()
        try:
            while self.messages:
                await self.websocket.send_text(self.messages.pop(0))
            if self.patience.when():
                self.patience.reschedule(None)
        except (WebSocketDisconnect, RuntimeError):
            pass  # This friend has just left. Their own endpoint will notice.
        self.postman = None


class ConnectionManager:
    def __init__(self) -> None:
        self.active_connections: dict[str, list[WebSocket]] = {
            "chat": [],
            "notifications": [],
        }
        self.outboxes: dict[WebSocket, Outbox] = {}
        self.round: list[Outbox] = []  # where the postmen still have to go
        self.heard: dict[str, int] = {}  # the number of the last message in each room
        self.hears_redis = redis is None

    async def connect(self, websocket: WebSocket, channel: str) -> None:
        await sign_in(websocket, channel)
        await websocket.accept()
        self.active_connections[channel].append(websocket)

    def join(self, websocket: WebSocket, room: str) -> None:
        if websocket.path_params["client_id"] in self.names(room):
            raise WebSocketException(4009, "This name is taken. Choose another one.")
        self.active_connections.setdefault(room, []).append(websocket)

    async def disconnect(self, websocket: WebSocket, channel: str) -> None:
        if websocket in self.active_connections[channel]:
            self.active_connections[channel].remove(websocket)
        if channel not in ALWAYS_OPEN and not self.active_connections[channel]:
            del self.active_connections[channel]
        if redis:
            await redis.zrem(f"here:{channel}", entry(websocket, channel))

    def names(self, room: str) -> list[str]:
        websockets = self.active_connections.get(room, [])
        return [websocket.path_params["client_id"] for websocket in websockets]

    async def send_personal_message(self, message: str, websocket: WebSocket) -> None:
        outbox = self.outboxes[websocket]
        outbox.put(message)
        self.round.append(outbox)
        if len(self.round) == 1:
            self.postman = asyncio.create_task(self.go_round())

    async def go_round(self) -> None:
        if self.round:  # The next one goes on when this one has to wait at a door.
            self.postman = asyncio.create_task(self.go_round())
        while self.round:
            outbox = self.round.pop()
            if not outbox.postman:
                await outbox.empty()

    async def broadcast(self, message: str, channel: str) -> None:
        await publish(channel, message)


manager = ConnectionManager()


async def publish(room: str, text: str) -> None:
    if redis:
        await redis.publish(f"club:{room}", text)
    else:
        await deliver(room, text)


async def say(room: str, parts: dict[str, object]) -> None:
    if redis:
        await redis.eval(SAY, 1, f"club:{room}", json.dumps(parts))
    else:
        await deliver(room, json.dumps(keep(room, parts)))


def entry(websocket: WebSocket, room: str) -> str:
    name = str(websocket.path_params["client_id"])
    return f"{name}/{id(websocket)}/{SERVER}" if room in ALWAYS_OPEN else name


async def sign(redis: Redis, room: str, friends: list[WebSocket], new: bool) -> bool:
    now = time.time()
    entries = {entry(friend, room): now + 3 for friend in friends}
    async with redis.pipeline() as steps:
        steps.zremrangebyscore(f"here:{room}", 0, now)
        steps.zadd(f"here:{room}", entries, nx=new)
        gone, added = await steps.execute()
    if room not in ALWAYS_OPEN and (gone or (added and not new)):
        await tell(room, "club", {"type": "friends"})
    return bool(added)


async def sign_in(websocket: WebSocket, room: str) -> None:
    if not manager.hears_redis:
        raise RedisError
    if redis and not await sign(redis, room, [websocket], new=True):
        raise WebSocketException(4009, "This name is taken. Choose another one.")


async def stay() -> None:
    while redis:
        for room, friends in list(manager.active_connections.items()):
            if friends:
                await sign(redis, room, friends, new=False)
        await redis.publish("club:", "{}")  # so that all servers hear something
        await asyncio.sleep(1)


async def who_is_here(room: str) -> list[str]:
    if redis is None:
        return manager.names(room)
    entries = await redis.zrangebyscore(f"here:{room}", time.time(), "inf")
    return sorted(str(entry).partition("/")[0] for entry in entries)


async def deliver(room: str, text: str) -> None:
    parts = json.loads(text)
    if redis and "id" in parts:
        if parts["id"] <= manager.heard.get(room, 0):
            return  # They have all heard it.
        manager.heard[room] = parts["id"]
    if parts.get("type") == "friends":
        parts["friends"] = await who_is_here(room)
        parts["message"] = ", ".join(parts["friends"])
        text = json.dumps(parts)
    for websocket in manager.active_connections.get(room, []).copy():
        if is_for(websocket.path_params["client_id"], parts):
            await manager.send_personal_message(text, websocket)


async def listen_to_redis() -> None:
    manager.hears_redis = False
    if redis:
        async with redis.pubsub() as radio:
            await radio.psubscribe("club:*")
            while event := await radio.get_message(timeout=5):  # None: it is too quiet.
                if event["type"] == "pmessage":
                    await deliver(event["channel"].removeprefix("club:"), event["data"])
                else:
                    await read_on(redis)


async def read_on(redis: Redis) -> None:
    for room, number in list(manager.heard.items()):
        manager.heard[room] = min(number, await redis.llen(f"club:{room}"))
        for text in await redis.lrange(f"club:{room}", number, -1):
            await deliver(room, str(text))
    manager.hears_redis = True


async def again_and_again(work: Callable[[], Awaitable[None]]) -> None:
    while redis:
        try:
            await work()
        except RedisError:
            await redis.connection_pool.disconnect(inuse_connections=False)
            await asyncio.sleep(0.5)


async def open_outbox(websocket: WebSocket) -> AsyncIterator[None]:
    outbox = manager.outboxes[websocket] = Outbox(websocket)
    try:
        async with outbox.patience:
            yield
    except TimeoutError:
        raise WebSocketException(1013, "You fell asleep. Please come back.") from None
    finally:
        del manager.outboxes[websocket]


async def listen(websocket: WebSocket) -> str:
    while (event := await websocket.receive())["type"] == "websocket.receive":
        await asyncio.sleep(0)  # The postman gets a turn before the next message.
        if isinstance(text := event.get("text"), str):
            return text
        await send_error("Please send words, not bytes.", websocket)
    raise WebSocketDisconnect(event["code"])


@app.exception_handler(RedisError)
async def come_back(caller: HTTPConnection, error: RedisError) -> Response | None:
    reason = "The servers cannot hear each other. Please come back."
    if not isinstance(caller, WebSocket):
        return PlainTextResponse(reason, 503)
    if caller.application_state is WebSocketState.CONNECTING:
        await caller.accept()
    await caller.close(1013, reason)
    return None


@app.exception_handler(WebSocketDisconnect)
async def ignore_goodbye(websocket: WebSocket, goodbye: WebSocketDisconnect) -> None:
    pass  # They hung up, perhaps while they stood at the door.


@app.get("/rooms")
async def count_friends() -> dict[str, int]:
    rooms = list(manager.active_connections)
    if redis:
        keys = [str(key) async for key in redis.scan_iter("here:*")]
        rooms = [*ALWAYS_OPEN, *(key.removeprefix("here:") for key in keys)]
    counts = {room: len(await who_is_here(room)) for room in rooms}
    return {room: n for room, n in counts.items() if n or room in ALWAYS_OPEN}


def chat_message(client_id: str, message: str) -> str:
    now = datetime.now(UTC).isoformat()
    return json.dumps({"client_id": client_id, "message": message, "timestamp": now})


@app.websocket("/ws/{client_id}", dependencies=[Depends(open_outbox)])
async def websocket_endpoint(websocket: WebSocket, client_id: str) -> None:
    await manager.broadcast(chat_message(client_id, "joined the chat"), "chat")
    try:
        await manager.connect(websocket, "chat")
        while True:
            message = await listen(websocket)
            await manager.broadcast(chat_message(client_id, message), "chat")
    except (WebSocketDisconnect, RuntimeError):
        pass  # They hung up, or the line broke.
    finally:
        await manager.disconnect(websocket, "chat")
        await manager.broadcast(chat_message(client_id, "left the chat"), "chat")


def notification(message: str, kind: str = "notification") -> str:
    now = datetime.now(UTC).isoformat()
    return json.dumps({"type": kind, "message": message, "timestamp": now})


async def send_notifications(websocket: WebSocket, client_id: str) -> None:
    while True:
        await asyncio.sleep(5)
        message = notification(f"New notification for {client_id}")
        await manager.send_personal_message(message, websocket)


class Remind(BaseModel):
    type: Literal["remind"]
    seconds: float = Field(gt=0, le=3600, strict=True)
    message: str


async def send_reminder(websocket: WebSocket, text: str) -> None:
    try:
        remind = Remind.model_validate_json(text)
        await asyncio.sleep(remind.seconds)
        reminder = notification(remind.message, "reminder")
        await manager.send_personal_message(reminder, websocket)
    except ValidationError:
        example = '{"type": "remind", "seconds": 10, "message": "pizza"}'
        await send_error(f"Try {example}, with 3600 seconds at most.", websocket)


@app.websocket("/ws/notifications/{client_id}", dependencies=[Depends(open_outbox)])
async def notification_endpoint(websocket: WebSocket, client_id: str) -> None:
    await manager.connect(websocket, "notifications")
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(send_notifications(websocket, client_id))
            while True:
                text = await listen(websocket)
                tasks.create_task(send_reminder(websocket, text))
    except* (WebSocketDisconnect, RuntimeError):
        pass  # They hung up, and the group has stopped all of its tasks.
    finally:
        await manager.disconnect(websocket, "notifications")


@app.post("/broadcast/{channel}")
async def broadcast_message(channel: str, message: str = "Hello!") -> dict[str, int]:
    if channel in SECRET_ROOMS and len(message) > 500:
        raise HTTPException(422, "That was too long. Send 500 letters at most.")
    channels = await count_friends()
    if channel not in channels:
        raise HTTPException(404, f"No room {channel} here. Try: {', '.join(channels)}")
    if channel == "notifications":
        await manager.broadcast(notification(message), channel)
    else:
        await tell(channel, "docs page", {"type": "chat", "message": message})
    return {"friends": channels[channel]}


@app.post("/send/{client_id}")
async def send_message(client_id: str, message: str = "Psst!") -> dict[str, int]:
    names = await who_is_here("notifications")
    if client_id not in names:
        raise HTTPException(404, f"No {client_id} here. Listening: {', '.join(names)}")
    parts = {**json.loads(notification(message)), "to": client_id}
    await publish("notifications", json.dumps(parts))
    return {"friends": names.count(client_id)}


def is_for(name: str, parts: dict[str, object]) -> bool:
    if "to" in parts:
        return name in (parts.get("client_id"), parts["to"])
    new = parts.get("type") in (None, "join") and parts["message"] == "joined the chat"
    return not new or name != parts["client_id"]


path = ":memory:" if redis else os.environ.get("CLUB_DB", "club.db")
database = sqlite3.connect(path, 0, isolation_level=None, check_same_thread=False)
database.executescript("""
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS messages (room, id, text, PRIMARY KEY (room, id));
""")
LAST = "SELECT coalesce(max(id), 0) FROM messages WHERE room = ?"
MISSED = "SELECT text FROM messages WHERE room = ? AND id > ? ORDER BY id LIMIT 100"


def keep(room: str, parts: dict[str, object]) -> dict[str, object]:
    [[last_id]] = database.execute(LAST, [room])
    parts = {"id": last_id + 1, **parts}
    row = [room, last_id + 1, json.dumps(parts)]
    database.execute("INSERT INTO messages VALUES (?, ?, ?)", row)
    return parts


async def missed(room: str, last_id: int) -> list[str]:
    if redis:
        return await missed_in_redis(redis, room, last_id)
    return [text for [text] in database.execute(MISSED, [room, last_id])]


async def missed_in_redis(redis: Redis, room: str, last_id: int) -> list[str]:
    end = min(last_id + 100, manager.heard[room])  # What comes after that comes live.
    if last_id >= end:
        return []
    return [str(text) for text in await redis.lrange(f"club:{room}", last_id, end - 1)]


async def begin_to_hear(room: str) -> None:
    if redis and room not in manager.heard:
        manager.heard.setdefault(room, await redis.llen(f"club:{room}"))


async def catch_up(websocket: WebSocket, room: str, last_id: int) -> None:
    name = websocket.path_params["client_id"]
    while name not in manager.names(room) and (texts := await missed(room, last_id)):
        for text in texts:
            await websocket.send_text(text)
        last_id += len(texts)


@app.exception_handler(WebSocketRequestValidationError)
async def explain(websocket: WebSocket, error: WebSocketRequestValidationError) -> None:
    await websocket.close(1008, "last_id should be a whole number, such as 7.")


async def tell(room: str, client_id: str, parts: dict[str, object]) -> None:
    now = datetime.now(UTC).isoformat()
    parts = parts | {"client_id": client_id, "timestamp": now, "room": room}
    if parts["type"] in ("chat", "emoji") and room not in ALWAYS_OPEN:
        await say(room, parts)
    else:
        await publish(room, json.dumps(parts))
    if parts["type"] in ("join", "leave"):
        await tell(room, client_id, {"type": "friends"})


class Chat(BaseModel):
    type: Literal["chat", "emoji"]
    message: str


class Typing(BaseModel):
    type: Literal["typing"]
    message: Literal["is typing…"] = "is typing…"


class Whisper(BaseModel):
    type: Literal["whisper"]
    to: str
    message: str


Message = Annotated[Chat | Typing | Whisper, Field(discriminator="type")]
message_adapter: TypeAdapter[Message] = TypeAdapter(Message)


async def send_error(message: str, websocket: WebSocket) -> None:
    error = json.dumps({"type": "error", "message": message})
    await manager.send_personal_message(error, websocket)


async def handle(websocket: WebSocket, room: str, client_id: str, text: str) -> None:
    parts: dict[str, object] = {"type": "chat", "message": text}
    try:
        if text.startswith("{"):
            parts = message_adapter.validate_json(text).model_dump()
        if parts["type"] == "whisper" and parts["to"] not in await who_is_here(room):
            who = ", ".join(await who_is_here(room))
            return await send_error(f"{parts['to']} is not here. Try: {who}", websocket)
        await tell(room, client_id, parts)
    except ValidationError:
        await send_error('Try words, or {"type": "emoji", "message": "🎉"}.', websocket)


async def let_in(websocket: WebSocket, room: str, client_id: str) -> None:
    await websocket.accept()  # A browser shows the reason only of a call that is open.
    origin, host = websocket.headers.get("origin"), websocket.headers.get("host")
    if origin is not None and origin.partition("://")[2] != host:
        raise WebSocketException(1008, "Only the club's own page may call.")
    if room in ALWAYS_OPEN:
        raise WebSocketException(1008, "This is no room. Choose another name.")
    if len(room) > 20 or len(client_id) > 20:
        raise WebSocketException(1008, "Please use names of 20 letters at most.")
    if room in SECRET_ROOMS:
        await check_password(websocket, SECRET_ROOMS[room])
    await begin_to_hear(room)


async def check_password(websocket: WebSocket, password: str) -> None:
    question = {"type": "password", "message": "What is the password?"}
    await manager.send_personal_message(json.dumps(question), websocket)
    try:
        answer = await asyncio.wait_for(listen(websocket), timeout=10)
    except TimeoutError:
        answer = ""
    if not secrets.compare_digest(answer.encode(), password.encode()):
        raise WebSocketException(1008, "That is not the password.")


async def listen_at_a_pace(websocket: WebSocket) -> AsyncIterator[str]:
    paid_until = 0.0  # Each message costs half a second of a friend's time.
    while True:
        text, now = await listen(websocket), asyncio.get_running_loop().time()
        if paid_until > now + 4.6:
            await send_error("That was too fast. Slow down, please.", websocket)
        elif len(text) > 500:
            await send_error("That was too long. Send 500 letters at most.", websocket)
        else:
            paid_until = max(paid_until, now) + 0.5
            yield text


LastId = Annotated[int | None, Query(ge=0, le=10**9)]


room_doors = [Depends(open_outbox), Depends(let_in), Depends(sign_in)]


@app.websocket("/ws/rooms/{room}/{client_id}", dependencies=room_doors)
async def room_endpoint(
    websocket: WebSocket, room: str, client_id: str, last_id: LastId = None
) -> None:
    if last_id is not None:
        await catch_up(websocket, room, last_id)
    manager.join(websocket, room)  # No await in between, so that nothing is missed.
    try:
        await tell(room, client_id, {"type": "join", "message": "joined the chat"})
        async for text in listen_at_a_pace(websocket):
            await handle(websocket, room, client_id, text)
    finally:
        await manager.disconnect(websocket, room)
        await tell(room, client_id, {"type": "leave", "message": "left the chat"})
