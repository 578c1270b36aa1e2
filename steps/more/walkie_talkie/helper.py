import json

from websockets.sync.client import connect

RULES = "Welcome! Say !dice to roll the dice."

with connect("ws://127.0.0.1:8000/ws/rooms/clues/Robo", proxy=None) as club:
    for text in club:
        heard = json.loads(text)
        if heard["type"] == "join":
            whisper = {"type": "whisper", "to": heard["client_id"], "message": RULES}
            club.send(json.dumps(whisper))
