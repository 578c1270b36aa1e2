"""The words in which the tests are told: a club, and friends who come, talk, listen and go."""

import json
import socket
import struct
import time
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import Any, NoReturn
from urllib.parse import quote

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage
from websockets.sync.client import ClientConnection, connect

from suite.program import Program

PATIENCE = 5  # seconds that a friend waits for anything

Frame = dict[str, Any]


def fail(sentence: str) -> NoReturn:
    pytest.fail(sentence, pytrace=False)


class Friend:
    """A friend with a walkie-talkie: one real WebSocket, without a browser around it."""

    def __init__(self, name: str, connection: ClientConnection) -> None:
        self.name = name
        self._socket = connection

    def says(self, text: str | bytes) -> None:
        gone = None
        try:
            self._socket.send(text)
        except ConnectionClosed as closed:
            gone = closed
        if gone:
            fail(f"{self.name} wanted to say {text[:60]!r}, but the club has hung up: {gone}")

    def hears(self, message: str, by: str | None = None, patience: float = PATIENCE) -> Frame:
        """Listen until this message comes, by this friend if `by` is given."""
        missed: list[str] = []
        end = time.monotonic() + patience
        while True:
            but = f" and heard {missed[-5:]}" if missed else ""
            frame = self._next(end - time.monotonic(), f"{message[:60]!r}{but}")
            if frame.get("message") == message and by in (None, frame.get("client_id")):
                return frame
            missed.append(str(frame.get("message"))[:60])

    def hears_anything(self) -> Frame:
        """The next message, whatever it is."""
        return self._next(PATIENCE, "any message")

    def heard(self) -> list[str]:
        """All messages that have come and were not listened to yet. What was sent before is sure to be among them."""
        self._socket.ping().wait(PATIENCE)  # the answer comes behind all that is on its way
        messages = []
        while (frame := self._next(0, "")) is not None:
            messages.append(frame["message"])
        return messages

    def _next(self, patience: float, waiting_for: str) -> Frame | None:
        text, gone = None, None
        try:
            text = self._socket.recv(timeout=max(0, patience))
        except TimeoutError:
            if not waiting_for:
                return None
        except ConnectionClosed as closed:
            gone = closed
        if gone:
            fail(f"{self.name} waited for {waiting_for or 'nothing more'}, but the club hung up: {gone}")
        if text is None:
            fail(f"{self.name} waited {PATIENCE} seconds for {waiting_for}.")
        return self._read(text)

    def _read(self, text: str | bytes) -> Frame:
        """Every message is text, in JSON, with a time that says where on Earth it is meant."""
        frame, heard = None, f"{self.name} heard {text[:200]!r}."
        if isinstance(text, bytes):
            fail(f"{heard} Those are bytes, not text.")
        with suppress(ValueError):
            frame = json.loads(text)
        if not isinstance(frame, dict) or not isinstance(frame.get("message"), str):
            fail(f'{heard} That is not a JSON object with a "message".')
        sent = None
        with suppress(ValueError, TypeError):
            sent = datetime.fromisoformat(frame.get("timestamp"))
        if sent is None or sent.tzinfo is None:
            fail(f'{heard} Its "timestamp" is not an ISO 8601 time with an offset, such as +00:00.')
        if abs((datetime.now(UTC) - sent).total_seconds()) > 60:
            fail(f'{heard} Its "timestamp" is not the time of now.')
        return frame

    def hangs_up(self) -> None:
        self._socket.close()

    def vanishes(self) -> None:
        """Pull the plug: no goodbye, the network is simply gone."""
        plug = self._socket.socket
        with suppress(OSError):
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            plug.shutdown(socket.SHUT_RDWR)


class Club:
    """A running program, as its friends know it."""

    def __init__(self, program: Program) -> None:
        self.address = f"127.0.0.1:{program.port}"
        self.seconds_pass = program.seconds_pass
        self.terminal = program.terminal
        self._http = httpx2.Client(base_url=f"http://{self.address}", timeout=PATIENCE, trust_env=False)
        self._friends: list[Friend] = []
        self._sockets = ExitStack()

    def chat(self, name: str) -> Friend:
        """A friend picks up in the chat."""
        return self.calls(name, "/ws/")

    def news(self, name: str) -> Friend:
        """A friend listens to the news messenger."""
        return self.calls(name, "/ws/notifications/")

    def calls(self, name: str, path: str) -> Friend:
        """A friend picks up at this path, which gets their name at its end."""
        url = f"ws://{self.address}{path}{quote(name, safe='')}"
        trouble = None
        try:
            # No proxy: a school's proxy knows nothing of this machine's own programs.
            calling = connect(
                url,
                open_timeout=PATIENCE,
                close_timeout=PATIENCE,
                max_size=None,
                max_queue=None,
                ping_interval=None,
                proxy=None,
            )
            friend = Friend(name, self._sockets.enter_context(calling))
            self._friends.append(friend)
            return friend
        except (InvalidHandshake, InvalidMessage, OSError, EOFError) as error:
            trouble = str(error) or type(error).__name__
        fail(f"{name[:20]} could not pick up at {path}{{client_id}}: {trouble}")

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self._ask("GET", path, headers=headers)

    def post(self, path: str, **query: str) -> httpx2.Response:
        return self._ask("POST", path, params=query)

    def rooms(self) -> Any:
        answer = self.get("/rooms")
        rooms = None
        with suppress(ValueError):
            rooms = answer.json()
        if answer.status_code != 200 or not isinstance(rooms, dict):
            fail(
                f"GET /rooms should count the friends in each room; it answers {answer.status_code} {answer.text[:200]}"
            )
        return rooms

    def count(self, channel: str, until: int) -> None:
        """Ask the rooms board until it counts so many friends: who hangs up may still be on their way out."""
        end = time.monotonic() + PATIENCE
        while (counted := self.rooms().get(channel)) != until:
            if time.monotonic() > end:
                fail(f"The rooms board counts {counted} in {channel}, but {until} should be there.")
            time.sleep(0.01)

    def close(self) -> None:
        for friend in self._friends:
            friend.vanishes()
        self._sockets.close()
        self._http.close()

    def _ask(self, method: str, path: str, **how: Any) -> httpx2.Response:
        trouble = None
        try:
            return self._http.request(method, path, **how)
        except httpx2.HTTPError as error:
            trouble = type(error).__name__
        fail(f"{method} {path[:60]} got no answer: {trouble}")
