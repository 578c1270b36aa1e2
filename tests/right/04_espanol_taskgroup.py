"""El chat del club, paso 4: salas con nombres, y un TaskGroup por cada amigo con noticias."""

import asyncio
from collections import defaultdict
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

club = FastAPI(title="El club", description="Vuelve a [la casa del club](/).")

SEGUNDOS = 5
SE_FUE = (WebSocketDisconnect, RuntimeError, KeyError)

# sala -> nombre -> enchufes abiertos con ese nombre
salas: dict[str, defaultdict[str, set[WebSocket]]] = {
    "chat": defaultdict(set),
    "notifications": defaultdict(set),
}


def hora() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")


def entrar(sala: str, nombre: str, enchufe: WebSocket) -> None:
    salas[sala][nombre].add(enchufe)


def salir(sala: str, nombre: str, enchufe: WebSocket) -> None:
    salas[sala][nombre].discard(enchufe)
    if not salas[sala][nombre]:
        del salas[sala][nombre]


def presentes(sala: str) -> list[WebSocket]:
    return [enchufe for enchufes in salas[sala].values() for enchufe in enchufes]


async def enviar(enchufe: WebSocket, datos: dict) -> None:
    try:
        await enchufe.send_json(datos)
    except SE_FUE:
        pass


async def difundir(nombre: str, mensaje: str, menos: WebSocket | None = None) -> None:
    datos = {"client_id": nombre, "message": mensaje, "timestamp": hora()}
    async with asyncio.TaskGroup() as grupo:
        for enchufe in presentes("chat"):
            if enchufe is not menos:
                grupo.create_task(enviar(enchufe, datos))


async def mandar_noticias(enchufe: WebSocket, nombre: str) -> None:
    while True:
        await asyncio.sleep(SEGUNDOS)
        mensaje = f"New notification for {nombre}"
        await enviar(enchufe, {"type": "notification", "message": mensaje, "timestamp": hora()})


async def esperar_el_adios(enchufe: WebSocket) -> None:
    while (await enchufe.receive())["type"] != "websocket.disconnect":
        pass  # lo que diga no importa


@club.get("/rooms")
async def contar():
    return {sala: len(presentes(sala)) for sala in salas}


@club.websocket("/ws/notifications/{client_id}")
async def noticias(websocket: WebSocket, client_id: str):
    await websocket.accept()
    entrar("notifications", client_id, websocket)
    try:
        async with asyncio.TaskGroup() as grupo:
            reloj = grupo.create_task(mandar_noticias(websocket, client_id))
            await esperar_el_adios(websocket)
            reloj.cancel()
    finally:
        salir("notifications", client_id, websocket)


@club.websocket("/ws/{client_id}")
async def charla(websocket: WebSocket, client_id: str):
    await websocket.accept()
    entrar("chat", client_id, websocket)
    try:
        await difundir(client_id, "joined the chat", menos=websocket)
        while True:
            texto = await websocket.receive_text()
            await difundir(client_id, texto)
    except SE_FUE:
        pass
    finally:
        salir("chat", client_id, websocket)
        await difundir(client_id, "left the chat")


carpeta = Path(__file__).parent.parent / "clubhouse"
if carpeta.is_dir():
    club.frontend("/", directory=carpeta)
