"""Step 13: two servers, one club. Redis is all that they share, and it may go away for a while."""

import itertools
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from suite.friends import Club
from suite.running import FAILED
from suite.world import PROGRAM, NotKept, fail

if TYPE_CHECKING:  # a browser has none of what these two import
    from suite.redis_server import Redis

pytestmark = pytest.mark.terminal
TRY_AGAIN = 1013
TAKEN = 4009
START_S = 20  # how long two servers may take to start on a slow machine
BACK = 4  # times longer than a friend waits: what servers may take to notice that Redis, or another one, has gone


class Pair:
    """Two servers with one Redis, and nothing else in common: each has its own copy of the file."""

    def __init__(self, main_py: Path, redis: "Redis", folder: Path, patience: float) -> None:
        from suite.program import Process  # noqa: PLC0415

        self.redis = redis
        self.clubs = []
        for name in ("one", "two"):
            (folder / name).mkdir()
            shutil.copy(main_py, folder / name)
            program = Process(folder / name / main_py.name, folder / name / "notes", START_S, REDIS_URL=redis.url)
            self.clubs.append(Club(program, patience))
        self.folder = folder
        try:
            both_are_on_the_air(self.clubs)
        except NotKept:
            self.stop()
            raise

    def stop(self) -> None:
        for club in self.clubs:
            club.program.stop()
        self.redis.stop()


@pytest.fixture(scope="session")
def pairs() -> Iterator[dict[Path, Pair]]:
    """They take seconds to start, so tests that leave them as they were share them."""
    pairs: dict[Path, Pair] = {}
    yield pairs
    for pair in pairs.values():
        pair.stop()


@pytest.fixture
def pair(request: pytest.FixtureRequest, main_py: Path, pairs: dict[Path, Pair], tmp_path: Path) -> Iterator[Pair]:
    from suite.redis_server import Redis  # noqa: PLC0415

    if main_py not in pairs:
        pairs[main_py] = Pair(main_py, Redis(tmp_path), tmp_path, request.config.getoption("patience"))
    pair = pairs[main_py]
    request.node.stash[PROGRAM] = pair.clubs[0].program
    for club in pair.clubs:
        club.program.begin()
    yield pair
    for club in pair.clubs:
        club.empties()
    if request.node.stash.get(FAILED, False):
        pairs.pop(main_py).stop()
    for club in pair.clubs:
        if "Traceback" in club.terminal():
            fail("traceback", f"The terminal shows a traceback.\n{club.terminal()[-3000:]}")


@pytest.fixture
def far_redis(pair):
    """What a server has read is a little old before it can write."""
    pair.redis.way_s = 0.03
    yield pair.redis
    pair.redis.way_s = 0


@pytest.fixture
def clubs(pair):
    return pair.clubs


@pytest.fixture
def room():
    return f"dragons-{next(numbers)}"


numbers = itertools.count(1)


def until(club, what, kept):
    seconds = BACK * club.patience
    end = time.monotonic() + seconds
    while True:
        try:
            return kept()
        except NotKept:
            if time.monotonic() > end:
                fail("not-yet", f"{what}, but not within {seconds:g} seconds.", wanted=what)
            time.sleep(0.05)


def both_are_on_the_air(clubs):
    def both_hear():
        room = f"test-{next(numbers)}"
        quick = [Club(club.program, 1) for club in clubs]
        friends = [club.room(room, f"Friend {number}") for number, club in enumerate(quick)]
        for friend in friends:
            friend.says(f"{friend.name} is here")
            for each in friends:
                each.hears(f"{friend.name} is here")
        for friend in friends:
            friend.hangs_up()

    until(clubs[0], "Two servers should be one club", both_hear)


@pytest.fixture
def two(clubs, room):
    """Cara and Dan are in one room, each on a server of their own."""
    cara = clubs[0].room(room, "Cara", "friends", "whisper", "emoji", "typing", "error")
    dan = clubs[1].room(room, "Dan", "friends", "whisper", "emoji", "typing", "error")
    cara.sees("Cara", "Dan")
    dan.sees("Cara", "Dan")
    return cara, dan


