"""Two servers that are one club: a Redis, which may go away for a while, is all that they share."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from suite.friends import Club, Friend
from suite.running import FAILED, is_again, state
from suite.world import PROGRAM, NotKept, fail, looks

if TYPE_CHECKING:  # a browser has none of what this imports
    from suite.redis_server import Redis

Kept = TypeVar("Kept")
START_S = 20  # how long two servers may take to start on a slow machine
BACK = 4  # times longer than a friend waits: what servers may take to notice that Redis, or another one, has gone
ROOM_TYPES = ("friends", "whisper", "emoji", "typing", "error")
numbers = itertools.count(1)


class Pair:
    """Each server has its own copy of the file, and its own folder."""

    def __init__(self, main_py: Path, redis: "Redis", folder: Path, patience: float) -> None:
        from suite.program import Process  # noqa: PLC0415

        self.redis = redis
        self.folder = folder
        self.clubs: list[Club] = []
        try:
            for name in ("one", "two"):
                (folder / name).mkdir()
                shutil.copy(main_py, folder / name)
                program = Process(folder / name / main_py.name, folder / name / "notes", START_S, REDIS_URL=redis.url)
                self.clubs.append(Club(program, patience))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        for club in self.clubs:
            club.program.stop()
        self.redis.stop()


def until(club: Club, what: str, kept: Callable[[], Kept]) -> Kept:
    """Try again until this promise is kept. Raises `NotKept` when it takes too long."""
    seconds = BACK * club.patience
    for _ in looks(seconds):
        try:
            return kept()
        except NotKept as error:
            last = error
    code = last.fields.get("code", "")  # with which somebody was sent away
    sentence = f"{what}, but not within {seconds:g} seconds."
    raise NotKept("not-yet", sentence, wanted=what, last=f"{what}: {code}") from last


def both_are_on_the_air(clubs: list[Club]) -> None:
    """Wait until what is said on one server is heard on the other one, too."""

    def both_hear() -> None:
        room = f"test-{next(numbers)}"
        quick = [Club(club.program, 1) for club in clubs]
        friends = [is_in_the_room(club, room, f"Friend {number}") for number, club in enumerate(quick)]
        for friend in friends:
            friend.says(f"{friend.name} is here")
            for each in friends:
                each.hears(f"{friend.name} is here")
        for friend in friends:
            friend.hangs_up()

    until(clubs[0], "Two servers should be one club", both_hear)


def is_in_the_chat(club: Club, name: str) -> Friend:
    """A friend who hears what is said there: a call is picked up a moment before that."""
    friend = club.chat(name)
    friend.says(f"{name} is here")
    friend.hears(f"{name} is here", by=name)
    return friend


def is_in_the_room(club: Club, room: str, name: str) -> Friend:
    """The same in a room. "Is typing…" has no number, so the messages keep theirs."""
    friend = club.room(room, name, *ROOM_TYPES)
    friend.sends(type="typing")
    friend.hears("is typing…", by=name)
    return friend


@pytest.fixture(scope="session")
def pairs() -> Iterator[dict[Path, Pair]]:
    """They take seconds to start, so tests that leave them as they were share them."""
    pairs: dict[Path, Pair] = {}
    yield pairs
    for pair in pairs.values():
        pair.stop()


@pytest.fixture
def pair(
    request: pytest.FixtureRequest, main_py: Path, pairs: dict[Path, Pair], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    from suite.redis_server import Redis  # noqa: PLC0415

    both_hear = main_py in pairs
    if not both_hear:
        folder = tmp_path_factory.mktemp("pair")
        pairs[main_py] = Pair(main_py, Redis(folder), folder, request.config.getoption("patience"))
    pair = pairs[main_py]
    request.node.stash[PROGRAM] = pair.clubs[0].program  # so that a verdict knows what its terminal says
    for club in pair.clubs:
        club.program.begin()
    if not both_hear:
        try:
            both_are_on_the_air(pair.clubs)
        except NotKept:
            pairs.pop(main_py).stop()
            raise
    before = [state(club.program, "/rooms", club.patience) for club in pair.clubs]
    yield pair
    for club in pair.clubs:
        club.empties()
    if request.node.stash.get(FAILED, False):
        pairs.pop(main_py).stop()
    else:
        for club, each in zip(pair.clubs, before, strict=True):
            is_again(each, club.program, "/rooms", club.patience)  # a goodbye may take the long way over Redis
    for club in pair.clubs:
        if "Traceback" in club.terminal():
            fail("traceback", f"The terminal shows a traceback.\n{club.terminal()[-3000:]}")


@pytest.fixture
def clubs(pair: Pair) -> list[Club]:
    return pair.clubs


@pytest.fixture
def room() -> str:
    """A room that no test has been in."""
    return f"dragons-{next(numbers)}"


@pytest.fixture
def two(clubs: list[Club], room: str) -> tuple[Friend, Friend]:
    """Cara and Dan are in one room, each on a server of their own."""
    cara = is_in_the_room(clubs[0], room, "Cara")
    dan = clubs[1].room(room, "Dan", *ROOM_TYPES)
    cara.hears("joined the chat", by="Dan")
    return cara, dan
