import asyncio
from datetime import datetime, timezone
from pathlib import Path

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI(title="The Club", version="0.4")


class FriendLeft(Exception):
    """Raised when the other side of a socket is gone."""


class Member:
    def __init__(self, name: str, socket: WebSocket):
        self.name = name
        self.socket = socket

    async def tell(self, message: dict):
        try:
            await self.socket.send_json(message)
        except (WebSocketDisconnect, RuntimeError):
            raise FriendLeft(self.name) from None

    async def hear(self) -> str:
        try:
            return await self.socket.receive_text()
        except (WebSocketDisconnect, RuntimeError, KeyError):
            raise FriendLeft(self.name) from None


class Room:
    name = "room"

    def __init__(self):
        self.members: list[Member] = []

    @staticmethod
    def now():
        return datetime.now(timezone.utc).isoformat()

    async def visit(self, name: str, socket: WebSocket):
        await socket.accept()
        member = Member(name, socket)
        self.members.append(member)
        try:
            await self.stay(member)
        except* FriendLeft:
            pass
        finally:
            self.members.remove(member)
            await self.after(member)

    async def after(self, member: Member):
        pass


class ChatRoom(Room):
    name = "chat"

    async def say(self, who: Member, text: str, but: Member | None = None):
        message = {"client_id": who.name, "message": text, "timestamp": self.now()}
        for member in self.members[:]:
            if member is but:
                continue
            try:
                await member.tell(message)
            except FriendLeft:
                continue

    async def stay(self, member):
        await self.say(member, "joined the chat", but=member)
        while True:
            await self.say(member, await member.hear())

    async def after(self, member):
        await self.say(member, "left the chat")


class NotificationRoom(Room):
    name = "notifications"
    every = 5

    async def ring(self, member):
        while True:
            await asyncio.sleep(self.every)
            text = f"New notification for {member.name}"
            await member.tell({"type": "notification", "message": text, "timestamp": self.now()})

    async def ignore(self, member):
        while True:
            await member.hear()

    async def stay(self, member):
        async with asyncio.TaskGroup() as group:
            group.create_task(self.ring(member))
            group.create_task(self.ignore(member))


ROOMS = {cls.name: cls() for cls in (ChatRoom, NotificationRoom)}


@app.get("/rooms")
def rooms():
    return {name: len(room.members) for name, room in ROOMS.items()}


@app.websocket("/ws/{client_id}")
async def ws_chat(websocket: WebSocket, client_id: str):
    await ROOMS["chat"].visit(client_id, websocket)


@app.websocket("/ws/notifications/{client_id}")
async def ws_notifications(websocket: WebSocket, client_id: str):
    await ROOMS["notifications"].visit(client_id, websocket)


if (clubhouse := Path(__file__).parent.parent / "clubhouse").exists():
    app.frontend("/", directory=clubhouse)

if __name__ == "__main__":
    uvicorn.run(app, port=8000)
