# Step 3 after FastAPI's documentation: one list of sockets, taken apart from the endpoint's own clean-up.
# from the FastAPI docs, "Handling disconnections and multiple clients", with small changes
from datetime import datetime, timezone
from pathlib import Path

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI(title="Our clubhouse")


class ConnectionManager:
    def __init__(self):
        self.active_connections: list[WebSocket] = []

    async def connect(self, websocket: WebSocket):
        await websocket.accept()
        self.active_connections.append(websocket)

    def disconnect(self, websocket: WebSocket):
        # may be gone already, when a broadcast noticed first
        if websocket in self.active_connections:
            self.active_connections.remove(websocket)

    async def broadcast(self, message: dict, skip: WebSocket | None = None):
        for connection in list(self.active_connections):
            if connection is skip:
                continue
            try:
                await connection.send_json(message)
            except (WebSocketDisconnect, RuntimeError):
                self.disconnect(connection)


manager = ConnectionManager()


def chat_message(client_id: str, text: str) -> dict:
    return {
        "client_id": client_id,
        "message": text,
        "timestamp": datetime.now(timezone.utc).isoformat(),
    }


@app.get("/rooms")
async def rooms():
    return {"chat": len(manager.active_connections), "notifications": 0}


@app.websocket("/ws/{client_id}")
async def websocket_endpoint(websocket: WebSocket, client_id: str):
    await manager.connect(websocket)
    try:
        await manager.broadcast(chat_message(client_id, "joined the chat"), skip=websocket)
        while True:
            data = await websocket.receive_text()
            await manager.broadcast(chat_message(client_id, data))
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        manager.disconnect(websocket)
        await manager.broadcast(chat_message(client_id, "left the chat"))


folder = Path(__file__).parent.parent / "clubhouse"
if folder.is_dir():
    app.frontend("/", directory=folder)
