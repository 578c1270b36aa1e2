import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect
from pydantic import Field

clubhouse = Path(__file__).parent.parent / "clubhouse"

app = FastAPI(
    title="The WebSocket club",
    description="**[Open the clubhouse](/)** in two windows. Then open a green line and press **Execute**.",
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


def notification(message: str) -> str:
    timestamp = datetime.now(UTC).isoformat()
    return json.dumps({"type": "notification", "message": message, "timestamp": timestamp})


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
        async for _ in listen(websocket):
            pass  # We only listen for the goodbye.
    finally:
        task.cancel()
        manager.disconnect(websocket, "notifications")


# The docs page writes these examples into its boxes.
Channel = Annotated[str, Field(json_schema_extra={"example": "chat"})]
ClientId = Annotated[str, Field(json_schema_extra={"example": "Ada"})]


@app.post("/broadcast/{channel}")
async def broadcast_message(channel: Channel, message: str = "Hello from the docs page!") -> dict[str, int]:
    if channel not in manager.active_connections:
        raise HTTPException(404, f"There is no {channel}. There is: {', '.join(manager.active_connections)}.")
    text = chat_message("docs page", message) if channel == "chat" else notification(message)
    await manager.broadcast(text, channel)
    return {"friends": len(manager.active_connections[channel])}


@app.post("/send/{client_id}")
async def send_message(client_id: ClientId, message: str = "This is only for you.") -> dict[str, int]:
    websockets = manager.active_connections["notifications"].copy()
    names = [websocket.path_params["client_id"] for websocket in websockets]
    if client_id not in names:
        raise HTTPException(404, f"{client_id} has no radio on. Listening: {', '.join(names) or 'nobody'}.")
    for websocket, name in zip(websockets, names, strict=True):
        if name == client_id:
            await manager.send_personal_message(notification(message), websocket)
    return {"friends": names.count(client_id)}
