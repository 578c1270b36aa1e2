import asyncio
import json
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Optional

from fastapi import APIRouter, FastAPI, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse


class Channel(str, Enum):
    CHAT = "chat"
    NOTIFICATIONS = "notifications"


class NotHere(Exception):
    def __init__(self, wanted: str, known: list[str]):
        self.wanted, self.known = wanted, known


class Friend:
    def __init__(self, name: str, socket: WebSocket):
        self.name, self.socket = name, socket
        self.lock = asyncio.Lock()

    async def give(self, **fields) -> None:
        fields["timestamp"] = datetime.now(timezone.utc).isoformat()
        text = json.dumps(fields, ensure_ascii=False)
        async with self.lock:
            try:
                await self.socket.send_text(text)
            except (WebSocketDisconnect, RuntimeError):
                pass


friends: dict[Channel, list[Friend]] = {channel: [] for channel in Channel}
router = APIRouter(tags=["club"])


async def say(who: str, what: str, but: Optional[Friend] = None):
    crowd = [friend for friend in friends[Channel.CHAT] if friend is not but]
    await asyncio.gather(*(friend.give(client_id=who, message=what) for friend in crowd))


async def notify(crowd: list[Friend], what: str):
    await asyncio.gather(*(friend.give(type="notification", message=what) for friend in crowd))


@asynccontextmanager
async def seat(channel: Channel, name: str, socket: WebSocket):
    await socket.accept()
    friend = Friend(name, socket)
    friends[channel].append(friend)
    try:
        yield friend
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        friends[channel].remove(friend)
        if channel is Channel.CHAT:
            # finish the goodbye even if the server cancels us
            await asyncio.shield(say(name, "left the chat"))


@router.get("/rooms")
async def rooms():
    return {channel.value: len(crowd) for channel, crowd in friends.items()}


@router.websocket("/ws/{client_id}")
async def chat(websocket: WebSocket, client_id: str):
    async with seat(Channel.CHAT, client_id, websocket) as me:
        await say(client_id, "joined the chat", but=me)
        while True:
            await say(client_id, await websocket.receive_text())


@router.websocket("/ws/notifications/{client_id}")
async def notifications(websocket: WebSocket, client_id: str):
    async with seat(Channel.NOTIFICATIONS, client_id, websocket) as me:

        async def clock():
            while await asyncio.sleep(5, True):
                await notify([me], f"New notification for {client_id}")

        ticking = asyncio.create_task(clock(), name=f"clock of {client_id}")
        try:
            while True:
                await websocket.receive_text()
        finally:
            ticking.cancel()


@router.post("/broadcast/{channel}")
async def broadcast(channel: str, message: str = "Good evening, club!"):
    try:
        room = Channel(channel)
    except ValueError:
        raise NotHere(channel, [c.value for c in Channel])
    if room is Channel.CHAT:
        await say("club", message)
    else:
        await notify(friends[room][:], message)
    return {"done": True}


@router.post("/send/{client_id}")
async def send(client_id: str, message: str = "Good evening, friend!"):
    crowd = friends[Channel.NOTIFICATIONS]
    mine = [friend for friend in crowd if friend.name == client_id]
    if not mine:
        raise NotHere(client_id, sorted({friend.name for friend in crowd}))
    await notify(mine, message)
    return {"done": True}


app = FastAPI(title="Club", description="Friends talk here. [Back to the clubhouse](/)")
app.include_router(router)


@app.exception_handler(NotHere)
async def not_here(request: Request, exc: NotHere):
    text = f"{exc.wanted} is not here, but these are: {', '.join(exc.known) or 'none'}"
    return JSONResponse(status_code=404, content={"detail": text})


clubhouse = Path(__file__).parent.parent / "clubhouse"
if clubhouse.exists():
    app.frontend("/", directory=clubhouse)
