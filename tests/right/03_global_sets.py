# chat server
import json
import os
from datetime import datetime

from fastapi import FastAPI, WebSocket
from fastapi.responses import FileResponse

app = FastAPI(title="My chat")

CHAT = set()
NOTIFICATIONS = set()

HERE = os.path.dirname(os.path.abspath(__file__))
CLUBHOUSE_FOLDER = os.path.join(os.path.dirname(HERE), "clubhouse")


def get_the_time_right_now():
    # astimezone() puts my own time zone behind it, like +02:00
    return datetime.now().astimezone().isoformat()


def make_the_text_for_everybody(client_id, message):
    data = {}
    data["client_id"] = client_id
    data["message"] = message
    data["timestamp"] = get_the_time_right_now()
    return json.dumps(data)


async def send_to_one_friend_and_never_crash(friend, text):
    try:
        await friend.send_text(text)
        return True
    except Exception as error:
        print("could not send to a friend, never mind:", type(error).__name__)
        return False


async def send_to_everybody_in_the_chat(text):
    everybody = []
    for friend in CHAT:
        everybody.append(friend)
    for friend in everybody:
        await send_to_one_friend_and_never_crash(friend, text)


async def send_to_everybody_but_not_this_one(text, this_one):
    everybody = []
    for friend in CHAT:
        if friend is not this_one:
            everybody.append(friend)
    for friend in everybody:
        await send_to_one_friend_and_never_crash(friend, text)


@app.get("/rooms")
async def rooms():
    return {"chat": len(CHAT), "notifications": len(NOTIFICATIONS)}


@app.websocket("/ws/{client_id}")
async def chat(websocket: WebSocket, client_id: str):
    global CHAT
    await websocket.accept()
    CHAT.add(websocket)
    await send_to_everybody_but_not_this_one(make_the_text_for_everybody(client_id, "joined the chat"), websocket)
    still_here = True
    while still_here:
        try:
            text = await websocket.receive_text()
        except Exception:
            # closed, cut, or sent me something that is no text
            still_here = False
        else:
            await send_to_everybody_in_the_chat(make_the_text_for_everybody(client_id, text))
    CHAT.discard(websocket)
    await send_to_everybody_but_not_this_one(make_the_text_for_everybody(client_id, "left the chat"), websocket)


if os.path.isdir(CLUBHOUSE_FOLDER):

    @app.get("/")
    async def index():
        return FileResponse(os.path.join(CLUBHOUSE_FOLDER, "index.html"))

    # one route for each file in the folder
    for folder, _, file_names in os.walk(CLUBHOUSE_FOLDER):
        for file_name in file_names:
            full_name = os.path.join(folder, file_name)
            url = "/" + os.path.relpath(full_name, CLUBHOUSE_FOLDER).replace(os.sep, "/")
            app.add_api_route(url, (lambda f: lambda: FileResponse(f))(full_name), include_in_schema=False)
