import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect

clubhouse = Path(__file__).parent.parent / "clubhouse"

app = FastAPI()
if clubhouse.is_dir():
    app.frontend("/", directory=clubhouse)


class ConnectionManager:
    def __init__(self) -> None:
        self.active_connections: dict[str, list[WebSocket]] = {
            "chat": [],
            "notifications": [],
        }

    async def connect(self, websocket: WebSocket, channel: str) -> None:
        await websocket.accept()
        self.active_connections[channel].append(websocket)

    def disconnect(self, websocket: WebSocket, channel: str) -> None:
        if websocket in self.active_connections[channel]:
            self.active_connections[channel].remove(websocket)


manager = ConnectionManager()


@app.get("/rooms")
async def count_friends() -> dict[str, int]:
    return {
        channel: len(websockets)
        for channel, websockets in manager.active_connections.items()
    }
