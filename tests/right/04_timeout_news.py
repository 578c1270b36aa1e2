# Step 4 without tasks: the news loop waits for the friend, but at most until the next news is due.
# No tasks at all: the news loop waits for the friend, but at most until the next news is due.
import asyncio
from datetime import datetime, timezone
from pathlib import Path

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()

EVERY = 5
chat_room: dict[WebSocket, str] = {}
news_room: dict[WebSocket, str] = {}


def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


async def try_to_send(ws, data) -> bool:
    try:
        await ws.send_json(data)
    except (WebSocketDisconnect, RuntimeError):
        return False
    return True


async def tell(client_id, message, without=None):
    data = {"client_id": client_id, "message": message, "timestamp": now()}
    listeners = [ws for ws in chat_room if ws is not without]
    await asyncio.gather(*(try_to_send(ws, data) for ws in listeners))


@app.get("/rooms")
async def rooms():
    return {"chat": len(chat_room), "notifications": len(news_room)}


@app.websocket("/ws/notifications/{client_id}")
async def notifications(ws: WebSocket, client_id: str):
    await ws.accept()
    clock = asyncio.get_running_loop().time
    due = clock() + EVERY
    news_room[ws] = client_id
    try:
        while True:
            try:
                event = await asyncio.wait_for(ws.receive(), timeout=max(0, due - clock()))
            except asyncio.TimeoutError:
                due += EVERY
                data = {
                    "type": "notification",
                    "message": f"New notification for {client_id}",
                    "timestamp": now(),
                }
                if not await try_to_send(ws, data):
                    break
            else:
                if event["type"] == "websocket.disconnect":
                    break
    except RuntimeError:
        pass
    finally:
        del news_room[ws]


@app.websocket("/ws/{client_id}")
async def chat(ws: WebSocket, client_id: str):
    await ws.accept()
    chat_room[ws] = client_id
    try:
        await tell(client_id, "joined the chat", without=ws)
        while True:
            await tell(client_id, await ws.receive_text())
    except (WebSocketDisconnect, RuntimeError, KeyError):
        pass
    finally:
        del chat_room[ws]
        await tell(client_id, "left the chat")


clubhouse = Path(__file__).resolve().parent.parent / "clubhouse"
if clubhouse.is_dir():
    app.frontend("/", directory=str(clubhouse))
