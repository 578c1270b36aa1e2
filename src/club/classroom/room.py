"""The rules of the class: who is in it, what they may do, and what the board shows. No network, no files of its own.

A line is anything with `send(**message)` and `hang_up(code, reason)`.
"""

import hashlib
import re
import secrets
import time
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from club.classroom.book import Book, Record
from club.classroom.visits import Visits
from club.classroom.wire import (
    Beat,
    Door,
    End,
    FromPupil,
    FromTeacher,
    Go,
    Hand,
    HandOut,
    Hush,
    LetIn,
    Lower,
    Mark,
    Mute,
    Out,
    Pause,
    Say,
    State,
    Verdict,
)

MOST_LETTERS = 20  # of a nickname
MOST_PUPILS = 100
BEAT_S = 5  # how often the class speaks to each page
PATIENCE_S = 12  # how long a page may say nothing before it counts as asleep
ARRIVING_S = 30  # from a nickname to the line of its page
LET_IN_S = 300
PAUSE_S = 600  # at most
NO_NAME = "Please choose a nickname of 1 to 20 letters, numbers, spaces or emoji."
# HTML's signs, those with a meaning in addresses, and letters that nobody can see.
NOT_IN_NAMES = {*"<>&\"'`/\\?#%", *"\u115f\u1160\u2800\u3164\uffa0"}
JOINED = re.compile("(?<=[\u2600-\u27bf\ufe0f\U0001f300-\U0001faff])\u200d(?=[\u2600-\u27bf\U0001f300-\U0001faff])")


class JoinError(Exception):
    """Somebody cannot come in. `status` is that of the HTTP answer, and the text a sentence for them."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Line(Protocol):
    def send(self, **message: Any) -> bool: ...
    def hang_up(self, code: int = 1000, reason: str = "") -> None: ...


@dataclass
class Window:
    """A page of a pupil. `asleep` says that its script has not spoken for a while."""

    line: Line
    heard: float
    asleep: bool = False


@dataclass
class Pupil(Record):
    windows: list[Window] = field(default_factory=list)
    host: Window | None = None  # the one whose program is open to the class
    hand: bool = False
    muted: bool = False
    knocks: bool = False  # waits for the teacher
    active: float | None = None  # when the program or the step last changed, in seconds since 1970
    arriving: float = 0  # until when a page may take to open its line
    let_in: float = 0  # until when whoever has this nickname is let in

    def is_here(self, now: float) -> bool:
        return now < self.arriving or any(not window.asleep for window in self.windows)

    @property
    def is_open(self) -> bool:
        return self.host is not None and not self.host.asleep

    def row(self, now: float) -> dict[str, Any]:
        """What the board shows of them."""
        names = ("nickname", "step", "stars", "oops", "since", "tries", "hand", "muted", "knocks", "marked", "active")
        own = {name: getattr(self, name) for name in names}
        return own | {"here": self.is_here(now), "open": self.is_open, "program": bool(self.text)}

    def tell(self, **message: Any) -> None:
        for window in self.windows:
            if not window.line.send(**message):
                window.line.hang_up(1013, "You fell asleep. Please come back.")


def nickname_from(text: str) -> str:
    """The nickname as it is kept. Raises `JoinError`."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    # Some emoji, such as an astronaut, are two with a joiner between them. Whatever else cannot be seen may deceive.
    kinds = {unicodedata.category(letter)[0] for letter in JOINED.sub("", name)}
    if not {"L", "N", "S"} & kinds or "C" in kinds or NOT_IN_NAMES & {*name} or len(name) > MOST_LETTERS:
        raise JoinError(422, NO_NAME)
    return name


