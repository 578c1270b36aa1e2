"""The words in which the tests are told: a club, and friends who come, talk, listen and go."""

import json
import re
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NoReturn
from urllib.parse import quote, urlencode

from suite.world import Answer, HungUpError, Line, Program, RefusedError, fail, looks

# A friend looks at messages of these types, and at those without one. Whatever else a club may say is not for them.
TYPES = (None, "chat", "notification")
ROOM_TYPES = (*TYPES, "join", "leave")
LONG = 1_000_000  # letters; a longer message keeps a slow machine busy, whatever the program is
LONG_PATIENCE = 4  # how many times longer a friend waits for it
NO_LINES = "/openapi.json"  # an answer for which none of the program's own lines run
TURNS = 3  # requests, until a program has surely noticed what came before them
QUIET = 5  # times in a row that a program has no new tasks, until nobody expects more


class Frame(dict[str, Any]):
    """One message that a friend has heard."""

    def has(self, *parts: str, **values: object) -> None:
        """Check that these parts are there, and that some of them have these values."""
        if missing := [part for part in (*parts, *values) if part not in self]:
            fail("missing-part", f"The message has the parts {listed(self)}. It has no {listed(missing)}.")
        for part, value in values.items():
            if self[part] != value:
                fail("wrong-part", f'The "{part}" of the message is {self[part]!r}, not {value!r}.', part=part)


def listed(things: Iterable[str]) -> str:
    return ", ".join(f'"{thing}"' for thing in things) or "nothing"


def short(text: str, most: int = 60) -> str:
    """A text, cut to fit on one line."""
    return repr(text if len(text) <= most else f"{text[: most - 3]}...")


def few(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:20])) + (", …" if len(numbers) > 20 else "") or "none"


def first_few(texts: Sequence[str]) -> str:
    more = [f"{len(texts) - 3} more"] if len(texts) > 4 else []
    return ", ".join([*map(short, texts[: 3 if more else 4]), *more])


def moments(timestamp: object) -> list[datetime]:
    """What a time in ISO 8601 may mean: without an offset, the time here or that of UTC. Empty if it is none."""
    if not isinstance(timestamp, str) or not re.match(r"\d{4}-?\d\d-?\d\d[T ]\d\d", timestamp):
        return []
    try:
        moment = datetime.fromisoformat(timestamp)
    except ValueError:
        return []
    return [moment] if moment.tzinfo else [moment.astimezone(), moment.replace(tzinfo=UTC)]


def with_one_ellipsis(text: str) -> str:
    """No keyboard has the symbol `…`, so three dots are as good."""
    return text.replace("...", "…")


