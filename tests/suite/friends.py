"""The words in which the tests are told: a club, and friends who come, talk, listen and go."""

import json
import socket
import struct
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import Any, NoReturn
from urllib.parse import quote

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from suite.program import Program


class Frame(dict[str, Any]):
    """One message that a friend has heard."""

    def has(self, *parts: str, **values: str) -> None:
        """Check that these parts are there, and that some of them have these values."""
        if missing := [part for part in (*parts, *values) if part not in self]:
            fail(f"The message has the parts {listed(self)}. It has no {listed(missing)}.")
        for part, value in values.items():
            if self[part] != value:
                fail(f'The "{part}" of the message is {self[part]!r}, not {value!r}.')


def listed(things: Iterable[str]) -> str:
    return ", ".join(f'"{thing}"' for thing in things) or "nothing"


def short(text: str) -> str:
    """A text as it can be shown in one line."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def first_few(texts: Sequence[str]) -> str:
    more = [f"{len(texts) - 3} more"] if len(texts) > 4 else []
    return ", ".join([*map(short, texts[: 3 if more else 4]), *more])


def fail(sentence: str) -> NoReturn:
    pytest.fail(sentence, pytrace=False)


class Friend:
    """A friend with a walkie-talkie: one real WebSocket, without a browser around it. Nobody waits without end."""

    def __init__(self, name: str, connection: ClientConnection, patience: float) -> None:
        self.name = name
        self._socket = connection
        self._patience = patience

    def says(self, text: str | bytes) -> None:
        gone = None
        try:
            self._socket.send(text)
        except ConnectionClosed as closed:
            gone = closed
        if gone:
            fail(f"{self.name} wanted to say {text[:60]!r}, but the club hung up.")

    def hears(self, message: str, by: str | None = None) -> Frame:
        """Listen until this message comes, by this friend if `by` is given."""
        missed: list[str] = []
        end = time.monotonic() + self._patience
        waiting_for = short(message) + (f" by {by}" if by else "")
        while True:
            frame = self._next(end, waiting_for, missed)
            if frame.get("message") == message and by in (None, frame.get("client_id")):
                return frame
            missed.append(f"{short(frame['message'])}" + (f" by {frame.get('client_id')}" if by else ""))

    def hears_anything(self) -> Frame:
        """The next message, whatever it is."""
        return self._next(time.monotonic() + self._patience, "any message")

    def hears_in_order(self, messages: list[str]) -> None:
        """The next messages are these, each of them once."""
        end = time.monotonic() + self._patience
        for message in messages:
            if (heard := self._next(end, short(message))["message"]) != message:
                fail(f"{self.name} should now hear {short(message)}, but heard {short(heard)}.")

    def has_heard(self, *messages: str) -> None:
        """These messages, and no others, have come since the last one that was listened to.

        What the club sent before is sure to be among them.
        """
        with suppress(ConnectionClosed):  # that is told when the last message has been read
            self._socket.ping().wait(self._patience)  # the answer comes behind all that is on its way
        heard = []
        while (frame := self._next(0)) is not None:
            heard.append(frame["message"])
        if heard != list(messages):
            wanted = first_few(messages) or "nothing more"
            fail(f"{self.name} should have heard {wanted}, but heard {first_few(heard) or 'nothing'}.")

    def _next(self, end: float, waiting_for: str = "", missed: list[str] | None = None) -> Frame | None:
        text, gone = None, None
        try:
            text = self._socket.recv(timeout=max(0, end - time.monotonic()))
        except TimeoutError:
            if not waiting_for:
                return None
        except ConnectionClosed as closed:
            gone = closed
        if gone:
            fail(f"{self.name} waited for {waiting_for or 'nothing more'}, but the club hung up.")
        if text is None:
            heard = f"only {', '.join(missed[-3:])}" if missed else "nothing"
            fail(f"{self.name} waited {self._patience:g} seconds for {waiting_for}, and heard {heard}.")
        return self._read(text)

    def _read(self, text: str | bytes) -> Frame:
        """Every message is text, in JSON, with a time that says where on Earth it is meant."""
        frame, heard = None, f"{self.name} heard {short(text)}." if isinstance(text, str) else ""
        if isinstance(text, bytes):
            fail(f"{self.name} heard {text[:60]!r}. Those are bytes, not text.")
        with suppress(ValueError):
            frame = json.loads(text)
        if not isinstance(frame, dict) or not isinstance(frame.get("message"), str):
            fail(f'{heard} That is not a JSON object with a "message".')
        if "timestamp" not in frame:
            return Frame(frame)
        sent = None
        with suppress(ValueError, TypeError):
            sent = datetime.fromisoformat(frame.get("timestamp"))
        if sent is None or sent.tzinfo is None:
            fail(f'{heard} Its "timestamp" is not an ISO 8601 time with an offset, such as +00:00.')
        if abs((datetime.now(UTC) - sent).total_seconds()) > 60:
            fail(f'{heard} Its "timestamp" is not the time of now.')
        return Frame(frame)

    def hangs_up(self) -> None:
        self._socket.close()

    def vanishes(self) -> None:
        """Pull the plug: no goodbye, the network is simply gone."""
        plug = self._socket.socket
        with suppress(OSError):
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            plug.shutdown(socket.SHUT_RDWR)
            plug.close()


class Club:
    """A running program, as its friends know it."""

    def __init__(self, program: Program) -> None:
        self.address = f"127.0.0.1:{program.port}"
        self.terminal = program.terminal
        self.tasks = program.tasks
        self._clock = program.seconds_pass
        self._patience = program.patience
        self._http = httpx2.Client(base_url=f"http://{self.address}", timeout=self._patience, trust_env=False)
        self._friends: list[Friend] = []
        self._sockets = ExitStack()

    def chat(self, name: str) -> Friend:
        """A friend picks up in the chat."""
        return self.calls(name, "/ws/")

    def news(self, name: str) -> Friend:
        """A friend listens to the news messenger."""
        return self.calls(name, "/ws/notifications/")

    def sleeper(self, name: str) -> Friend:
        """A friend who picks up in the chat, takes one message and falls asleep: the next ones pile up on the way."""
        return self.calls(name, "/ws/", max_queue=0, compression=None)

    def calls(self, name: str, path: str, **how: Any) -> Friend:
        """A friend picks up at this path, which gets their name at its end."""
        url = f"ws://{self.address}{path}{quote(name, safe='')}"
        trouble = ""
        try:
            # No proxy: a school's proxy knows nothing of this machine's own programs.
            calling = connect(
                url,
                open_timeout=self._patience,
                close_timeout=self._patience,
                max_size=None,
                ping_interval=None,
                proxy=None,
                **{"max_queue": None} | how,
            )
            friend = Friend(name, self._sockets.enter_context(calling), self._patience)
            self._friends.append(friend)
            return friend
        except InvalidStatus as error:
            trouble = f"the club answered {error.response.status_code}"
        except TimeoutError:
            trouble = f"nobody picked up for {self._patience:g} seconds"
        except (InvalidHandshake, InvalidMessage, OSError, EOFError):
            trouble = "the club hung up at once"
        fail(f"{name[:20]} called {path}{{client_id}}, but {trouble}.")

    def seconds_pass(self, seconds: float) -> None:
        """Turn the program's clock on: nobody has to wait."""
        trouble = ""
        try:
            self._clock(seconds)
        except RuntimeError as error:
            trouble = str(error).partition("\n")[0].partition(" Its terminal")[0]
        if trouble:
            fail(trouble)

    def get(self, path: str, status: int = 200, **headers: str) -> httpx2.Response:
        """Ask for this path. The answer must have this status."""
        return self._ask("GET", path, status, headers=headers, follow_redirects=True)

    def post(self, path: str, status: int = 200, **query: str) -> httpx2.Response:
        return self._ask("POST", path, status, params=query)

    def paths(self) -> dict[str, Any]:
        """All that can be asked for, as /openapi.json tells it."""
        return self.get("/openapi.json").json()["paths"]

    def rooms(self) -> Any:
        answer = self.get("/rooms")
        rooms = None
        with suppress(ValueError):
            rooms = answer.json()
        if not isinstance(rooms, dict):
            fail(f"GET /rooms should count the friends in each room, but it says {answer.text[:60]}.")
        return rooms

    def count(self, **friends: int) -> None:
        """Ask the rooms board until it counts so many friends: who hangs up may still be on their way out."""
        end = time.monotonic() + self._patience
        while not friends.items() <= (counted := self.rooms()).items():
            if time.monotonic() > end:
                fail(f"The rooms board says {json.dumps(counted)[:100]}, but it should say {json.dumps(friends)}.")
            time.sleep(0.01)

    def works_for_nobody(self, tasks: int) -> None:
        """Ask until no more than so many tasks are left."""
        end = time.monotonic() + self._patience
        while (left := self.tasks()) > tasks:
            if time.monotonic() > end:
                fail(f"The friends have gone, but {left - tasks} tasks still work for them.")
            time.sleep(0.05)

    def close(self) -> None:
        for friend in self._friends:
            friend.vanishes()
        self._sockets.close()
        self._http.close()

    def _ask(self, method: str, path: str, status: int, **how: Any) -> httpx2.Response:
        trouble = ""
        try:
            answer = self._http.request(method, path, **how)
            if answer.status_code == status:
                return answer
            trouble = f"is answered with {answer.status_code} {answer.reason_phrase}, not with {status}"
        except httpx2.TimeoutException:
            trouble = f"got no answer for {self._patience:g} seconds"
        except httpx2.HTTPError:
            trouble = "got no answer: the club hung up"
        fail(f"{method} {short(path)[1:-1]} {trouble}.")
