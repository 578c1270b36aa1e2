"""Step 12: a friend who falls asleep. Nobody waits for them, and they hear why they were let go when they wake up.

`club.seconds_pass(11)` moves the program's clock forward. Nobody has to wait.
"""

import time

import pytest

from suite.world import fail

LET_GO = 1013
PATIENCE_S = 0.15  # how long a friend may wait because of somebody who sleeps; more than this is felt
LONG = "o" * 60_000  # the longest that fits into an address
ENOUGH = 30  # of those: more than the way to a sleeper holds, and fewer than an outbox
DOORS = {"chat": "/ws/", "notifications": "/ws/notifications/", "cave": "/ws/rooms/cave/"}


def falls_asleep(club, name, room, friends=1):
    """A friend whose way is full, so that nothing more can be sent to them. With them, there are so many friends."""
    sleeper = club.sleeper(name, DOORS.get(room, f"/ws/rooms/{room}/"))
    club.count(**{room: friends})  # a call is picked up a moment before its friend hears what is said
    for _ in range(ENOUGH):
        club.post(f"/broadcast/{room}", message=LONG)
    return sleeper


@pytest.fixture
def cara(club):
    return club.room("cave", "Cara", "friends", "whisper", "error")


def talks_without_waiting(talker, listener, times=8):
    """Each message is heard at once. The slowest may come from a machine that is busy, so one does not count."""
    waits = []
    for number in range(times):
        start = time.monotonic()
        talker.says(f"still quick? {number}")
        listener.hears(f"still quick? {number}")
        waits.append(time.monotonic() - start)
    if sorted(waits)[-2] > PATIENCE_S:
        fail("waited", f"{listener.name} waited {max(waits):.1f} seconds, because another friend is asleep.")


@pytest.mark.clock
@pytest.mark.parametrize("room", ["chat", "cave"])
def test_nobody_waits_for_a_friend_who_sleeps(club, room):
    cara, dan = (club.calls(name, DOORS[room]) for name in ("Cara", "Dan"))
    cara.hears("joined the chat", by="Dan") if room == "chat" else club.count(cave=2)
    falls_asleep(club, "Emil", room, friends=3)
    talks_without_waiting(cara, dan)
    club.count(**{room: 3})


@pytest.mark.clock
@pytest.mark.parametrize("room", list(DOORS))
def test_who_takes_nothing_for_ten_seconds_leaves_and_hears_why_on_waking(club, room):
    sleeper = falls_asleep(club, "Emil", room)
    club.count(**{room: 1})
    club.seconds_pass(9)
    club.count(**{room: 1})
    club.seconds_pass(2)
    club.count(**{room: 0}) if room != "cave" else club.has_no_room(room)
    club.seconds_pass(60)
    sleeper.wakes_up()
    sleeper.is_sent_away(LET_GO)


def test_who_falls_asleep_while_they_catch_up_keeps_nobody_waiting_and_loses_nothing(club):
    room = "cave-of-old-words"
    cara, dan = (club.room(room, name) for name in ("Cara", "Dan"))
    club.count(**{room: 2})
    for _ in range(ENOUGH):
        club.post(f"/broadcast/{room}", message=LONG)
    sleeper = club.calls("Emil", f"/ws/rooms/{room}/", asleep=True, query="?last_id=0")
    for number in range(3):
        cara.says(f"still quick? {number}")
        dan.hears(f"still quick? {number}")
    sleeper.wakes_up()
    sleeper.hears_in_order([LONG] * ENOUGH + [f"still quick? {number}" for number in range(3)])


@pytest.mark.clock
def test_the_others_hear_at_once_that_a_sleeper_has_left(club, cara):
    sleeper = falls_asleep(club, "Emil", "cave", friends=2)
    cara.sees("Cara", "Emil")
    club.seconds_pass(11)
    cara.hears("left the chat", by="Emil")
    cara.sees("Cara")
    cara.sends(type="whisper", to="Emil", message="psst")
    cara.hears_an_error(naming="Cara")
    sleeper.wakes_up()
    sleeper.is_sent_away(LET_GO)
    club.count(cave=1)


