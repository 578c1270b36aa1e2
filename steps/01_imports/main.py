import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect

clubhouse = Path(__file__).parent.parent / "clubhouse"

app = FastAPI(
    # The clubhouse brings its own /docs page, which needs no internet.
    docs_url=None if clubhouse.is_dir() else "/docs",
)
if clubhouse.is_dir():
    app.frontend("/", directory=clubhouse)
else:
    print(f"Warning: there is no clubhouse at {clubhouse}. Chat and news work without it.")
