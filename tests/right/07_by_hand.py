# Step 7 without Pydantic: a table of functions, and kind words of its own.
"""Types without Pydantic: a table of functions, and kind words of its own."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect

clubhouse = Path(__file__).parent.parent / "clubhouse"

app = FastAPI(
    title="The WebSocket club",
    description="[Open the clubhouse](/) in two windows. Then press **Execute** here.",
    docs_url=None if clubhouse.is_dir() else "/docs",
)
if clubhouse.is_dir():
    app.frontend("/", directory=clubhouse)

ALWAYS_OPEN = ("chat", "notifications")


class ConnectionManager:
    def __init__(self) -> None:
        self.active_connections: dict[str, list[WebSocket]] = {
            "chat": [],
            "notifications": [],
        }

    async def connect(self, websocket: WebSocket, channel: str) -> None:
        await websocket.accept()
        self.active_connections[channel].append(websocket)

    async def join(self, websocket: WebSocket, room: str) -> None:
        await websocket.accept()
        self.active_connections.setdefault(room, []).append(websocket)

    def disconnect(self, websocket: WebSocket, channel: str) -> None:
        self.active_connections[channel].remove(websocket)
        if channel not in ALWAYS_OPEN and not self.active_connections[channel]:
            del self.active_connections[channel]

    async def send_personal_message(self, message: str, websocket: WebSocket) -> None:
        try:
            await websocket.send_text(message)
        except (WebSocketDisconnect, RuntimeError):
            pass  # This friend has just left. Their own endpoint will notice.

    async def broadcast(self, message: str, channel: str) -> None:
        # Friends may come and go while we send, so we walk over a copy of the list.
        for websocket in self.active_connections.get(channel, []).copy():
            await self.send_personal_message(message, websocket)


manager = ConnectionManager()


@app.get("/rooms")
async def count_friends() -> dict[str, int]:
    return {
        channel: len(websockets)
        for channel, websockets in manager.active_connections.items()
    }


def chat_message(client_id: str, message: str) -> str:
    now = datetime.now(UTC).isoformat()
    return json.dumps({"client_id": client_id, "message": message, "timestamp": now})


@app.websocket("/ws/{client_id}")
async def websocket_endpoint(websocket: WebSocket, client_id: str) -> None:
    await manager.broadcast(chat_message(client_id, "joined the chat"), "chat")
    await manager.connect(websocket, "chat")
    try:
        while True:
            message = await websocket.receive_text()
            await manager.broadcast(chat_message(client_id, message), "chat")
    except (WebSocketDisconnect, RuntimeError):
        pass  # They hung up, or the line broke.
    finally:
        manager.disconnect(websocket, "chat")
        await manager.broadcast(chat_message(client_id, "left the chat"), "chat")


def notification(message: str) -> str:
    now = datetime.now(UTC).isoformat()
    return json.dumps({"type": "notification", "message": message, "timestamp": now})


async def send_notifications(websocket: WebSocket, client_id: str) -> None:
    while True:
        await asyncio.sleep(5)
        message = notification(f"New notification for {client_id}")
        await manager.send_personal_message(message, websocket)


@app.websocket("/ws/notifications/{client_id}")
async def notification_endpoint(websocket: WebSocket, client_id: str) -> None:
    await manager.connect(websocket, "notifications")
    task = asyncio.create_task(send_notifications(websocket, client_id))
    try:
        while True:
            await websocket.receive_text()  # We only listen for the goodbye.
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        task.cancel()
        manager.disconnect(websocket, "notifications")


@app.post("/broadcast/{channel}")
async def broadcast_message(channel: str, message: str = "Hello!") -> dict[str, int]:
    channels = manager.active_connections
    if channel not in channels:
        raise HTTPException(404, f"No room {channel} here. Try: {', '.join(channels)}")
    if channel == "notifications":
        await manager.broadcast(notification(message), channel)
    else:
        await tell(channel, "docs page", type="chat", message=message)
    return {"friends": len(channels.get(channel, []))}


@app.post("/send/{client_id}")
async def send_message(client_id: str, message: str = "Psst!") -> dict[str, int]:
    websockets = manager.active_connections["notifications"]
    names = [websocket.path_params["client_id"] for websocket in websockets]
    if client_id not in names:
        raise HTTPException(404, f"No {client_id} here. Listening: {', '.join(names)}")
    for websocket in websockets.copy():
        if websocket.path_params["client_id"] == client_id:
            await manager.send_personal_message(notification(message), websocket)
    return {"friends": names.count(client_id)}


async def tell(room: str, client_id: str, **parts: object) -> None:
    now = datetime.now(UTC).isoformat()
    parts |= {"client_id": client_id, "timestamp": now, "room": room}
    await manager.broadcast(json.dumps(parts), room)


def words(said: dict[str, Any]) -> str:
    if not isinstance(said["message"], str):
        raise TypeError
    said["message"].encode()
    return said["message"]


TYPES = {"chat": words, "emoji": words, "typing": lambda said: "is typing..."}


async def send_error(message: str, websocket: WebSocket) -> None:
    error = json.dumps({"type": "error", "message": message})
    await manager.send_personal_message(error, websocket)


async def handle(websocket: WebSocket, room: str, client_id: str, text: str) -> None:
    parts = {"type": "chat", "message": text}
    try:
        if text.startswith("{"):
            said = json.loads(text)
            parts = {"type": said["type"], "message": TYPES[said["type"]](said)}
        await tell(room, client_id, **parts)
    except (ValueError, KeyError, TypeError, RecursionError):
        await send_error("Das verstehe ich nicht.", websocket)


@app.websocket("/ws/rooms/{room}/{client_id}")
async def room_endpoint(websocket: WebSocket, room: str, client_id: str) -> None:
    await tell(room, client_id, type="join", message="joined the chat")
    await manager.join(websocket, room)
    try:
        while True:
            text = await websocket.receive_text()
            await handle(websocket, room, client_id, text)
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        manager.disconnect(websocket, room)
        await tell(room, client_id, type="leave", message="left the chat")