def key(nickname: str) -> str:
    """The same for nicknames that look the same: `Mia` and `MIA` are one."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", nickname).casefold())


def hashed(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "replace")).hexdigest()


class Classroom:
    """Memory is the truth; the book is for the day when the memory is gone."""

    def __init__(self, book: Book, now: Callable[[], float] = time.monotonic) -> None:
        self.book = book
        self.now = now
        self.pupils = {key(each.nickname): Pupil(**vars(each)) for each in book}
        self.by_cookie = {pupil.cookie: pupil for pupil in self.pupils.values() if pupil.cookie}
        self.boards: list[Line] = []
        self.visits = Visits()
        self.hushed = False
        self.paused_until = 0.0
        self.next_beat = 0.0
        self.has_begun = False  # somebody has come
        self.addresses: list[str] = []

    @property
    def paused(self) -> bool:
        return self.now() < self.paused_until

    # Coming in

    def join(self, wanted: str, cookie: str) -> tuple[Pupil, str | None]:
        """Returns the pupil, and a new cookie if they need one. Raises `JoinError`."""
        nickname = nickname_from(wanted)
        pupil = self.pupils.get(key(nickname))
        if pupil and pupil is self.whose(cookie):
            return pupil, None
        if pupil and pupil.is_here(self.now()):
            raise JoinError(409, f"{pupil.nickname} is here already. Please take another nickname.")
        if pupil and self.now() > pupil.let_in:
            pupil.knocks = True
            self.changed(pupil)
            raise JoinError(202, f"The class knows {pupil.nickname}. Your teacher lets you in.")
        if not pupil:
            self.make_room()
            pupil = self.pupils[key(nickname)] = Pupil(nickname)
            self.book.write(pupil)
        return pupil, self.give_cookie(pupil)

    def make_room(self) -> None:
        """A nickname that was never used makes room for one that will be. Raises `JoinError`."""
        if len(self.pupils) < MOST_PUPILS:
            return
        unused = (each for each in self.pupils.values() if not (each.is_here(self.now()) or each.text or each.stars))
        if not (pupil := next(unused, None)):
            raise JoinError(503, "The class is full. Please tell your teacher.")
        self.by_cookie.pop(pupil.cookie, None)
        self.book.erase(self.pupils.pop(key(pupil.nickname)))
        self.tell_boards()

    def give_cookie(self, pupil: Pupil) -> str:
        self.by_cookie.pop(pupil.cookie, None)
        cookie = secrets.token_urlsafe(24)
        pupil.cookie, pupil.knocks, pupil.let_in = hashed(cookie), False, 0
        pupil.arriving = self.now() + ARRIVING_S
        self.by_cookie[pupil.cookie] = pupil
        self.has_begun = True
        self.changed(pupil, "cookie")
        return cookie

    def whose(self, cookie: str) -> Pupil | None:
        return self.by_cookie.get(hashed(cookie)) if cookie else None

    def arrive(self, pupil: Pupil, line: Line) -> Window:
        """A page of this pupil has opened its line."""
        window = Window(line, self.now())
        pupil.windows.append(window)
        pupil.arriving, pupil.active = 0, time.time()
        self.has_begun = True
        hushed = self.hushed or pupil.muted
        line.send(type="hello", nickname=pupil.nickname, paused=self.paused, hushed=hushed, doors=self.doors())
        self.changed(pupil)
        return window

    def leave(self, pupil: Pupil, window: Window) -> None:
        pupil.windows.remove(window)
        if not pupil.windows:
            pupil.hand = False
        self.visits.shut(window.line)
        if pupil.host is window:
            pupil.host = None
            self.tell_doors()
        self.changed(pupil)

    # What a page says

    def hear(self, pupil: Pupil, window: Window, message: FromPupil) -> None:
        window.heard = self.now()
        if window.asleep:
            window.asleep = False
            self.changed(pupil)
            self.tell_doors()
        match message:
            case State():
                self.take_state(pupil, message)
            case Verdict():
                self.take_verdict(pupil, message)
            case Hand(up=up):
                pupil.hand = up
                self.changed(pupil)
            case Door(open=is_open):
                self.open_door(pupil, window, is_open)
            case Beat():
                pass
            case _:
                self.visits.hear(window.line, message)

    def take_state(self, pupil: Pupil, state: State) -> None:
        stars = sorted(set(state.stars))
        new = {"step": state.step, "stars": stars, "text": pupil.text if state.text is None else state.text}
        changes = [name for name, value in new.items() if getattr(pupil, name) != value]
        if "text" in changes and pupil.marked:
            pupil.marked = None  # it was about another program
            changes.append("marked")
        vars(pupil).update(new)
        pupil.active = time.time()
        self.changed(pupil, *changes)

    def take_verdict(self, pupil: Pupil, verdict: Verdict) -> None:
        if not verdict.oops:
            pupil.since, pupil.tries = None, 0
        elif verdict.oops != pupil.oops:
            pupil.since, pupil.tries = time.time(), 1
        else:
            pupil.tries += 1
        pupil.oops = verdict.oops
        pupil.active = time.time()
        self.changed(pupil, "oops", "since", "tries")

    def open_door(self, pupil: Pupil, window: Window, is_open: bool) -> None:
        if is_open and pupil.host is not window:
            if pupil.host:
                self.visits.shut(pupil.host.line)
            pupil.host = window
        elif not is_open and pupil.host:
            self.visits.shut(pupil.host.line)
            pupil.host = None
        self.changed(pupil)
        self.tell_doors()

    # Friends' clubs

    def doors(self) -> list[str]:
        return sorted(pupil.nickname for pupil in self.pupils.values() if pupil.is_open)

    def host_of(self, nickname: str) -> Line | None:
        """The page behind this pupil's open door."""
        pupil = self.pupils.get(key(nickname))
        return pupil.host.line if pupil and pupil.host and pupil.is_open else None

    def may_talk(self, guest: Pupil) -> bool:
        return not (self.hushed or guest.muted)

    # What the teacher does

    def watch(self, board: Line) -> None:
        self.boards.append(board)
        board.send(**self.summary())

    def summary(self) -> dict[str, Any]:
        now = self.now()
        pupils = [pupil.row(now) for pupil in self.pupils.values()]
        more = {"paused": self.paused, "hushed": self.hushed, "addresses": self.addresses}
        return {"type": "class", "pupils": pupils, **more}

    def act(self, message: FromTeacher) -> None:
        match message:
            case Pause(on=on):
                self.paused_until = self.now() + PAUSE_S if on else 0.0
                self.tell_all(type="pause", on=on)
                self.tell_boards(type="pause", on=on)
            case Hush(on=on):
                self.hushed = on
                for pupil in self.pupils.values():
                    pupil.tell(type="hush", on=not self.may_talk(pupil))
                self.tell_boards(type="hush", on=on)
            case Say(to=None, text=text):
                self.tell_all(type="say", text=text)
            case Go(page=page):
                self.tell_all(type="go", page=page)
            case End():
                self.end()
            case Say() | HandOut() | Mute() | Out() | Lower() | LetIn() | Mark():
                if found := self.pupils.get(key(message.to or "")):
                    self.act_on(found, message)

    def act_on(self, pupil: Pupil, message: FromTeacher) -> None:
        changes = []
        match message:
            case Say(text=text):
                pupil.tell(type="say", text=text)
            case HandOut(step=step):
                pupil.tell(type="hand-out", step=step)
            case Mute(on=on):
                pupil.muted = on
                pupil.tell(type="hush", on=not self.may_talk(pupil))
            case Out():
                self.put_out(pupil)
                changes = ["cookie"]
            case Lower():
                pupil.hand = False
                pupil.tell(type="lowered")
            case LetIn():
                pupil.let_in = self.now() + LET_IN_S
            case Mark(stars=stars, oops=oops):
                pupil.marked = {"stars": stars, "oops": oops}
                changes = ["marked"]
        self.changed(pupil, *changes)

    def put_out(self, pupil: Pupil) -> None:
        """Their cookie is worth nothing from now on, so they come back only if the teacher lets them in."""
        self.by_cookie.pop(pupil.cookie, None)
        pupil.cookie, pupil.arriving, pupil.let_in, pupil.hand = "", 0, 0, False
        pupil.tell(type="out")
        self.visits.put_out(pupil.nickname)
        self.goodbye([pupil], "Your teacher has closed your line.")

    def end(self) -> None:
        self.paused_until, self.hushed = 0.0, False
        self.tell_all(type="end")
        self.goodbye(self.pupils.values(), "The class has ended.")
        self.tell_boards(type="end")

    def goodbye(self, pupils: Iterable[Pupil], reason: str) -> None:
        for pupil in pupils:
            for window in pupil.windows:
                window.line.hang_up(1000, reason)

    # Time passes

    def sweep(self) -> None:
        """To be called about once a second."""
        now = self.now()
        if 0 < self.paused_until <= now:
            self.act(Pause(type="pause", on=False))
        is_time = now >= self.next_beat
        if is_time:
            self.next_beat = now + BEAT_S
            self.tell_all(type="beat")
        for pupil in self.pupils.values():
            if 0 < pupil.arriving <= now:
                pupil.arriving = 0
                self.changed(pupil)
            for window in pupil.windows:
                if not window.asleep and now - window.heard > PATIENCE_S:
                    window.asleep = True
                    self.visits.shut(window.line)
                    self.changed(pupil)
                    self.tell_doors()

    # Telling

    def changed(self, pupil: Pupil, *kept: str) -> None:
        """First these fields are written down, and then the boards are told: what a board shows is safe."""
        if kept:
            self.book.write(pupil, *kept)
        self.tell_boards(type="pupil", **pupil.row(self.now()))

    def tell_all(self, **message: Any) -> None:
        for pupil in self.pupils.values():
            pupil.tell(**message)

    def tell_doors(self) -> None:
        self.tell_all(type="doors", doors=self.doors())

    def tell_boards(self, **message: Any) -> None:
        for board in self.boards:
            if not board.send(**(message or self.summary())):
                board.hang_up(1013, "Please call again.")
