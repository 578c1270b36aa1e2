import asyncio
import json
import os
import secrets
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

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
SERVER = f"server:{secrets.token_hex(8)}"


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    listening = asyncio.create_task(listen_to_redis())
    yield
    listening.cancel()


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


class Outbox(asyncio.Queue[str]):
    def __init__(self) -> None:
        super().__init__()
        self.deadline, self.patience = float("inf"), asyncio.timeout(None)

    def full(self) -> bool:  # only while its friend takes nothing
        return self.qsize() > 99 and self.deadline < float("inf")

    def let_go(self) -> None:
        if not self.patience.expired():
            self.patience.reschedule(0)


class ConnectionManager:
    def __init__(self) -> None:
        self.outboxes: dict[WebSocket, Outbox] = {}
        self.elsewhere: list[dict[str, list[str]]] = []
        self.active_connections: dict[str, list[WebSocket]] = {
            "chat": [],
            "notifications": [],
        }

    async def connect(self, websocket: WebSocket, channel: str) -> None:
        await websocket.accept()
        self.active_connections[channel].append(websocket)
        await look_around()

    async def join(self, websocket: WebSocket, room: str, last_id: int) -> None:
        await websocket.accept()
        await check_caller(websocket, room)
        await wait_for_name(room, websocket.path_params["client_id"])
        await catch_up(websocket, room, last_id)
        if websocket.path_params["client_id"] in self.names(room):
            raise WebSocketException(4009, "This name is taken. Choose another one.")
        self.active_connections.setdefault(room, []).append(websocket)

    def disconnect(self, websocket: WebSocket, channel: str) -> None:
        self.active_connections[channel].remove(websocket)
        if channel not in ALWAYS_OPEN and not self.active_connections[channel]:
            del self.active_connections[channel]

    def everyone(self) -> dict[str, list[str]]:
        everyone = {room: self.names_here(room) for room in self.active_connections}
        for server in self.elsewhere:
            for room, names in server.items():
                everyone[room] = everyone.get(room, []) + names
        return everyone

    def names(self, room: str) -> list[str]:
        return self.everyone().get(room, [])

    def names_here(self, room: str) -> list[str]:
        friends = self.active_connections.get(room, [])
        return [friend.path_params["client_id"] for friend in friends]

    async def send_personal_message(self, message: str, websocket: WebSocket) -> None:
        try:
            self.outboxes[websocket].put_nowait(message)
        except asyncio.QueueFull:
            self.outboxes[websocket].let_go()

    async def broadcast(self, message: str, channel: str) -> None:
        await publish("air", channel, json.loads(message))


manager = ConnectionManager()
heard: dict[Any, Any] = {"kept": "0", "air": "0"}  # how far this server has read


async def publish(stream: str, room: str, parts: dict[str, object]) -> None:
    if redis:
        limit = None if stream == "kept" else 1000
        await redis.xadd(stream, {room: json.dumps(parts)}, maxlen=limit)
        await read_on(redis)
    else:
        await deliver(stream, room, parts)


async def read_on(redis: Redis, block: int | None = None) -> None:
    news: Any = await redis.xread(heard, block=block)
    await look_around()
    for stream, events in news:
        for number, event in events:
            if age(number) > age(heard[stream]):
                heard[stream] = number
                for room, text in event.items():
                    await deliver(stream, room, json.loads(text))


def age(number: str) -> list[int]:
    return [int(part) for part in number.split("-")]


async def listen_to_redis() -> None:
    while redis:
        try:
            await read_on(redis, block=500)
        except RedisError:
            await redis.connection_pool.disconnect(inuse_connections=False)
            await asyncio.sleep(0.5)


async def look_around() -> None:
    if redis:
        here = {room: manager.names_here(room) for room in manager.active_connections}
        await redis.set(SERVER, json.dumps(here), ex=3)
        others = [key for key in await redis.keys("server:*") if key != SERVER]
        texts = await redis.mget([SERVER, *others])
        await see([json.loads(text) for text in texts[1:] if text])


async def see(elsewhere: list[dict[str, list[str]]]) -> None:
    before, manager.elsewhere = manager.everyone(), elsewhere
    for room, names in manager.everyone().items():
        if room not in ALWAYS_OPEN and names != before.get(room):
            await tell_who_is_here(room, {"room": room})


