# Step 4 with one task for the news of everybody, started with the app.
import asyncio
import time
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from pathlib import Path

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

chatters: dict[int, tuple[str, WebSocket]] = {}
listeners: dict[int, list] = {}  # key -> [name, socket, next time]
in_flight = set()


async def safe_send(ws, data):
    try:
        await ws.send_json(data)
        return True
    except (WebSocketDisconnect, RuntimeError):
        return False


def stamp():
    return datetime.now(timezone.utc).isoformat()


async def newspaper():
    while True:
        t = time.monotonic()
        for entry in list(listeners.values()):
            name, ws, due = entry
            if t >= due:
                entry[2] = due + 5
                job = asyncio.create_task(safe_send(ws, {
                    "type": "notification",
                    "message": f"New notification for {name}",
                    "timestamp": stamp(),
                }))
                in_flight.add(job)
                job.add_done_callback(in_flight.discard)
        await asyncio.sleep(0.05)


@asynccontextmanager
async def lifespan(app):
    task = asyncio.create_task(newspaper())
    yield
    task.cancel()


app = FastAPI(lifespan=lifespan, description="One newspaper for all. [Enter](/)")


@app.get("/rooms")
def rooms():
    return {"chat": len(chatters), "notifications": len(listeners)}


async def announce(who, text, skip=None):
    data = {"client_id": who, "message": text, "timestamp": stamp()}
    for key, (_, ws) in list(chatters.items()):
        if key != skip:
            await safe_send(ws, data)


@app.websocket("/ws/notifications/{client_id}")
async def listen(ws: WebSocket, client_id: str):
    await ws.accept()
    listeners[id(ws)] = [client_id, ws, time.monotonic() + 5]
    try:
        while True:
            event = await ws.receive()
            if event["type"] == "websocket.disconnect":
                break
    except RuntimeError:
        pass
    finally:
        listeners.pop(id(ws), None)


@app.websocket("/ws/{client_id}")
async def talk(ws: WebSocket, client_id: str):
    await ws.accept()
    chatters[id(ws)] = (client_id, ws)
    await announce(client_id, "joined the chat", skip=id(ws))
    try:
        while True:
            await announce(client_id, await ws.receive_text())
    except (WebSocketDisconnect, RuntimeError):
        pass
    chatters.pop(id(ws), None)
    await announce(client_id, "left the chat")


folder = Path(__file__).parent.parent / "clubhouse"
if folder.exists():
    app.frontend("/", directory=folder)
