import asyncio
from datetime import datetime, timezone
from pathlib import Path

from fastapi import FastAPI, WebSocket
from fastapi.staticfiles import StaticFiles

app = FastAPI(title="Le club")


class Salon:
    """Une pièce du club avec les amis qui s'y trouvent."""

    def __init__(self, titre):
        self.titre = titre
        self.amis = set()

    def entrer(self, prise):
        self.amis.add(prise)

    def sortir(self, prise):
        self.amis.discard(prise)

    async def dire(self, qui, quoi, sauf=None):
        mot = {"salon": self.titre, "client_id": qui, "message": quoi, "timestamp": heure()}
        for prise in list(self.amis):
            if prise is sauf:
                continue
            try:
                await prise.send_json(mot)
            except Exception:
                self.sortir(prise)


def heure():
    return datetime.now(timezone.utc).isoformat()


bavardage = Salon("chat")
sonnettes = Salon("notifications")


@app.get("/rooms")
async def pieces():
    return {s.titre: len(s.amis) for s in (bavardage, sonnettes)}


async def ecouter(prise):
    """Jette tout ce que dit l'ami, finit quand il s'en va."""
    while (await prise.receive())["type"] != "websocket.disconnect":
        pass


async def sonner(prise, nom):
    while True:
        await asyncio.sleep(5)
        await prise.send_json(
            {"type": "notification", "message": "New notification for " + nom, "timestamp": heure()}
        )


@app.websocket("/ws/notifications/{nom:path}")
async def notifier(prise: WebSocket, nom: str):
    await prise.accept()
    sonnettes.entrer(prise)
    taches = [asyncio.create_task(ecouter(prise)), asyncio.create_task(sonner(prise, nom))]
    try:
        await asyncio.wait(taches, return_when=asyncio.FIRST_COMPLETED)
    finally:
        sonnettes.sortir(prise)
        for tache in taches:
            tache.cancel()
        await asyncio.gather(*taches, return_exceptions=True)


@app.websocket("/ws/{nom:path}")
async def bavarder(prise: WebSocket, nom: str):
    await prise.accept()
    bavardage.entrer(prise)
    try:
        await bavardage.dire(nom, "joined the chat", sauf=prise)
        while True:
            texte = await prise.receive_text()
            await bavardage.dire(nom, texte)
    except Exception:
        pass  # parti, avec ou sans au revoir
    finally:
        bavardage.sortir(prise)
        await bavardage.dire(nom, "left the chat")


dossier = Path(__file__).parent.parent / "clubhouse"
if dossier.is_dir():
    app.mount("/", StaticFiles(directory=dossier, html=True), name="clubhouse")
