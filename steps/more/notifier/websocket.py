from fastapi import FastAPI, WebSocket
from fastapi.websockets import WebSocketDisconnect

app = FastAPI()
news: list[str] = []
listeners: set[WebSocket] = set()


@app.post("/news")
async def tell(message: str) -> None:
    news.append(message)
    for listener in listeners.copy():
        try:
            await listener.send_text(message)
        except (WebSocketDisconnect, RuntimeError):
            pass  # Its own handler will notice.


@app.websocket("/news")
async def listen(websocket: WebSocket, last_id: int = 0) -> None:
    await websocket.accept()
    for number in range(last_id, len(news)):
        await websocket.send_text(news[number])
    listeners.add(websocket)
    try:
        while True:
            await websocket.receive_text()
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        listeners.discard(websocket)
