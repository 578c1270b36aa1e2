"""An idea of one's own: a quiz master asks, and whoever is right first gets a point."""

import re

import pytest

from suite.world import fail

pytestmark = pytest.mark.program("idea_quiz")
MASTER = "Quiz master"


@pytest.fixture
def cara(club):
    return club.room("dragons", "Cara", "whisper")


@pytest.fixture
def dan(club, cara):
    dan = club.room("dragons", "Dan", "whisper")
    cara.hears("joined the chat", by="Dan")
    return dan


def hears_the_question(friend):
    """Listen to the quiz master. Returns the right answer."""
    said = friend.hears_from(MASTER)["message"]
    found = re.fullmatch(r"([2-9]) times ([2-9])\?", said)
    return str(int(found[1]) * int(found[2])) if found else fail("no-question", f"The quiz master says {said!r}.")


def asks(friend):
    friend.says("!quiz")
    friend.hears("!quiz", by=friend.name)
    return hears_the_question(friend)


def wins(friend, answer, points):
    friend.says(answer)
    friend.hears(f"{friend.name} was first! Points: {points}", by=MASTER)


def test_everyone_in_the_room_hears_the_question_and_who_was_first(cara, dan):
    cara.says("!quiz")
    answer = hears_the_question(cara)
    assert hears_the_question(dan) == answer
    dan.says(answer)
    for friend in (cara, dan):
        friend.hears_in_order([answer])
        friend.hears_from(MASTER).has("timestamp", type="chat", room="dragons", message="Dan was first! Points: 1")
        friend.has_heard()


def test_only_the_first_right_answer_gets_a_point(cara, dan):
    answer = asks(cara)
    wins(dan, answer, 1)
    cara.says(answer)
    for friend in (cara, dan):
        friend.hears(answer, by="Cara")
        friend.has_heard()


def test_a_wrong_answer_gets_nothing_and_the_question_stays_open(cara, dan):
    answer = asks(cara)
    dan.hears_from(MASTER)
    for wrong in ("0", "", answer + "0", f" {answer}", "!dice"):
        dan.says(wrong)
        dan.hears_in_order([wrong])
    dan.has_heard()
    wins(dan, answer, 1)


def test_points_are_counted_for_each_friend(cara, dan):
    for points in (1, 2):
        wins(cara, asks(cara), points)
    wins(dan, asks(dan), 1)
    wins(cara, asks(cara), 3)


def test_a_new_question_takes_the_place_of_the_old_one(cara):
    old = asks(cara)
    while (new := asks(cara)) == old:
        pass
    cara.says(old)
    cara.hears_in_order([old])
    cara.has_heard()
    wins(cara, new, 1)


def test_a_whispered_answer_does_not_count(cara, dan):
    answer = asks(cara)
    dan.hears_from(MASTER)
    dan.sends(type="whisper", to="Cara", message=answer)
    dan.hears_in_order([answer])
    dan.has_heard()


def test_each_room_has_its_own_question(club, cara, ada):
    emil = club.room("pizza", "Emil")
    answer = asks(cara)
    for friend in (emil, ada):
        friend.says(answer)
        friend.hears_in_order([answer])
        friend.has_heard()
    wins(emil, asks(emil), 1)
    wins(cara, answer, 1)


def test_when_all_have_gone_the_question_and_the_points_are_gone(club, cara):
    wins(cara, asks(cara), 1)
    answer = asks(cara)
    cara.vanishes()
    club.has_no_room("dragons")
    cara = club.room("dragons", "Cara")
    cara.says(answer)
    cara.hears_in_order([answer])
    cara.has_heard()
    wins(cara, asks(cara), 1)
