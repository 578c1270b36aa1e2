"""Step 3: friends talk, and everyone in the chat hears them at once."""

import socket
import struct
import time
from contextlib import suppress
from datetime import datetime

import pytest

from suite.world import NotKept, fail

ODD_NAMES = ["Ada Lovelace", "Zoë", "🦊", "<script>", "a&b?c#d", "..."]
ODD_TEXTS = [
    "",
    " ",
    "<script>alert(1)</script>",
    '{"broken": ',
    '"\\',
    "two\nlines",
    "👩‍🚀🎉",
    "\x00",
    "null",
]
NOVEL = "o" * 6_000_000  # more than the way to a sleeper holds


def dials(club, request, headers=""):
    """Send this request, and do not wait for an answer. Returns the line; who closes it pulls the plug."""
    line = socket.create_connection(("127.0.0.1", club.program.port), club.patience)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.sendall(f"{request} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode())
    return line


def rings(club, path):
    """Call at this path, and do not wait until somebody picks up."""
    key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    return dials(club, f"GET {path}", f"Connection: Upgrade\r\nUpgrade: websocket\r\n{key}")


def hangs_up_at_the_door(club, path, others, sleeper):
    """Bo calls and hangs up again, while the club waits for one who sleeps. Then the sleeper vanishes."""
    bo = rings(club, path)
    others.hears("joined the chat", by="Bo")
    bo.close()
    club.rooms()  # an answer that comes after this is one from a club that knows that Bo has hung up
    sleeper.vanishes()
    others.hears("left the chat", by="Bo")


def test_whoever_talks_hears_it_too_and_only_once(ada):
    ada.says("is this thing on?")
    ada.hears("is this thing on?")
    ada.has_heard()


def test_a_friend_can_say_more_than_one_thing(ada):
    for words in ("one", "two", "three"):
        ada.says(words)
        ada.hears(words)
    ada.has_heard()


def test_a_chat_message_has_three_parts(ada):
    ada.says("hello")
    ada.hears("hello").has("client_id", "message", "timestamp")


def test_friends_hear_each_other(club, ada):
    bo = club.chat("Bo")
    bo.says("hello")
    ada.hears("hello", by="Bo")
    ada.says("hello back")
    bo.hears("hello back", by="Ada")


def test_the_others_hear_when_a_friend_comes_and_goes_and_only_once(club, ada):
    bo = club.chat("Bo")
    ada.hears("joined the chat", by="Bo")
    bo.hangs_up()
    ada.hears_in_order(["left the chat"])
    ada.says("bye")
    ada.hears_in_order(["bye"])
    ada.has_heard()


def test_each_message_has_a_time_of_its_own(ada):
    ada.says("one")
    first = ada.hears("one").get("timestamp")
    for words, pause in (("two", 0.01), ("three", 1.1)):  # the clock of a program may only count whole seconds
        time.sleep(pause)
        ada.says(words)
        if ada.hears(words).get("timestamp") != first:
            return
    fail("old-time", "Two messages have the same time, but there was a second between them.")


@pytest.mark.beyond
def test_the_time_of_a_message_says_how_far_from_utc_it_is(ada):
    """A learner's file may leave this out: then it means the time here."""
    ada.says("hello")
    assert datetime.fromisoformat(ada.hears("hello")["timestamp"]).tzinfo


def test_two_friends_with_the_same_name_both_hear(club, ada, bo):
    other_ada = club.chat("Ada")
    bo.says("hello, both of you")
    ada.hears("hello, both of you")
    other_ada.hears("hello, both of you")


def test_a_newcomer_does_not_hear_of_their_own_arrival(club, ada):
    bo = club.chat("Bo")
    bo.says("hello")
    bo.hears_in_order(["hello"])


def test_messages_come_in_order_and_once(ada, bo):
    numbers = [str(number) for number in range(200)]
    for number in numbers:
        ada.says(number)
    bo.hears_in_order(numbers)


def test_any_text_can_be_said(ada, bo):
    for text in ODD_TEXTS:
        ada.says(text)
        bo.hears(text, by="Ada")


def test_a_friend_can_have_any_name(club, ada):
    for name in ODD_NAMES:
        friend = club.chat(name)
        ada.hears("joined the chat", by=name)
        friend.says("hello")
        ada.hears("hello", by=name)


def test_the_rooms_board_counts_who_is_there(club, ada, bo):
    club.count(chat=2)
    bo.hangs_up()
    club.count(chat=1)


def test_a_long_message_reaches_everyone(ada, bo):
    ada.says(NOVEL)
    bo.hears(NOVEL)
    ada.hears(NOVEL)


def test_a_friend_who_vanishes_is_no_longer_in_the_room(club, ada, bo):
    bo.vanishes()
    ada.hears("left the chat", by="Bo")
    club.count(chat=1)


def say_what_holds_up_the_club(club, ada, sleeper):
    """From now on, a club that sends to one friend after the other waits for the one who sleeps."""
    ada.says(NOVEL)
    sleeper.cannot_take_more()
    ada.says("are you asleep?")
    club.settles()


def test_friends_go_while_a_message_is_on_its_way(club, ada, bo):
    chen = club.sleeper("Chen")
    dina = club.chat("Dina")  # who comes after the sleeper on the club's list
    say_what_holds_up_the_club(club, ada, chen)
    bo.hangs_up()  # so the club's list gets shorter, before the place where it is
    club.settles()
    chen.vanishes()
    ada.says("good morning")
    for words in (NOVEL, "are you asleep?", "good morning"):
        ada.hears(words)
    for words in (NOVEL, "are you asleep?", "good morning"):
        dina.hears(words)
    club.count(chat=2)


def test_a_talker_vanishes_while_a_message_is_on_its_way(club):
    """The club finds a dead line by sending, and listens to it only afterwards."""
    bo, chen = club.chat("Bo"), club.sleeper("Chen")
    ada = club.chat("Ada")  # who comes after the sleeper on the club's list
    say_what_holds_up_the_club(club, ada, chen)
    ada.vanishes()
    club.settles()
    chen.vanishes()
    bo.hears("left the chat", by="Ada")
    club.count(chat=1)


@pytest.mark.beyond
def test_a_friend_who_hangs_up_at_the_door_is_said_to_have_gone(club, ada):
    chen = club.sleeper("Chen")
    for words in ("good night", "o" * 8_000_000):  # one to fall asleep at, and more than the way to a sleeper holds
        ada.says(words)
        ada.hears(words)
    hangs_up_at_the_door(club, "/ws/Bo", ada, chen)
    club.count(chat=1)


def test_fifty_friends_vanish_while_one_talks(club, ada):
    fifty = [club.chat(f"Friend {number}") for number in range(50)]
    bo = club.chat("Bo")
    sentences = [f"sentence {number}" for number in range(100)]
    for number, sentence in enumerate(sentences):
        ada.says(sentence)
        if number % 2 == 1:
            fifty.pop().vanishes()
    for friend in (ada, bo):
        for sentence in sentences:
            friend.hears(sentence, by="Ada")
    club.count(chat=2)


@pytest.mark.traceback_allowed
def test_a_message_that_is_not_text_disturbs_nobody_else(club, ada, bo):
    club.chat("Chen").says(b"\x00\x01\x02")
    ada.says("hello")
    bo.hears("hello")
    bo.says("hello back")
    ada.hears("hello back")


@pytest.mark.beyond
@pytest.mark.traceback_allowed
def test_a_message_that_is_not_text_leaves_nobody_on_the_list(club, ada):
    chen = club.chat("Chen")
    chen.says(b"\x00\x01\x02")
    chen.hangs_up()
    club.count(chat=1)


@pytest.mark.traceback_allowed
def test_a_call_to_a_door_that_is_not_there_disturbs_nobody(club, ada, bo):
    with suppress(NotKept):
        club.calls("Chen", "/ws/nothing/here/")
    ada.says("hello")
    bo.hears("hello")
