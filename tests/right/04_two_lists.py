import asyncio
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Dict, List, Optional

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI(title="WebSocket rooms")

GONE = (WebSocketDisconnect, RuntimeError)


class ConnectionManager:
    def __init__(self) -> None:
        self.active_connections: Dict[str, List[WebSocket]] = {"chat": [], "notifications": []}

    async def connect(self, websocket: WebSocket, channel: str) -> None:
        await websocket.accept()
        self.active_connections[channel].append(websocket)

    def disconnect(self, websocket: WebSocket, channel: str) -> None:
        if websocket in self.active_connections[channel]:
            self.active_connections[channel].remove(websocket)

    async def send_personal_message(self, message: str, websocket: WebSocket) -> bool:
        try:
            await websocket.send_text(message)
            return True
        except GONE:
            return False

    async def broadcast(self, message: str, channel: str, skip: Optional[WebSocket] = None) -> None:
        for connection in self.active_connections[channel].copy():
            if connection is not skip:
                if not await self.send_personal_message(message, connection):
                    self.disconnect(connection, channel)


manager = ConnectionManager()


def now() -> str:
    return datetime.now(timezone.utc).isoformat()


def chat_json(client_id: str, message: str) -> str:
    return json.dumps({"client_id": client_id, "message": message, "timestamp": now()})


@app.get("/rooms")
async def rooms() -> Dict[str, int]:
    return {channel: len(sockets) for channel, sockets in manager.active_connections.items()}


@app.websocket("/ws/{client_id}")
async def chat(websocket: WebSocket, client_id: str):
    await manager.connect(websocket, "chat")
    await manager.broadcast(chat_json(client_id, "joined the chat"), "chat", skip=websocket)
    try:
        while True:
            data = await websocket.receive_text()
            await manager.broadcast(chat_json(client_id, data), "chat")
    except GONE:
        pass
    finally:
        manager.disconnect(websocket, "chat")
        await manager.broadcast(chat_json(client_id, "left the chat"), "chat")


async def send_notifications(websocket: WebSocket, client_id: str) -> None:
    while True:
        await asyncio.sleep(5)
        note = {"type": "notification", "message": f"New notification for {client_id}", "timestamp": now()}
        if not await manager.send_personal_message(json.dumps(note), websocket):
            break


@app.websocket("/ws/notifications/{client_id}")
async def notifications(websocket: WebSocket, client_id: str):
    await manager.connect(websocket, "notifications")
    sender = asyncio.create_task(send_notifications(websocket, client_id))
    try:
        while True:
            await websocket.receive_text()  # nobody listens to what they say
    except GONE:
        pass
    finally:
        sender.cancel()
        manager.disconnect(websocket, "notifications")


clubhouse = Path(__file__).parent.parent / "clubhouse"
if clubhouse.is_dir():
    app.frontend("/", directory=clubhouse)
