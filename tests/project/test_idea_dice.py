"""An idea of one's own: a bot rolls a dice for everyone in the room."""

import re

import pytest

from suite.world import fail

pytestmark = pytest.mark.program("idea_dice")
BOT = "Dice bot"
ROLLS = 20  # with an honest dice they are all the same less than once in 10 to the power of 14


@pytest.fixture
def cara(club):
    return club.room("dragons", "Cara", "emoji", "whisper")


@pytest.fixture
def dan(club, cara):
    dan = club.room("dragons", "Dan", "emoji", "whisper")
    cara.hears("joined the chat", by="Dan")
    return dan


def test_everyone_in_the_room_hears_the_question_and_one_answer(cara, dan):
    cara.says("!dice")
    dan.hears_in_order(["!dice"])
    said = dan.hears_from(BOT)
    said.has("timestamp", type="chat", room="dragons")
    cara.hears_in_order(["!dice", said["message"]])
    for friend in (cara, dan):
        friend.has_heard()


def test_the_dice_has_six_sides_and_no_luck_of_its_own(cara):
    sides = set()
    for _ in range(ROLLS):
        cara.says("!dice")
        said = cara.hears_from(BOT)["message"]
        side = re.fullmatch(r"Cara rolls a ([1-6])\.", said)
        sides.add(side[1] if side else fail("odd-roll", f"The bot says {said!r}."))
    if len(sides) == 1:
        fail("always-one-side", f"The dice shows {sides} each time.")


def test_the_bot_answers_a_message_with_its_type_too(cara):
    cara.sends(type="chat", message="!dice")
    cara.hears_from(BOT)


def test_the_bot_answers_nothing_else(cara, dan):
    for words in ("dice", "!dice?", "!DICE", " !dice", ""):
        cara.says(words)
    cara.sends(type="emoji", message="!dice")
    dan.hears_in_order(["dice", "!dice?", "!DICE", " !dice", "", "!dice"])
    dan.has_heard()


def test_a_whisper_is_a_secret_so_the_bot_says_nothing(cara, dan):
    cara.sends(type="whisper", to="Dan", message="!dice")
    for friend in (cara, dan):
        friend.hears_in_order(["!dice"])
        friend.has_heard()


def test_only_that_room_hears_the_bot(club, cara, ada):
    pizza = club.room("pizza", "Dan")
    cara.says("!dice")
    cara.hears_from(BOT)
    ada.says("!dice")
    ada.hears_in_order(["!dice"])
    for friend in (pizza, ada):
        friend.has_heard()