def test_friends_in_a_room_hear_each_other(clubs, two, room):
    cara, dan = two
    for friend in two:
        friend.says(f"{friend.name} here")
        for each in two:
            each.hears(f"{friend.name} here", by=friend.name).has("id", "timestamp", type="chat", room=room)
    cara.sends(type="typing")
    dan.hears("is typing…", by="Cara")
    dan.sends(type="emoji", message="🎉")
    cara.hears("🎉", by="Dan").has(type="emoji")
    for friend in two:
        friend.says("bye")
    dan.hangs_up()
    cara.hears("left the chat", by="Dan")


def test_the_chat_is_one_and_a_newcomer_does_not_hear_of_their_own_arrival(clubs):
    for _ in range(3):
        ada = clubs[0].chat("Ada")
        time.sleep(0.1)  # until the other server has heard of it, too
        bo = clubs[1].chat("Bo")
        ada.hears("joined the chat", by="Bo")
        clubs[0].count(chat=2)
        bo.says("hello")
        bo.hears_in_order(["hello"])
        ada.hears_in_order(["hello"])
        ada.says("hello back")
        bo.hears_in_order(["hello back"])
        bo.hangs_up()
        ada.hears("left the chat", by="Bo")
        ada.hangs_up()
        clubs[1].count(chat=0)


def test_a_whisper_crosses_over_to_one_friend_alone(clubs, two, room):
    cara, dan = two
    emil = clubs[1].room(room, "Emil", "whisper", "typing")
    cara.hears("joined the chat", by="Emil")
    dan.sends(type="typing")
    emil.hears("is typing…", by="Dan")  # and so all that was told before has come
    cara.sends(type="whisper", to="Dan", message="psst")
    for friend in two:
        friend.hears("psst", by="Cara").has(type="whisper", to="Dan")
    emil.has_heard()
    cara.sends(type="whisper", to="Nobody", message="psst")
    cara.hears_an_error(naming="Emil")


def test_everyone_sees_who_is_here_on_both_servers(clubs, two, room):
    cara, dan = two
    clubs[0].count(**{room: 2})
    clubs[1].count(**{room: 2})
    dan.hangs_up()
    cara.sees("Cara")
    clubs[1].count(**{room: 1})
    cara.hangs_up()
    for club in clubs:
        club.has_no_room(room)


def test_a_name_is_taken_on_both_servers_until_its_friend_goes(clubs, two, room):
    cara, dan = two
    clubs[1].room(room, "Cara").is_sent_away(TAKEN)
    clubs[0].room(room, "Dan").is_sent_away(TAKEN)
    cara.hangs_up()
    dan.sees("Dan")
    clubs[1].room(room, "Cara")
    dan.sees("Cara", "Dan")


def test_only_one_of_two_who_come_at_once_with_the_same_name_gets_in(clubs, far_redis):
    rooms = [f"race-{next(numbers)}" for _ in range(12)]
    far_redis.freezes()  # so that all of them wait at its door
    with ThreadPoolExecutor(2 * len(rooms)) as pool:
        calls = pool.map(lambda call: call[1].room(call[0], "Cara"), itertools.product(rooms, clubs))
        time.sleep(0.5)
        far_redis.goes_on()
        list(calls)
    time.sleep(2)  # until those who had to wait for a name have asked for it, too
    for club in clubs:
        club.count(**dict.fromkeys(rooms, 1))


def test_missed_messages_are_heard_on_the_other_server(clubs, two, room):
    cara, dan = two
    cara.says("one")
    last = dan.hears("one")["id"]
    dan.hangs_up()
    cara.hears("left the chat", by="Dan")
    for text in ("two", "three"):
        cara.says(text)
        cara.hears(text)
    dan = clubs[0].room(room, "Dan", last_id=last)
    cara.hears("joined the chat", by="Dan")
    cara.says("four")
    dan.hears_in_order(["two", "three", "four"])


def test_ids_are_the_same_and_in_order_on_both_servers(clubs, two, room):
    talkers = [clubs[number % 2].room(room, f"Talker {number}") for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda talker: [talker.says(str(number)) for number in range(9)], talkers))
    for friend in two:
        friend.hears_numbers(*range(1, 55))
    late = clubs[1].room(room, "Late", last_id=0)
    late.hears_numbers(*range(1, 55))


