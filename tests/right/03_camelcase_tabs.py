# Step 3 with tabs, names in camel case, times that end in Z, and sends that gather their errors.
from datetime import datetime, timezone
from os import path
import asyncio

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()

chatSockets = {}  # id(websocket) -> websocket
messageCounter = 0


def makeMessage(clientId, text):
	global messageCounter
	messageCounter += 1
	stamp = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
	return {"client_id": clientId, "message": text, "timestamp": stamp, "number": messageCounter}


async def sendToAll(message, exceptId=None):
	targets = [ws for key, ws in chatSockets.items() if key != exceptId]
	# the dead ones give an exception back, their own endpoint cleans up
	await asyncio.gather(*[ws.send_json(message) for ws in targets], return_exceptions=True)


@app.get("/rooms")
async def getRooms():
	return {"chat": len(chatSockets), "notifications": 0}


@app.websocket("/ws/{clientId}")
async def chatSocket(websocket: WebSocket, clientId: str):
	await websocket.accept()
	myId = id(websocket)
	chatSockets[myId] = websocket
	try:
		await sendToAll(makeMessage(clientId, "joined the chat"), exceptId=myId)
		while True:
			text = await websocket.receive_text()
			await sendToAll(makeMessage(clientId, text))
	except WebSocketDisconnect:
		pass
	except RuntimeError:
		pass  # sending to ourselves failed before
	finally:
		del chatSockets[myId]
		await sendToAll(makeMessage(clientId, "left the chat"))


pageFolder = path.join(path.dirname(path.dirname(path.abspath(__file__))), "clubhouse")
if path.isdir(pageFolder):
	app.frontend("/", directory=pageFolder)
