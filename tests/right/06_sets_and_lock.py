# Step 6 with rooms as sets in a table of their own, behind a lock; messages have a type already.
"""Rooms are sets in a table of their own, behind a lock. Messages have a type already."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

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
        self.rooms: dict[str, set[WebSocket]] = {}
        self.lock = asyncio.Lock()

    async def connect(self, websocket: WebSocket, channel: str) -> None:
        await websocket.accept()
        self.active_connections[channel].append(websocket)

    async def join(self, websocket: WebSocket, room: str) -> None:
        await websocket.accept()
        async with self.lock:
            self.rooms[room] = self.rooms.get(room, set()) | {websocket}

    async def leave(self, websocket: WebSocket, room: str) -> None:
        async with self.lock:
            self.rooms[room] -= {websocket}
            self.rooms = {name: here for name, here in self.rooms.items() if here}

    def disconnect(self, websocket: WebSocket, channel: str) -> None:
        self.active_connections[channel].remove(websocket)

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
        for channel, websockets in (manager.rooms | manager.active_connections).items()
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
    channels = manager.rooms | manager.active_connections
    if channel in manager.rooms:
        await tell(channel, "docs page", type="chat", message=message)
        return {"friends": len(manager.rooms.get(channel, ()))}
    if channel not in channels:
        raise HTTPException(404, f"No room {channel} here. Try: {', '.join(channels)}")
    if channel == "notifications":
        await manager.broadcast(notification(message), channel)
    else:
        await manager.broadcast(chat_message("docs page", message), channel)
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
    text = json.dumps({"type": "chat"} | parts, ensure_ascii=False)
    for websocket in tuple(manager.rooms.get(room, ())):
        await manager.send_personal_message(text, websocket)


@app.websocket("/ws/rooms/{room}/{client_id}")
async def room_endpoint(websocket: WebSocket, room: str, client_id: str) -> None:
    await tell(room, client_id, message="joined the chat")
    await manager.join(websocket, room)
    try:
        while True:
            text = await websocket.receive_text()
            await tell(room, client_id, message=text)
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        await manager.leave(websocket, room)
        await tell(room, client_id, type="leave", message="left the chat")