def test_both_routes_of_the_docs_page_reach_both_servers(clubs, two, room):
    chen, ada = clubs[1].news("Chen"), clubs[1].chat("Ada")
    clubs[0].count(notifications=1, chat=1)
    for club in clubs:
        club.post(f"/broadcast/{room}", message=f"Dinner! {club.address}")
        for friend in two:
            friend.hears(f"Dinner! {club.address}").has("id", type="chat")
        club.post("/broadcast/chat", message="Dinner in the chat")
        ada.hears("Dinner in the chat")
        club.post("/broadcast/notifications", message="Dinner for radios")
        chen.hears("Dinner for radios").has(type="notification")
        club.post("/send/Chen", message="Psst")
        chen.hears("Psst").has(type="notification")
        chen.has_heard()
    clubs[0].post("/send/Nobody", status=404, message="Psst")
    clubs[0].post("/broadcast/kitchen", status=404, message="Psst")


def test_nothing_is_written_to_the_disk(two, pair):
    cara, dan = two
    cara.says("one")
    dan.hears("one")
    if list(pair.folder.rglob("club.db")):
        fail("on-disk", "There is a club.db, but with Redis nothing should be written to the disk.")


def test_the_friends_of_a_server_that_is_killed_are_off_the_lists(clubs, two, room):
    cara, _ = two
    clubs[1].chat("Ada")
    clubs[0].count(**{room: 2}, chat=1)
    clubs[1].program.crash()
    until(clubs[0], "Dan's server is gone, so Cara should see that she is alone", lambda: cara.sees("Cara"))
    clubs[0].count(**{room: 1}, chat=0)
    clubs[0].room(room, "Dan").says("I am back")
    cara.hears("I am back", by="Dan")
    clubs[1].program.start_again()
    both_are_on_the_air(clubs)


def test_a_server_that_is_killed_and_started_again_knows_what_was_said(clubs, two, room):
    cara, dan = two
    cara.says("one")
    dan.hears("one")
    clubs[1].crashes_and_starts_again()

    def comes_back():
        dan = clubs[1].room(room, "Emil", last_id=0)
        dan.hears_in_order(["one"])
        return dan

    dan = until(clubs[0], "A server that starts again should be part of the club", comes_back)
    cara.says("two")
    dan.hears("two").has(id=2)


@pytest.mark.beyond
def test_when_redis_is_back_nobody_is_sent_away_any_more(clubs, two, pair):
    """The servers had lines to the old one, and must not trip over them again."""
    pair.redis.is_killed()
    pair.redis.starts()
    time.sleep(2)
    for club in clubs:
        friend = club.room(f"dragons-{next(numbers)}", "Emil")
        friend.says("all is well")
        friend.hears("all is well", by="Emil")


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_while_redis_is_away_callers_are_told_and_afterwards_all_is_well(clubs, two, pair, how, room):
    cara, dan = two
    cara.says("before")
    last = dan.hears("before")["id"]
    cara.hears("before")
    time.sleep(0.1)  # so that no server is in the middle of a question
    pair.redis.is_killed() if how == "killed" else pair.redis.freezes()
    time.sleep(0.1)
    patient = [Club(club.program, BACK * club.patience) for club in clubs]
    for path in ("/ws/", f"/ws/rooms/{room}/", "/ws/notifications/"):
        patient[0].calls("Emil", path).is_sent_away(TRY_AGAIN)
    cara.says("can anybody hear me?")
    until(clubs[0], "Cara should be asked to come back", lambda: cara.is_sent_away(TRY_AGAIN))
    for club in patient:
        for answer in (club.get("/rooms", None), club.post("/broadcast/chat", None, message="Dinner!")):
            if answer.status not in {200, 503}:
                fail("wrong-status", f"Redis is away, and the club answered {answer.status}, not 200 or 503.")
    pair.redis.starts() if how == "killed" else pair.redis.goes_on()
    until(clubs[0], "All should be well when Redis is back", lambda: both_are_on_the_air(clubs))

    def comes_back():
        cara = clubs[0].room(room, "Cara", last_id=last - 1)
        cara.hears("before").has(id=last)
        return cara

    again = until(clubs[0], "Cara should be let in, and hear what she missed", comes_back)
    again.says("after")
    heard = again.hears("after")["id"]
    dan.hears_numbers(*range(last + 1, heard + 1))
    late = clubs[1].room(room, "Late", last_id=0)
    late.hears_numbers(*range(1, heard + 1))
