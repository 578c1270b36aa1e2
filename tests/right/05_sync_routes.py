# Step 5 with plain def routes that hand their work to the event loop of the sockets.
"""Plain `def` routes; they hand their work to the event loop of the sockets."""
import asyncio
import typing as t
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from pathlib import Path

from fastapi import FastAPI, HTTPException, WebSocket
from pydantic import BaseModel, Field

state: t.Dict[str, t.Any] = {}


@asynccontextmanager
async def lifespan(app: FastAPI):
    state["loop"] = asyncio.get_running_loop()
    yield


app = FastAPI(
    title="Club server",
    lifespan=lifespan,
    description="## What is this?\nA server for friends. The page is [here](/).",
)


def utc() -> str:
    return datetime.now(timezone.utc).isoformat()


class Rooms(BaseModel):
    chat: int = 0
    notifications: int = 0


class ChatMessage(BaseModel):
    client_id: str
    message: str
    timestamp: str = Field(default_factory=utc)


class Notification(BaseModel):
    type: str = "notification"
    message: str
    timestamp: str = Field(default_factory=utc)


class Sent(BaseModel):
    sent_to: int


chat: t.List[WebSocket] = []
notifications: t.List[t.Tuple[str, WebSocket]] = []


async def post(sockets: t.Iterable[WebSocket], message: BaseModel) -> None:
    text = message.model_dump_json()
    await asyncio.gather(*(s.send_text(text) for s in sockets), return_exceptions=True)


def run(coroutine: t.Coroutine) -> t.Any:
    return asyncio.run_coroutine_threadsafe(coroutine, state["loop"]).result()


@app.get("/rooms", response_model=Rooms)
def rooms():
    return Rooms(chat=len(chat), notifications=len(notifications))


@app.websocket("/ws/{client_id}")
async def ws_chat(websocket: WebSocket, client_id: str):
    await websocket.accept()
    others = list(chat)
    chat.append(websocket)
    try:
        await post(others, ChatMessage(client_id=client_id, message="joined the chat"))
        async for text in websocket.iter_text():
            await post(list(chat), ChatMessage(client_id=client_id, message=text))
    except (RuntimeError, KeyError):
        pass
    finally:
        chat.remove(websocket)
        await post(list(chat), ChatMessage(client_id=client_id, message="left the chat"))


async def every_five_seconds(websocket: WebSocket, client_id: str):
    while True:
        await asyncio.sleep(5)
        await post([websocket], Notification(message=f"New notification for {client_id}"))


@app.websocket("/ws/notifications/{client_id}")
async def ws_notifications(websocket: WebSocket, client_id: str):
    await websocket.accept()
    entry = (client_id, websocket)
    notifications.append(entry)
    task = asyncio.create_task(every_five_seconds(websocket, client_id))
    try:
        async for _ in websocket.iter_text():
            pass
    except (RuntimeError, KeyError):
        pass
    finally:
        task.cancel()
        notifications.remove(entry)


@app.post("/broadcast/{channel}", response_model=Sent)
def broadcast(channel: str, message: str = "Dinner is ready"):
    if channel == "chat":
        sockets = list(chat)
        run(post(sockets, ChatMessage(client_id="club", message=message)))
    elif channel == "notifications":
        sockets = [s for _, s in list(notifications)]
        run(post(sockets, Notification(message=message)))
    else:
        raise HTTPException(404, detail={"error": "unknown channel", "channels": list(Rooms.model_fields)})
    return Sent(sent_to=len(sockets))


@app.post("/send/{client_id}", response_model=Sent)
def send(client_id: str, message: str = "Dinner is ready, for you"):
    present = list(notifications)
    sockets = [s for name, s in present if name == client_id]
    if not sockets:
        friends = sorted({name for name, _ in present})
        raise HTTPException(404, detail={"error": "unknown friend", "friends": friends})
    run(post(sockets, Notification(message=message)))
    return Sent(sent_to=len(sockets))


if (Path(__file__).parent.parent / "clubhouse").is_dir():
    app.frontend("/", directory=Path(__file__).parent.parent / "clubhouse")
