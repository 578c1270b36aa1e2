import asyncio
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

from fastapi import FastAPI, HTTPException, WebSocket
from fastapi.staticfiles import StaticFiles

app = FastAPI(title="Hub", description="The hub of our club. [Open the clubhouse](/).")


class Seat:
    def __init__(self, name, socket):
        self.name = name
        self.socket = socket
        self.alarm = None
        self.jobs = set()

    async def send(self, message):
        try:
            await self.socket.send_json(message)
            return True
        except Exception:
            return False

    def send_later(self, message):
        job = asyncio.create_task(self.send(message))
        self.jobs.add(job)
        job.add_done_callback(self.jobs.discard)

    def stop(self):
        if self.alarm:
            self.alarm.cancel()
        for job in list(self.jobs):
            job.cancel()


class Hub:
    EVERY = 5

    def __init__(self, *rooms):
        self.rooms = {room: {} for room in rooms}  # room -> {id(socket): seat}

    def now(self):
        return datetime.now(timezone.utc).isoformat()

    async def sit(self, room, name, socket):
        await socket.accept()
        seat = self.rooms[room][id(socket)] = Seat(name, socket)
        return seat

    def get_up(self, room, seat):
        seat.stop()
        self.rooms[room].pop(id(seat.socket), None)

    async def texts(self, seat):
        while True:
            event = await seat.socket.receive()
            if event["type"] == "websocket.disconnect":
                return
            if event.get("text") is not None:
                yield event["text"]

    async def to_room(self, room, who, text, but=None):
        message = {"message": text, "timestamp": self.now(), "room": room}
        if room == "notifications":
            message["type"] = "notification"
        else:
            message["client_id"] = who
        seats = [seat for seat in self.rooms[room].values() if seat is not but]
        return sum(await asyncio.gather(*(seat.send(message) for seat in seats)))

    def note(self, text):
        return {"type": "notification", "message": text, "timestamp": self.now()}

    def ring(self, seat, due):
        seat.send_later(self.note("New notification for " + seat.name))
        self.set_alarm(seat, due + self.EVERY)

    def set_alarm(self, seat, due):
        seat.alarm = asyncio.get_running_loop().call_at(due, partial(self.ring, seat, due))


hub = Hub("chat", "notifications", "quiet-corner")


@app.get("/rooms")
async def rooms():
    return {room: len(seats) for room, seats in hub.rooms.items()}


@app.websocket("/ws/notifications/{client_id:path}")
async def notifications(websocket: WebSocket, client_id: str):
    seat = await hub.sit("notifications", client_id, websocket)
    hub.set_alarm(seat, asyncio.get_running_loop().time() + hub.EVERY)
    try:
        async for _ in hub.texts(seat):
            pass
    finally:
        hub.get_up("notifications", seat)


async def talk(room, websocket, client_id):
    seat = await hub.sit(room, client_id, websocket)
    try:
        await hub.to_room(room, client_id, "joined the chat", but=seat)
        async for text in hub.texts(seat):
            await hub.to_room(room, client_id, text)
    finally:
        hub.get_up(room, seat)
        await hub.to_room(room, client_id, "left the chat")


@app.websocket("/ws/{client_id:path}")
async def chat(websocket: WebSocket, client_id: str):
    await talk("chat", websocket, client_id)


@app.websocket("/quiet/{client_id:path}")
async def quiet(websocket: WebSocket, client_id: str):
    await talk("quiet-corner", websocket, client_id)


@app.post("/broadcast/{channel}")
async def broadcast(channel: str, message: str = "Hello from the hub"):
    if channel not in hub.rooms:
        raise HTTPException(404, f"No such channel. Channels: {', '.join(hub.rooms)}")
    return {"heard_by": await hub.to_room(channel, "hub", message)}


@app.post("/send/{client_id:path}")
async def send(client_id: str, message: str = "Hello from the hub"):
    seats = list(hub.rooms["notifications"].values())
    mine = [seat for seat in seats if seat.name == client_id]
    if not mine:
        raise HTTPException(404, {"no such friend": client_id, "friends": [seat.name for seat in seats]})
    return {"heard_by": sum([await seat.send(hub.note(message)) for seat in mine])}


home = Path(__file__).parent.parent / "clubhouse"
if home.is_dir():
    app.mount("/", StaticFiles(directory=home, html=True), name="clubhouse")
