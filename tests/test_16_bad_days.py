"""Step 16: bad days. Redis goes away and comes back. Nobody becomes a ghost, and no door goes deaf."""

import time

import pytest

from suite.friends import Club
from suite.pair import BACK, both_are_on_the_air, is_in_the_room, numbers, until
from suite.world import fail

pytestmark = pytest.mark.terminal
TRY_AGAIN = 1013


def goes_away(redis, how):
    time.sleep(0.1)  # so that no server is in the middle of a question
    redis.is_killed() if how == "killed" else redis.freezes()
    time.sleep(0.1)


def comes_back(redis, how):
    redis.starts() if how == "killed" else redis.goes_on()


both_ways = pytest.mark.parametrize("how", ["killed", "frozen"])


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


@both_ways
def test_while_redis_is_away_callers_are_told_and_afterwards_all_is_well(clubs, two, pair, how, room):
    cara, dan = two
    cara.says("before")
    last = dan.hears("before")["id"]
    cara.hears("before")
    goes_away(pair.redis, how)
    patient = [Club(club.program, BACK * club.patience) for club in clubs]
    for path in ("/ws/", f"/ws/rooms/{room}/", "/ws/notifications/"):
        patient[0].calls("Emil", path).is_sent_away(TRY_AGAIN)
    cara.says("can anybody hear me?")
    until(clubs[0], "Cara should be asked to come back", lambda: cara.is_sent_away(TRY_AGAIN))
    for club in patient:
        for answer in (club.get("/rooms", None), club.post("/broadcast/chat", None, message="Dinner!")):
            if answer.status not in {200, 503}:
                fail("wrong-status", f"Redis is away, and the club answered {answer.status}, not 200 or 503.")
    comes_back(pair.redis, how)
    until(clubs[0], "All should be well when Redis is back", lambda: both_are_on_the_air(clubs))

    def is_let_in():
        cara = clubs[0].room(room, "Cara", last_id=last - 1)
        cara.hears("before").has(id=last)
        return cara

    again = until(clubs[0], "Cara should be let in, and hear what she missed", is_let_in)
    again.says("after")
    heard = again.hears("after")["id"]
    dan.hears_numbers(*range(last + 1, heard + 1))
    late = clubs[1].room(room, "Late", last_id=0)
    late.hears_numbers(*range(1, heard + 1))


@both_ways
def test_who_calls_the_news_while_redis_is_away_becomes_no_ghost(clubs, pair, how, room):
    dan = clubs[1].room(room, "Dan")
    clubs[1].count(**{room: 1})
    goes_away(pair.redis, how)
    patient = Club(clubs[0].program, BACK * clubs[0].patience)
    for path in ("/ws/notifications/", "/ws/"):
        patient.calls("Ada", path).is_sent_away(TRY_AGAIN)
    comes_back(pair.redis, how)
    until(clubs[0], "All should be well when Redis is back", lambda: both_are_on_the_air(clubs))
    until(clubs[0], "Nobody should be on the lists", lambda: clubs[0].count(notifications=0, chat=0))
    cara = is_in_the_room(clubs[0], room, "Cara")

    def hears_dan():
        dan.says("hello?")
        cara.hears("hello?", by="Dan")

    until(clubs[0], "Cara should hear Dan", hears_dan)


def test_a_server_that_starts_while_redis_is_away_tells_nobody_old_news(clubs, two, pair, room):
    cara, _ = two
    for number in range(5):
        cara.says(f"old {number}")
        cara.hears(f"old {number}")
    pair.redis.is_killed()
    clubs[1].crashes_and_starts_again()
    Club(clubs[1].program, BACK * clubs[1].patience).room(room, "Emil").is_sent_away(TRY_AGAIN)
    pair.redis.starts()

    def is_let_in():
        emil = clubs[1].room(room, "Emil")
        emil.says("I am new here")
        if (heard := emil.hears_so_many(1)) != ["I am new here"]:
            fail("old-news", f"Emil asked for nothing old, but heard {heard[0]}.")

    until(clubs[1], "Emil should be let in, and hear nothing old", is_let_in)
    both_are_on_the_air(clubs)


def test_what_was_said_while_a_server_heard_nothing_is_heard_once(clubs, two, pair, room):
    cara, dan = two
    cara.says("one")
    dan.hears("one").has(id=1)
    pair.redis.hangs_up_on_listeners()
    for number in range(2, 6):
        until(clubs[0], "Cara should be able to speak", lambda number=number: speaks(clubs[0], room, number))
    dan.hears_numbers(*range(2, 6))


def speaks(club, room, number):
    friend = club.room(room, f"Talker {number}")
    friend.says(str(number))
    friend.hears(str(number)).has(id=number)


def test_a_redis_that_has_lost_its_memory_makes_no_room_deaf(clubs, two, pair, room):
    cara, dan = two
    for number in range(9):  # more than the tries below, each of which makes the numbers of a new Redis grow
        cara.says(str(number))
        dan.hears(str(number))
    pair.redis.is_killed()
    pair.redis.loses_its_memory()
    pair.redis.starts()
    until(clubs[0], "All should be well when Redis is back", lambda: both_are_on_the_air(clubs))

    def talk_again():
        friends = [is_in_the_room(club, room, f"Friend {next(numbers)}") for club in clubs]
        friends[0].says("a new beginning")
        for friend in friends:
            friend.hears("a new beginning")

    until(clubs[0], "The room should hear what is said", talk_again)


@both_ways
def test_the_friends_who_are_here_are_on_the_list_when_redis_is_back(clubs, two, pair, how, room):
    goes_away(pair.redis, how)
    time.sleep(4)  # until their names have run out
    comes_back(pair.redis, how)
    until(clubs[0], "All should be well when Redis is back", lambda: both_are_on_the_air(clubs))

    def both_are_listed():
        for club in clubs:
            club.count(**{room: 2})

    until(clubs[0], "Cara and Dan, who have kept their lines, should be on the list", both_are_listed)
