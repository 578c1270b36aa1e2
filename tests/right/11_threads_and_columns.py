# Step 11 with a thread for each look into the database, a lock for each room, and a column for each part.
"""A thread for each look into the database, a lock for each room, a column for each part, a table that counts."""

import asyncio
import hmac
import json
import os
import sqlite3
import time
from collections import defaultdict
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, HTTPException, WebSocket, WebSocketDisconnect, WebSocketException

page = Path(__file__).parent.parent / "clubhouse"
app = FastAPI(description='<a href="/">the clubhouse</a>', docs_url=None if page.is_dir() else "/docs")
if page.is_dir():
    app.frontend("/", directory=page)

chat = []
news = []  # (name, websocket)
rooms = {}  # room -> name -> websocket
secrets = {"treehouse": b"open sesame"}
longest_name, longest_message = 20, 500


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


async def words_of(websocket):
    while True:
        try:
            if (words := await websocket.receive_text()) is not None:
                return words
        except KeyError:
            pass
        await send(websocket, json.dumps({"type": "error", "message": "Bytes? Words, please!"}))


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
            text = await words_of(websocket)
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
        raise ValueError("What should I say then?")
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
            text = await words_of(websocket)
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


database = os.getenv("CLUB_DB", default="club.db")
locks = defaultdict(asyncio.Lock)  # room -> who may write there, or come in


def ask(sql, *values):
    with closing(sqlite3.connect(database)) as connection, connection:
        return connection.execute(sql, values).fetchall()


ask("CREATE TABLE IF NOT EXISTS counts (room TEXT PRIMARY KEY, newest INTEGER NOT NULL)")
ask("CREATE TABLE IF NOT EXISTS said (room TEXT, id INTEGER, kind TEXT, name TEXT, words TEXT, at TEXT)")


def write(room, kind, name, words, at):
    with closing(sqlite3.connect(database)) as connection, connection:
        add = "INSERT INTO counts VALUES (?, 1) ON CONFLICT (room) DO UPDATE SET newest = newest + 1"
        connection.execute(add, (room,))
        ((number,),) = connection.execute("SELECT newest FROM counts WHERE room = ?", (room,))
        connection.execute("INSERT INTO said VALUES (?, ?, ?, ?, ?, ?)", (room, number, kind, name, words, at))
    return number


async def say(room, kind, name, words):
    """Keep it, and then tell it: in the order of the numbers."""
    async with locks[room]:
        at = datetime.now(timezone.utc).isoformat()
        number = await asyncio.to_thread(write, room, kind, name, words, at)
        parts = {"type": kind, "client_id": name, "message": words, "timestamp": at, "room": room, "id": number}
        await send_all(rooms.get(room, {}).values(), json.dumps(parts))


async def play_back(websocket, room, last_id):
    find = "SELECT kind, name, words, at, room, id FROM said WHERE room = ? AND id > ? ORDER BY id"
    for row in await asyncio.to_thread(ask, find, room, last_id):
        await websocket.send_json(dict(zip(("type", "client_id", "message", "timestamp", "room", "id"), row, strict=True)))


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


class Pace:
    """Ten at a stretch, then two a second: the moment at which all that was said is paid for."""

    def __init__(self):
        self.paid = 0

    def allows_one_more(self):
        now = time.monotonic()
        paid = max(self.paid, now) + 0.5
        if paid - now > 5:
            return False
        self.paid = paid
        return True


def is_ours(websocket):
    if "origin" not in websocket.headers:
        return True
    try:
        place = urlsplit(websocket.headers["origin"])
        return place.scheme in ("http", "https") and place.netloc == websocket.headers["host"]
    except ValueError:
        return False


async def door(websocket: WebSocket, room: str, client_id: str):
    await websocket.accept()
    if not is_ours(websocket) or room in ("chat", "notifications") or max(len(room), len(client_id)) > longest_name:
        raise WebSocketException(1008, "This door is not for you.")
    if room in secrets:
        await websocket.send_json({"type": "password", "message": "What is the password?"})
        try:
            async with asyncio.timeout(10):
                said = await words_of(websocket)
        except TimeoutError:
            raise WebSocketException(1008, "Are you asleep?") from None
        if not hmac.compare_digest(said.encode(), secrets[room]):
            raise WebSocketException(1008, "No.")


@app.exception_handler(WebSocketDisconnect)
@app.exception_handler(RuntimeError)
async def nobody_there(websocket, error):
    pass


@app.websocket("/ws/rooms/{room}/{client_id}", dependencies=[Depends(door)])
async def in_a_room(websocket: WebSocket, room: str, client_id: str):
    last_id = websocket.query_params.get("last_id", str(2**62))
    if not last_id.isdecimal() or int(last_id) > 2**62:
        return await websocket.close(1008, "That is not the number of a message.")
    async with locks[room]:
        if client_id in rooms.get(room, {}):
            return await websocket.close(4009, "Somebody here is called that.")
        await play_back(websocket, room, int(last_id))
        rooms.setdefault(room, {})[client_id] = websocket
    pace = Pace()
    try:
        await announce(room, "join", client_id, "joined the chat")
        while True:
            text = await words_of(websocket)
            if len(text) > longest_message or not pace.allows_one_more():
                await send(websocket, json.dumps({"type": "error", "message": "Shorter, or slower, please."}))
                continue
            parts = {"type": "chat", "message": text}
            if text[:1] == "{":
                try:
                    parts = read_typed(text, room)
                except (ValueError, RecursionError) as problem:
                    await send(websocket, json.dumps({"type": "error", "message": f"Hm? {problem}"}))
                    continue
            if parts["type"] in ("chat", "emoji"):
                await say(room, parts["type"], client_id, parts["message"])
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
        await say(channel, "chat", "desk", message)
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
