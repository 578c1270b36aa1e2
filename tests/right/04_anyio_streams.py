# Step 4 with anyio: task groups, cancel scopes and memory streams.
"""Step 4 with anyio: task groups, cancel scopes and memory object streams."""

import json
import math
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from pathlib import Path

import anyio
from anyio.abc import ObjectReceiveStream, ObjectSendStream
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.staticfiles import StaticFiles

PERIOD = 5.0
GONE = (WebSocketDisconnect, RuntimeError)

app = FastAPI(description="Talk to your friends in the [clubhouse](/).")

# socket -> where to put what the socket should get
Mailboxes = dict[WebSocket, ObjectSendStream[str]]
chatters: Mailboxes = {}
subscribers: Mailboxes = {}


def pack(**fields: str) -> str:
    return json.dumps({**fields, "timestamp": datetime.now(timezone.utc).isoformat()})


def post(mailbox: ObjectSendStream[str], frame: str) -> None:
    try:
        mailbox.send_nowait(frame)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        pass  # its deliverer has ended


def shout(frame: str, besides: WebSocket | None = None) -> None:
    for socket, mailbox in chatters.items():
        if socket is not besides:
            post(mailbox, frame)


async def deliver(socket: WebSocket, letters: ObjectReceiveStream[str]) -> None:
    async with letters:
        try:
            async for letter in letters:
                await socket.send_text(letter)
        except GONE:
            pass


async def listen(socket: WebSocket, on_text: Callable[[str], object]) -> None:
    try:
        while True:
            event = await socket.receive()
            if event["type"] == "websocket.disconnect":
                return
            if event.get("text") is not None:
                on_text(event["text"])
    except GONE:
        pass


async def news(name: str, mailbox: ObjectSendStream[str]) -> None:
    while True:
        await anyio.sleep(PERIOD)
        post(mailbox, pack(type="notification", message=f"New notification for {name}"))


async def serve(
    socket: WebSocket,
    room: Mailboxes,
    on_text: Callable[[str], object],
    *background: Callable[[ObjectSendStream[str]], Awaitable[None]],
) -> None:
    mailbox, letters = anyio.create_memory_object_stream[str](math.inf)
    room[socket] = mailbox
    try:
        async with mailbox, anyio.create_task_group() as tasks:
            tasks.start_soon(deliver, socket, letters)
            for work in background:
                tasks.start_soon(work, mailbox)
            await listen(socket, on_text)
            tasks.cancel_scope.cancel()
    finally:
        del room[socket]


@app.get("/rooms")
async def rooms() -> dict[str, int]:
    return {"chat": len(chatters), "notifications": len(subscribers)}


@app.websocket("/ws/notifications/{client_id:path}")
async def notifications(socket: WebSocket, client_id: str) -> None:
    await socket.accept()

    async def my_news(mailbox: ObjectSendStream[str]) -> None:
        await news(client_id, mailbox)

    await serve(socket, subscribers, lambda text: None, my_news)


@app.websocket("/ws/{client_id:path}")
async def chat(socket: WebSocket, client_id: str) -> None:
    await socket.accept()
    shout(pack(client_id=client_id, message="joined the chat"))
    try:
        await serve(
            socket, chatters, lambda text: shout(pack(client_id=client_id, message=text))
        )
    finally:
        shout(pack(client_id=client_id, message="left the chat"))


clubhouse = Path(__file__).parent.parent / "clubhouse"
if clubhouse.is_dir():
    app.mount("/", StaticFiles(directory=clubhouse, html=True), name="clubhouse")
