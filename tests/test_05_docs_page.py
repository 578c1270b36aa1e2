"""Step 5: from the docs page, a message to everyone or to one friend."""

import re

import pytest

from suite.friends import fail

pytestmark = pytest.mark.step(5)


def test_a_message_to_the_chat_reaches_all_who_are_there_and_no_one_else(club, ada, bo):
    radio = club.news("Ada")
    club.post("/broadcast/chat", message="Dinner!")
    ada.hears("Dinner!").has("client_id", "message", "timestamp")
    bo.hears("Dinner!")
    radio.has_heard()


def test_a_message_to_the_news_reaches_all_who_listen_and_no_one_else(club, ada):
    chen, dina = club.news("Chen"), club.news("Dina")
    club.post("/broadcast/notifications", message="Dinner!")
    chen.hears("Dinner!").has(type="notification")
    dina.hears("Dinner!")
    ada.has_heard()


def test_a_message_to_one_friend_reaches_all_their_radios_and_no_one_else(club, ada):
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


def test_an_unknown_channel_is_answered_with_those_there_are(club):
    answer = club.post("/broadcast/kitchen", status=404, message="Dinner!").text
    if "chat" not in answer or "notifications" not in answer:
        fail(f"The answer is {answer[:80]}. It does not name both rooms.")


def test_an_unknown_friend_is_answered_with_those_there_are(club):
    club.news("Ada")
    answer = club.post("/send/Nobody", status=404, message="Psst.").text
    if "Ada" not in answer:
        fail(f"The answer is {answer[:80]}. It does not name Ada, who listens.")


def test_the_docs_desk_has_texts_ready(club):
    for path, methods in club.paths().items():
        if not path.startswith(("/broadcast/", "/send/")):
            continue
        for parameter in methods["post"]["parameters"]:
            # What Swagger UI writes into the box: it does not look at `examples` in a schema.
            ready = parameter.keys() & {"example", "examples"} or parameter["schema"].keys() & {
                "example",
                "default",
                "enum",
            }
            if not ready:
                fail(f'On the page /docs, {path} has no text ready for "{parameter["name"]}".')


def test_the_docs_desk_shows_the_way_to_the_clubhouse(club):
    description = club.get("/openapi.json").json()["info"].get("description", "")
    if not re.search(r"""\]\(/\)|href=["']?/["' >]""", description):
        fail("The description on the page /docs has no link to the clubhouse.")


def test_looking_is_not_sending(club):
    club.get("/broadcast/chat", status=405)
    club.get("/send/Ada", status=405)