async def wait_for_name(room: str, client_id: str) -> None:
    if redis:
        await redis.lock(f"name:{room}/{client_id}", timeout=1).acquire()
        await look_around()


async def listen(websocket: WebSocket) -> str:
    while (event := await websocket.receive())["type"] == "websocket.receive":
        await asyncio.sleep(0)  # Each outbox gets its turn before the next message.
        if isinstance(text := event.get("text"), str):
            return text
        await send_error("Please send words, not bytes.", websocket)
    raise WebSocketDisconnect(event["code"])


async def empty(outbox: Outbox, websocket: WebSocket) -> None:
    while True:
        message = await outbox.get()
        outbox.deadline = asyncio.get_running_loop().time() + 10
        try:
            await websocket.send_text(message)
        except (WebSocketDisconnect, RuntimeError):
            pass  # This friend has just left. Their own endpoint will notice.
        outbox.deadline = float("inf")


async def watch(outbox: Outbox) -> None:
    while asyncio.get_running_loop().time() < outbox.deadline:
        await asyncio.sleep(0.5)
    outbox.let_go()


async def open_outbox(websocket: WebSocket) -> AsyncIterator[None]:
    outbox = manager.outboxes[websocket] = Outbox()
    tasks = [*map(asyncio.create_task, [empty(outbox, websocket), watch(outbox)])]
    try:
        async with outbox.patience:
            yield
    except TimeoutError:
        raise WebSocketException(1013, "You fell asleep. Please come back.") from None
    finally:
        del manager.outboxes[websocket]
        for task in tasks:
            task.cancel()


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
    return {channel: len(names) for channel, names in manager.everyone().items()}


def chat_message(client_id: str, message: str) -> str:
    now = datetime.now(UTC).isoformat()
    return json.dumps({"client_id": client_id, "message": message, "timestamp": now})


@app.websocket("/ws/{client_id}", dependencies=[Depends(open_outbox)])
async def websocket_endpoint(websocket: WebSocket, client_id: str) -> None:
    await manager.broadcast(chat_message(client_id, "joined the chat"), "chat")
    await manager.connect(websocket, "chat")
    try:
        while True:
            message = await listen(websocket)
            await manager.broadcast(chat_message(client_id, message), "chat")
    except (WebSocketDisconnect, RuntimeError):
        pass  # They hung up, or the line broke.
    finally:
        manager.disconnect(websocket, "chat")
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
        manager.disconnect(websocket, "notifications")


@app.post("/broadcast/{channel}")
async def broadcast_message(channel: str, message: str = "Hello!") -> dict[str, int]:
    channels = manager.everyone()
    if channel not in channels:
        raise HTTPException(404, f"No room {channel} here. Try: {', '.join(channels)}")
    if channel == "notifications":
        await manager.broadcast(notification(message), channel)
    else:
        await tell(channel, "docs page", type="chat", message=message)
    return {"friends": len(channels.get(channel, []))}


@app.post("/send/{client_id}")
async def send_message(client_id: str, message: str = "Psst!") -> dict[str, int]:
    names = manager.names("notifications")
    if client_id not in names:
        raise HTTPException(404, f"No {client_id} here. Listening: {', '.join(names)}")
    parts = json.loads(notification(message)) | {"to": client_id}
    await publish("air", "notifications", parts)
    return {"friends": names.count(client_id)}


def is_for(name: str, parts: dict[str, object]) -> bool:
    if "to" in parts:
        return name in (parts.get("client_id"), parts["to"])
    return parts.get("type") != "join" or name != parts["client_id"]


NEWEST = 10**9  # more than there will ever be
path = ":memory:" if redis else os.environ.get("CLUB_DB", "club.db")
database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
database.executescript("""
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS messages (room, id, text, PRIMARY KEY (room, id));
""")


def keep(room: str, parts: dict[str, object]) -> None:
    next_id = "SELECT coalesce(max(id), 0) + 1 FROM messages WHERE room = ?"
    parts["id"] = database.execute(next_id, [room]).fetchone()[0]
    row = [room, parts["id"], json.dumps(parts)]
    database.execute("INSERT INTO messages VALUES (?, ?, ?)", row)


def missed(room: str, last_id: int) -> list[str]:
    later = "SELECT text FROM messages WHERE room = ? AND id > ? ORDER BY id LIMIT 100"
    return [text for (text,) in database.execute(later, [room, last_id])]


