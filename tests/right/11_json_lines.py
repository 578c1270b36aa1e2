# Step 11 without a database: each room keeps its talk, and a file gets a line of JSON for each message.
"""No database: each room object keeps its talk, and a file gets one line of JSON for each message."""

import asyncio
import hashlib
import json
import os
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query, WebSocket, WebSocketDisconnect

clubhouse = Path(__file__).parent.parent / "clubhouse"
app = FastAPI(description="[clubhouse](/)", docs_url=None if clubhouse.exists() else "/docs")
if clubhouse.exists():
    app.frontend("/", directory=clubhouse)


class HungUp(Exception):
    pass


class Refused(Exception):
    pass


class Member:
    def __init__(self, name: str, websocket: WebSocket) -> None:
        self.name, self.websocket = name, websocket

    async def hear(self, **parts: Any) -> None:
        try:
            await self.websocket.send_json(parts)
        except (WebSocketDisconnect, RuntimeError):
            pass

    async def says(self) -> str:
        while True:
            event = await self.websocket.receive()
            if event["type"] == "websocket.disconnect":
                raise HungUp
            if event.get("text") is not None:
                return str(event["text"])
            await self.hear(type="error", message="I only read text.")


class Room:
    all: dict[str, "Room"] = {}

    def __init__(self, name: str, stays: bool = False) -> None:
        self.name, self.stays = name, stays
        self.members: set[Member] = set()
        self.password = PASSWORDS.get(name)

    async def ask(self, stranger: Member) -> None:
        if self.password is None:
            return
        await stranger.hear(type="password", message="What is the password?", hint="Ali Baba knows it.")
        says = asyncio.ensure_future(stranger.says())
        done, _ = await asyncio.wait([says], timeout=10)
        if not done:
            says.cancel()
            raise Refused("Too late.")
        if hashlib.sha256(says.result().encode()).hexdigest() != self.password:
            raise Refused("Wrong password.")

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


def read_file() -> dict[str, list[dict[str, Any]]]:
    """A crash may have cut the last line short."""
    talks: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in FILE.read_text(encoding="utf-8").splitlines() if FILE.exists() else []:
        try:
            said = json.loads(line)
            talks[said["room"]].append(said)
        except ValueError:
            pass
    return talks


FILE = Path(os.environ.get("CLUB_DB") or "club.db")
TALKS = read_file()
PEN = FILE.open("a", encoding="utf-8")
PEN.write("\n")


def remember(said: dict[str, Any]) -> dict[str, Any]:
    said["id"] = len(TALKS[said["room"]]) + 1
    PEN.write(json.dumps(said) + "\n")
    PEN.flush()
    TALKS[said["room"]].append(said)
    return said


PASSWORDS = {"treehouse": hashlib.sha256(b"open sesame").hexdigest()}


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
            words = await me.says()
            await CHAT.tell(message=words, client_id=name, timestamp=now())
    except (HungUp, RuntimeError):
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
            match parsed(await me.says()):
                case {"seconds": bool()}:
                    await me.hear(type="error", message="A number of seconds, please!")
                case {"type": "remind", "seconds": int() | float() as seconds, "message": str(words)} if 0 < seconds <= 3600:
                    waiting = [each for each in waiting if not each.done()]
                    waiting.append(asyncio.ensure_future(ring(me, seconds, words)))
                case _:
                    await me.hear(type="error", message="Say what, and in how many seconds.")
    except (HungUp, RuntimeError):
        pass
    finally:
        for each in waiting:
            each.cancel()
        NEWS.leave(me)


def look_at(caller: WebSocket, place: str, name: str) -> None:
    origin = caller.headers.get("origin")
    if origin is not None and origin not in [f"{scheme}://{caller.headers['host']}" for scheme in ("http", "https")]:
        raise Refused("You come from somewhere else.")
    if place in ("chat", "notifications") or not (len(place) <= 20 >= len(name)):
        raise Refused("Take another name.")


async def act(room: Room, me: Member, said: Any) -> None:
    stamp = {"client_id": me.name, "timestamp": now(), "room": room.name}
    match said:
        case {"type": "chat" | "emoji" as kind, "message": str(words)} if words.isprintable() or words.encode("utf-8", "ignore").decode() == words:
            await room.tell(**remember({"type": kind, "message": words, **stamp}))
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
async def room(websocket: WebSocket, place: str, name: str, last: Annotated[str | None, Query(alias="last_id")] = None) -> None:
    await websocket.accept()
    me = Member(name, websocket)
    try:
        look_at(websocket, place, name)
        if last is not None and not (last.isascii() and last.isdigit() and len(last) < 10):
            raise Refused("Which message was that?")
        await (Room.all.get(place) or Room(place)).ask(me)
    except Refused as refused:
        return await websocket.close(1008, str(refused))
    except HungUp:
        return
    here = Room.named(place)
    if here.find(name):
        await websocket.close(code=4009, reason="Two friends of one name? Take another one.")
        return
    heard = len(TALKS[place]) if last is None else int(last)
    try:
        while heard < len(TALKS[place]):
            await websocket.send_json(TALKS[place][heard])
            heard += 1
            await asyncio.sleep(0)
    except (WebSocketDisconnect, RuntimeError):
        return
    here = Room.named(place)
    if here.find(name):
        await websocket.close(code=4009, reason="Two friends of one name? Take another one.")
        return
    here.enter(me)
    said, at = 0.0, 0.0
    try:
        await here.tell(me, type="join", client_id=name, room=place, message="joined the chat", timestamp=now())
        await here.list_friends()
        while True:
            text = await me.says()
            seconds, at = asyncio.get_running_loop().time() - at, asyncio.get_running_loop().time()
            said = max(0, said - 2 * seconds)
            if len(text) > 500 or said > 9:
                await me.hear(type="error", message="Too much at a time.")
                continue
            said += 1
            await act(here, me, parsed(text) if text.startswith("{") else {"type": "chat", "message": text})
    except (HungUp, RuntimeError):
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
    said = {"type": kind, "client_id": "the docs", "message": message, "timestamp": now(), "room": place}
    await Room.all[place].tell(**(said if Room.all[place].stays else remember(said)))
    return 1


@app.post("/send/{name}")
async def post_to_one(name: str, message: str) -> int:
    if not NEWS.find(name):
        raise HTTPException(404, ", ".join(each.name for each in NEWS.members))
    for each in [each for each in NEWS.members if each.name == name]:
        await each.hear(type="notification", message=message, timestamp=now())
    return 1
