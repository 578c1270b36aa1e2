"""Der Chat vom Klub, Stufe 3."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timezone
from pathlib import Path

from fastapi import FastAPI, WebSocket
from pydantic import BaseModel, Field

app = FastAPI(title="Klub", description="Zum [Klubhaus](/)")

KLUBHAUS = Path(__file__).parent.parent / "clubhouse"


def jetzt() -> datetime:
    return datetime.now(timezone.utc)


class Nachricht(BaseModel):
    client_id: str
    message: str
    timestamp: datetime = Field(default_factory=jetzt)


class Zimmerstand(BaseModel):
    chat: int
    notifications: int


# Wer gerade da ist. Zwei Freunde duerfen gleich heissen, darum die Leitungen
# selbst und nicht die Namen.
leitungen: list[WebSocket] = []


async def verschicken(nachricht: Nachricht, ausser: WebSocket | None = None) -> None:
    """An alle zugleich; ein Fehler bei einem stoert die anderen nicht."""
    text = nachricht.model_dump_json()
    empfaenger = [leitung for leitung in leitungen if leitung is not ausser]
    await asyncio.gather(
        *[leitung.send_text(text) for leitung in empfaenger],
        return_exceptions=True,
    )


async def texte(leitung: WebSocket) -> AsyncIterator[str]:
    """Wie iter_text, aber eine tote Leitung oder ein Binaerpaket ist einfach das Ende."""
    try:
        async for text in leitung.iter_text():
            yield text
    except (RuntimeError, KeyError):
        return


@app.get("/rooms")
async def zimmer() -> Zimmerstand:
    return Zimmerstand(chat=len(leitungen), notifications=0)


@app.websocket("/ws/{client_id}")
async def chat(leitung: WebSocket, client_id: str):
    await leitung.accept()
    leitungen.append(leitung)
    try:
        await verschicken(Nachricht(client_id=client_id, message="joined the chat"), ausser=leitung)
        async for text in texte(leitung):
            await verschicken(Nachricht(client_id=client_id, message=text))
    finally:
        leitungen.remove(leitung)
        await verschicken(Nachricht(client_id=client_id, message="left the chat"))


if KLUBHAUS.is_dir():
    app.frontend("/", directory=KLUBHAUS)
