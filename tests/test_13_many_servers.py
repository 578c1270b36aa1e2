"""Step 13: two servers, one club. What is said on one of them is heard on both."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from suite.pair import is_in_the_chat
from suite.world import fail

pytestmark = pytest.mark.terminal


def test_friends_in_a_room_hear_each_other(two, room):
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
    zoe = is_in_the_chat(clubs[1], "Zoe")
    ada = is_in_the_chat(clubs[0], "Ada")
    zoe.hears("Ada is here")
    for name in ("Bo", "Chen", "Dina"):
        newcomer = clubs[1].chat(name)
        ada.hears("joined the chat", by=name)
        newcomer.says(f"hello from {name}")
        newcomer.hears_in_order([f"hello from {name}"])
        ada.hears_in_order([f"hello from {name}"])
        ada.says(f"hello, {name}")
        for friend in (ada, newcomer):
            friend.hears_in_order([f"hello, {name}"])


def test_everything_is_heard_once_and_in_one_order(clubs):
    friends = [is_in_the_chat(clubs[number % 2], f"Friend {number}") for number in range(4)]
    for friend in friends[:3]:
        friend.hears("Friend 3 is here")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda friend: [friend.says(f"{friend.name}: {number}") for number in range(25)], friends))
    heard = [friend.hears_so_many(100, "Friend ") for friend in friends]
    if any(each != heard[0] for each in heard):
        fail("other-order", "Friends on two servers hear the same messages in another order.")
    if len(set(heard[0])) != len(heard[0]):
        fail("twice", "A message was heard more than once.")


def test_only_the_room_hears(clubs, two):
    emil = clubs[1].room("kitchen", "Emil")
    clubs[1].count(kitchen=1)
    two[0].says("a secret of this room")
    two[1].hears("a secret of this room")
    emil.says("hello, kitchen")
    emil.hears_in_order(["hello, kitchen"])


def test_a_post_is_heard_on_both_servers(clubs, two, room):
    ada, chen = clubs[1].chat("Ada"), clubs[1].news("Chen")
    clubs[1].count(chat=1, notifications=1)
    for each, other in ((room, two[1]), ("chat", ada), ("notifications", chen)):
        if each != room:  # a server may only know of channels that are open everywhere
            clubs[0].post(f"/broadcast/{each}", message=f"Dinner in {each}")
            other.hears(f"Dinner in {each}")
    clubs[0].post(f"/broadcast/{room}", message="Dinner for dragons")
    for friend in two:
        friend.hears("Dinner for dragons").has("id", type="chat")


@pytest.mark.beyond
def test_a_message_costs_redis_one_request(pair, clubs, two):
    ada, bo = (is_in_the_chat(club, name) for club, name in zip(clubs, ("Ada", "Bo"), strict=True))
    ada.hears("Bo is here")
    for friend, listener, messages in ((ada, bo, 200), (two[0], two[1], 9)):
        before = pair.redis.requests()
        for number in range(messages):
            friend.says(str(number))
        listener.hears(str(messages - 1))
        asked = pair.redis.requests() - before
        if asked > 3 * messages + 10:  # the servers may ask a little in between
            fail("many-requests", f"{messages} messages cost Redis {asked} requests.")


@pytest.mark.beyond
def test_a_quiet_hour_makes_nobody_deaf(clubs, two):
    """A wait for news that ends after some seconds must begin again."""
    cara, dan = two
    time.sleep(3)  # longer than a server waits for an answer of Redis
    cara.says("still there?")
    dan.hears("still there?")