class Friend:
    """A friend with a walkie-talkie. Nobody waits longer than `patience` seconds."""

    def __init__(
        self, name: str, line: Line, patience: float, types: tuple[str | None, ...] = TYPES, path: str = ""
    ) -> None:
        self.name = name
        self.path = path  # the door that they called
        self.hangs_up = line.close
        self.vanishes = line.vanish
        self.wakes_up = line.wake_up
        self.cannot_take_more = lambda: line.gets_full(patience)
        self._line = line
        self._patience = patience
        self._types = types
        self._said = ""
        self._seen = "no list"  # of friends
        self._passed_over: list[str] = []  # types of messages that were not for a friend

    def says(self, text: str | bytes) -> None:
        self._said = str(text)
        try:
            self._line.send(text)
        except HungUpError as goodbye:
            self._is_cut_off(f"wanted to say {text[:60]!r}", goodbye)

    def sends(self, **parts: object) -> None:
        """Say these parts, packed as JSON."""
        self.says(json.dumps(parts))

    def hears(self, message: str, by: str | None = None) -> Frame:
        """Listen until this message comes, by this friend if `by` is given."""
        missed: list[str] = []
        end = time.monotonic() + self._patience * (LONG_PATIENCE if len(message) > LONG else 1)
        while True:
            frame = self._next(end)
            if frame is None:
                heard = f"only {', '.join(missed[-3:])}" if missed else "nothing"
                wanted = short(message) + (f" by {by}" if by else "")
                self._heard_in_vain(wanted, heard, message=message)
            if with_one_ellipsis(frame["message"]) == message and by in (None, frame.get("client_id")):
                return frame
            by_whom = f" by {frame.get('client_id')}" if by else ""
            missed.append(short(frame["message"]) + by_whom)

    def hears_from(self, name: str) -> Frame:
        """Listen until this friend says something, whatever it is."""
        end = time.monotonic() + self._patience
        while (frame := self._next(end)) is not None and frame.get("client_id") != name:
            pass
        if frame is None:
            self._heard_in_vain(name, "nothing")
        return frame

    def hears_an_error(self, naming: str = "") -> None:
        """Listen until the club answers with a message of the type `error`. Its words name this friend."""
        frame = self._next_of_type("error")
        if frame is None:
            sentence = f"{self.name} said {short(self._said, 30)}, and should get an error, but none came."
            fail("no-error", sentence, who=self.name, said=self._said)
        if not frame["message"].strip():
            fail("empty-error", f"{self.name} got an error without any words.", who=self.name)
        if naming not in frame["message"]:
            sentence = f"The error says {short(frame['message'])}. It does not name {naming}, who is here."
            fail("names-missing", sentence, who=self.name)

    def sees(self, *names: str) -> None:
        """Listen until a list of friends comes with these names and no others."""
        end = time.monotonic() + self._patience
        while frame := self._next_of_type("friends", end):
            friends = frame.get("friends")
            if not isinstance(friends, list) or not all(isinstance(name, str) for name in friends):
                fail("no-list", f'The "friends" of the message are {str(friends)[:60]}, not a list of names.')
            self._seen = f"the list {listed(friends)}"
            if sorted(friends) == sorted(names):
                return
        sentence = f"{self.name} should get the list {listed(names)}, but the last one was {self._seen}."
        fail("not-listed", sentence, who=self.name, wanted=listed(names), heard=self._seen)

    def is_sent_away(self, code: int, hearing_nothing: bool = False) -> str:
        """Listen until the club hangs up with this code. Returns its reason."""
        end = time.monotonic() + self._patience
        while True:
            try:
                heard = self._line.receive(max(0, end - time.monotonic()))
                if hearing_nothing:
                    fail("heard-other", f"{self.name} is not let in, but heard {short(str(heard))}.", who=self.name)
            except TimeoutError:
                fail("not-sent-away", f"The club should hang up on {self.name}, but it does not.", who=self.name)
            except HungUpError as goodbye:
                if goodbye.code != code:
                    sentence = f"The club hung up on {self.name} with the code {goodbye.code}, not {code}."
                    fail("wrong-code", sentence, code=goodbye.code)
                if not goodbye.reason.strip():
                    fail("no-reason", f"The club hung up on {self.name}, and gave no reason.")
                return goodbye.reason

    def hears_numbers(self, *numbers: int) -> None:
        """The messages with a number that come next have these numbers, in this order."""
        heard: list[int] = []
        end = time.monotonic() + self._patience
        while len(heard) < len(numbers) and (frame := self._next(end)):
            heard += [frame["id"]] if "id" in frame else []
        if heard != list(numbers):
            sentence = f"{self.name} should hear the messages {few(numbers)}, but heard {few(heard)}."
            fail("wrong-numbers", sentence, who=self.name, wanted=few(numbers), heard=few(heard))

    def hears_so_many(self, number: int, beginning: str = "") -> list[str]:
        """The next messages that begin like this, whatever they are."""
        end = time.monotonic() + self._patience * LONG_PATIENCE
        heard: list[str] = []
        while len(heard) < number and (frame := self._next(end)):
            if frame["message"].startswith(beginning):
                heard.append(frame["message"])
        if len(heard) < number:
            fail("not-heard", f"{self.name} should hear {number} messages, but heard {len(heard)}.", who=self.name)
        return heard

    def hears_in_order(self, messages: list[str]) -> None:
        """The next messages are these, each of them once."""
        end = time.monotonic() + self._patience
        for message in messages:
            frame = self._next(end) or self._heard_in_vain(short(message), "nothing", message=message)
            if (heard := frame["message"]) != message:
                sentence = f"{self.name} should now hear {short(message)}, but heard {short(heard)}."
                fail("not-in-order", sentence, **self._fields(message, heard))

    def has_heard(self, *messages: str) -> None:
        """These messages, and no others, have come since the last one that was listened to.

        Everything that the club has sent by now is sure to be among them.
        """
        self._line.catch_up(self._patience)
        heard = []
        while (frame := self._next(0)) is not None:
            heard.append(frame["message"])
        if heard != list(messages):
            wanted, came = first_few(messages), first_few(heard)
            sentence = f"{self.name} should have heard {wanted or 'nothing more'}, but heard {came or 'nothing'}"
            fail("heard-other", sentence + self._besides(), **self._fields(wanted, came))

    def _heard_in_vain(self, wanted: str, heard: str, **fields: str) -> NoReturn:
        sentence = f"{self.name} waited {self._patience:g} seconds for {wanted}, and heard {heard}"
        fail("not-heard", sentence + self._besides(), **self._fields(wanted, heard), **fields)

    def _besides(self) -> str:
        """The end of a sentence about what came instead."""
        return f". There was a message of the type {self._passed_over[-1]}." if self._passed_over else "."

    def _fields(self, wanted: str, heard: str) -> dict[str, str]:
        passed_over = {"passed_over": self._passed_over[-1]} if self._passed_over else {}
        return {"who": self.name, "path": self.path, "wanted": wanted, "heard": heard} | passed_over

    def _next(self, end: float) -> Frame | None:
        """The next message that is for a friend; None if there is none in time."""
        while True:
            try:
                frame = self._read(self._line.receive(max(0, end - time.monotonic())))
            except TimeoutError:
                return None
            except HungUpError as goodbye:
                self._is_cut_off("was listening", goodbye)
            if frame.get("type") in self._types:
                return frame
            self._passed_over.append(short(str(frame["type"])))

    def _next_of_type(self, kind: str, end: float | None = None) -> Frame | None:
        end = end or time.monotonic() + self._patience
        while frame := self._next(end):
            if frame.get("type") == kind:
                return frame
        return None

    def _is_cut_off(self, did: str, goodbye: HungUpError) -> NoReturn:
        fail("hung-up", f"{self.name} {did}, but the club hung up.", who=self.name, path=self.path, code=goodbye.code)

    def _read(self, text: str | bytes) -> Frame:
        """Every message is JSON, sent as text. If it has a time, that is the time now, in ISO 8601."""
        if isinstance(text, bytes):
            fail("bytes", f"{self.name} heard {text[:60]!r}. Those are bytes, not text.")
        heard, frame = f"{self.name} heard {short(text)}.", None
        with suppress(ValueError):
            frame = json.loads(text)
        if not isinstance(frame, dict) or not isinstance(frame.get("message"), str):
            fail("not-json", f'{heard} That is not a JSON object with a "message".')
        if "timestamp" in frame:
            times = moments(frame["timestamp"])
            if not times:
                fail("not-a-time", f'{heard} Its "timestamp" is not a date and a time in ISO 8601.')
            if min(abs((datetime.now(UTC) - each).total_seconds()) for each in times) > 90:
                fail("wrong-time", f'{heard} Its "timestamp" is not the time now.')
        return Frame(frame)


