# Step 5 with plain def routes, and sockets inside an async with.
"""Step 5. HTTP routes are plain `def`s; sockets live inside `async with seat(...)`."""

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from anyio.from_thread import run as run_in_loop
from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect

CLUBHOUSE = Path(__file__).parent.parent / "clubhouse"
HOST = "clubhouse"

rooms: dict[str, list[tuple[str, WebSocket]]] = {"chat": [], "notifications": []}


def chat_line(client_id: str, message: str) -> dict:
    return {"client_id": client_id, "message": message}


def news_line(message: str) -> dict:
    return {"type": "notification", "message": message}


async def send(sockets: list[WebSocket], line: dict) -> int:
    """Send to all of them; returns how many it was sent to without an error."""
    text = json.dumps(line | {"timestamp": datetime.now(UTC).isoformat()})
    results = await asyncio.gather(*(s.send_text(text) for s in sockets), return_exceptions=True)
    return sum(result is None for result in results)


async def send_to_room(room: str, line: dict) -> int:
    return await send([socket for _, socket in rooms[room]], line)


@asynccontextmanager
async def seat(room: str, client_id: str, socket: WebSocket):
    await socket.accept()
    place = (client_id, socket)
    rooms[room].append(place)
    try:
        yield
    finally:
        rooms[room].remove(place)


@asynccontextmanager
async def in_background(coroutine):
    task = asyncio.create_task(coroutine)
    try:
        yield task
    finally:
        task.cancel()


async def chat(websocket: WebSocket, client_id: str):
    async with seat("chat", client_id, websocket):
        others = [other for _, other in rooms["chat"] if other is not websocket]
        await send(others, chat_line(client_id, "joined the chat"))
        with suppress(WebSocketDisconnect, RuntimeError, KeyError):
            while True:
                text = await websocket.receive_text()
                await send_to_room("chat", chat_line(client_id, text))
    await send_to_room("chat", chat_line(client_id, "left the chat"))


async def notifications(websocket: WebSocket, client_id: str):
    async def every_five_seconds():
        while True:
            await asyncio.sleep(5)
            await send([websocket], news_line(f"New notification for {client_id}"))

    async with seat("notifications", client_id, websocket), in_background(every_five_seconds()):
        with suppress(WebSocketDisconnect, RuntimeError):
            while True:
                message = await websocket.receive()
                if message["type"] == "websocket.disconnect":
                    break


def get_rooms() -> dict[str, int]:
    return {name: len(places) for name, places in rooms.items()}


def broadcast(channel: str, message: str = "Hello, everybody!"):
    if channel not in rooms:
        raise HTTPException(404, f"No channel {channel!r} here. There are: {', '.join(rooms)}")
    line = chat_line(HOST, message) if channel == "chat" else news_line(message)
    # We are in a worker thread, the sockets belong to the event loop.
    return {"channel": channel, "reached": run_in_loop(send_to_room, channel, line)}


def send_to_friend(client_id: str, message: str = "Hello, you!"):
    places = rooms["notifications"].copy()
    sockets = [socket for name, socket in places if name == client_id]
    if not sockets:
        names = sorted({name for name, _ in places})
        raise HTTPException(404, "No such friend. There are: " + (", ".join(names) or "nobody"))
    return {"client_id": client_id, "reached": run_in_loop(send, sockets, news_line(message))}


app = FastAPI(title="Club", description="The club's server. [To the clubhouse](/)")
app.add_api_route("/rooms", get_rooms)
app.add_api_route("/broadcast/{channel}", broadcast, methods=["POST"])
app.add_api_route("/send/{client_id}", send_to_friend, methods=["POST"])
app.add_api_websocket_route("/ws/notifications/{client_id}", notifications)
app.add_api_websocket_route("/ws/{client_id}", chat)
if CLUBHOUSE.is_dir():
    app.frontend("/", directory=CLUBHOUSE)
