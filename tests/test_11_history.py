"""Step 11: the club remembers. Who comes back to a room hears what they missed, each message once."""

import itertools

import pytest

from suite.world import fail

REFUSED = 1008
rooms = map("cave-{}".format, itertools.count(1))  # what was said in a room stays, so each test needs its own


@pytest.fixture
def cave():
    return next(rooms)


@pytest.fixture
def cara(club, cave):
    cara = club.room(cave, "Cara", "emoji", "error")
    club.count(**{cave: 1})
    return cara


def says_and_hears(friend, *texts, at=1):
    """Say these texts, and hear each of them, numbered from `at` on."""
    for number, text in enumerate(texts, at):
        friend.says(text)
        friend.hears(text).has(id=number)


def test_the_file_is_where_the_environment_says(club, cara):
    says_and_hears(cara, "hello")
    if not club.program.database.exists():
        fail("no-file", "CLUB_DB names a file, but nothing is written there.")


def test_messages_are_numbered_from_one_in_their_room(club, cave, cara):
    says_and_hears(cara, "one", "two", "three")
    cara.sends(type="emoji", message="🎉")
    cara.hears("🎉").has(type="emoji", id=4)
    says_and_hears(club.room(next(rooms), "Cara"), "one")
    says_and_hears(cara, "five", at=5)


def test_everyone_hears_the_same_numbers(club, cave, cara):
    dan = club.room(cave, "Dan")
    cara.hears("joined the chat", by="Dan")
    for number in range(1, 6):
        (cara if number % 2 else dan).says(f"{number}")
        for friend in (cara, dan):
            friend.hears(f"{number}").has(id=number)


def test_who_comes_back_hears_what_they_missed_in_order_and_once(club, cave, cara):
    dan = club.room(cave, "Dan")
    cara.hears("joined the chat", by="Dan")
    says_and_hears(cara, "one", "two")
    dan.hears("two").has(id=2)
    dan.hangs_up()
    cara.hears("left the chat", by="Dan")
    says_and_hears(cara, "three", "four", "five", at=3)
    dan = club.room(cave, "Dan", last_id=2)
    cara.hears("joined the chat", by="Dan")
    cara.says("six")
    dan.hears_in_order(["three", "four", "five", "six"])
    dan.has_heard()


def test_what_was_missed_comes_back_whole(club, cave, cara):
    cara.says("hello")
    said = cara.hears("hello")
    cara.sends(type="emoji", message="👩‍🚀")
    emoji = cara.hears("👩‍🚀")
    dan = club.room(cave, "Dan", "emoji", last_id=0)
    dan.hears("hello").has(**said)
    dan.hears("👩‍🚀").has(**emoji)


def test_without_a_number_nothing_old_is_heard(club, cave, cara):
    says_and_hears(cara, "one", "two")
    dan = club.room(cave, "Dan")
    cara.hears("joined the chat", by="Dan")
    says_and_hears(cara, "three", at=3)
    dan.hears_in_order(["three"])
    dan.has_heard()


def test_who_has_missed_nothing_hears_nothing_old(club, cave, cara):
    says_and_hears(cara, "one")
    dan = club.room(cave, "Dan", last_id=1)
    cara.hears("joined the chat", by="Dan")
    says_and_hears(cara, "two", at=2)
    dan.hears_in_order(["two"])


def test_a_room_remembers_when_everybody_has_gone(club, cave, cara):
    says_and_hears(cara, "one", "two")
    cara.hangs_up()
    club.has_no_room(cave)
    cara = club.room(cave, "Cara", last_id=0)
    cara.hears_in_order(["one", "two"])
    says_and_hears(cara, "three", at=3)


def test_whispers_typing_joins_and_errors_are_not_kept(club, cave, cara):
    dan = club.room(cave, "Dan", "whisper", "typing")
    cara.hears("joined the chat", by="Dan")
    cara.sends(type="typing")
    dan.hears("is typing…")
    cara.sends(type="whisper", to="Dan", message="psst")
    frame = dan.hears("psst")
    if "id" in frame:
        fail("kept", "The whisper has a number, but whispers are not kept.")
    cara.says("{")
    cara.hears_an_error()
    says_and_hears(cara, "hello")
    emil = club.room(cave, "Emil", "whisper", "typing", "error", last_id=0)
    emil.hears_in_order(["hello"])
    emil.has_heard()


def test_a_message_from_the_docs_page_is_kept_too(club, cave, cara):
    club.post(f"/broadcast/{cave}", message="Dinner!")
    cara.hears("Dinner!").has(id=1)
    dan = club.room(cave, "Dan", last_id=0)
    dan.hears("Dinner!").has(id=1)


