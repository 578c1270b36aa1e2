# Step 3 without a manager: functions and a set, and a loop with receive_text.
"""Functions and a set, without a manager; it reads with receive_text."""

import json
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

clubhouse = Path(__file__).parent.parent / "clubhouse"
app = FastAPI(docs_url=None if clubhouse.is_dir() else "/docs")
if clubhouse.is_dir():
    app.frontend("/", directory=clubhouse)

friends = set()


@app.get("/rooms")
async def rooms():
    return {"chat": len(friends), "notifications": 0}


async def tell_all(name, words):
    text = json.dumps({"client_id": name, "message": words, "timestamp": str(datetime.now(UTC))})
    for friend in list(friends):
        try:
            await friend.send_text(text)
        except Exception:
            friends.discard(friend)


@app.websocket("/ws/{name}")
async def talk(websocket: WebSocket, name: str):
    await websocket.accept()
    await tell_all(name, "joined the chat")
    friends.add(websocket)
    while True:
        try:
            words = await websocket.receive_text()
        except (WebSocketDisconnect, RuntimeError, KeyError):
            break
        await tell_all(name, words)
    friends.discard(websocket)
    await tell_all(name, "left the chat")
