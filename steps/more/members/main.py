import asyncio
import itertools
import json
import secrets
from pathlib import Path
from typing import Annotated, Literal

from fastapi import Cookie, Depends, FastAPI, HTTPException, Response, WebSocket
from fastapi.exceptions import WebSocketException
from fastapi.websockets import WebSocketDisconnect
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

PASSWORDS = {"Ada": "apple pie", "Bo": "banana split", "Chen": "cherry cake"}
BOUNCERS = {"Ada"}

app = FastAPI()
app.frontend("/", directory=Path(__file__).parent / "page")

friends: dict[WebSocket, str] = {}  # each line, and whose it is
cookies: dict[str, str] = {}
tickets: dict[str, str] = {}  # each of them opens the door once


class Login(BaseModel):
    name: str
    password: str


def member(login: Login) -> str:
    right = PASSWORDS.get(login.name, "")
    same = secrets.compare_digest(login.password.encode(), right.encode())
    if not right or not same:
        raise HTTPException(401, "This name and this password do not fit.")
    return login.name


Member = Annotated[str, Depends(member)]


@app.post("/cookie")
def give_cookie(name: Member, response: Response) -> None:
    cookie = secrets.token_urlsafe()
    cookies[cookie] = name
    response.set_cookie("member", cookie, httponly=True, samesite="strict")


@app.post("/ticket")
async def give_ticket(name: Member) -> dict[str, str]:
    ticket = secrets.token_urlsafe()
    tickets[ticket] = name
    asyncio.get_running_loop().call_later(30, tickets.pop, ticket, None)
    return {"ticket": ticket}


def known(name: str | None) -> str:
    if name is None:
        raise WebSocketException(1008, "Please log in first.")
    if name in put_out:
        raise WebSocketException(1008, "A bouncer has put you out.")
    return name


async def by_cookie(websocket: WebSocket, member: Annotated[str, Cookie()] = "") -> str:
    await websocket.accept()
    origin = websocket.headers.get("origin", "")
    if origin.partition("://")[2] != websocket.headers.get("host"):
        raise WebSocketException(1008, "Only the club's own page may call.")
    return known(cookies.get(member))


async def by_ticket(websocket: WebSocket) -> str:
    await websocket.accept()
    try:
        ticket = await asyncio.wait_for(listen(websocket), timeout=10)
    except TimeoutError:
        ticket = ""
    return known(tickets.pop(ticket, None))


async def by_protocol(websocket: WebSocket) -> str:
    offered = websocket.scope["subprotocols"]
    await websocket.accept("club" if "club" in offered else None)
    ticket = offered[-1] if offered else ""
    return known(tickets.pop(ticket, None))


@app.websocket("/ws/cookie")
async def cookie_door(
    websocket: WebSocket, name: Annotated[str, Depends(by_cookie)]
) -> None:
    await talk(websocket, name)


@app.websocket("/ws/ticket")
async def ticket_door(
    websocket: WebSocket, name: Annotated[str, Depends(by_ticket)]
) -> None:
    await talk(websocket, name)


@app.websocket("/ws/protocol")
async def protocol_door(
    websocket: WebSocket, name: Annotated[str, Depends(by_protocol)]
) -> None:
    await talk(websocket, name)


@app.exception_handler(WebSocketDisconnect)
async def ignore_goodbye(websocket: WebSocket, goodbye: WebSocketDisconnect) -> None:
    pass  # They hung up, perhaps while they stood at the door.


async def listen(websocket: WebSocket) -> str:
    event = await websocket.receive()
    if event["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(event["code"])
    return event.get("text") or ""


async def talk(websocket: WebSocket, name: str) -> None:
    friends[websocket] = name
    try:
        while True:
            await handle(websocket, name, await listen(websocket))
    finally:
        friends.pop(websocket, None)


async def tell(websocket: WebSocket, **parts: object) -> None:
    try:
        await websocket.send_text(json.dumps(parts))
    except (WebSocketDisconnect, RuntimeError):
        pass  # This friend has just left.


async def tell_everyone(**parts: object) -> None:
    for websocket in friends.copy():
        await tell(websocket, **parts)


muted: set[str] = set()
put_out: set[str] = set()
said: dict[int, str] = {}  # each message that can be taken back, and whose it is
numbers = itertools.count(1)


class Chat(BaseModel):
    type: Literal["chat"]
    message: str = Field(max_length=500)


class TakeBack(BaseModel):
    type: Literal["take-back"]
    id: int


class Order(BaseModel):
    type: Literal["mute", "unmute", "put-out", "let-in"]
    name: str


Wish = Annotated[Chat | TakeBack | Order, Field(discriminator="type")]
wishes: TypeAdapter[Wish] = TypeAdapter(Wish)


def may(name: str, wish: Chat | TakeBack | Order) -> bool:
    if isinstance(wish, Chat):
        return name not in muted
    if isinstance(wish, TakeBack):
        return wish.id in said and (name in BOUNCERS or said[wish.id] == name)
    return name in BOUNCERS and wish.name in PASSWORDS.keys() - BOUNCERS


async def handle(websocket: WebSocket, name: str, text: str) -> None:
    try:
        wish = wishes.validate_json(text)
    except ValidationError:
        example = '{"type": "chat", "message": "hello"}'
        await tell(websocket, type="error", message=f"Try {example}.")
        return
    if not may(name, wish):
        await tell(websocket, type="error", message="You may not do that now.")
    elif isinstance(wish, Chat):
        await chat(name, wish)
    elif isinstance(wish, TakeBack):
        await take_back(name, wish)
    else:
        await obey(name, wish)


async def chat(name: str, wish: Chat) -> None:
    number = next(numbers)
    said[number] = name
    said.pop(number - 1000, None)
    parts = {"client_id": name, "message": wish.message, "id": number}
    await tell_everyone(type="chat", **parts)


async def take_back(name: str, wish: TakeBack) -> None:
    del said[wish.id]
    message = f"{name} took a message back."
    await tell_everyone(type="take-back", id=wish.id, message=message)


async def obey(name: str, wish: Order) -> None:
    names = muted if wish.type in ("mute", "unmute") else put_out
    change = names.add if wish.type in ("mute", "put-out") else names.discard
    change(wish.name)
    await tell_everyone(type=wish.type, name=wish.name, message=f"{name} did that.")
    if wish.type == "put-out":
        await hang_up_on(wish.name)


async def hang_up_on(name: str) -> None:
    for websocket in [each for each, who in friends.items() if who == name]:
        del friends[websocket]  # first: a friend who is asleep may keep us waiting
        try:
            reason = "A bouncer has put you out."
            await asyncio.wait_for(websocket.close(1008, reason), timeout=1)
        except (RuntimeError, TimeoutError):
            pass  # They have just left, or do not wake up.
