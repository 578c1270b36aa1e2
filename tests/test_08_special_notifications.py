"""Step 8: a friend asks the news messenger for a reminder. It comes on time, and to nobody else.

`club.seconds_pass(5)` moves the program's clock forward. Nobody has to wait.
"""

import json

import pytest

pytestmark = pytest.mark.clock

NEWS = "New notification for Ada"
PIZZA = {"type": "remind", "seconds": 7, "message": "pizza"}
NOT_A_REMINDER = [
    "hello?",
    "",
    "null",
    "42",
    "[]",
    "{",
    "{}",
    '{"type": "remind", "seconds": 7, "message": "pizza"',
    '{"type": "remind", "seconds": NaN, "message": "pizza"}',
    '{"type": "remind", "seconds": Infinity, "message": "pizza"}',
    '{"type": "remind", "seconds": 1e999, "message": "pizza"}',
    *[
        json.dumps(PIZZA | wrong)
        for wrong in (
            {"seconds": 0},
            {"seconds": -7},
            {"seconds": 3600.5},
            {"seconds": 86_400},
            {"seconds": 10**400},
            {"seconds": "soon"},
            {"seconds": "7"},
            {"seconds": True},
            {"seconds": None},
            {"seconds": [7]},
            {"message": 42},
            {"message": None},
            {"type": "dance"},
            {"type": "notification"},
            {"type": None},
        )
    ],
    *[json.dumps({key: value for key, value in PIZZA.items() if key != missing}) for missing in PIZZA],
]


@pytest.fixture
def ada(club):
    return club.news("Ada", "reminder", "error")


def test_a_reminder_comes_on_time_and_once(club, ada):
    ada.sends(type="remind", seconds=3, message="pizza")
    club.seconds_pass(2.5)
    ada.has_heard()
    club.seconds_pass(1)
    ada.has_heard("pizza")
    club.seconds_pass(4)
    ada.has_heard(NEWS)


def test_a_reminder_has_three_parts(club, ada):
    ada.sends(type="remind", seconds=1, message="pizza")
    club.seconds_pass(1.5)
    ada.hears("pizza").has("timestamp", type="reminder")


def test_the_news_goes_on_while_a_friend_waits_for_a_reminder(club, ada):
    ada.sends(type="remind", seconds=12, message="pizza")
    club.seconds_pass(11)
    ada.has_heard(NEWS, NEWS)
    club.seconds_pass(1.5)
    ada.has_heard("pizza")
    club.seconds_pass(3)
    ada.has_heard(NEWS)


def test_several_reminders_wait_side_by_side(club, ada):
    for seconds, message in ((4, "third"), (1, "first"), (2, "second")):
        ada.sends(type="remind", seconds=seconds, message=message)
    club.seconds_pass(1.5)
    ada.has_heard("first")
    ada.sends(type="remind", seconds=1, message="one more")
    club.seconds_pass(3)
    ada.has_heard("second", "one more", "third")


def test_the_same_reminder_can_be_asked_for_twice(club, ada):
    for _ in range(2):
        ada.sends(type="remind", seconds=2, message="pizza")
    club.seconds_pass(3)
    ada.has_heard("pizza", "pizza")


def test_a_reminder_can_take_an_hour_or_a_blink(club, ada):
    ada.sends(type="remind", seconds=3600, message="an hour")
    ada.sends(type="remind", seconds=62, message="a minute")
    ada.sends(type="remind", seconds=0.001, message="a blink")
    club.seconds_pass(1)
    ada.has_heard("a blink")
    club.seconds_pass(62)
    ada.has_heard(*[NEWS] * 12, "a minute")


def test_a_reminder_is_for_one_line_alone(club, ada):
    bo, other_ada = club.news("Bo", "reminder"), club.news("Ada", "reminder")
    chat = club.chat("Ada")
    ada.sends(type="remind", seconds=3, message="pizza")
    club.seconds_pass(3.5)
    ada.has_heard("pizza")
    for friend in (bo, other_ada, chat):
        friend.has_heard()


def test_any_words_can_come_back(club, ada):
    odd = ["<script>alert(1)</script>", "two\nlines", "👩‍🚀", '"\\', '{"type": "remind"}', "o" * 10_000]
    for seconds, words in enumerate(odd, 1):
        ada.sends(type="remind", seconds=seconds / 2, message=words)
    club.seconds_pass(4)
    ada.has_heard(*odd)


def test_a_reminder_that_makes_no_sense_gets_an_error_and_rings_nothing(club, ada):
    bo = club.news("Bo", "reminder", "error")
    for text in NOT_A_REMINDER:
        ada.says(text)
        ada.hears_an_error()
    ada.sends(type="remind", seconds=1, message="pizza")
    club.seconds_pass(4)
    ada.has_heard("pizza")
    bo.has_heard()
    club.seconds_pass(16)
    ada.has_heard(*[NEWS] * 4)


@pytest.mark.parametrize("goes", ["hangs_up", "vanishes"])
def test_the_reminders_of_a_friend_who_has_gone_are_gone(club, ada, goes):
    ada.hangs_up()
    club.count(notifications=0)
    club.seconds_pass(1)
    before = club.tasks()
    ada = club.news("Ada")
    for seconds in range(1, 4):
        ada.sends(type="remind", seconds=20 + seconds, message="pizza")
    ada.sends(type="remind", seconds=1, message="still here")
    club.seconds_pass(2)
    getattr(ada, goes)()
    club.count(notifications=0)
    club.works_for_nobody(before)
    again = club.news("Ada", "reminder")
    club.seconds_pass(24)
    again.has_heard(*[NEWS] * 4)


def test_a_reminder_that_has_come_leaves_no_task(club, ada):
    club.seconds_pass(1)  # by then the news messenger is at work
    before = club.tasks()
    for _ in range(10):
        ada.sends(type="remind", seconds=1, message="pizza")
        ada.says("nonsense")
    club.seconds_pass(2)
    for _ in range(10):
        ada.hears("pizza")
    club.works_for_nobody(before)


def test_a_friend_vanishes_while_a_reminder_is_on_its_way(club):
    bo = club.news("Bo")
    for _ in range(10):
        ada = club.news("Ada")
        ada.sends(type="remind", seconds=0.001, message="pizza")
        ada.says("nonsense")
        ada.vanishes()
        club.seconds_pass(0.01)
    club.count(notifications=1)
    club.seconds_pass(5)
    bo.hears("New notification for Bo")
