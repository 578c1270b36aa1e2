"""Step 10: who may come in? A password at the door, the club's own page, and limits for everyone in a room."""

import json

import pytest

from suite.world import fail

REFUSED = 1008
TOO_LONG = "n" * 21


@pytest.fixture
def cara(club):
    return club.room("dragons", "Cara", "error")


@pytest.fixture
def dan(club, cara):
    dan = club.room("dragons", "Dan", "error")
    cara.hears("joined the chat", by="Dan")
    return dan


def says_the_password(club, name, *types, password="open sesame", **how):
    friend = club.room("treehouse", name, "password", "error", *types, **how)
    friend.hears("What is the password?").has(type="password")
    friend.says(password)
    return friend


def test_with_the_password_friends_talk_in_the_secret_room(club):
    cara = says_the_password(club, "Cara")
    club.count(treehouse=1)
    dan = says_the_password(club, "Dan")
    cara.hears("joined the chat", by="Dan")
    cara.says("hello")
    dan.hears("hello", by="Cara").has(room="treehouse")


@pytest.mark.parametrize("password", ["", "Open sesame", "open sesame ", "sésame", "👩‍🚀", '{"type": "password"}'])
def test_a_wrong_password_is_refused_with_a_reason(club, password):
    says_the_password(club, "Cara", password=password).is_sent_away(REFUSED)
    club.has_no_room("treehouse")


@pytest.mark.parametrize("password", ["o" * 8_000, "o" * 10_000_000])
def test_a_password_can_be_very_long_and_wrong(club, password):
    says_the_password(club, "Cara", password=password).is_sent_away(REFUSED)


@pytest.mark.clock
def test_who_says_nothing_for_ten_seconds_is_refused(club):
    cara = club.room("treehouse", "Cara", "password")
    cara.hears("What is the password?")
    club.seconds_pass(9)
    cara.has_heard()
    club.seconds_pass(2)
    cara.is_sent_away(REFUSED)


def test_a_stranger_at_the_door_hears_nothing_and_nobody_hears_of_them(club):
    cara = says_the_password(club, "Cara", "friends", "whisper")
    cara.sees("Cara")
    stranger = club.room("treehouse", "Stranger", "friends", "whisper", "emoji", "typing", "error", "password")
    stranger.hears("What is the password?")
    cara.says("a secret")
    cara.hears("a secret")
    cara.sends(type="whisper", to="Stranger", message="psst")
    cara.hears_an_error(naming="Cara")
    club.post("/broadcast/treehouse", message="Dinner!")
    cara.hears("Dinner!")
    club.count(treehouse=1)
    stranger.has_heard()
    stranger.says("let me in")
    stranger.is_sent_away(REFUSED)
    cara.has_heard()


@pytest.mark.beyond
def test_a_post_into_a_secret_room_is_held_to_its_500_letters(club):
    cara = says_the_password(club, "Cara")
    club.count(treehouse=1)
    club.post("/broadcast/treehouse", status=422, message="o" * 501)
    club.post("/broadcast/treehouse", message="o" * 500)
    cara.hears_in_order(["o" * 500])


@pytest.mark.parametrize("goes", ["hangs_up", "vanishes"])
def test_a_stranger_who_goes_before_the_answer_disturbs_nobody(club, goes):
    cara = says_the_password(club, "Cara")
    club.count(treehouse=1)
    before = club.tasks()
    for _ in range(5):
        stranger = club.room("treehouse", "Stranger", "password")
        stranger.hears("What is the password?")
        getattr(stranger, goes)()
    club.works_for_nobody(before)
    cara.has_heard()
    club.count(treehouse=1)


def test_a_name_is_checked_after_the_password(club):
    says_the_password(club, "Cara")
    club.count(treehouse=1)
    says_the_password(club, "Cara", password="wrong").is_sent_away(REFUSED)
    says_the_password(club, "Cara").is_sent_away(4009)


def test_the_password_is_in_no_message_and_not_in_the_terminal(club):
    cara = says_the_password(club, "Cara")
    dan = says_the_password(club, "Dan")
    cara.hears("joined the chat", by="Dan")
    cara.has_heard()
    dan.has_heard()
    if "sesame" in club.terminal():
        fail("password-printed", "The password stands in the terminal, where others can read it.")


