import json

from websockets.sync.client import connect

with connect("ws://127.0.0.1:8000/ws/Robo", proxy=None) as club:
    for text in club:
        heard = json.loads(text)
        if heard["client_id"] != "Robo" and "Robo" in heard["message"]:
            club.send(f"Beep! Hello {heard['client_id']}!")
