import asyncio
from datetime import datetime, timezone
from pathlib import Path
from typing import Dict, List, Optional

from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect

app = FastAPI(
    title="WebSocket example",
    description="Chat and notifications. Go [back to the clubhouse](/).",
)


class ConnectionManager:
    def __init__(self):
        self.active_connections: Dict[str, List[WebSocket]] = {"chat": [], "notifications": []}
        self.users: Dict[str, List[WebSocket]] = {}  # who gets notifications

    async def connect(self, websocket: WebSocket, channel: str, client_id: Optional[str] = None):
        await websocket.accept()
        self.active_connections[channel].append(websocket)
        if client_id is not None:
            self.users.setdefault(client_id, []).append(websocket)

    def disconnect(self, websocket: WebSocket, channel: str, client_id: Optional[str] = None):
        if websocket in self.active_connections[channel]:
            self.active_connections[channel].remove(websocket)
        if client_id in self.users and websocket in self.users[client_id]:
            self.users[client_id].remove(websocket)
            if not self.users[client_id]:
                del self.users[client_id]

    async def send_personal_message(self, message: dict, websocket: WebSocket):
        try:
            await websocket.send_json(message)
        except (WebSocketDisconnect, RuntimeError):
            pass  # the endpoint of that socket tidies up

    async def broadcast(self, message: dict, channel: str, exclude: Optional[WebSocket] = None):
        for connection in list(self.active_connections[channel]):
            if connection is not exclude:
                await self.send_personal_message(message, connection)


manager = ConnectionManager()


def timestamp() -> str:
    return datetime.now(timezone.utc).isoformat()


def chat_message(client_id: str, message: str) -> dict:
    return {"client_id": client_id, "message": message, "timestamp": timestamp()}


def notification(message: str) -> dict:
    return {"type": "notification", "message": message, "timestamp": timestamp()}


@app.get("/rooms")
async def get_rooms():
    return {name: len(people) for name, people in manager.active_connections.items()}


@app.get("/health")
async def health():
    return {"ok": True}


@app.websocket("/ws/{client_id}")
async def websocket_chat(websocket: WebSocket, client_id: str):
    await manager.connect(websocket, "chat")
    try:
        await manager.broadcast(chat_message(client_id, "joined the chat"), "chat", websocket)
        while True:
            data = await websocket.receive_text()
            await manager.broadcast(chat_message(client_id, data), "chat")
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        manager.disconnect(websocket, "chat")
        await manager.broadcast(chat_message(client_id, "left the chat"), "chat")


async def notify_every_five_seconds(websocket: WebSocket, client_id: str):
    while True:
        await asyncio.sleep(5)
        await manager.send_personal_message(notification(f"New notification for {client_id}"), websocket)


@app.websocket("/ws/notifications/{client_id}")
async def websocket_notifications(websocket: WebSocket, client_id: str):
    await manager.connect(websocket, "notifications", client_id)
    task = asyncio.create_task(notify_every_five_seconds(websocket, client_id))
    try:
        while True:
            await websocket.receive_text()
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        task.cancel()
        manager.disconnect(websocket, "notifications", client_id)


@app.post("/broadcast/{channel}")
async def broadcast_message(channel: str, message: str = "Hello everyone!"):
    if channel not in manager.active_connections:
        known = ", ".join(manager.active_connections)
        raise HTTPException(status_code=404, detail=f"No channel {channel}. There are: {known}")
    if channel == "chat":
        await manager.broadcast(chat_message("server", message), "chat")
    else:
        await manager.broadcast(notification(message), channel)
    return {"status": "sent", "channel": channel}


@app.post("/send/{client_id}")
async def send_message(client_id: str, message: str = "Hello, you!"):
    if client_id not in manager.users:
        known = ", ".join(manager.users) or "nobody"
        raise HTTPException(status_code=404, detail=f"{client_id} is not here. Listening now: {known}")
    for websocket in list(manager.users[client_id]):
        await manager.send_personal_message(notification(message), websocket)
    return {"status": "sent", "to": client_id}


folder = Path(__file__).parent.parent / "clubhouse"
if folder.exists():
    app.frontend("/", directory=folder)
