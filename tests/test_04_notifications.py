"""Step 4: the news messenger brings each friend private news, every five seconds.

`club.seconds_pass(5)` moves the program's clock forward. Nobody has to wait.
"""

import pytest

pytestmark = pytest.mark.clock


def test_news_comes_every_five_seconds(club):
    ada = club.news("Ada")
    club.seconds_pass(4.5)
    ada.has_heard()
    for _ in range(4):
        club.seconds_pass(1)
        ada.has_heard("New notification for Ada")
        club.seconds_pass(4)
        ada.has_heard()


def test_everyone_has_five_seconds_of_their_own(club):
    ada = club.news("Ada")
    club.seconds_pass(2.5)
    bo = club.news("Bo")
    club.seconds_pass(3)
    ada.has_heard("New notification for Ada")
    bo.has_heard()
    club.seconds_pass(2.5)
    ada.has_heard()
    bo.has_heard("New notification for Bo")


def test_news_has_three_parts(club):
    ada = club.news("Ada")
    club.seconds_pass(5.5)
    ada.hears("New notification for Ada").has("message", "timestamp", type="notification")


def test_news_is_private(club):
    friends = [club.news(name) for name in ("Ada", "Bo", "Chen")]
    club.seconds_pass(20.5)
    for friend in friends:
        friend.has_heard(*[f"New notification for {friend.name}"] * 4)


def test_the_chat_and_the_news_do_not_mix(club, ada):
    radio = club.news("Ada")
    ada.says("hello")
    club.seconds_pass(5.5)
    ada.has_heard("hello")
    radio.has_heard("New notification for Ada")


def test_talking_to_the_news_messenger_changes_nothing(club):
    ada = club.news("Ada")
    for _ in range(5):
        ada.says("hello?")
        club.seconds_pass(1.1)
    ada.has_heard("New notification for Ada")


@pytest.mark.parametrize("goes", ["hangs_up", "vanishes"])
def test_a_friend_who_goes_is_off_the_list_and_the_others_get_their_news(club, goes):
    ada, bo = club.news("Ada"), club.news("Bo")
    club.count(notifications=2)
    getattr(bo, goes)()
    club.count(notifications=1)
    club.seconds_pass(20.5)
    for _ in range(4):
        ada.hears("New notification for Ada")


def test_fifty_friends_vanish_and_the_news_goes_on(club):
    ada, *fifty = [club.news("Ada")] + [club.news(f"Friend {number}") for number in range(50)]
    for friend in fifty:
        friend.vanishes()
    club.seconds_pass(10.5)
    ada.hears("New notification for Ada")
    ada.hears("New notification for Ada")
    club.count(notifications=1)


def test_the_messengers_stop_when_their_friends_go(club):
    """Nobody hears a messenger that goes on, but there would be more of them with each friend who calls."""
    club.news("Ada").hangs_up()
    club.seconds_pass(30.5)
    before = club.tasks()
    for goes in ("hangs_up", "vanishes") * 3:
        getattr(club.news("Bo"), goes)()
    club.count(notifications=0)
    club.seconds_pass(30.5)
    club.works_for_nobody(before)
