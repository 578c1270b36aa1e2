"""Step 6: rooms. A room is there as soon as a friend walks in, and it is gone when the last friend leaves."""

import json
from contextlib import ExitStack

import pytest

from suite.world import NotKept, fail
from test_03_chat import ODD_NAMES, ODD_TEXTS, dials, hangs_up_at_the_door

ODD_ROOMS = ["Dragon cave", "Zoë", "🐉", "<script>", "a&b?c#d", "...", "rooms"]


@pytest.fixture
def cara(club):
    """A friend in the room "dragons"."""
    return club.room("dragons", "Cara")


@pytest.fixture
def dan(club, cara):
    dan = club.room("dragons", "Dan")
    cara.hears("joined the chat", by="Dan")
    return dan


def test_friends_in_a_room_hear_each_other_once(cara, dan):
    cara.says("a dragon!")
    for friend in (cara, dan):
        friend.hears("a dragon!", by="Cara")
        friend.has_heard()
    dan.says("where?")
    for friend in (cara, dan):
        friend.hears("where?", by="Dan")
        friend.has_heard()


def test_a_message_says_in_which_room_it_was_said(cara):
    cara.says("hello")
    cara.hears("hello").has("timestamp", client_id="Cara", room="dragons")


def test_only_that_room_hears(club, cara, dan, ada):
    pizza, radio = club.room("pizza", "Cara"), club.news("Cara")
    cara.says("hush, dragons")
    dan.hears("hush, dragons")
    for friend in (pizza, ada, radio):
        friend.has_heard()


def test_the_chat_is_not_heard_in_a_room(ada, cara):
    ada.says("hello, chat")
    ada.hears("hello, chat")
    cara.has_heard()


def test_the_others_in_the_room_hear_when_a_friend_comes_and_goes_and_only_once(club, cara, ada):
    pizza = club.room("pizza", "Emil")
    dan = club.room("dragons", "Dan")
    cara.hears("joined the chat", by="Dan").has("timestamp", room="dragons")
    dan.hangs_up()
    cara.hears("left the chat", by="Dan").has("timestamp", room="dragons")
    for friend in (cara, pizza, ada):
        friend.has_heard()


def test_a_newcomer_to_a_room_does_not_hear_of_their_own_arrival(cara, dan):
    dan.says("hello")
    dan.hears_in_order(["hello"])


def test_messages_in_a_room_come_in_order_and_once(cara, dan):
    numbers = [str(number) for number in range(10)]
    for number in numbers:
        cara.says(number)
    dan.hears_in_order(numbers)
    dan.has_heard()


def test_any_text_can_be_said_in_a_room(cara, dan):
    for text in ODD_TEXTS:
        if not text.startswith("{"):
            cara.says(text)
            dan.hears(text, by="Cara")


def test_a_room_can_have_any_name_and_so_can_its_friends(club):
    for room, name in zip(ODD_ROOMS, [*ODD_NAMES, "Ada"], strict=True):
        friend = club.room(room, name)
        friend.says("hello")
        friend.hears("hello", by=name).has(room=room)
        club.count(**{room: 1})


def test_the_rooms_board_counts_a_room_while_somebody_is_in_it(club, cara, dan):
    club.count(dragons=2)
    dan.hangs_up()
    club.count(dragons=1)
    cara.hangs_up()
    club.has_no_room("dragons")


def test_a_room_can_be_opened_again(club, cara):
    cara.hangs_up()
    club.has_no_room("dragons")
    dan = club.room("dragons", "Dan")
    club.count(dragons=1)
    dan.says("anybody here?")
    dan.hears_in_order(["anybody here?"])
    dan.has_heard()


def test_the_docs_page_reaches_a_room_while_it_is_there(club, cara, dan, ada):
    club.post("/broadcast/dragons", message="Dinner!")
    for friend in (cara, dan):
        friend.hears("Dinner!").has("client_id", "timestamp")
    ada.has_heard()
    cara.hangs_up()
    dan.hangs_up()
    club.has_no_room("dragons")
    club.post("/broadcast/dragons", status=404, message="Dinner!")


