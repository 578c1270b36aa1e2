"""The seed's original: the document's lines for imports, manager and chat, as they were written.

The document leaves out `datetime`, `app`, `manager`, the manager's other methods and the `except`. They are here as
FastAPI's page on WebSockets has them.
"""

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from typing import List, Dict
import json
import asyncio
from datetime import datetime

app = FastAPI()


class ConnectionManager:
    def __init__(self):
        self.active_connections: Dict[str, List[WebSocket]] = {
            "chat": [],
            "notifications": []
        }

    async def connect(self, websocket: WebSocket, client_id: str, channel: str):
        await websocket.accept()
        self.active_connections[channel].append(websocket)

    def disconnect(self, websocket: WebSocket, channel: str):
        self.active_connections[channel].remove(websocket)

    async def broadcast(self, message: str, channel: str):
        for connection in self.active_connections[channel]:
            await connection.send_text(message)


manager = ConnectionManager()


@app.websocket("/ws/{client_id}")
async def websocket_endpoint(websocket: WebSocket, client_id: str):
    await manager.connect(websocket, client_id, "chat")
    try:
        while True:
            data = await websocket.receive_text()
            message = {
                "client_id": client_id,
                "message": data,
                "timestamp": datetime.now().isoformat()
            }
            await manager.broadcast(json.dumps(message), "chat")
    except WebSocketDisconnect:
        manager.disconnect(websocket, "chat")