class Club:
    """A running program, as its friends know it."""

    def __init__(self, program: Program, patience: float) -> None:
        self.program = program
        self.terminal = program.terminal
        self.patience = patience
        self._lines: list[Line] = []

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return f"127.0.0.1:{self.program.port}"

    def chat(self, name: str) -> Friend:
        """A friend joins the chat."""
        return self.calls(name, "/ws/")

    def news(self, name: str, *types: str) -> Friend:
        """A friend listens to the news messenger, and looks at messages of these types, too."""
        return self.calls(name, "/ws/notifications/", types=(*TYPES, *types))

    def room(self, room: str, name: str, *types: str, last_id: object = None, **how: Any) -> Friend:
        """A friend joins this room, and looks at messages of these types, too.

        `last_id` is the number of the last message that they have heard.
        """
        query = "" if last_id is None else f"?last_id={last_id}"
        path = f"/ws/rooms/{quote(room, safe='')}/"
        return self.calls(name, path, query=query, types=(*ROOM_TYPES, *types), **how)

    def sleeper(self, name: str, path: str = "/ws/") -> Friend:
        """A friend who joins the chat, takes one message and falls asleep."""
        return self.calls(name, path, asleep=True, types=ROOM_TYPES)

    def calls(
        self,
        name: str,
        path: str,
        asleep: bool = False,
        types: tuple[str | None, ...] = TYPES,
        query: str = "",
        **headers: str,
    ) -> Friend:
        """A friend calls this path, with their name added at its end."""
        called = f"{name[:20]} called {path}{{client_id}}, but"
        try:
            line = self.program.open(path + quote(name, safe="") + query, self.patience, asleep, **headers)
            self._lines.append(line)
        except RefusedError as refused:
            fail("refused", f"{called} the club answered {refused.status}.", path=path, status=refused.status)
        except TimeoutError:
            fail("not-picked-up", f"{called} nobody picked up for {self.patience:g} seconds.", path=path, status="")
        except HungUpError:
            fail("hung-up", f"{called} the club hung up at once.", path=path)
        return Friend(name, self._lines[-1], self.patience, types, path)

    def seconds_pass(self, seconds: float) -> None:
        """Move the program's clock forward, so that nobody has to wait."""
        try:
            self.program.pass_time(seconds)
        except TimeoutError:
            fail("stuck", f"{seconds:g} seconds could not pass. Something is holding up the whole club.")
        except HungUpError:
            fail("ended", "The program ended instead of waiting for friends.")

    def get(self, path: str, status: int | None = 200, **headers: str) -> Answer:
        """Ask for this path. The answer must have this status, if one is given."""
        return self._ask("GET", path, status, **headers)

    def post(self, path: str, status: int | None = 200, **query: str) -> Answer:
        return self._ask("POST", f"{path}?{urlencode(query)}", status)

    def paths(self) -> dict[str, Any]:
        """All the paths that can be asked for, as /openapi.json lists them."""
        paths: dict[str, Any] = json.loads(self.get("/openapi.json").text)["paths"]
        return paths

    def rooms(self) -> dict[str, Any]:
        text = self.get("/rooms").text
        rooms = None
        with suppress(ValueError):
            rooms = json.loads(text)
        if not isinstance(rooms, dict):
            fail("rooms-unreadable", f"GET /rooms should count the friends in each room, but it says {text[:60]}.")
        return rooms

    def count(self, **friends: int) -> None:
        """Ask the rooms board until it counts this many friends: those who hang up may still be on their way out."""
        for _ in looks(self.patience):
            if friends.items() <= (rooms := self.rooms()).items():
                return
        counted, wanted = json.dumps(rooms)[:100], json.dumps(friends)
        sentence = f"The rooms board says {counted}, but it should say {wanted}."
        fail("wrong-count", sentence, counted=counted, wanted=wanted, method="GET", path="/rooms")

    def has_no_room(self, room: str) -> None:
        """Ask until the rooms board does not name this room."""
        for _ in looks(self.patience):
            if room not in (rooms := self.rooms()):
                return
        counted = json.dumps(rooms)[:100]
        sentence = f"The rooms board says {counted}, but nobody is in {short(room)} any more."
        fail("room-left", sentence, counted=counted)

    def crashes_and_starts_again(self) -> None:
        """The program is killed in the middle of a talk, and put on the air again with the files that it had."""
        self.program.crash()
        self.program.start_again()

    def tasks(self) -> int:
        """How many tasks there are, once no more come: who has just called may not have all of theirs yet."""
        end = time.monotonic() + self.patience
        tasks, quiet = self.program.tasks(), 0
        while quiet < QUIET and time.monotonic() < end:
            self._ask("GET", "/rooms", None)
            time.sleep(0.02)
            before, tasks = tasks, self.program.tasks()
            quiet = 0 if tasks > before else quiet + 1
        return tasks

    def works_for_nobody(self, tasks: int) -> None:
        """Ask until no more than this many tasks are left."""
        for _ in looks(self.patience):
            if (left := self.program.tasks()) <= tasks:
                return
        fail("tasks-left", f"The friends have gone, but {left - tasks} tasks still work for them.")

    def settles(self) -> None:
        """Give the program some turns, so that it notices what has happened before this."""
        for _ in range(TURNS):
            self._ask("GET", NO_LINES, None)

    def empties(self) -> None:
        """Everybody leaves, without a goodbye: one after the other, so that chance decides nothing."""
        answers = True
        for line in self._lines:
            line.vanish()
            with suppress(TimeoutError, HungUpError):
                if answers:
                    answers = False
                    self.program.tasks()
                    answers = True
        for line in self._lines:
            line.close()
        self._lines.clear()

    def _ask(self, method: str, path: str, status: int | None, **headers: str) -> Answer:
        asked = f"{method} {short(path.partition('?')[0])[1:-1]}"
        fields = {"method": method, "path": path}
        try:
            answer = self.program.ask(method, path, self.patience, **headers)
        except TimeoutError:
            fail("no-answer", f"{asked} got no answer for {self.patience:g} seconds.", **fields)
        except HungUpError:
            fail("no-answer", f"{asked} got no answer: the club hung up.", **fields)
        if status not in (None, answer.status):
            sentence = f"{asked} got {answer.status} {answer.reason}, but should get {status}."
            fail("wrong-status", sentence, status=answer.status, **fields)
        return answer
