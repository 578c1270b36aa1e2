"""A task group holds the listening and the news together, and sends to all."""

import asyncio
import json
from collections import defaultdict
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

clubhouse = Path(__file__).parent.parent / "clubhouse"
app = FastAPI(docs_url=None if clubhouse.is_dir() else "/docs")
if clubhouse.is_dir():
    app.frontend("/", directory=clubhouse)

rooms: dict[str, set[WebSocket]] = defaultdict(set)


def packed(**parts: str) -> str:
    return json.dumps({**parts, "timestamp": datetime.now(UTC).isoformat()}, ensure_ascii=False)


async def whisper(socket: WebSocket, text: str) -> None:
    try:
        await socket.send_text(text)
    except (WebSocketDisconnect, RuntimeError):
        rooms["chat"].discard(socket)


async def shout(text: str) -> None:
    async with asyncio.TaskGroup() as group:
        for socket in rooms["chat"]:
            group.create_task(whisper(socket, text))


@asynccontextmanager
async def seat(socket: WebSocket, room: str):
    await socket.accept()
    rooms[room].add(socket)
    try:
        yield
    except* WebSocketDisconnect:
        pass
    finally:
        rooms[room].discard(socket)


@app.get("/rooms")
async def count() -> dict[str, int]:
    return {room: len(rooms[room]) for room in ("chat", "notifications")}


async def read_the_news(socket: WebSocket, name: str) -> None:
    while True:
        await asyncio.sleep(5)
        await whisper(socket, packed(type="notification", message=f"New notification for {name}"))


async def wait_for_goodbye(socket: WebSocket) -> None:
    while True:
        await socket.receive_text()


@app.websocket("/ws/notifications/{name}")
async def news(socket: WebSocket, name: str) -> None:
    async with seat(socket, "notifications"), asyncio.TaskGroup() as group:
        group.create_task(read_the_news(socket, name))
        group.create_task(wait_for_goodbye(socket))


@app.websocket("/ws/{name}")
async def chat(socket: WebSocket, name: str) -> None:
    await shout(packed(client_id=name, message="joined the chat"))
    async with seat(socket, "chat"):
        while True:
            await shout(packed(client_id=name, message=await socket.receive_text()))
    await shout(packed(client_id=name, message="left the chat"))
