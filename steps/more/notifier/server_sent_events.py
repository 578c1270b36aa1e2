import asyncio
from collections.abc import AsyncIterable
from typing import Annotated

from fastapi import FastAPI, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent

app = FastAPI()
news: list[str] = []
listeners: set[asyncio.Event] = set()


@app.post("/news")
async def tell(message: str) -> None:
    news.append(message)
    for listener in listeners:
        listener.set()


@app.get("/news", response_class=EventSourceResponse)
async def listen(
    last_event_id: Annotated[int, Header()] = 0,
) -> AsyncIterable[ServerSentEvent]:
    listener = asyncio.Event()
    listeners.add(listener)
    try:
        while True:
            listener.clear()
            for number in range(last_event_id, len(news)):
                yield ServerSentEvent(data=news[number], id=str(number + 1))
                last_event_id = number + 1
            await listener.wait()
    finally:
        listeners.discard(listener)