async def catch_up(websocket: WebSocket, room: str, last_id: int) -> None:
    client_id = websocket.path_params["client_id"]
    while client_id not in manager.names(room) and (texts := missed(room, last_id)):
        for text in texts:
            async with asyncio.timeout(10):
                await websocket.send_text(text)
        last_id += len(texts)


@app.exception_handler(WebSocketRequestValidationError)
async def explain(websocket: WebSocket, error: WebSocketRequestValidationError) -> None:
    await websocket.accept()
    await websocket.close(1008, "last_id should be a whole number, such as 7.")


async def tell(room: str, client_id: str, **parts: object) -> None:
    now = datetime.now(UTC).isoformat()
    parts |= {"client_id": client_id, "timestamp": now, "room": room}
    kept = parts["type"] in ("chat", "emoji") and room not in ALWAYS_OPEN
    if not kept:
        await look_around()  # before they hear of it
    await publish("kept" if kept else "air", room, parts)


async def deliver(stream: str, room: str, told: dict[str, object]) -> None:
    if stream == "kept":
        keep(room, told)
    text = json.dumps(told)
    for friend in manager.active_connections.get(room, []).copy():
        if is_for(friend.path_params["client_id"], told):
            await manager.send_personal_message(text, friend)
    if told.get("type") in ("join", "leave"):
        await tell_who_is_here(room, told)


async def tell_who_is_here(room: str, parts: dict[str, object]) -> None:
    who = manager.names(room)
    friends = {"type": "friends", "friends": who, "message": ", ".join(who)}
    await deliver("air", room, parts | friends)


async def check_caller(websocket: WebSocket, room: str) -> None:
    origin, host = websocket.headers.get("origin"), websocket.headers.get("host")
    if origin is not None and origin.partition("://")[2] != host:
        raise WebSocketException(1008, "Only the club's own page may call.")
    if room in ALWAYS_OPEN:
        raise WebSocketException(1008, "This is no room. Choose another name.")
    if any(len(name) > 20 for name in websocket.path_params.values()):
        raise WebSocketException(1008, "Please use names of 20 letters at most.")
    if room in SECRET_ROOMS:
        await check_password(websocket, SECRET_ROOMS[room])


async def check_password(websocket: WebSocket, password: str) -> None:
    question = {"type": "password", "message": "What is the password?"}
    await manager.send_personal_message(json.dumps(question), websocket)
    try:
        answer = await asyncio.wait_for(listen(websocket), timeout=10)
    except TimeoutError:
        answer = ""
    if not secrets.compare_digest(answer.encode(), password.encode()):
        raise WebSocketException(1008, "That is not the password.")


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
    parts = {"type": "chat", "message": text}
    try:
        if text.startswith("{"):
            parts = message_adapter.validate_json(text).model_dump()
        if parts["type"] == "whisper" and parts["to"] not in manager.names(room):
            who = ", ".join(manager.names(room))
            return await send_error(f"{parts['to']} is not here. Try: {who}", websocket)
        await tell(room, client_id, **parts)
    except ValidationError:
        await send_error('Try words, or {"type": "emoji", "message": "🎉"}.', websocket)


async def listen_at_a_pace(websocket: WebSocket) -> AsyncIterator[str]:
    left, last = 10.0, 0.0  # how many messages this friend may send right now
    while True:
        text, now = await listen(websocket), asyncio.get_running_loop().time()
        left, last = min(10.0, left + 2 * (now - last)), now
        if left < 1 or len(text) > 500:
            await send_error("Slow down, and send 500 letters at most.", websocket)
        else:
            left -= 1
            yield text


LastId = Annotated[int, Query(ge=0, le=NEWEST)]


@app.websocket("/ws/rooms/{room}/{client_id}", dependencies=[Depends(open_outbox)])
async def room_endpoint(
    websocket: WebSocket, room: str, client_id: str, last_id: LastId = NEWEST
) -> None:
    await manager.join(websocket, room, last_id)
    try:
        await tell(room, client_id, type="join", message="joined the chat")
        async for text in listen_at_a_pace(websocket):
            await handle(websocket, room, client_id, text)
    finally:
        manager.disconnect(websocket, room)
        await tell(room, client_id, type="leave", message="left the chat")
