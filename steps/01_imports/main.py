import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect

clubhouse = Path(__file__).parent.parent / "clubhouse"

app = FastAPI()
if clubhouse.is_dir():
    app.frontend("/", directory=clubhouse)
