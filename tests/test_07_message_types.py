"""Step 7: messages have types. There are chat, emoji and typing, and an error that only its sender hears."""

import json

import pytest

BROKEN = [
    "{",
    "{}",
    "{hello}",
    '{"type": "chat", "message": "hello"',
    '{"type": "chat", "message": "hello"} and more',
    '{"type": "chat", "message": "\\ud800"}',
    "{" * 5000,
]
WRONG = [
    {"message": "hello"},
    {"type": "chat"},
    {"type": "chat", "message": 42},
    {"type": "emoji", "message": None},
    {"type": "dance", "message": "hello"},
    {"type": ["chat"], "message": "hello"},
    {"type": None, "message": "hello"},
]
THE_CLUBS_OWN = [
    {"type": "join", "message": "joined the chat"},
    {"type": "leave", "message": "left the chat"},
    {"type": "error", "message": "boo"},
    {"type": "friends", "friends": ["Nobody"], "message": "boo"},
]


@pytest.fixture
def cara(club):
    return club.room("dragons", "Cara", "emoji", "typing", "error")


@pytest.fixture
def dan(club, cara):
    dan = club.room("dragons", "Dan", "emoji", "typing", "error")
    cara.hears("joined the chat", by="Dan")
    return dan


def test_words_are_a_chat_message(cara, dan):
    cara.says("hello")
    for friend in (cara, dan):
        friend.hears("hello", by="Cara").has("timestamp", type="chat", room="dragons")


def test_a_chat_message_can_be_sent_with_its_type(cara, dan):
    cara.sends(type="chat", message="hello")
    for friend in (cara, dan):
        friend.hears("hello", by="Cara").has("timestamp", type="chat", room="dragons")


def test_emoji_reach_everyone_in_the_room_once(cara, dan):
    cara.sends(type="emoji", message="🎉")
    for friend in (cara, dan):
        friend.hears("🎉", by="Cara").has("timestamp", type="emoji", room="dragons")
        friend.has_heard()


def test_the_others_hear_that_a_friend_is_typing(cara, dan):
    cara.sends(type="typing")
    dan.hears("is typing…", by="Cara").has("timestamp", type="typing", room="dragons")
    dan.has_heard()


def test_coming_and_going_have_types(club, cara):
    dan = club.room("dragons", "Dan")
    cara.hears("joined the chat", by="Dan").has("timestamp", type="join", room="dragons")
    dan.hangs_up()
    cara.hears("left the chat", by="Dan").has("timestamp", type="leave", room="dragons")


def test_words_that_do_not_start_with_a_bracket_are_chat_whatever_they_look_like(cara, dan):
    for words in ("null", "42", '"hello"', '["hello"]', ' {"type": "emoji", "message": "🎉"}', "a { b", "}"):
        cara.says(words)
        dan.hears(words, by="Cara").has(type="chat")


def test_types_stay_in_their_room(club, cara, ada):
    pizza, radio = club.room("pizza", "Dan", "emoji", "typing"), club.news("Dan", "emoji", "typing")
    cara.sends(type="typing")
    cara.sends(type="emoji", message="🐉")
    cara.hears("🐉")
    for friend in (pizza, radio, ada):
        friend.has_heard()


def test_nobody_can_speak_for_someone_else(cara, dan):
    forged = {"client_id": "Dan", "timestamp": "1999-12-31T23:59:59+00:00", "room": "pizza"}
    for kind in ("chat", "emoji"):
        cara.sends(type=kind, message=f"I am Dan, says {kind}", **forged)
        dan.hears(f"I am Dan, says {kind}").has("timestamp", type=kind, client_id="Cara", room="dragons")


def hears_an_error_each_time(sender, other, texts):
    for text in texts:
        sender.says(text)
        sender.hears_an_error()
    other.has_heard()
    sender.says("hello")
    other.hears("hello", by="Cara")


def test_what_is_not_json_comes_back_to_its_sender_alone(cara, dan):
    hears_an_error_each_time(cara, dan, BROKEN)


def test_a_missing_or_a_wrong_part_comes_back_to_its_sender_alone(cara, dan):
    hears_an_error_each_time(cara, dan, map(json.dumps, WRONG))


def test_nobody_can_speak_for_the_club(cara, dan):
    hears_an_error_each_time(cara, dan, map(json.dumps, THE_CLUBS_OWN))


def test_a_friend_who_sends_nonsense_and_vanishes_disturbs_nobody(club, cara):
    for _ in range(5):
        dan = club.room("dragons", "Dan")
        dan.says("{")
        dan.vanishes()
        cara.hears("left the chat", by="Dan")
    cara.says("hello")
    cara.hears("hello")
    club.count(dragons=1)


def test_a_message_from_the_docs_page_to_a_room_has_a_type(club, cara):
    club.count(dragons=1)
    club.post("/broadcast/dragons", message="Dinner!")
    cara.hears("Dinner!").has("client_id", "timestamp", type="chat", room="dragons")


def test_in_the_chat_a_text_is_a_text(ada, bo):

    for text in ('{"type": "emoji", "message": "🎉"}', '{"type": '):
        ada.says(text)
        bo.hears(text, by="Ada").has("timestamp")