def test_other_rooms_ask_for_nothing(club, cara):
    cara.says("no password?")
    cara.hears_in_order(["no password?"])


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "https://evil.example:8000",
        "null",
        "",
        "http://[",
        "evil",
        "http://127.0.0.1:1",
        "http://",
        "http://evil{host}",
        "http://{host}.evil.example",
        "http://{host}@evil.example",
    ],
)
def test_a_strangers_page_is_refused(club, cara, origin):
    origin = origin.replace("{host}", club.address)
    club.room("dragons", "Dan", Origin=origin).is_sent_away(REFUSED)
    club.room("treehouse", "Dan", Origin=origin).is_sent_away(REFUSED)
    cara.has_heard()
    club.count(dragons=1)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_clubs_own_page_may_call(club, cara, scheme):
    dan = club.room("dragons", "Dan", Origin=f"{scheme}://{club.address}")
    cara.hears("joined the chat", by="Dan")
    dan.says("hello")
    cara.hears("hello", by="Dan")


def test_the_other_doors_are_as_open_as_before(club, ada):
    club.calls("Bo", "/ws/", Origin="http://evil.example")
    ada.hears("joined the chat", by="Bo")
    club.calls("Bo", "/ws/notifications/", Origin="http://evil.example")
    club.count(chat=2, notifications=1)
    long = "o" * 2000
    for number in range(15):
        ada.says(f"{number} {long}")
        ada.hears(f"{number} {long}")
    club.chat(TOO_LONG)
    ada.hears("joined the chat", by=TOO_LONG)


@pytest.mark.parametrize(("room", "name"), [("dragons", TOO_LONG), (TOO_LONG, "Dan"), ("dragons", "n" * 7_900)])
def test_names_have_twenty_letters_at_most(club, cara, room, name):
    reason = club.room(room, name).is_sent_away(REFUSED)
    if name in reason:
        fail("name-in-reason", f"The reason is {reason[:60]!r}. There is a name in it, and a name can be long.")
    cara.has_heard()
    club.room(room[:20], name[:20]).says("hello")
    club.count(**{room[:20]: 1 + (room == "dragons")})


@pytest.mark.parametrize("room", ["chat", "notifications"])
def test_no_room_is_called_chat_or_notifications(club, ada, room):
    club.room(room, "Cara").is_sent_away(REFUSED)
    ada.has_heard()
    club.count(chat=1, notifications=0)


@pytest.mark.clock
def test_after_ten_messages_at_a_stretch_there_are_two_a_second(club, cara, dan):
    for number in range(40):
        cara.says(str(number))
    dan.hears_in_order([str(number) for number in range(10)])
    for _ in range(30):
        cara.hears_an_error()
    dan.has_heard()
    dan.says("I am not fast")
    dan.hears("I am not fast")
    for second in range(3):
        club.seconds_pass(1.1)
        for number in range(3):
            cara.says(f"{second}, {number}")
        cara.hears_an_error()
        dan.has_heard(f"{second}, 0", f"{second}, 1")
    dan.says("I am not too fast")
    cara.hears("I am not too fast")


@pytest.mark.clock
def test_who_rests_may_say_ten_at_a_stretch_again(club, cara, dan):
    for words in ("now", "later"):
        for number in range(11):
            cara.says(f"{words} {number}")
        cara.hears_an_error()
        dan.has_heard(*[f"{words} {number}" for number in range(10)])
        club.seconds_pass(30)


@pytest.mark.clock
def test_two_messages_a_second_are_never_too_many(club, cara, dan):
    for number in range(40):
        club.seconds_pass(0.51)
        cara.says(str(number))
        dan.hears(str(number), by="Cara")
    cara.has_heard(*map(str, range(40)))


def test_a_message_has_five_hundred_letters_at_most(cara, dan):
    for text in ("o" * 501, "o" * 10_000_000, json.dumps({"type": "chat", "message": "o" * 500})):
        cara.says(text)
        cara.hears_an_error()
    for text in ("o" * 500, "👩" * 500):
        cara.says(text)
        dan.hears(text, by="Cara")
    dan.has_heard()


def test_a_message_that_is_not_text_gets_an_error_and_the_line_stays_open(cara, dan):
    cara.says(b"\x00\x01\x02")
    cara.hears_an_error()
    dan.has_heard()
    cara.says("hello")
    dan.hears("hello", by="Cara")


def test_a_message_that_is_not_text_ends_no_line_of_the_other_doors(club, ada, bo):
    radio = club.news("Ada")
    ada.says(b"\x00\x01\x02")
    radio.says(b"\x00\x01\x02")
    ada.says("hello")
    ada.hears("hello")
    bo.hears_in_order(["hello"])
    club.post("/broadcast/notifications", message="Dinner!")
    radio.hears("Dinner!")
