# My club server! All five steps work.
from fastapi import FastAPI, WebSocket, HTTPException
from datetime import datetime
from datetime import timezone
from pathlib import Path
import asyncio
import json

app = FastAPI(
    title="My club server",
    description="Hello! My page is here: [go to my page](/)",
)

# every friend is a little dict: {"name": ..., "socket": ...}
friends_in_chat = []
friends_in_notifications = []


def time_now():
    t = datetime.now(timezone.utc)
    return t.isoformat()


async def send_json_text_to_friend(friend, dictionary):
    # if the friend is away it must not break the other friends
    try:
        text = json.dumps(dictionary)
        await friend["socket"].send_text(text)
    except Exception:
        pass


async def send_to_list_of_friends(list_of_friends, dictionary):
    copy_of_list = list_of_friends.copy()
    for friend in copy_of_list:
        await send_json_text_to_friend(friend, dictionary)


def chat_message(name, message):
    return {"client_id": name, "message": message, "timestamp": time_now()}


def notification_message(message):
    return {"type": "notification", "message": message, "timestamp": time_now()}


@app.get("/rooms")
async def rooms():
    number_chat = len(friends_in_chat)
    number_notifications = len(friends_in_notifications)
    return {"chat": number_chat, "notifications": number_notifications}


async def notification_loop(friend):
    while True:
        await asyncio.sleep(5)
        m = notification_message("New notification for " + friend["name"])
        await send_json_text_to_friend(friend, m)


@app.websocket("/ws/notifications/{client_id}")
async def websocket_notifications(websocket: WebSocket, client_id: str):
    await websocket.accept()
    friend = {"name": client_id, "socket": websocket}
    friends_in_notifications.append(friend)
    task = asyncio.create_task(notification_loop(friend))
    connected = True
    while connected == True:
        try:
            what = await websocket.receive()
            if what["type"] == "websocket.disconnect":
                connected = False
        except Exception:
            connected = False
    task.cancel()
    friends_in_notifications.remove(friend)


@app.websocket("/ws/{client_id}")
async def websocket_chat(websocket: WebSocket, client_id: str):
    await websocket.accept()
    # first the others hear it, they are the ones already in the list
    the_others = friends_in_chat.copy()
    friend = {"name": client_id, "socket": websocket}
    friends_in_chat.append(friend)
    await send_to_list_of_friends(the_others, chat_message(client_id, "joined the chat"))
    connected = True
    while connected == True:
        try:
            text = await websocket.receive_text()
        except Exception:
            connected = False
            break
        await send_to_list_of_friends(friends_in_chat, chat_message(client_id, text))
    friends_in_chat.remove(friend)
    await send_to_list_of_friends(friends_in_chat, chat_message(client_id, "left the chat"))


@app.post("/broadcast/{channel}")
async def broadcast(channel: str, message: str = "Hello friends"):
    if channel == "chat":
        await send_to_list_of_friends(friends_in_chat, chat_message("server", message))
        return {"result": "sent to chat"}
    elif channel == "notifications":
        await send_to_list_of_friends(friends_in_notifications, notification_message(message))
        return {"result": "sent to notifications"}
    else:
        raise HTTPException(status_code=404, detail="I only know these channels: chat, notifications")


@app.post("/send/{client_id}")
async def send(client_id: str, message: str = "Hello friend"):
    found = []
    names = []
    for friend in friends_in_notifications:
        if friend["name"] not in names:
            names.append(friend["name"])
        if friend["name"] == client_id:
            found.append(friend)
    if len(found) == 0:
        if len(names) == 0:
            raise HTTPException(status_code=404, detail="Nobody is here")
        raise HTTPException(status_code=404, detail="Only these friends are here: " + ", ".join(names))
    await send_to_list_of_friends(found, notification_message(message))
    return "sent"


where_is_my_page = Path(__file__).parent.parent / "clubhouse"
if where_is_my_page.exists():
    app.frontend("/", directory=where_is_my_page)
