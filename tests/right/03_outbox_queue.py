# Step 3 with an outbox for each friend, and a task that empties it.
"""Every friend has an outbox; one writer task per friend empties it.

A broadcast only drops a line into every outbox, so it never waits for anybody:
a slow reader delays nobody else, and everybody hears everything in one order.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI, WebSocket, WebSocketDisconnect


@dataclass(eq=False)
class Client:
    name: str
    websocket: WebSocket
    outbox: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    async def write(self) -> None:
        try:
            while True:
                await self.websocket.send_text(await self.outbox.get())
        except (WebSocketDisconnect, RuntimeError):
            return  # the reading side will notice, too

    async def read(self) -> str | None:
        """The next text, or None when there will be no more."""
        try:
            while True:
                event = await self.websocket.receive()
                if event["type"] == "websocket.disconnect":
                    return None
                if event.get("text") is not None:
                    return event["text"]
        except (WebSocketDisconnect, RuntimeError):
            return None


@dataclass
class Room:
    clients: list[Client] = field(default_factory=list)

    def say(self, author: Client, text: str, *, to_author: bool = True) -> None:
        line = json.dumps(
            {
                "client_id": author.name,
                "message": text,
                "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            },
            ensure_ascii=False,
        )
        for client in self.clients:  # no await in here: the list stands still
            if to_author or client is not author:
                client.outbox.put_nowait(line)


rooms = {"chat": Room(), "notifications": Room()}
app = FastAPI(title="Outbox chat")


@app.get("/rooms")
async def count() -> dict[str, int]:
    return {name: len(room.clients) for name, room in rooms.items()}


@app.websocket("/ws/{client_id}")
async def chat(websocket: WebSocket, client_id: str) -> None:
    await websocket.accept()
    room, client = rooms["chat"], Client(client_id, websocket)
    writer = asyncio.create_task(client.write(), name=f"writer of {client_id}")
    room.clients.append(client)
    room.say(client, "joined the chat", to_author=False)
    try:
        while (text := await client.read()) is not None:
            room.say(client, text)
    finally:
        room.clients.remove(client)
        writer.cancel()
        room.say(client, "left the chat")


if (clubhouse := Path(__file__).parent.parent / "clubhouse").is_dir():
    app.frontend("/", directory=clubhouse)
