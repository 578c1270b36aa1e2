# Step 3 with a class for each room, which sends to all at the same time, and listens with iter_text.
"""A class for each room, which sends to all at the same time with gather, and listens with iter_text."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI
from starlette.websockets import WebSocket

clubhouse = Path(__file__).parent.parent / "clubhouse"
app = FastAPI(docs_url=None if clubhouse.is_dir() else "/docs")
if clubhouse.is_dir():
    app.frontend("/", directory=clubhouse)


class Room:
    def __init__(self):
        self.members = []

    async def send_to_all(self, client_id, message):
        now = datetime.fromtimestamp(time.time(), UTC)
        data = {"timestamp": now.isoformat(timespec="seconds"), "client_id": client_id, "message": message}
        await asyncio.gather(*[member.send_json(data) for member in self.members], return_exceptions=True)

    async def visit(self, socket, client_id):
        await self.send_to_all(client_id, "joined the chat")
        await socket.accept()
        self.members.append(socket)
        try:
            async for words in socket.iter_text():
                await self.send_to_all(client_id, words)
        except RuntimeError:
            pass
        finally:
            self.members.remove(socket)
            await self.send_to_all(client_id, "left the chat")


ROOMS = {"chat": Room(), "notifications": Room()}


@app.websocket("/ws/{client_id}")
async def chat(socket: WebSocket, client_id: str):
    await ROOMS["chat"].visit(socket, client_id)


@app.get("/rooms")
def board():
    return {name: len(room.members) for name, room in ROOMS.items()}
