# Step 3 with Starlette's class for endpoints in place of a function with a loop.
"""Starlette's class based endpoint instead of a function with a loop."""

import asyncio
import json
from datetime import datetime, timezone
from pathlib import Path

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from starlette.endpoints import WebSocketEndpoint
from starlette.routing import WebSocketRoute


class Chat(WebSocketEndpoint):
    present: set[WebSocket] = set()  # shared by all instances, one instance per friend
    client_id: str

    async def on_connect(self, websocket):
        self.client_id = websocket.path_params["client_id"]
        await websocket.accept()
        others = self.present.copy()
        self.present.add(websocket)
        await self.tell("joined the chat", others)

    async def decode(self, websocket, message):
        return message.get("text")  # the original one raises at binary frames

    async def on_receive(self, websocket, data):
        if data is not None:
            await self.tell(data, self.present.copy())

    async def on_disconnect(self, websocket, close_code):
        self.present.discard(websocket)
        await self.tell("left the chat", self.present.copy())

    async def tell(self, text, listeners):
        frame = json.dumps(
            {
                "client_id": self.client_id,
                "message": text,
                "timestamp": datetime.now(timezone.utc).isoformat(),
            }
        )
        await asyncio.gather(*(self.pass_on(frame, listener) for listener in listeners))

    @staticmethod
    async def pass_on(frame, listener):
        try:
            await listener.send_text(frame)
        except (WebSocketDisconnect, RuntimeError):
            Chat.present.discard(listener)


app = FastAPI(routes=[WebSocketRoute("/ws/{client_id}", Chat)])


@app.get("/rooms")
def rooms():
    return dict(chat=len(Chat.present), notifications=0)


page = Path(__file__).parent.parent / "clubhouse"
if page.is_dir():
    app.frontend("/", directory=page)
