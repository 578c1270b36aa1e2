import contextlib
import datetime as dt
import json
from pathlib import Path

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI(description="Go to the [front page](/) to chat")
people = set()
counter = 0


def frame(who, text):
    global counter
    counter += 1
    return json.dumps({
        "type": "chat",
        "number": counter,
        "client_id": who,
        "message": text,
        "timestamp": dt.datetime.now().astimezone().isoformat(),
        "length": len(text),
    }, ensure_ascii=False)


async def tell(targets, text):
    for p in targets:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await p.send_text(text)


@app.get("/rooms")
async def rooms():
    return {"chat": len(people), "notifications": 0, "attic": 0, "garden": 3}


@app.websocket("/ws/{client_id}")
async def chat(ws: WebSocket, client_id: str):
    await ws.accept()
    await tell([ws], json.dumps({"type": "welcome", "message": "Hi"}))
    others = list(people)
    people.add(ws)
    try:
        await tell(others, frame(client_id, "joined the chat"))
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            async for text in ws.iter_text():
                await tell(list(people), frame(client_id, text))
    finally:
        people.discard(ws)
        await tell(list(people), frame(client_id, "left the chat"))


house = Path(__file__).parent.parent / "clubhouse"
if house.exists():
    app.frontend("/", directory=house)