@pytest.mark.clock
@pytest.mark.parametrize("room", list(DOORS))
def test_a_friend_whose_outbox_is_full_leaves_at_once(club, room):
    sleeper, posts = falls_asleep(club, "Emil", room), 0
    club.count(**{room: 1})
    while club.post(f"/broadcast/{room}", None, message="hello?").status == 200 and club.rooms().get(room):
        posts += 1
        if posts > 400:
            fail("not-full", f"{posts} messages wait for a friend who is asleep.")
    club.count(**{room: 0}) if room != "cave" else club.has_no_room(room)
    sleeper.wakes_up()
    sleeper.is_sent_away(LET_GO)


@pytest.mark.clock
@pytest.mark.parametrize("room", list(DOORS))
def test_a_friend_who_takes_a_little_now_and_then_may_stay(club, room):
    friend = club.calls("Emil", DOORS[room], types=(None, "chat", "notification"))
    club.count(**{room: 1})
    for number in range(5):
        club.post(f"/broadcast/{room}", message=str(number))
        club.seconds_pass(15)
        friend.hears(str(number))
    club.count(**{room: 1})


@pytest.mark.clock
@pytest.mark.parametrize("room", ["chat", "cave"])
def test_a_friend_who_wakes_up_in_time_and_takes_everything_may_stay(club, room):
    friend = falls_asleep(club, "Emil", room)
    club.seconds_pass(3)
    friend.wakes_up()
    friend.hears_in_order([LONG] * ENOUGH)
    club.seconds_pass(11)
    club.count(**{room: 1})


@pytest.mark.clock
def test_who_was_let_go_and_comes_back_has_lost_nothing(club):
    room = "cave-of-sleep"
    cara = club.room(room, "Cara")
    cara.says("first")
    first = cara.hears("first")["id"]
    sleeper = falls_asleep(club, "Emil", room, friends=2)
    club.seconds_pass(11)
    cara.hears("left the chat", by="Emil")
    cara.says("you are missing this")
    cara.hears("you are missing this")
    sleeper.wakes_up()
    sleeper.is_sent_away(LET_GO)
    again = club.room(room, "Emil", last_id=first)
    again.hears_in_order([LONG] * ENOUGH + ["you are missing this"])


@pytest.mark.clock
def test_a_sleeper_who_vanishes_leaves_nothing_behind(club):
    ada = club.chat("Ada")
    before = club.tasks()
    for name in ("Bo", "Chen", "Dina"):
        sleeper = falls_asleep(club, name, "chat", friends=2)
        if name != "Bo":
            club.seconds_pass(11)
            ada.hears("left the chat", by=name)
        sleeper.vanishes()
        club.count(chat=1)
    club.works_for_nobody(before)


def test_last_words_are_heard(club):
    """Of a friend who says ten things in one breath and is gone."""
    cara = club.room("cave", "Cara")
    for name in ("Dan", "Emil", "Fay"):
        dan = club.room("cave", name)
        cara.hears("joined the chat", by=name)
        words = [f"{number} by {name}" for number in range(10)]
        for text in words:
            dan.says(text)
        dan.hangs_up()
        cara.hears_in_order([*words, "left the chat"])


def test_a_burst_in_the_chat_and_goodbye(club, ada, bo):
    words = [str(number) for number in range(300)]
    for text in words:
        bo.says(text)
    bo.hangs_up()
    ada.hears_in_order([*words, "left the chat"])


def test_a_burst_makes_nobody_leave(club, ada, bo):
    numbers = [str(number) for number in range(1000)]
    for number in numbers:
        ada.says(number)
    bo.hears_in_order(numbers)
    ada.hears_in_order(numbers)
    club.count(chat=2)


def test_friends_who_come_and_go_leave_no_tasks(club, ada):
    before = club.tasks()
    for number in range(10):
        for path in DOORS.values():
            friend = club.calls(f"Friend {number}", path)
            getattr(friend, ("hangs_up", "vanishes")[number % 2])()
    club.count(chat=1, notifications=0)
    club.has_no_room("cave")
    club.works_for_nobody(before)
