# Step 5 with objects for rooms and lines, raw events, and a lock for each line.
"""Step 5: Room objects with Line objects; raw events; a lock for each line."""
import asyncio
import datetime as dt
import json
import pathlib

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse


def stamp():
    return dt.datetime.now(dt.timezone(dt.timedelta(hours=5, minutes=30))).isoformat()


class Line:
    """The line to one friend."""

    def __init__(self, websocket, client_id):
        self.websocket = websocket
        self.client_id = client_id
        self._lock = asyncio.Lock()
        self._dead = False

    async def send(self, payload):
        async with self._lock:
            if self._dead:
                return
            try:
                await self.websocket.send({"type": "websocket.send", "text": payload})
            except (WebSocketDisconnect, RuntimeError):
                self._dead = True

    async def texts(self):
        while True:
            event = await self.websocket.receive()
            if event["type"] == "websocket.disconnect":
                return
            if "text" in event and event["text"] is not None:
                yield event["text"]


class Room:
    def __init__(self):
        self.lines = set()

    def __len__(self):
        return len(self.lines)

    def __contains__(self, client_id):
        return client_id in self.names()

    def names(self):
        return sorted({line.client_id for line in self.lines})

    async def tell(self, *, to=None, but=None, **payload):
        payload["timestamp"] = stamp()
        text = json.dumps(payload, ensure_ascii=False)
        listeners = [x for x in self.lines if x is not but and to in (None, x.client_id)]
        if listeners:
            await asyncio.wait([asyncio.ensure_future(line.send(text)) for line in listeners])
        return len(listeners)


chat_room, news_room = Room(), Room()
rooms = {"chat": chat_room, "notifications": news_room}

app = FastAPI(description="Two rooms: **chat** and **notifications**. [The clubhouse](/) is next door.")


@app.get("/rooms")
async def count():
    return {name: len(room) for name, room in rooms.items()}


@app.post("/broadcast/{channel}")
async def broadcast(channel: str, message: str = "Is anybody there?"):
    match channel:
        case "chat":
            sent = await chat_room.tell(client_id="server", message=message)
        case "notifications":
            sent = await news_room.tell(type="notification", message=message)
        case _:
            return JSONResponse({"error": "no such channel", "channels": list(rooms)}, 404)
    return {"ok": True, "sent": sent}


@app.post("/send/{client_id}")
async def send(client_id: str, message: str = "Are you there?"):
    if client_id not in news_room:
        return JSONResponse({"error": "no such friend", "friends": news_room.names()}, 404)
    return {"ok": True, "sent": await news_room.tell(to=client_id, type="notification", message=message)}


@app.websocket("/ws/notifications/{client_id}")
async def notifications(websocket: WebSocket, client_id: str):
    await websocket.accept()
    line = Line(websocket, client_id)

    async def ring():
        while True:
            await asyncio.sleep(5)
            news = {"type": "notification", "message": "New notification for " + client_id, "timestamp": stamp()}
            await line.send(json.dumps(news))

    news_room.lines.add(line)
    bell = asyncio.ensure_future(ring())
    try:
        async for _ in line.texts():
            pass
    finally:
        bell.cancel()
        news_room.lines.remove(line)


@app.websocket("/ws/{client_id}")
async def chat(websocket: WebSocket, client_id: str):
    await websocket.accept()
    line = Line(websocket, client_id)
    chat_room.lines.add(line)
    try:
        await chat_room.tell(but=line, client_id=client_id, message="joined the chat")
        async for text in line.texts():
            await chat_room.tell(client_id=client_id, message=text)
    finally:
        chat_room.lines.remove(line)
        await chat_room.tell(client_id=client_id, message="left the chat")


house = pathlib.Path(__file__).parent.parent / "clubhouse"
if house.is_dir():
    app.frontend("/", directory=house)
