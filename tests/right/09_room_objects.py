# Step 9 with a class for each room, sets of members, match, and an outbox for each line.
"""A class for each room, sets of members, `match`, and an outbox for each line."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect

clubhouse = Path(__file__).parent.parent / "clubhouse"
app = FastAPI(description="[clubhouse](/)", docs_url=None if clubhouse.exists() else "/docs")
if clubhouse.exists():
    app.frontend("/", directory=clubhouse)


class Member:
    def __init__(self, name: str, websocket: WebSocket) -> None:
        self.name, self.websocket = name, websocket

    async def hear(self, **parts: Any) -> None:
        try:
            await self.websocket.send_json(parts)
        except (WebSocketDisconnect, RuntimeError):
            pass


class Room:
    all: dict[str, "Room"] = {}

    def __init__(self, name: str, stays: bool = False) -> None:
        self.name, self.stays = name, stays
        self.members: set[Member] = set()

    @classmethod
    def named(cls, name: str) -> "Room":
        if name not in cls.all:
            cls.all[name] = Room(name)
        return cls.all[name]

    def find(self, name: Any) -> "Member | None":
        return next((each for each in self.members if each.name == name), None)

    def enter(self, member: Member) -> None:
        self.members.add(member)

    def leave(self, member: Member) -> None:
        self.members.discard(member)
        if not self.members and not self.stays and Room.all.get(self.name) is self:
            del Room.all[self.name]

    async def tell(self, *without: Member, **parts: Any) -> None:
        await asyncio.gather(*[each.hear(**parts) for each in self.members - set(without)])

    async def list_friends(self) -> None:
        names = [each.name for each in self.members]
        await self.tell(type="friends", message="Friends here: " + ", ".join(names), friends=names, count=len(names))


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


CHAT, NEWS = Room("chat", stays=True), Room("notifications", stays=True)
Room.all = {"chat": CHAT, "notifications": NEWS}


@app.get("/rooms")
async def rooms() -> dict[str, int]:
    return {name: len(room.members) for name, room in Room.all.items()}


@app.websocket("/ws/{name}")
async def chat(websocket: WebSocket, name: str) -> None:
    me = Member(name, websocket)
    await websocket.accept()
    CHAT.enter(me)
    try:
        await CHAT.tell(me, client_id=name, message="joined the chat", timestamp=now())
        while True:
            words = await websocket.receive_text()
            await CHAT.tell(message=words, client_id=name, timestamp=now())
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        CHAT.leave(me)
        await CHAT.tell(client_id=name, message="left the chat", timestamp=now())


async def ring(member: Member, seconds: float, message: str) -> None:
    await asyncio.sleep(seconds)
    await member.hear(type="reminder", message=message, timestamp=now(), after=seconds)


async def news(member: Member) -> None:
    while True:
        await asyncio.sleep(5)
        await member.hear(type="notification", message=f"New notification for {member.name}", timestamp=now())


def parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=lambda constant: None)
    except (ValueError, RecursionError):
        return None


@app.websocket("/ws/notifications/{name}")
async def notifications(websocket: WebSocket, name: str) -> None:
    me = Member(name, websocket)
    await websocket.accept()
    NEWS.enter(me)
    waiting = [asyncio.ensure_future(news(me))]
    try:
        while True:
            match parsed(await websocket.receive_text()):
                case {"seconds": bool()}:
                    await me.hear(type="error", message="A number of seconds, please!")
                case {"type": "remind", "seconds": int() | float() as seconds, "message": str(words)} if 0 < seconds <= 3600:
                    waiting = [each for each in waiting if not each.done()]
                    waiting.append(asyncio.ensure_future(ring(me, seconds, words)))
                case _:
                    await me.hear(type="error", message="Say what, and in how many seconds.")
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        for each in waiting:
            each.cancel()
        NEWS.leave(me)


async def act(room: Room, me: Member, said: Any) -> None:
    stamp = {"client_id": me.name, "timestamp": now(), "room": room.name}
    match said:
        case {"type": "chat" | "emoji" as kind, "message": str(words)} if words.isprintable() or words.encode("utf-8", "ignore").decode() == words:
            await room.tell(type=kind, message=words, **stamp)
        case {"type": "typing"}:
            await room.tell(me, type="typing", message="is typing…", **stamp)
        case {"type": "whisper", "to": str(name), "message": str(words)}:
            if other := room.find(name):
                for end in {me, other}:
                    await end.hear(type="whisper", to=name, message=words, **stamp)
            else:
                here = " and ".join(each.name for each in room.members)
                await me.hear(type="error", message=f"Nobody is called that. I see {here}.")
        case _:
            await me.hear(type="error", message="I do not understand. Plain words always work!")


@app.websocket("/ws/rooms/{place}/{name}")
async def room(websocket: WebSocket, place: str, name: str) -> None:
    await websocket.accept()
    me, here = Member(name, websocket), Room.named(place)
    if here.find(name) and not here.stays:
        await websocket.close(code=4009, reason="Two friends of one name? Take another one.")
        return
    here.enter(me)
    try:
        await here.tell(me, type="join", client_id=name, room=place, message="joined the chat", timestamp=now())
        await here.list_friends()
        while True:
            text = await websocket.receive_text()
            await act(here, me, parsed(text) if text.startswith("{") else {"type": "chat", "message": text})
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        here.leave(me)
        await here.tell(type="leave", client_id=name, room=place, message="left the chat", timestamp=now())
        await here.list_friends()


@app.post("/broadcast/{place}")
async def post(place: str, message: str) -> int:
    if place not in Room.all:
        raise HTTPException(404, f"Open now: {list(Room.all)}")
    kind = "notification" if place == "notifications" else "chat"
    await Room.all[place].tell(type=kind, client_id="the docs", message=message, timestamp=now(), room=place)
    return 1


@app.post("/send/{name}")
async def post_to_one(name: str, message: str) -> int:
    if not NEWS.find(name):
        raise HTTPException(404, ", ".join(each.name for each in NEWS.members))
    for each in [each for each in NEWS.members if each.name == name]:
        await each.hear(type="notification", message=message, timestamp=now())
    return 1
