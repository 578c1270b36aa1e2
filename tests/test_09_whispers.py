"""Step 9: who is here? Friends whisper to one another, and a room has each name only once."""

import pytest

from suite.world import fail

TAKEN = 4009
EMOJI_NAME = "🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔🐧🐦🐤🦆🦉🐺🐴🦄🐝"  # twenty letters, eighty bytes


@pytest.fixture
def in_the_room(club):
    """Friends who join the room "dragons", one after the other."""

    def join(*names):
        friends = []
        for name in names:
            friends.append(club.room("dragons", name, "whisper", "error"))
            for earlier in friends[:-1]:
                earlier.hears("joined the chat", by=name)
        return friends

    return join


def test_a_whisper_reaches_both_ends_once_and_nobody_else(club, in_the_room, ada):
    cara, dan, emil = in_the_room("Cara", "Dan", "Emil")
    others = [
        club.room("pizza", "Dan", "whisper"),
        club.news("Dan", "whisper"),
        club.calls("Dan", "/ws/", types=(None, "chat", "whisper")),
    ]
    ada.hears("joined the chat", by="Dan")
    cara.sends(type="whisper", to="Dan", message="psst")
    dan.hears("psst", by="Cara").has("timestamp", type="whisper", to="Dan", room="dragons")
    cara.hears("psst", by="Cara").has("timestamp", type="whisper", to="Dan", room="dragons")
    dan.sends(type="whisper", to="Cara", message="what?")
    cara.hears("what?", by="Dan")
    dan.hears("what?", by="Dan")
    for friend in (cara, dan, emil, ada, *others):
        friend.has_heard()


def test_a_whisper_can_say_anything(in_the_room):
    cara, dan = in_the_room("Cara", "Dan")
    for words in ("", "<script>alert(1)</script>", "👩‍🚀", "two\nlines", '{"type": "chat"}'):
        cara.sends(type="whisper", to="Dan", message=words)
        dan.hears(words, by="Cara").has(type="whisper")


def test_names_with_odd_letters_can_whisper(in_the_room):
    cara, fox, script = in_the_room("Cara", "🦊 the fox", "<script>")
    for name, friend in (("🦊 the fox", fox), ("<script>", script)):
        friend.sends(type="whisper", to="Cara", message=f"from {name}")
        cara.hears(f"from {name}", by=name)
        cara.sends(type="whisper", to=name, message=f"to {name}")
        friend.hears(f"to {name}", by="Cara").has(to=name)


def test_a_whisper_to_somebody_who_is_not_here_gets_an_error_that_names_who_is(in_the_room):
    cara, dan = in_the_room("Cara", "Dan")
    for nobody in ("Zoe", "dan", "", "Cara, Dan"):
        cara.sends(type="whisper", to=nobody, message="psst")
        cara.hears_an_error(naming="Dan")
    dan.has_heard()
    cara.has_heard()


def test_a_whisper_without_a_name_or_words_gets_an_error(in_the_room):
    cara, dan = in_the_room("Cara", "Dan")
    for wrong in (
        {"to": "Dan"},
        {"message": "psst"},
        {"to": 42, "message": "psst"},
        {"to": ["Dan"], "message": "psst"},
    ):
        cara.sends(type="whisper", **wrong)
        cara.hears_an_error()
    dan.has_heard()
    cara.says("hello")
    dan.hears("hello", by="Cara")


def test_nobody_can_whisper_in_someone_elses_name(in_the_room):
    cara, dan, emil = in_the_room("Cara", "Dan", "Emil")
    cara.sends(type="whisper", to="Dan", message="I am Emil", client_id="Emil", room="pizza")
    dan.hears("I am Emil").has(client_id="Cara", room="dragons")
    emil.has_heard()


