import json
from datetime import datetime
from pathlib import Path

import uvicorn
from fastapi import FastAPI, WebSocket

app = FastAPI(title="Vereinsheim", description="Plauderei für Freunde")

# alle, die gerade plaudern: (name, leitung)
besucher = []


def jetzt():
    return datetime.now().astimezone().isoformat(timespec="seconds")


def streichen(eintrag):
    try:
        besucher.remove(eintrag)
    except ValueError:
        pass  # war schon weg


async def an_alle(wer, was, ausser=None):
    text = json.dumps({"client_id": wer, "message": was, "timestamp": jetzt()}, ensure_ascii=False)
    for eintrag in tuple(besucher):
        if eintrag is ausser:
            continue
        name, leitung = eintrag
        try:
            await leitung.send_text(text)
        except Exception:
            streichen(eintrag)


@app.get("/rooms")
def raeume():
    return {"chat": len(besucher), "notifications": 0}


@app.websocket("/ws/{client_id}")
async def plaudern(leitung: WebSocket, client_id: str):
    await leitung.accept()
    ich = (client_id, leitung)
    besucher.append(ich)
    await an_alle(client_id, "joined the chat", ausser=ich)
    while True:
        nachricht = await leitung.receive()
        if nachricht["type"] == "websocket.disconnect":
            break
        text = nachricht.get("text")
        if text is None:
            continue  # Bytes mögen wir nicht
        await an_alle(client_id, text)
    streichen(ich)
    await an_alle(client_id, "left the chat")


heim = Path(__file__).parent.parent / "clubhouse"
if heim.exists():
    app.frontend("/", directory=heim)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=8000)
