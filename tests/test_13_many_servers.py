"""Step 13: two servers, one club. Redis is all that they share, and it may go away for a while."""

import itertools
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from suite.friends import Club
from suite.redis import Redis, redis  # noqa: F401
from suite.world import NotKept, fail

pytestmark = pytest.mark.terminal
TRY_AGAIN = 1013
TAKEN = 4009
START_S = 20  # how long two servers may take to start on a slow machine
BACK_S = 20  # how long servers may take to notice that Redis, or another server, has gone or is back


@pytest.fixture
def clubs(request: pytest.FixtureRequest, main_py: Path, redis: Redis, tmp_path: Path) -> Iterator[list[Club]]:  # noqa: F811
    """Two servers with one Redis, and nothing else in common: each has its own copy of the file."""
    from suite.program import Process  # noqa: PLC0415

    clubs, programs = [], []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(main_py, folder)
        patience = request.config.getoption("patience")
        programs.append(Process(folder / main_py.name, folder / "notes", START_S, REDIS_URL=redis.url))
        clubs.append(Club(programs[-1], patience))
    request.node.program = programs[0]
    both_are_on_the_air(clubs)
    yield clubs
    for club, program in zip(clubs, programs, strict=True):
        club.empties()
        program.stop()
    for club in clubs:
        if "Traceback" in club.terminal():
            fail("traceback", f"The terminal shows a traceback.\n{club.terminal()[-3000:]}")


numbers = itertools.count(1)


def until(what, kept, seconds=BACK_S):
    end = time.monotonic() + seconds
    while True:
        try:
            return kept()
        except NotKept:
            if time.monotonic() > end:
                fail("not-yet", f"{what}, but not within {seconds} seconds.")
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

    until("Two servers should be one club", both_hear)


@pytest.fixture
def two(clubs):
    """Cara and Dan are in one room, each on a server of their own."""
    cara = clubs[0].room("dragons", "Cara", "friends", "whisper", "emoji", "typing", "error")
    dan = clubs[1].room("dragons", "Dan", "friends", "whisper", "emoji", "typing", "error")
    cara.sees("Cara", "Dan")
    dan.sees("Cara", "Dan")
    return cara, dan


def test_friends_in_a_room_hear_each_other(clubs, two):
    cara, dan = two
    for friend in two:
        friend.says(f"{friend.name} here")
        for each in two:
            each.hears(f"{friend.name} here", by=friend.name).has("id", "timestamp", type="chat", room="dragons")
    cara.sends(type="typing")
    dan.hears("is typing…", by="Cara")
    dan.sends(type="emoji", message="🎉")
    cara.hears("🎉", by="Dan").has(type="emoji")
    for friend in two:
        friend.says("bye")
    dan.hangs_up()
    cara.hears("left the chat", by="Dan")


def test_the_chat_is_one_and_a_newcomer_does_not_hear_of_their_own_arrival(clubs):
    for _ in range(5):
        ada, bo = clubs[0].chat("Ada"), clubs[1].chat("Bo")
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


def test_a_whisper_crosses_over_to_one_friend_alone(clubs, two):
    cara, _ = two
    emil = clubs[1].room("dragons", "Emil", "whisper")
    cara.hears("joined the chat", by="Emil")
    cara.sends(type="whisper", to="Dan", message="psst")
    for friend in two:
        friend.hears("psst", by="Cara").has(type="whisper", to="Dan")
    emil.has_heard()
    cara.sends(type="whisper", to="Nobody", message="psst")
    cara.hears_an_error(naming="Emil")


def test_everyone_sees_who_is_here_on_both_servers(clubs, two):
    cara, dan = two
    clubs[0].count(dragons=2)
    clubs[1].count(dragons=2)
    dan.hangs_up()
    cara.sees("Cara")
    clubs[1].count(dragons=1)
    cara.hangs_up()
    for club in clubs:
        club.has_no_room("dragons")


def test_a_name_is_taken_on_both_servers_until_its_friend_goes(clubs, two):
    cara, dan = two
    clubs[1].room("dragons", "Cara").is_sent_away(TAKEN)
    clubs[0].room("dragons", "Dan").is_sent_away(TAKEN)
    cara.hangs_up()
    dan.sees("Dan")
    clubs[1].room("dragons", "Cara")
    dan.sees("Cara", "Dan")


