# Step 9 without Pydantic or classes: a dict of rooms, each a dict of names, checked by hand.
"""No Pydantic, no classes: a dict of rooms, each a dict of names. Checks by hand."""

import asyncio
import json
from datetime import datetime, timezone
from pathlib import Path

from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect

page = Path(__file__).parent.parent / "clubhouse"
app = FastAPI(description='<a href="/">the clubhouse</a>', docs_url=None if page.is_dir() else "/docs")
if page.is_dir():
    app.frontend("/", directory=page)

chat = []
news = []  # (name, websocket)
rooms = {}  # room -> name -> websocket


def stamp(**parts):
    return json.dumps({"timestamp": datetime.now(timezone.utc).isoformat(), **parts})


async def send(websocket, text):
    try:
        await websocket.send_text(text)
    except (WebSocketDisconnect, RuntimeError):
        pass


async def send_all(websockets, text):
    for websocket in list(websockets):
        await send(websocket, text)


@app.get("/rooms")
def board():
    return {"chat": len(chat), "notifications": len(news)} | {room: len(here) for room, here in rooms.items()}


@app.websocket("/ws/{client_id}")
async def chatting(websocket: WebSocket, client_id: str):
    await send_all(chat, stamp(client_id=client_id, message="joined the chat"))
    await websocket.accept()
    chat.append(websocket)
    try:
        while True:
            text = await websocket.receive_text()
            await send_all(chat, stamp(client_id=client_id, message=text))
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        chat.remove(websocket)
        await send_all(chat, stamp(client_id=client_id, message="left the chat"))


def read_reminder(text):
    wish = json.loads(text)
    if not isinstance(wish, dict) or wish.get("type") != "remind":
        raise ValueError("I can only remind you.")
    seconds, message = wish.get("seconds"), wish.get("message")
    if type(seconds) not in (int, float) or not 0 < seconds <= 3600:
        raise ValueError("How many seconds? More than 0, and an hour at most.")
    if not isinstance(message, str):
        raise ValueError("What should I say, then?")
    return seconds, message


@app.websocket("/ws/notifications/{client_id}")
async def radio(websocket: WebSocket, client_id: str):
    await websocket.accept()
    news.append((client_id, websocket))
    loop = asyncio.get_running_loop()
    tasks = set()

    async def every_five():
        while True:
            await asyncio.sleep(5)
            await send(websocket, stamp(type="notification", message=f"New notification for {client_id}"))

    async def ring(at, message):
        await asyncio.sleep(at - loop.time())
        await send(websocket, stamp(type="reminder", message=message))

    def start(work):
        task = asyncio.create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    start(every_five())
    try:
        while True:
            text = await websocket.receive_text()
            try:
                seconds, message = read_reminder(text)
            except (ValueError, RecursionError) as problem:
                await send(websocket, stamp(type="error", message=f"Sorry. {problem}"))
            else:
                start(ring(loop.time() + seconds, message))
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        for task in tasks:
            task.cancel()
        news.remove((client_id, websocket))


async def announce(room, kind, name, words):
    here = rooms.get(room, {})
    others = [websocket for each, websocket in here.items() if each != name]
    await send_all(others, stamp(type=kind, client_id=name, message=words, room=room))
    here = rooms.get(room, {})
    await send_all(here.values(), json.dumps({"friends": sorted(here), "type": "friends", "message": f"{len(here)} here"}))


def read_typed(text, room):
    said = json.loads(text)
    kind, words = said.get("type"), said.get("message")
    if kind == "typing":
        return {"type": kind, "message": "is typing…"}
    if kind not in ("chat", "emoji", "whisper"):
        raise ValueError("There are chat, emoji, typing and whisper.")
    if not isinstance(words, str):
        raise ValueError("Where are the words?")
    words.encode()
    if kind != "whisper":
        return {"type": kind, "message": words}
    if said.get("to") not in list(rooms[room]):
        raise ValueError("Here are: " + ", ".join(rooms[room]))
    return {"type": kind, "message": words, "to": said["to"]}


@app.websocket("/ws/rooms/{room}/{client_id}")
async def in_a_room(websocket: WebSocket, room: str, client_id: str):
    await websocket.accept()
    if room in ("chat", "notifications"):
        return await websocket.close(1008, "Choose another room, please.")
    if client_id in rooms.get(room, {}):
        return await websocket.close(4009, "Somebody here is called that.")
    rooms.setdefault(room, {})[client_id] = websocket
    try:
        await announce(room, "join", client_id, "joined the chat")
        while True:
            text = await websocket.receive_text()
            parts = {"type": "chat", "message": text}
            if text[:1] == "{":
                try:
                    parts = read_typed(text, room)
                except (ValueError, RecursionError) as problem:
                    await send(websocket, json.dumps({"type": "error", "message": f"Hm? {problem}"}))
                    continue
            frame = stamp(**parts, room=room, client_id=client_id)
            ends = {client_id, parts["to"]} if "to" in parts else set(rooms[room])
            await send_all([rooms[room][name] for name in ends if name in rooms[room]], frame)
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        del rooms[room][client_id]
        if not rooms[room]:
            del rooms[room]
        await announce(room, "leave", client_id, "left the chat")


@app.post("/broadcast/{channel}")
async def broadcast(channel: str, message: str = "Hi"):
    if channel == "chat":
        await send_all(chat, stamp(client_id="desk", message=message))
    elif channel == "notifications":
        await send_all([websocket for _, websocket in news], stamp(type="notification", message=message))
    elif channel in rooms:
        frame = stamp(type="chat", client_id="desk", message=message, room=channel)
        await send_all(rooms[channel].values(), frame)
    else:
        raise HTTPException(404, ["chat", "notifications", *rooms])
    return "sent"


@app.post("/send/{client_id}")
async def send_to(client_id: str, message: str = "Hi"):
    lines = [websocket for name, websocket in news if name == client_id]
    if not lines:
        raise HTTPException(404, [name for name, _ in news])
    await send_all(lines, stamp(type="notification", message=message))
    return "sent"
