"""Step 14: one memory for all servers. Messages have the same numbers everywhere, and none is lost."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from suite.pair import numbers, until
from suite.world import fail

pytestmark = pytest.mark.terminal


def test_ids_are_the_same_and_in_order_on_both_servers(clubs, two, room):
    talkers = [clubs[number % 2].room(room, f"Talker {number}") for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda talker: [talker.says(str(number)) for number in range(9)], talkers))
    for friend in two:
        friend.hears_numbers(*range(1, 55))
    late = clubs[1].room(room, "Late", last_id=0)
    late.hears_numbers(*range(1, 55))


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


def test_what_comes_back_is_what_was_said(clubs, two, room):
    cara, dan = two
    cara.sends(type="emoji", message="👩‍🚀")
    said = dan.hears("👩‍🚀")
    again = clubs[0].room(room, "Emil", "emoji", last_id=0)
    again.hears("👩‍🚀").has(**said)


def test_who_comes_while_others_talk_misses_nothing(clubs, two, room):
    """Newcomers on both servers, with and without a number, between messages that nobody waits for."""
    talkers = [clubs[number % 2].room(room, f"Talker {number}") for number in range(4)]
    newcomers = []
    for number in range(32):
        talkers[number % 4].says(str(number))
        if number % 3 == 0:
            newcomers.append(clubs[number % 2].room(room, f"Newcomer {number}", last_id=0))
        elif number % 3 == 1:
            clubs[number % 2].room(room, f"Listener {number}")
    for newcomer in newcomers:
        newcomer.hears_numbers(*range(1, 33))


def test_without_a_number_nothing_old_is_heard_on_a_server_that_is_new_to_the_room(clubs, room):
    cara = clubs[0].room(room, "Cara")
    clubs[0].count(**{room: 1})
    for text in ("one", "two"):
        cara.says(text)
        cara.hears(text)
    dan = clubs[1].room(room, "Dan")
    cara.hears("joined the chat", by="Dan")
    cara.says("three")
    dan.hears_in_order(["three"])
    dan.has_heard()


def test_a_server_that_is_killed_and_started_again_knows_what_was_said(clubs, two, room):
    cara, dan = two
    cara.says("one")
    dan.hears("one")
    clubs[1].crashes_and_starts_again()

    def comes_back():
        emil = clubs[1].room(room, f"Emil {next(numbers)}", "typing", last_id=0)
        emil.hears_in_order(["one"])
        cara.sends(type="typing")  # it has no number, and shows that the server hears the others again
        emil.hears("is typing…", by="Cara")
        return emil

    emil = until(clubs[0], "A server that starts again should be part of the club", comes_back)
    cara.says("two")
    emil.hears("two").has(id=2)


def test_nothing_is_written_to_the_disk(two, pair):
    cara, dan = two
    cara.says("one")
    dan.hears("one")
    if list(pair.folder.rglob("club.db")):
        fail("on-disk", "There is a club.db, but with Redis nothing should be written to the disk.")
