"""Step 5: from the docs page, a message to everyone or to one friend."""

import json
import re

import pytest

from suite.world import fail


def test_a_message_to_the_chat_is_heard_there_and_nowhere_else(club, ada, bo):
    radio = club.news("Ada")
    club.post("/broadcast/chat", message="Dinner!")
    ada.hears("Dinner!").has("client_id", "message", "timestamp")
    bo.hears("Dinner!")
    radio.has_heard()


def test_a_message_to_the_news_is_heard_there_and_nowhere_else(club, ada):
    chen, dina = club.news("Chen"), club.news("Dina")
    club.post("/broadcast/notifications", message="Dinner!")
    chen.hears("Dinner!").has(type="notification")
    dina.hears("Dinner!")
    ada.has_heard()


def test_a_message_to_one_friend_reaches_all_their_radios_and_nobody_else(club, ada):
    radio, radio_at_home, bo = club.news("Ada"), club.news("Ada"), club.news("Bo")
    club.post("/send/Ada", message="Psst.")
    radio.hears("Psst.").has(type="notification")
    radio_at_home.hears("Psst.")
    ada.has_heard()
    bo.has_heard()


def test_any_text_can_be_sent(club, ada):
    for text in ("", "<script>alert(1)</script>", "👩‍🚀", "n" * 10_000):
        club.post("/broadcast/chat", message=text)
        ada.hears(text)


def test_calling_an_unknown_room_gets_a_list_of_the_rooms(club):
    answer = club.post("/broadcast/kitchen", status=404, message="Dinner!").text
    if "chat" not in answer or "notifications" not in answer:
        fail("names-missing", f"The answer is {answer[:80]}. It does not name both rooms.")


def test_calling_an_unknown_friend_gets_a_list_of_the_friends_who_listen(club):
    club.news("Ada")
    answer = club.post("/send/Nobody", status=404, message="Psst.").text
    if "Ada" not in answer:
        fail("names-missing", f"The answer is {answer[:80]}. It does not name Ada, who listens.")


def test_looking_is_not_sending(club, ada):
    radio = club.news("Ada")
    for path in ("/broadcast/chat", "/broadcast/notifications", "/send/Ada"):
        club.get(f"{path}?message=Boo!", status=None)
    ada.has_heard()
    radio.has_heard()


def test_the_docs_page_opens(club):
    club.get("/docs")


def test_the_docs_page_shows_the_way_to_the_clubhouse(club):
    info = json.loads(club.get("/openapi.json").text)["info"]
    if not re.search(r"""\]\(/\)|href=["']?/["' >]""", info.get("description", "")):
        fail("no-link", "The description on the page /docs has no link to the clubhouse.")


@pytest.mark.beyond
def test_the_docs_page_needs_no_internet(club, clubhouse):
    assert not re.findall(r'(?:src|href)="(?:https?:)?//([^/"]+)', club.get("/docs").text)


@pytest.mark.beyond
def test_the_docs_page_has_a_text_ready(club):
    for path in ("/broadcast/{channel}", "/send/{client_id}"):
        parameters = {each["name"]: each["schema"] for each in club.paths()[path]["post"]["parameters"]}
        assert parameters["message"]["default"]
