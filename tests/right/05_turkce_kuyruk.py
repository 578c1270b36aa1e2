import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles

app = FastAPI(title="Kulüp", description="Sohbet sunucusu. [Kulüp evine dön](/)")

TURKIYE = timezone(timedelta(hours=3))
odalar = {"chat": [], "notifications": []}


# eq=False: iki Ayşe aynı kişi değil
@dataclass(eq=False)
class Uye:
    isim: str
    soket: WebSocket
    kuyruk: asyncio.Queue = field(default_factory=asyncio.Queue)

    async def postaci(self):
        """Kuyruktakileri sırayla yollar; yavaş bir üye kimseyi bekletmez."""
        with suppress(WebSocketDisconnect, RuntimeError):
            while True:
                await self.soket.send_json(await self.kuyruk.get())

    async def dinle(self):
        """Üyenin sözleri, gidene kadar."""
        while (olay := await self.soket.receive())["type"] == "websocket.receive":
            if olay.get("text") is not None:
                yield olay["text"]


def saat():
    return datetime.now(TURKIYE).isoformat()


def sohbet(kim, ne):
    return {"client_id": kim, "message": ne, "timestamp": saat()}


def bildirim(ne):
    return {"type": "notification", "message": ne, "timestamp": saat()}


def herkese(oda, mesaj, haric=None):
    for uye in odalar[oda]:
        if uye is not haric:
            uye.kuyruk.put_nowait(mesaj)


@app.get("/rooms")
async def sayilar():
    return {oda: len(uyeler) for oda, uyeler in odalar.items()}


@app.websocket("/ws/notifications/{isim:path}")
async def zil(soket: WebSocket, isim: str):
    async def cal():
        while True:
            await asyncio.sleep(5)
            uye.kuyruk.put_nowait(bildirim(f"New notification for {isim}"))

    await soket.accept()
    uye = Uye(isim, soket)
    odalar["notifications"].append(uye)
    isler = [asyncio.create_task(uye.postaci()), asyncio.create_task(cal())]
    try:
        async for _ in uye.dinle():
            pass
    finally:
        odalar["notifications"].remove(uye)
        for is_ in isler:
            is_.cancel()


@app.websocket("/ws/{isim:path}")
async def konus(soket: WebSocket, isim: str):
    await soket.accept()
    uye = Uye(isim, soket)
    odalar["chat"].append(uye)
    postaci = asyncio.create_task(uye.postaci())
    herkese("chat", sohbet(isim, "joined the chat"), haric=uye)
    try:
        async for soz in uye.dinle():
            herkese("chat", sohbet(isim, soz))
    finally:
        odalar["chat"].remove(uye)
        postaci.cancel()
        herkese("chat", sohbet(isim, "left the chat"))


@app.post("/broadcast/{kanal}")
async def duyuru(kanal: str, message: str = "Merhaba arkadaşlar!"):
    if kanal not in odalar:
        return JSONResponse({"hata": "böyle bir kanal yok", "kanallar": list(odalar)}, status_code=404)
    herkese(kanal, sohbet("kulüp", message) if kanal == "chat" else bildirim(message))
    return {"tamam": True, "kime": len(odalar[kanal])}


@app.post("/send/{isim:path}")
async def yolla(isim: str, message: str = "Sana bir not var"):
    bulunan = [uye for uye in odalar["notifications"] if uye.isim == isim]
    if not bulunan:
        isimler = sorted({uye.isim for uye in odalar["notifications"]})
        return JSONResponse({"hata": "böyle biri yok", "buradakiler": isimler}, status_code=404)
    for uye in bulunan:
        uye.kuyruk.put_nowait(bildirim(message))
    return {"tamam": True, "kime": len(bulunan)}


klasor = Path(__file__).parent.parent / "clubhouse"
if klasor.is_dir():
    app.mount("/", StaticFiles(directory=klasor, html=True), name="ev")
