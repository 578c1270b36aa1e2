# Step 4 with sockets as the keys of a dict, match, and a deadline for the next news.
"""Chat + doorbell. No classes, one dict per room, sockets are the keys."""
import asyncio
import time
from pathlib import Path

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

PERIOD = 5.0
app = FastAPI(title="Friends")
chat: dict[WebSocket, str] = {}
notifications: dict[WebSocket, str] = {}


def stamp():
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + "+00:00"


async def try_send(ws, message):
    try:
        await ws.send_json(message)
    except (RuntimeError, WebSocketDisconnect):
        return False
    return True


async def say(name, text, without=None):
    message = {"client_id": name, "message": text, "timestamp": stamp()}
    for ws in list(chat):
        if ws is not without and not await try_send(ws, message):
            chat.pop(ws, None)


@app.get("/rooms", response_model=dict[str, int])
async def count():
    return {"chat": len(chat), "notifications": len(notifications)}


@app.websocket("/ws/{client_id}")
async def chat_room(ws: WebSocket, client_id: str):
    await ws.accept()
    chat[ws] = client_id
    await say(client_id, "joined the chat", without=ws)
    while True:
        match await ws.receive():
            case {"type": "websocket.receive", "text": str(text)}:
                await say(client_id, text)
            case {"type": "websocket.disconnect"}:
                break
            case _:
                pass  # bytes
    chat.pop(ws, None)
    await say(client_id, "left the chat")


@app.websocket("/ws/notifications/{client_id}")
async def doorbell(ws: WebSocket, client_id: str):
    await ws.accept()
    notifications[ws] = client_id
    ring_at = time.monotonic() + PERIOD
    try:
        while True:
            pause = ring_at - time.monotonic()
            if pause <= 0:
                ring_at += PERIOD
                note = {"type": "notification", "message": f"New notification for {client_id}"}
                if not await try_send(ws, note | {"timestamp": stamp()}):
                    break
                continue
            try:
                event = await asyncio.wait_for(ws.receive(), timeout=pause)
            except asyncio.TimeoutError:
                continue
            match event["type"]:
                case "websocket.disconnect":
                    break
                case _:
                    continue
    finally:
        del notifications[ws]


page = Path(__file__).parent.parent / "clubhouse"
if page.exists():
    app.frontend("/", directory=str(page))