def test_of_two_who_come_at_once_with_one_name_one_gets_in(clubs):
    for number in range(5):
        room = f"race-{number}"
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda club, room=room: club.room(room, "Cara"), clubs * 3))
        time.sleep(1)
        for club in clubs:
            club.count(**{room: 1})


def test_missed_messages_are_heard_on_the_other_server(clubs, two):
    cara, dan = two
    cara.says("one")
    last = dan.hears("one")["id"]
    dan.hangs_up()
    cara.hears("left the chat", by="Dan")
    for text in ("two", "three"):
        cara.says(text)
        cara.hears(text)
    dan = clubs[0].room("dragons", "Dan", last_id=last)
    cara.hears("joined the chat", by="Dan")
    cara.says("four")
    dan.hears_in_order(["two", "three", "four"])


def test_ids_are_the_same_and_in_order_on_both_servers(clubs, two):
    talkers = [clubs[number % 2].room("dragons", f"Talker {number}") for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda talker: [talker.says(str(number)) for number in range(9)], talkers))
    for friend in two:
        friend.hears_numbers(*range(1, 55))
    late = clubs[1].room("dragons", "Late", last_id=0)
    late.hears_numbers(*range(1, 55))


def test_both_routes_of_the_docs_page_reach_both_servers(clubs, two):
    chen, ada = clubs[1].news("Chen"), clubs[1].chat("Ada")
    clubs[0].count(notifications=1, chat=1)
    for club in clubs:
        club.post("/broadcast/dragons", message=f"Dinner! {club.address}")
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


def test_the_friends_of_a_server_that_is_killed_are_off_the_lists(clubs, two):
    cara, _ = two
    clubs[1].chat("Ada")
    clubs[0].count(dragons=2, chat=1)
    clubs[1].program.crash()
    until("Dan's server is gone, so Cara should see that she is alone", lambda: cara.sees("Cara"))
    clubs[0].count(dragons=1, chat=0)
    clubs[0].room("dragons", "Dan").says("I am back")
    cara.hears("I am back", by="Dan")


def test_a_server_that_is_killed_and_started_again_knows_what_was_said(clubs, two):
    cara, dan = two
    cara.says("one")
    dan.hears("one")
    clubs[1].crashes_and_starts_again()

    def comes_back():
        dan = clubs[1].room("dragons", "Emil", last_id=0)
        dan.hears_in_order(["one"])
        return dan

    dan = until("A server that starts again should be part of the club", comes_back)
    cara.says("two")
    dan.hears("two").has(id=2)


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_while_redis_is_away_callers_are_told_and_afterwards_all_is_well(clubs, two, redis, how):  # noqa: F811
    cara, dan = two
    cara.says("before")
    last = dan.hears("before")["id"]
    cara.hears("before")
    time.sleep(0.1)  # so that no server is in the middle of a question
    redis.is_killed() if how == "killed" else redis.freezes()
    time.sleep(0.1)
    for path in ("/ws/", "/ws/rooms/dragons/", "/ws/notifications/"):
        clubs[0].calls("Emil", path).is_sent_away(TRY_AGAIN)
    cara.says("can anybody hear me?")
    cara.is_sent_away(TRY_AGAIN)
    for club in clubs:
        answer = club.get("/rooms", status=None)
        assert answer.status in {200, 503}
        assert club.post("/broadcast/chat", None, message="Dinner!").status in {200, 503}
    redis.starts() if how == "killed" else redis.goes_on()
    until("All should be well when Redis is back", lambda: both_are_on_the_air(clubs))

    def comes_back():
        cara = clubs[0].room("dragons", "Cara", last_id=last - 1)
        cara.hears("before").has(id=last)
        return cara

    again = until("Cara should be let in, and hear what she missed", comes_back)
    again.says("after")
    heard = again.hears("after")["id"]
    dan.hears_numbers(*range(last + 1, heard + 1))
    late = clubs[1].room("dragons", "Late", last_id=0)
    late.hears_numbers(*range(1, heard + 1))


def test_nothing_is_written_to_the_disk(clubs, two, tmp_path):
    cara, dan = two
    cara.says("one")
    dan.hears("one")
    assert not list(tmp_path.rglob("club.db"))
