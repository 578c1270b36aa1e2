# Step 5 with Japanese names for everything, aliases for parameters, and times that end in Z.
"""みんなの部室サーバー(ステップ5まで)"""

import asyncio
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect
from fastapi import Path as パス
from fastapi import Query

app = FastAPI(title="部室", description="[部室へ戻る](/)")

間隔 = 5  # 秒
名前型 = Annotated[str, パス(alias="client_id")]

# 接続 → 名前。同じ名前の友達が二人いてもよいので、鍵は名前ではなく接続。
部屋: dict[str, dict[WebSocket, str]] = {"chat": {}, "notifications": {}}


def 今() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def 会話文(名前: str, 本文: str) -> dict[str, str]:
    return {"client_id": 名前, "message": 本文, "timestamp": 今()}


def 通知文(本文: str) -> dict[str, str]:
    return {"type": "notification", "message": 本文, "timestamp": 今()}


async def 送る(接続: WebSocket, 文: dict[str, str]) -> bool:
    """相手がもういなくても、ここで止める。"""
    try:
        await 接続.send_json(文)
    except (WebSocketDisconnect, RuntimeError):
        return False
    return True


async def 全員に送る(接続一覧: list[WebSocket], 文: dict[str, str]) -> int:
    結果 = await asyncio.gather(*[送る(接続, 文) for 接続 in 接続一覧])
    return sum(結果)


async def 通知係(接続: WebSocket, 名前: str) -> None:
    次 = asyncio.get_running_loop().time()
    while True:
        次 += 間隔  # ずれが積もらないように
        await asyncio.sleep(次 - asyncio.get_running_loop().time())
        if not await 送る(接続, 通知文(f"New notification for {名前}")):
            return


@app.get("/rooms")
async def 人数を数える() -> dict[str, int]:
    return {部屋名: len(中の人) for 部屋名, 中の人 in 部屋.items()}


@app.websocket("/ws/notifications/{client_id}")
async def 通知(websocket: WebSocket, 名前: 名前型):
    await websocket.accept()
    部屋["notifications"][websocket] = 名前
    係 = asyncio.create_task(通知係(websocket, 名前))
    try:
        while True:
            出来事 = await websocket.receive()
            if 出来事["type"] == "websocket.disconnect":
                break
    finally:
        係.cancel()
        del 部屋["notifications"][websocket]


@app.websocket("/ws/{client_id}")
async def 会話(websocket: WebSocket, 名前: 名前型):
    await websocket.accept()
    先客 = list(部屋["chat"])
    部屋["chat"][websocket] = 名前
    try:
        await 全員に送る(先客, 会話文(名前, "joined the chat"))
        while True:
            本文 = await websocket.receive_text()
            await 全員に送る(list(部屋["chat"]), 会話文(名前, 本文))
    except (WebSocketDisconnect, RuntimeError, KeyError):
        pass
    finally:
        del 部屋["chat"][websocket]
        await 全員に送る(list(部屋["chat"]), 会話文(名前, "left the chat"))


@app.post("/broadcast/{channel}")
async def 放送(channel: str, message: Annotated[str, Query()] = "こんにちは、みんな!"):
    if channel not in 部屋:
        raise HTTPException(status_code=404, detail=f"部屋「{channel}」はありません。あるのは: {'、'.join(部屋)}")
    文 = 会話文("部室", message) if channel == "chat" else 通知文(message)
    return {"届いた人数": await 全員に送る(list(部屋[channel]), 文)}


@app.post("/send/{client_id}")
async def 一人に送る(名前: 名前型, message: Annotated[str, Query()] = "こんにちは!"):
    相手 = [接続 for 接続, 誰 in 部屋["notifications"].items() if 誰 == 名前]
    if not 相手:
        いる人 = "、".join(部屋["notifications"].values()) or "(だれもいません)"
        raise HTTPException(status_code=404, detail=f"「{名前}」さんはいません。いるのは: {いる人}")
    return {"届いた人数": await 全員に送る(相手, 通知文(message))}


部室 = Path(__file__).parent.parent / "clubhouse"
if 部室.is_dir():
    app.frontend("/", directory=部室)
