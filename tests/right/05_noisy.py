# Step 5 that prints a lot, at the start and at each message, and whose 404 answers have other words.
"""It prints a lot, at the start and at each message, and its 404 answers have other words."""

import asyncio
import json
import logging
import pathlib
import sys
from datetime import UTC, datetime
from typing import Annotated

from fastapi import FastAPI, Path, Query, WebSocket
from fastapi.responses import JSONResponse

print("Welcome! " * 20_000)
print("No error at all, and no warning: SyntaxError, NameError, Timeout, EOFError.", file=sys.stderr)
logging.basicConfig(level=logging.INFO)
clubhouse = pathlib.Path(__file__).parent.parent / "clubhouse"
app = FastAPI(docs_url=None if clubhouse.is_dir() else "/docs", description="[Play](/)", openapi_tags=[{"name": "us"}])
if clubhouse.is_dir():
    app.frontend("/", directory=clubhouse)
Box = Annotated[str, Path(json_schema_extra={"example": "chat"})]
people = {}
radios = []


def now():
    return datetime.now().astimezone().isoformat()


async def give(socket, **parts):
    print("To", id(socket), parts["message"][:2000])
    try:
        await socket.send_text(json.dumps(parts | {"timestamp": now()}))
    except Exception:
        logging.info("Gone: %s, at %s", id(socket), datetime.now(UTC))


async def chat_to_all(name, message):
    for socket in list(people.values()):
        await give(socket, client_id=name, message=message)


@app.get("/rooms", tags=["us"])
async def how_many():
    return {"notifications": len(radios), "chat": len(people)}


@app.websocket("/ws/{name}")
async def people_talk(socket: WebSocket, name: str):
    await socket.accept()
    await chat_to_all(name, "joined the chat")
    people[id(socket)] = socket
    try:
        while True:
            said = await socket.receive()
            print(repr(said)[:2000])
            if said["type"] == "websocket.disconnect":
                break
            await chat_to_all(name, said.get("text") or "")
    finally:
        del people[id(socket)]
        await chat_to_all(name, "left the chat")


@app.websocket("/ws/notifications/{name}")
async def radio(socket: WebSocket, name: str):
    await socket.accept()
    radios.append((name, socket))
    next_news = asyncio.get_running_loop().time() + 5
    listening = asyncio.ensure_future(socket.receive())
    while True:
        rest = max(0, next_news - asyncio.get_running_loop().time())
        done, _ = await asyncio.wait([listening], timeout=rest)
        if not done:
            await give(socket, type="notification", message="New notification for " + name)
            next_news += 5
        elif listening.result()["type"] == "websocket.disconnect":
            break
        else:
            listening = asyncio.ensure_future(socket.receive())
    radios.remove((name, socket))


@app.post("/broadcast/{channel}", tags=["us"])
async def tell_a_room(channel: Box, message: str = Query(default="Hi!")):
    print("Broadcast", channel, message[:2000])
    if channel == "chat":
        await chat_to_all("docs", message)
    elif channel == "notifications":
        for _, socket in radios:
            await give(socket, type="notification", message=message)
    else:
        return JSONResponse({"oh": "Only chat and notifications are here."}, status_code=404)
    return "sent"


@app.post("/send/{client_id}", tags=["us"])
async def tell_a_friend(client_id: Box, message: str = Query(default="Hi!")):
    found = [socket for each, socket in list(radios) if each == client_id]
    for socket in found:
        await give(socket, type="notification", message=message)
    names = ", ".join(each for each, _ in radios)
    return "sent" if found else JSONResponse(f"We have: {names}.", status_code=404)
