"""Models of Pydantic make the JSON, and queries have their own limits and examples."""

import asyncio
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path as Folder
from typing import Annotated, Literal

from fastapi import FastAPI, HTTPException, Path, Query, WebSocket
from fastapi.websockets import WebSocketState
from pydantic import BaseModel, Field

clubhouse = Folder(__file__).parent.parent / "clubhouse"
app = FastAPI(
    docs_url=None if clubhouse.is_dir() else "/docs",
    description="Here is [the clubhouse](/).",
)


class Said(BaseModel):
    client_id: str
    message: str
    timestamp: datetime = Field(default_factory=lambda: datetime.now(UTC))


class News(BaseModel):
    type: Literal["notification"] = "notification"
    message: str
    timestamp: datetime = Field(default_factory=lambda: datetime.now(UTC))


class Room(StrEnum):
    chat = "chat"
    notifications = "notifications"


class Listener(BaseModel, arbitrary_types_allowed=True):
    name: str
    socket: WebSocket

    async def gets(self, what: BaseModel) -> None:
        if self.socket.application_state is WebSocketState.CONNECTED:
            try:
                await self.socket.send_text(what.model_dump_json())
            except Exception as error:
                print(f"{self.name} is gone: {error}")


there: dict[Room, list[Listener]] = {room: [] for room in Room}


async def everyone_gets(room: Room, what: BaseModel) -> int:
    listeners = tuple(there[room])
    for listener in listeners:
        await listener.gets(what)
    return len(listeners)


async def tick(listener: Listener) -> None:
    while True:
        await asyncio.sleep(5)
        await listener.gets(News(message=f"New notification for {listener.name}"))


async def until_goodbye(socket: WebSocket):
    while True:
        event = await socket.receive()
        if event["type"] == "websocket.disconnect":
            return
        yield event.get("text")


@app.websocket("/ws/notifications/{name}")
async def notifications(socket: WebSocket, name: str) -> None:
    await socket.accept()
    me = Listener(name=name, socket=socket)
    there[Room.notifications].append(me)
    clock = asyncio.create_task(tick(me))
    async for _ in until_goodbye(socket):
        pass
    clock.cancel()
    there[Room.notifications] = [each for each in there[Room.notifications] if each is not me]


@app.websocket("/ws/{name}")
async def chat(socket: WebSocket, name: str) -> None:
    me = Listener(name=name, socket=socket)
    await everyone_gets(Room.chat, Said(client_id=name, message="joined the chat"))
    await socket.accept()
    there[Room.chat].append(me)
    async for text in until_goodbye(socket):
        if text is not None:
            await everyone_gets(Room.chat, Said(client_id=name, message=text))
    there[Room.chat] = [each for each in there[Room.chat] if each is not me]
    await everyone_gets(Room.chat, Said(client_id=name, message="left the chat"))


@app.get("/rooms")
async def rooms() -> dict[Room, int]:
    return {room: len(listeners) for room, listeners in there.items()}


@app.post("/broadcast/{channel}")
async def broadcast(
    channel: Annotated[str, Path(example="chat")], message: Annotated[str, Query(example="Hello!")]
) -> dict[str, int]:
    if channel not in list(Room):
        raise HTTPException(status_code=404, detail={"rooms": [*Room]})
    what = Said(client_id="docs page", message=message) if channel == Room.chat else News(message=message)
    return {"friends": await everyone_gets(Room(channel), what)}


@app.post("/send/{client_id}")
async def send(client_id: Annotated[str, Path(example="Ada")], message: Annotated[str, Query(example="Psst!")]) -> int:
    radios = [each for each in there[Room.notifications] if each.name == client_id]
    if not radios:
        listening = sorted({each.name for each in there[Room.notifications]})
        raise HTTPException(status_code=404, detail={"listening": listening})
    for radio in radios:
        await radio.gets(News(message=message))
    return len(radios)


if clubhouse.is_dir():
    app.frontend("/", directory=clubhouse)
