"""Test the WebSockets of your app with a real server, and never wait for ever.

Put this file beside your tests. It needs what `fastapi[standard]` brings.

    from live import calling, serving
    from main import app

    def test_everyone_hears_ada():
        with serving(app) as server, calling(server, "/ws/Ada") as ada:
            ada.says("hello")
            assert "hello" in ada.hears()
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

LIMIT_S = 5  # for whatever is waited for: a start, a message, a goodbye, an end


class Line:
    """One call to the server."""

    def __init__(self, websocket: ClientConnection) -> None:
        self._websocket = websocket

    def says(self, text: str | bytes) -> None:
        self._websocket.send(text)

    def hears(self, seconds: float = LIMIT_S) -> str | bytes:
        """The next message. Raises `TimeoutError` or `ConnectionClosed`."""
        return self._websocket.recv(timeout=seconds)

    def is_closed(self, seconds: float = LIMIT_S) -> tuple[int, str]:
        """The code (1006 if there is none) and the reason. Raises `TimeoutError`."""
        end = time.monotonic() + seconds
        try:
            while True:
                self._websocket.recv(timeout=max(0, end - time.monotonic()))
        except ConnectionClosed as closed:
            return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")


@contextmanager
def calling(server: str, path: str, **options: Any) -> Iterator[Line]:
    """Call the server. Raises `InvalidStatus` if it does not pick up."""
    limits = {"open_timeout": LIMIT_S, "close_timeout": LIMIT_S, "proxy": None}
    with connect(f"ws://{server}{path}", **limits | options) as websocket:
        yield Line(websocket)


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Run an app, with its lifespan, and give its address.

    Raises `RuntimeError` if it does not start, or does not end.
    """
    door = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=LIMIT_S)
    server = uvicorn.Server(config)

    def run() -> None:
        with suppress(SystemExit):  # uvicorn says so in its log
            server.run([door])

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    end = time.monotonic() + LIMIT_S
    while not server.started and thread.is_alive() and time.monotonic() < end:
        time.sleep(0.01)
    try:
        if not server.started:
            raise RuntimeError("The app does not start. Its log says why.")
        yield "{}:{}".format(*door.getsockname())
    finally:
        server.should_exit = True
        thread.join(2 * LIMIT_S)
        door.close()
    if thread.is_alive():
        raise RuntimeError("The app does not end. What is it waiting for?")
