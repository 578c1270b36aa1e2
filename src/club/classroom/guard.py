"""Who may ask for what: pages of this class only, and the board on this computer only."""

import hmac
import socket
import time
from typing import Any
from urllib.parse import urlsplit

from fastapi import HTTPException
from fastapi.exceptions import WebSocketException
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from club.machine import addresses

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
FRESH_S = 3


class OwnNames:
    """The names by which this computer may be called. Its addresses change when it joins another Wi-Fi."""

    def __init__(self, given: str = "") -> None:
        name = socket.gethostname().casefold()
        self.fixed = {*LOOPBACK, given.casefold(), name, f"{name}.local"} - {""}
        self.found: set[str] = set()
        self.looked = float("-inf")

    def __contains__(self, name: object) -> bool:
        if name in self.fixed:
            return True
        if time.monotonic() - self.looked > FRESH_S:
            self.found, self.looked = set(addresses()), time.monotonic()
        return name in self.found


def refusal(connection: HTTPConnection, sentence: str, status: int = 403) -> Exception:
    """What to raise. Before a WebSocket is accepted, that, too, is an answer with status 403."""
    if connection.scope["type"] == "websocket":
        return WebSocketException(1008, sentence)
    return HTTPException(status, sentence)


class OnlyOwnPages:
    """Middleware. A page of somebody else's site can call this computer, too, but it cannot hide where it is from."""

    def __init__(self, app: ASGIApp, names: OwnNames) -> None:
        self.app, self.names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self.is_own(Headers(scope=scope)):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await PlainTextResponse("This is no address of the class.\n", 403)(scope, receive, send)

    def is_own(self, headers: Headers) -> bool:
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        try:
            name = urlsplit(f"//{hosts[0]}").hostname if len(hosts) == 1 else None
        except ValueError:
            return False
        # Programs send no origin, and a browser always tells it with what could do harm.
        return name in self.names and all(origin == f"http://{hosts[0]}" for origin in origins)


def this_computer_only(connection: HTTPConnection) -> None:
    """A dependency: the caller sits at the teacher's own computer."""
    if not connection.client or connection.client.host not in LOOPBACK:
        raise refusal(connection, "Only the teacher's computer may ask for this.")


def is_secret(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode())


def bearer(connection: HTTPConnection, secret: str) -> None:
    """Raises an `HTTPException` if the secret does not come along."""
    kind, _, given = connection.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not is_secret(given.strip(), secret):
        raise HTTPException(403, "Only the board may ask for this.")


# What a pupil's program says is data. No browser takes it for a page of the class, whatever it claims to be.
INERT: dict[str, Any] = {
    "cache-control": "no-store",
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
}
