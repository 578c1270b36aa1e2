"""Lines to pages: an outbox for each, so that nobody waits for a slow friend, and a limit on how fast a page talks."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from typing import Any

from fastapi import WebSocket
from fastapi.exceptions import WebSocketException
from fastapi.websockets import WebSocketDisconnect

MOST_WAITING = 200  # messages
PATIENCE_S = 10  # that a page gets to take one message
GOODBYE_S = 1
FELL_ASLEEP = 1013
A_SECOND, AT_ONCE = 30, 100  # messages of a page
RELAYED_A_SECOND, RELAYED_AT_ONCE = 10_000, 20_000  # what a pupil's program says to the whole class


class Line:
    """What waits to be sent to a page."""

    def __init__(self) -> None:
        self.outbox: asyncio.Queue[str | None] = asyncio.Queue()
        self.goodbye: tuple[int, str] | None = None

    def send_text(self, text: str) -> bool:
        """Returns False if this page takes too little of what waits for it already."""
        if self.goodbye or self.outbox.qsize() >= MOST_WAITING:
            return False
        self.outbox.put_nowait(text)
        return True

    def send(self, **message: Any) -> bool:
        return self.send_text(json.dumps(message, ensure_ascii=False))

    def hang_up(self, code: int = 1000, reason: str = "") -> None:
        """End the line when all that waits has been sent; a page that takes nothing gets no more."""
        if self.goodbye:
            return
        self.goodbye = code, reason
        while code == FELL_ASLEEP and not self.outbox.empty():
            self.outbox.get_nowait()
        self.outbox.put_nowait(None)

    async def empty(self, websocket: WebSocket) -> None:
        """Send what waits, until the line is to end."""
        try:
            while (text := await self.outbox.get()) is not None:
                async with asyncio.timeout(PATIENCE_S):
                    await websocket.send_text(text)
            goodbye = self.goodbye or (1000, "")
        except TimeoutError:
            goodbye = FELL_ASLEEP, "You fell asleep. Please come back."
        with suppress(TimeoutError):  # or it would wait for ever to say goodbye
            async with asyncio.timeout(GOODBYE_S):
                await websocket.close(*goodbye)


class Pace:
    """How fast somebody may talk: so many messages at once, and then so many a second."""

    def __init__(self, a_second: float = A_SECOND, at_once: float = AT_ONCE) -> None:
        self.a_second, self.at_once = a_second, at_once
        self.left, self.last = at_once, time.monotonic()

    def allows(self) -> bool:
        now = time.monotonic()
        self.left = min(self.at_once, self.left + (now - self.last) * self.a_second)
        self.last = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


async def texts(websocket: WebSocket) -> AsyncIterator[str]:
    """What a page says, until it hangs up. Raises `WebSocketException` if it sends bytes."""
    while (event := await websocket.receive())["type"] == "websocket.receive":
        if not isinstance(text := event.get("text"), str):
            raise WebSocketException(1008, "Please send words, not bytes.")
        yield text


async def first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Until one of them ends; then the others end, too. That a line breaks is no error."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        error = task.exception()
        if error and not isinstance(error, WebSocketDisconnect | RuntimeError):
            raise error
