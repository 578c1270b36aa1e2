"""A chat with the library websockets alone: `python websockets_broadcast.py PORT`.

After `fast` it has what uvicorn gives the others: uvloop, and no compression.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

port, fast = int(sys.argv[1]), "fast" in sys.argv
connections: set[ServerConnection] = set()


async def chat(connection: ServerConnection) -> None:
    assert connection.request
    client_id = connection.request.path.rpartition("/")[2]
    connections.add(connection)
    try:
        async for text in connection:
            message = {"client_id": client_id, "message": text, "timestamp": datetime.now(UTC).isoformat()}
            broadcast(connections, json.dumps(message))
    finally:
        connections.remove(connection)


async def main() -> None:
    async with serve(chat, "127.0.0.1", port, compression=None if fast else "deflate") as server:
        await server.serve_forever()


(uvloop if fast else asyncio).run(main())