def test_what_is_said_in_the_chat_has_no_number(club, ada):
    ada.says("hello")
    said = ada.hears("hello")
    club.post("/broadcast/chat", message="Dinner!")
    posted = ada.hears("Dinner!")
    if "id" in said or "id" in posted:
        fail("kept", "A message in the chat has a number, but only rooms remember.")


@pytest.mark.parametrize("last_id", ["-1", "-9999999999", "x", "", "1.5", "1e3", "NaN", "null", "7;", 2**63, 10**30])
def test_a_last_id_that_is_not_a_number_is_refused_with_a_reason(club, cave, cara, last_id):
    club.room(cave, "Dan", last_id=last_id).is_sent_away(REFUSED)
    cara.has_heard()
    club.count(**{cave: 1})


def test_a_number_that_nobody_has_reached_yet_does_no_harm(club, cave, cara):
    dan = club.room(cave, "Dan", last_id=1000)
    cara.hears("joined the chat", by="Dan")
    says_and_hears(cara, "one")
    dan.hears_in_order(["one"])


def test_a_stranger_hears_no_old_secrets(club):
    cara = club.room("treehouse", "Cara", "password")
    cara.hears("What is the password?")
    cara.says("open sesame")
    club.count(treehouse=1)
    cara.says("a secret")
    number = cara.hears("a secret").get("id", 1)
    stranger = club.room("treehouse", "Stranger", "password", last_id=number - 1)
    stranger.hears_in_order(["What is the password?"])
    stranger.has_heard()
    stranger.says("let me in")
    stranger.is_sent_away(REFUSED)


def test_a_name_that_is_taken_hears_nothing_old(club, cave, cara):
    says_and_hears(cara, "one")
    club.room(cave, "Cara", last_id=0).is_sent_away(4009, hearing_nothing=True)


def test_nothing_is_lost_or_doubled_where_old_and_new_meet(club, cave, cara):
    """Some talk while others come: one word before each newcomer, and two after, without waiting."""
    talkers = [club.room(cave, f"Talker {number}") for number in range(4)]
    newcomers = []
    for number in range(32):
        talkers[number % 4].says(str(number))
        if number % 3 == 0:
            newcomers.append(club.room(cave, f"Newcomer {number}", last_id=0))
    for newcomer in newcomers:
        newcomer.hears_numbers(*range(1, 33))
    talkers[0].says("the end")
    for newcomer in newcomers:
        newcomer.hears_numbers(33)


def test_a_friend_who_missed_three_hundred_messages_hears_them_all(club, cave, cara):
    for number in range(300):
        club.post(f"/broadcast/{cave}", message=str(number))
    dan = club.room(cave, "Dan", last_id=0)
    dan.hears_in_order([str(number) for number in range(300)])
    cara.hears("299")
    says_and_hears(cara, "and one more", at=301)
    dan.hears_in_order(["and one more"])


@pytest.mark.parametrize("goes", ["hangs_up", "vanishes"])
def test_who_goes_while_catching_up_is_on_no_list(club, cave, cara, goes):
    for number in range(30):
        club.post(f"/broadcast/{cave}", message=f"{number}" * 10_000)
    for _ in range(5):
        getattr(club.room(cave, "Dan", last_id=0), goes)()
    club.count(**{cave: 1})
    says_and_hears(cara, "still here", at=31)


def test_a_club_that_is_killed_in_the_middle_of_a_talk_has_lost_nothing_that_was_heard(club, cave, cara):
    dan = club.room(cave, "Dan")
    cara.hears("joined the chat", by="Dan")
    for number in range(1, 11):
        cara.says(f"message {number}")
        if number < 8:
            dan.hears(f"message {number}").has(id=number)
    club.crashes_and_starts_again()
    dan = club.room(cave, "Dan", last_id=0)
    for number in range(1, 8):
        dan.hears(f"message {number}").has(id=number)
    emil = club.room(cave, "Emil", last_id=7)
    emil.says("we are back")
    number = emil.hears("we are back").get("id")
    if number not in range(8, 12):  # up to three more may have been kept
        fail("wrong-numbers", f"After the crash, the next message has the number {number}.")


def test_a_club_that_is_killed_again_and_again_numbers_on(club, cave, cara):
    for number in range(1, 4):
        says_and_hears(cara, f"message {number}", at=number)
        club.crashes_and_starts_again()
        cara = club.room(cave, "Cara", last_id=0)
        cara.hears_in_order([f"message {each}" for each in range(1, number + 1)])