def test_the_chat_and_the_news_are_always_open(club):
    ada, radio = club.chat("Ada"), club.news("Ada")
    club.count(chat=1, notifications=1)
    ada.hangs_up()
    radio.hangs_up()
    club.count(chat=0, notifications=0)
    club.news("Ada")
    ada = club.chat("Ada")
    ada.says("I am back")
    ada.hears("I am back")


def test_a_friend_who_vanishes_is_off_the_list_of_the_room(club, cara, dan):
    dan.vanishes()
    cara.hears("left the chat", by="Dan")
    club.count(dragons=1)
    cara.says("hello?")
    cara.hears_in_order(["hello?"])
    cara.vanishes()
    club.has_no_room("dragons")


def test_twenty_friends_vanish_from_a_room_while_one_talks(club, cara):
    twenty = [club.room("dragons", f"Friend {number}") for number in range(20)]
    dan = club.room("dragons", "Dan")
    club.count(dragons=22)
    sentences = [f"sentence {number}" for number in range(10)]
    for sentence in sentences:
        cara.says(sentence)
        twenty.pop().vanishes()
        twenty.pop().vanishes()
    for friend in (cara, dan):
        for sentence in sentences:
            friend.hears(sentence, by="Cara")
    club.count(dragons=2)


def test_rooms_that_come_and_go_leave_nothing_behind(club):
    before, tasks = club.rooms(), club.tasks()
    for number in range(60):
        friend = club.room(f"room {number}", "Ada")
        getattr(friend, ("hangs_up", "vanishes")[number % 2])()
    for number in range(60):
        club.has_no_room(f"room {number}")
    if (rooms := club.rooms()) != before:
        fail("room-left", f"The rooms board says {json.dumps(rooms)[:100]}, but nobody is in a room any more.")
    club.works_for_nobody(tasks)


@pytest.mark.parametrize("room", ["chat", "notifications"])
def test_a_room_called_chat_or_notifications_does_no_harm(club, room):
    """A club may let this friend in, or send them away."""
    before = club.rooms()
    try:
        guest = club.room(room, "Cara")
        guest.says("hello")
        guest.hangs_up()
    except NotKept:
        pass
    club.count(**before)
    ada, radio = club.chat("Ada"), club.news("Ada")
    ada.says("is all well?")
    ada.hears("is all well?", by="Ada")
    club.post("/broadcast/notifications", message="Dinner!")
    radio.hears("Dinner!").has(type="notification")


@pytest.mark.beyond
def test_a_friend_who_hangs_up_at_the_door_of_a_room_is_said_to_have_gone(club, cara):
    sleeper = club.sleeper("Emil", "/ws/rooms/dragons/")
    text = "o" * 60_000  # the longest that fits into an address
    with ExitStack() as lines:
        for _ in range(150):  # together, more than the way to a sleeper holds
            lines.enter_context(dials(club, f"POST /broadcast/dragons?message={text}"))
            cara.hears(text)
        hangs_up_at_the_door(club, "/ws/rooms/dragons/Bo", cara, sleeper)
        club.count(dragons=1)


@pytest.mark.beyond
def test_a_room_can_go_while_a_message_from_the_docs_page_is_on_its_way(club):
    from concurrent.futures import ThreadPoolExecutor, wait  # noqa: PLC0415 - a browser has no threads

    sleeper = club.calls("Cara", "/ws/rooms/dragons/", asleep=True)
    with ThreadPoolExecutor(1) as pool:
        for _ in range(120):
            posted = pool.submit(club.post, "/broadcast/dragons", None, message="o" * 60_000)
            if not wait([posted], 0.5).done:
                sleeper.vanishes()
            assert posted.result().status in {200, 404}
            if posted.result().status == 404 or "dragons" not in club.rooms():
                return
