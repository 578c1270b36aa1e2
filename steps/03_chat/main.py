import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect

clubhouse = Path(__file__).parent.parent / "clubhouse"

app = FastAPI(
    # The clubhouse brings its own /docs page, which needs no internet.
    docs_url=None if clubhouse.is_dir() else "/docs",
)
if clubhouse.is_dir():
    app.frontend("/", directory=clubhouse)
else:
    print(f"Warning: there is no clubhouse at {clubhouse}. Chat and news work without it.")


class ConnectionManager:
    def __init__(self) -> None:
        self.active_connections: dict[str, list[WebSocket]] = {"chat": [], "notifications": []}

    async def connect(self, websocket: WebSocket, channel: str) -> None:
        await websocket.accept()
        self.active_connections[channel].append(websocket)

    def disconnect(self, websocket: WebSocket, channel: str) -> None:
        self.active_connections[channel].remove(websocket)

    async def send_personal_message(self, message: str, websocket: WebSocket) -> None:
        try:
            await websocket.send_text(message)
        except (WebSocketDisconnect, RuntimeError):
            pass  # This friend has just left. Their own endpoint will notice.

    async def broadcast(self, message: str, channel: str) -> None:
        # Friends come and go while we send, so we walk over a copy of the list.
        for websocket in self.active_connections[channel].copy():
            await self.send_personal_message(message, websocket)


manager = ConnectionManager()


@app.get("/rooms")
async def count_friends() -> dict[str, int]:
    return {channel: len(friends) for channel, friends in manager.active_connections.items()}


def chat_message(client_id: str, message: str) -> str:
    timestamp = datetime.now(UTC).isoformat()
    return json.dumps({"client_id": client_id, "message": message, "timestamp": timestamp})


async def listen(websocket: WebSocket) -> AsyncIterator[str]:
    # iter_text() gives up when a send fails, and would lose the last words of a friend who has just left.
    while (event := await websocket.receive())["type"] != "websocket.disconnect":
        if event.get("text") is not None:
            yield event["text"]


@app.websocket("/ws/{client_id}")
async def websocket_endpoint(websocket: WebSocket, client_id: str) -> None:
    await manager.broadcast(chat_message(client_id, "joined the chat"), "chat")
    await manager.connect(websocket, "chat")
    try:
        async for message in listen(websocket):
            await manager.broadcast(chat_message(client_id, message), "chat")
    finally:
        manager.disconnect(websocket, "chat")
        await manager.broadcast(chat_message(client_id, "left the chat"), "chat")
