# my chat server, works on my machine :-)
import asyncio, json
from datetime import datetime
from pathlib import Path
from fastapi import FastAPI, WebSocket, HTTPException

app = FastAPI(title="my chat", description="my first chat server, [go to the chat](/)")

chatters = []      # sockets
listeners = []     # [name, socket]
chat_count = 0
listener_count = 0


def now():
    return datetime.now().astimezone().isoformat()


def chat_text(name, text):
    return f'{{"client_id": {json.dumps(name)}, "message": {json.dumps(text)}, "timestamp": "{now()}"}}'


def note_text(text):
    return f'{{"type": "notification", "message": {json.dumps(text)}, "timestamp": "{now()}"}}'


async def send(ws, text):
    try:
        await ws.send_text(text)
    except Exception as e:
        print("could not send, never mind:", type(e).__name__)


async def send_chat(text, but=None):
    for ws in chatters[:]:
        if ws != but:
            await send(ws, text)


@app.get("/rooms")
def rooms():
    return {"chat": chat_count, "notifications": listener_count}


@app.websocket("/ws/{client_id}")
async def chat(ws: WebSocket, client_id):
    global chat_count
    await ws.accept()
    chatters.append(ws)
    chat_count += 1
    print(f"+ {client_id!a}, now {chat_count}")
    await send_chat(chat_text(client_id, "joined the chat"), but=ws)
    try:
        while True:
            text = await ws.receive_text()
            print(f"{client_id!a} said {len(text)} letters")
            await send_chat(chat_text(client_id, text))
    except Exception as e:
        print(f"- {client_id!a} ({type(e).__name__})")
    finally:
        chatters.remove(ws)
        chat_count -= 1
        await send_chat(chat_text(client_id, "left the chat"))


async def bell(ws, name):
    while True:
        await asyncio.sleep(5)
        await send(ws, note_text(f"New notification for {name}"))


@app.websocket("/ws/notifications/{client_id}")
async def notifications(ws: WebSocket, client_id):
    global listener_count
    await ws.accept()
    me = [client_id, ws]
    listeners.append(me)
    listener_count += 1
    task = asyncio.create_task(bell(ws, client_id))
    try:
        while True:
            await ws.receive_text()
    except Exception as e:
        print(f"{client_id!a} does not listen any more ({type(e).__name__})")
    finally:
        task.cancel()
        listeners.remove(me)
        listener_count -= 1


@app.post("/broadcast/{channel}")
async def broadcast(channel, message="hello from the boss"):
    if channel == "chat":
        await send_chat(chat_text("boss", message))
    elif channel == "notifications":
        for name, ws in listeners[:]:
            await send(ws, note_text(message))
    else:
        raise HTTPException(404, "I only know chat and notifications")
    return {"ok": "yes"}


@app.post("/send/{client_id}")
async def send_one(client_id, message="psst"):
    found = [ws for name, ws in listeners if name == client_id]
    if not found:
        raise HTTPException(404, "I only know " + (" and ".join(name for name, ws in listeners) or "nobody"))
    for ws in found:
        await send(ws, note_text(message))
    return {"ok": "yes", "sockets": len(found)}


page = Path(__file__).parent.parent / "clubhouse"
if page.exists():
    app.frontend("/", directory=page)

if __name__ == "__main__":
    import uvicorn
    uvicorn.run(app)