@pytest.mark.parametrize("goes", ["hangs_up", "vanishes"])
def test_a_friend_who_has_gone_cannot_be_reached_until_they_come_back(club, in_the_room, goes):
    cara, dan = in_the_room("Cara", "Dan")
    getattr(dan, goes)()
    cara.hears("left the chat", by="Dan")
    cara.sends(type="whisper", to="Dan", message="psst")
    cara.hears_an_error(naming="Cara")
    dan = club.room("dragons", "Dan", "whisper")
    cara.hears("joined the chat", by="Dan")
    cara.sends(type="whisper", to="Dan", message="welcome back")
    dan.hears("welcome back", by="Cara")


def test_everyone_in_the_room_sees_who_is_here(club):
    cara = club.room("dragons", "Cara", "friends")
    cara.sees("Cara")
    dan = club.room("dragons", "Dan", "friends")
    for friend in (cara, dan):
        friend.sees("Cara", "Dan")
    emil = club.room("dragons", "Emil", "friends")
    for friend in (cara, dan, emil):
        friend.sees("Cara", "Dan", "Emil")
    dan.hangs_up()
    for friend in (cara, emil):
        friend.sees("Cara", "Emil")
    emil.vanishes()
    cara.sees("Cara")


def test_the_list_of_friends_is_that_of_the_room_alone(club):
    cara = club.room("dragons", "Cara", "friends")
    cara.sees("Cara")
    pizza = club.room("pizza", "Dan", "friends")
    pizza.sees("Dan")
    chat = club.calls("Emil", "/ws/", types=("friends",))
    club.count(dragons=1, pizza=1, chat=1)
    for friend in (cara, pizza, chat):
        friend.has_heard()


def test_after_a_crowd_has_gone_the_list_is_right(club):
    cara = club.room("dragons", "Cara", "friends")
    crowd = [club.room("dragons", f"Friend {number}") for number in range(15)]
    cara.sees("Cara", *[friend.name for friend in crowd])
    for friend in crowd:
        friend.vanishes()
    cara.sees("Cara")
    club.count(dragons=1)


def test_a_name_that_is_taken_in_the_room_is_refused_with_a_reason(club, in_the_room):
    in_the_room("Cara")
    club.room("dragons", "Cara").is_sent_away(TAKEN)


def test_a_refused_friend_disturbs_nobody(club):
    cara = club.room("dragons", "Cara", "friends")
    cara.sees("Cara")
    club.room("dragons", "Cara").is_sent_away(TAKEN)
    club.room("dragons", "Cara").vanishes()
    club.room("dragons", "Cara").hangs_up()
    club.room("dragons", "Cara").is_sent_away(TAKEN)
    cara.has_heard()
    club.count(dragons=1)
    cara.says("I am still here")
    cara.hears_in_order(["I am still here"])


def test_the_reason_names_nobody_so_it_fits_however_long_a_name_is(club):
    club.room(EMOJI_NAME, EMOJI_NAME)
    reason = club.room(EMOJI_NAME, EMOJI_NAME).is_sent_away(TAKEN)
    if EMOJI_NAME in reason:
        fail("name-in-reason", f"The reason is {reason[:60]!r}. There is a name in it, and a name can be long.")
    club.count(**{EMOJI_NAME: 1})


def test_a_name_is_free_again_when_its_friend_has_gone(club, in_the_room):
    (cara,) = in_the_room("Cara")
    for goes in ("hangs_up", "vanishes"):
        getattr(cara, goes)()
        club.has_no_room("dragons")
        (cara,) = in_the_room("Cara")
        cara.says("my name is free")
        cara.hears("my name is free", by="Cara")


def test_a_name_is_taken_only_in_its_room(club, in_the_room, ada):
    (cara,) = in_the_room("Cara")
    friends = [club.room("pizza", "Cara"), club.chat("Cara"), club.chat("Cara"), club.news("Cara"), club.news("Cara")]
    club.count(dragons=1, pizza=1, chat=3, notifications=2)
    for friend in friends[:3]:
        friend.says("hello")
        friend.hears("hello", by="Cara")
    cara.has_heard()


@pytest.mark.beyond
def test_only_one_of_eight_who_come_at_once_with_the_same_name_gets_in(club):
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - a browser has no threads

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: club.room("dragons", "Cara"), range(8)))
    club.count(dragons=1)
