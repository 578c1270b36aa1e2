from datetime import datetime, timezone
from pathlib import Path

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


class ConnectionManager:
    def __init__(self):
        self.active_connections: list[WebSocket] = []

    async def connect(self, websocket: WebSocket):
        await websocket.accept()
        self.active_connections.append(websocket)

    def disconnect(self, websocket: WebSocket):
        if websocket in self.active_connections:
            self.active_connections.remove(websocket)

    async def send_personal_message(self, message: dict, websocket: WebSocket):
        try:
            await websocket.send_json(message)
        except (WebSocketDisconnect, RuntimeError):
            # That one is gone. Its own endpoint does the cleaning up.
            pass

    async def broadcast(self, message: dict, but_not: WebSocket | None = None):
        # a copy, because people come and go while we are sending
        for connection in list(self.active_connections):
            if connection is not but_not:
                await self.send_personal_message(message, connection)

    def count(self):
        return len(self.active_connections)


managers = {"chat": ConnectionManager(), "notifications": ConnectionManager()}


def make_message(client_id: str, message: str):
    return {
        "client_id": client_id,
        "message": message,
        "timestamp": datetime.now(timezone.utc).isoformat(),
    }


@app.get("/rooms")
async def rooms():
    return {name: manager.count() for name, manager in managers.items()}


@app.websocket("/ws/{client_id}")
async def websocket_endpoint(websocket: WebSocket, client_id: str):
    manager = managers["chat"]
    await manager.connect(websocket)
    await manager.broadcast(make_message(client_id, "joined the chat"), but_not=websocket)
    try:
        while True:
            data = await websocket.receive_text()
            await manager.broadcast(make_message(client_id, data))
    except (WebSocketDisconnect, RuntimeError, KeyError):
        # KeyError: a binary frame has no text in it
        pass
    finally:
        manager.disconnect(websocket)
        await manager.broadcast(make_message(client_id, "left the chat"))


clubhouse = Path(__file__).parent.parent / "clubhouse"
if clubhouse.exists():
    app.frontend("/", directory=clubhouse)
