# Step 4 with coming and going as dependencies with yield.
"""Coming and going are dependencies with yield; the endpoints only hold what happens between."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI(title="Clubhouse server", description="Back to the [clubhouse](/)")


class Friend:
    """One open socket. The lock keeps the lines to it in the order in which they were said."""

    def __init__(self, name: str, socket: WebSocket):
        self.name = name
        self.socket = socket
        self.turn = asyncio.Lock()

    async def hear(self, **line: str) -> None:
        line["timestamp"] = datetime.now(timezone.utc).isoformat()
        async with self.turn:
            with suppress(WebSocketDisconnect, RuntimeError):
                await self.socket.send_text(json.dumps(line))

    async def says(self) -> AsyncIterator[str]:
        with suppress(WebSocketDisconnect, RuntimeError, KeyError):
            while True:
                yield await self.socket.receive_text()


rooms: dict[str, list[Friend]] = {"chat": [], "notifications": []}


async def tell(listeners: list[Friend], author: Friend, message: str) -> None:
    await asyncio.gather(*(f.hear(client_id=author.name, message=message) for f in listeners))


async def in_chat(websocket: WebSocket, client_id: str) -> AsyncIterator[Friend]:
    await websocket.accept()
    friend = Friend(client_id, websocket)
    others = rooms["chat"].copy()
    rooms["chat"].append(friend)
    try:
        await tell(others, friend, "joined the chat")
        yield friend
    finally:
        rooms["chat"].remove(friend)
        await tell(rooms["chat"], friend, "left the chat")


async def in_notifications(websocket: WebSocket, client_id: str) -> AsyncIterator[Friend]:
    await websocket.accept()
    friend = Friend(client_id, websocket)
    rooms["notifications"].append(friend)
    alarm = asyncio.create_task(ring_every_five_seconds(friend))
    try:
        yield friend
    finally:
        alarm.cancel()
        rooms["notifications"].remove(friend)


async def ring_every_five_seconds(friend: Friend) -> None:
    while True:
        await asyncio.sleep(5)
        await friend.hear(type="notification", message=f"New notification for {friend.name}")


@app.get("/rooms")
async def get_rooms():
    return {name: len(friends) for name, friends in rooms.items()}


@app.websocket("/ws/notifications/{client_id}")
async def notifications(friend: Annotated[Friend, Depends(in_notifications)]):
    while True:
        event = await friend.socket.receive()  # whatever it is, it's ignored ...
        if event["type"] == "websocket.disconnect":  # ... but for this
            return


@app.websocket("/ws/{client_id}")
async def chat(friend: Annotated[Friend, Depends(in_chat)]):
    async for text in friend.says():
        await tell(rooms["chat"], friend, text)


CLUBHOUSE = Path(__file__).parent.parent / "clubhouse"
if CLUBHOUSE.is_dir():
    app.frontend("/", directory=CLUBHOUSE)
