"""Step 5, built around one Hub in app.state and a router that finds it by dependency."""

import asyncio
from collections.abc import Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, WebSocket, WebSocketDisconnect
from fastapi.requests import HTTPConnection
from fastapi.staticfiles import StaticFiles
from pydantic import AwareDatetime, BaseModel, Field


class Channel(StrEnum):
    chat = "chat"
    notifications = "notifications"


class Stamped(BaseModel):
    timestamp: AwareDatetime = Field(default_factory=lambda: datetime.now(timezone.utc))


class ChatMessage(Stamped):
    client_id: str
    message: str


class Notification(Stamped):
    type: Literal["notification"] = "notification"
    message: str


class Member:
    def __init__(self, name: str, socket: WebSocket):
        self.name, self.socket = name, socket
        self.queue: asyncio.Queue[str] = asyncio.Queue()

    async def pump(self) -> None:
        try:
            while True:
                await self.socket.send_text(await self.queue.get())
        except (WebSocketDisconnect, RuntimeError):
            pass

    async def tick(self, seconds: float = 5) -> None:
        while True:
            await asyncio.sleep(seconds)
            Hub.put([self], Notification(message=f"New notification for {self.name}"))


class Hub:
    def __init__(self) -> None:
        self.members: dict[Channel, list[Member]] = {channel: [] for channel in Channel}

    @staticmethod
    def put(members: Iterable[Member], what: Stamped) -> int:
        frame = what.model_dump_json()
        return len([m.queue.put_nowait(frame) for m in members])

    @asynccontextmanager
    async def member(self, channel: Channel, name: str, socket: WebSocket):
        await socket.accept()
        member = Member(name, socket)
        jobs = [asyncio.create_task(member.pump())]
        if channel is Channel.notifications:
            jobs.append(asyncio.create_task(member.tick()))
        self.members[channel].append(member)
        try:
            yield member
        finally:
            self.members[channel].remove(member)
            for job in jobs:
                job.cancel()


def the_hub(connection: HTTPConnection) -> Hub:
    return connection.app.state.hub


TheHub = Annotated[Hub, Depends(the_hub)]
Message = Annotated[str, Query(description="What they will read")]

router = APIRouter()


@router.get("/rooms")
async def rooms(hub: TheHub) -> dict[str, int]:
    return {channel.value: len(members) for channel, members in hub.members.items()}


@router.post("/broadcast/{channel:path}")
async def broadcast(hub: TheHub, channel: str, message: Message = "Tea is ready"):
    if channel not in list(Channel):
        raise HTTPException(404, f"Unknown channel. The channels are {' and '.join(Channel)}.")
    what = Notification(message=message)
    if channel == Channel.chat:
        what = ChatMessage(client_id="the house", message=message)
    return {"receivers": hub.put(hub.members[Channel(channel)], what)}


@router.post("/send/{client_id:path}")
async def send(hub: TheHub, client_id: str, message: Message = "Your tea is ready"):
    everyone = hub.members[Channel.notifications]
    mine = [member for member in everyone if member.name == client_id]
    if not mine:
        raise HTTPException(404, {"error": "unknown friend", "here": sorted({m.name for m in everyone})})
    return {"receivers": hub.put(mine, Notification(message=message))}


@router.websocket("/ws/notifications/{client_id:path}")
async def notifications(hub: TheHub, socket: WebSocket, client_id: str):
    async with hub.member(Channel.notifications, client_id, socket):
        while (await socket.receive())["type"] == "websocket.receive":
            continue


@router.websocket("/ws/{client_id:path}")
async def chat(hub: TheHub, socket: WebSocket, client_id: str):
    everyone = hub.members[Channel.chat]
    async with hub.member(Channel.chat, client_id, socket) as me:
        hub.put((m for m in everyone if m is not me), ChatMessage(client_id=client_id, message="joined the chat"))
        while (event := await socket.receive())["type"] == "websocket.receive":
            if (text := event.get("text")) is not None:
                hub.put(everyone, ChatMessage(client_id=client_id, message=text))
    hub.put(everyone, ChatMessage(client_id=client_id, message="left the chat"))


app = FastAPI(title="Hub", description="Everything for the [clubhouse](/).")
app.state.hub = Hub()
app.include_router(router)
page = Path(__file__).parent.parent / "clubhouse"
if page.is_dir():
    app.mount("/", StaticFiles(directory=page, html=True))
