"""Step 15: who is here. All servers have one list, and a name is taken on all of them."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from suite.pair import both_are_on_the_air, is_in_the_chat, numbers, until
from suite.world import NotKept, fail, looks

pytestmark = pytest.mark.terminal
TAKEN = 4009


@pytest.fixture
def far_redis(pair):
    """What a server has read is a little old before it can write."""
    pair.redis.way_s = 0.06
    yield pair.redis
    pair.redis.way_s = 0


def test_everyone_sees_who_is_here_on_both_servers(clubs, two, room):
    cara, dan = two
    cara.sees("Cara", "Dan")
    dan.sees("Cara", "Dan")
    for club in clubs:
        club.count(**{room: 2})
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
    dan.hears("left the chat", by="Cara")
    dan.sees("Dan")
    clubs[1].room(room, "Cara")
    dan.sees("Cara", "Dan")


def test_names_may_be_the_same_in_the_chat_and_at_the_news(clubs):
    first, second = (is_in_the_chat(club, "Ada") for club in clubs)
    first.hears("Ada is here")
    radios = [club.news("Ada") for club in clubs]
    for club in clubs:
        club.count(chat=2, notifications=2)
    first.hangs_up()
    second.hears("left the chat", by="Ada")
    clubs[0].count(chat=1)
    clubs[0].post("/send/Ada", message="Psst")
    for radio in radios:
        radio.hears("Psst")


def test_only_one_of_two_who_come_at_once_with_the_same_name_gets_in(clubs, far_redis):
    rooms = [f"race-{next(numbers)}" for _ in range(12)]
    far_redis.freezes()  # so that all of them wait at its door
    with ThreadPoolExecutor(2 * len(rooms)) as pool:
        calls = pool.map(lambda call: call[1].room(call[0], "Cara"), itertools.product(rooms, clubs))
        frozen = time.monotonic()
        for _ in looks(0.9):
            if min(time.monotonic() - frozen, far_redis.silence_s()) > 0.4:  # nobody else is coming
                break
        far_redis.goes_on()
        friends = list(calls)
        away = list(pool.map(is_sent_away, friends))
    for first, second in zip(away[::2], away[1::2], strict=True):
        if first == second:
            sentence = "was sent away" if first else "may stay"
            fail("two-of-a-name", f"Two friends called Cara came at once, and each of them {sentence}.")
    far_redis.way_s = 0  # a board may ask for each room
    for club in clubs:
        club.count(**dict.fromkeys(rooms, 1))


def is_sent_away(friend):
    try:
        friend.is_sent_away(TAKEN)
    except NotKept:
        return False
    return True


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


def test_a_post_finds_who_has_just_come_to_the_other_server(clubs):
    for number in range(10):
        friend = clubs[number % 2].news(f"Chen{number}")
        clubs[number % 2].count(notifications=number + 1)
        clubs[1 - number % 2].post(f"/send/Chen{number}", message="Psst")
        friend.hears("Psst")


def test_a_quick_reload_waits_for_nobody(clubs, two, room):
    """Ten reloads, each on the server where the last one was not. To wait three seconds each time takes thirty."""
    cara, dan = two
    end = time.monotonic() + 15
    for number in range(10):
        cara.hangs_up()
        dan.hears("left the chat", by="Cara")
        cara = clubs[(number + 1) % 2].room(room, "Cara")
        dan.hears("joined the chat", by="Cara")
        if time.monotonic() > end:
            fail("waited", f"{number + 1} of 10 reloads took 15 seconds.")


def test_who_stays_stays_on_the_list(clubs, two, room):
    """Also longer than a name is good for, if nobody renews it."""
    clubs[1].chat("Ada")
    for _ in range(9):
        time.sleep(0.5)
        for club in clubs:
            club.count(**{room: 2}, chat=1)


def test_the_friends_of_a_server_that_is_killed_are_off_the_lists(clubs, two, room):
    cara, _ = two
    cara.sees("Cara", "Dan")
    clubs[1].chat("Ada")
    clubs[0].count(**{room: 2}, chat=1)
    clubs[1].program.crash()
    until(clubs[0], "Dan's server is gone, so Cara should see that she is alone", lambda: cara.sees("Cara"))
    clubs[0].count(**{room: 1}, chat=0)
    clubs[0].room(room, "Dan").says("I am back")
    cara.hears("I am back", by="Dan")
    clubs[1].program.start_again()
    both_are_on_the_air(clubs)
