"""A chat with python-socketio."""

from datetime import UTC, datetime

import socketio

server = socketio.AsyncServer(async_mode="asgi")
app = socketio.ASGIApp(server)


@server.event
async def chat(client_id: str, text: str) -> None:
    message = {"client_id": client_id, "message": text, "timestamp": datetime.now(UTC).isoformat()}
    await server.emit("chat", message)
