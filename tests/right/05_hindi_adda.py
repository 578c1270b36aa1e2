import asyncio
import logging
from datetime import datetime, timedelta, timezone
from pathlib import Path

from fastapi import FastAPI, HTTPException, Query, WebSocket, WebSocketDisconnect

logging.basicConfig(level=logging.INFO)
log = logging.getLogger("adda")

IST = timezone(timedelta(hours=5, minutes=30))
app = FastAPI(title="Adda", description="Doston ka adda.\n\n[Wapas ghar](/)")


class Adda:
    def __init__(self, naam: str):
        self.naam = naam
        self.dost: list[tuple[str, WebSocket]] = []

    def aao(self, naam, taar):
        self.dost.append((naam, taar))
        log.info("%s mein ab %d dost", self.naam, len(self.dost))

    def jao(self, taar):
        self.dost = [(n, t) for n, t in self.dost if t is not taar]
        log.info("%s mein ab %d dost", self.naam, len(self.dost))

    async def bhejo(self, taar, sandesh):
        try:
            await taar.send_json(sandesh)
        except (WebSocketDisconnect, RuntimeError) as galti:
            log.warning("ek dost gayab: %s", type(galti).__name__)

    async def sabko(self, sandesh, chhodo=None):
        for naam, taar in list(self.dost):
            if taar is not chhodo:
                await self.bhejo(taar, sandesh)


baatcheet = Adda("chat")
ghanti = Adda("notifications")
adde = {a.naam: a for a in (baatcheet, ghanti)}


def samay():
    return datetime.now(IST).isoformat()


def baat(naam, kya):
    return {"client_id": naam, "message": kya, "timestamp": samay()}


def soochna(kya, **aur):
    return {"type": "notification", "message": kya, "timestamp": samay(), **aur}


@app.get("/rooms")
async def kamre():
    return {naam: len(adda.dost) for naam, adda in adde.items()}


@app.websocket("/ws/{client_id}")
async def baat_karo(taar: WebSocket, client_id: str):
    await taar.accept()
    baatcheet.aao(client_id, taar)
    try:
        await baatcheet.sabko(baat(client_id, "joined the chat"), chhodo=taar)
        while True:
            kya = await taar.receive_text()
            await baatcheet.sabko(baat(client_id, kya))
    except (WebSocketDisconnect, RuntimeError):
        log.info("alvida")
    finally:
        baatcheet.jao(taar)
        await baatcheet.sabko(baat(client_id, "left the chat"))


async def bajao(taar, naam):
    ghadi = asyncio.get_running_loop()
    agla = ghadi.time()
    ginti = 0
    while True:
        agla += 5
        ginti += 1
        await asyncio.sleep(agla - ghadi.time())
        await ghanti.bhejo(taar, soochna(f"New notification for {naam}", count=ginti))


@app.websocket("/ws/notifications/{client_id}")
async def ghanti_suno(taar: WebSocket, client_id: str):
    await taar.accept()
    ghanti.aao(client_id, taar)
    kaam = asyncio.create_task(bajao(taar, client_id))
    try:
        while True:
            await taar.receive_text()
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        kaam.cancel()
        ghanti.jao(taar)


@app.post("/broadcast/{channel}")
async def sabko_batao(channel: str, message: str = Query("Namaste doston!", description="kya kehna hai")):
    adda = adde.get(channel)
    if adda is None:
        raise HTTPException(404, f"{channel!r} naam ka adda nahin hai, ye hain: {' aur '.join(adde)}")
    await adda.sabko(baat("adda", message) if adda is baatcheet else soochna(message))
    return "ho gaya"


@app.post("/send/{client_id}")
async def ek_ko_batao(client_id: str, message: str = Query("Namaste!", description="kya kehna hai")):
    taarein = [taar for naam, taar in ghanti.dost if naam == client_id]
    if not taarein:
        kaun = ", ".join(sorted({naam for naam, _ in ghanti.dost})) or "koi nahin"
        raise HTTPException(404, f"{client_id!r} yahan nahin hai. Yahan hain: {kaun}")
    for taar in taarein:
        await ghanti.bhejo(taar, soochna(message))
    return "ho gaya"


ghar = Path(__file__).parent.parent / "clubhouse"
if ghar.exists():
    app.frontend("/", directory=ghar)
