"""Step 5: from the docs page, a message to everyone or to one friend."""

import pytest

pytestmark = pytest.mark.step(5)


def test_a_message_to_the_chat_reaches_everyone_in_it_and_nobody_else(club, ada, bo):
    radio = club.news("Ada")
    club.post("/broadcast/chat", message="Dinner!").raise_for_status()
    assert ada.hears("Dinner!").keys() >= {"client_id", "message", "timestamp"}
    bo.hears("Dinner!")
    assert radio.heard() == []


def test_a_message_to_the_news_reaches_everyone_who_listens_and_nobody_else(club, ada):
    chen, dina = club.news("Chen"), club.news("Dina")
    club.post("/broadcast/notifications", message="Dinner!").raise_for_status()
    assert chen.hears("Dinner!")["type"] == "notification"
    dina.hears("Dinner!")
    assert ada.heard() == []


def test_a_message_to_one_friend_reaches_all_their_radios_and_nobody_else(club, ada):
    radio, radio_at_home, bo = club.news("Ada"), club.news("Ada"), club.news("Bo")
    club.post("/send/Ada", message="Psst.").raise_for_status()
    assert radio.hears("Psst.")["type"] == "notification"
    radio_at_home.hears("Psst.")
    assert (ada.heard(), bo.heard()) == ([], [])


@pytest.mark.parametrize("text", ["", "<script>alert(1)</script>", "👩‍🚀", "n" * 10_000])
def test_any_text_can_be_sent(club, ada, text):
    club.post("/broadcast/chat", message=text).raise_for_status()
    ada.hears(text)


def test_an_unknown_channel_is_answered_with_those_there_are(club):
    answer = club.post("/broadcast/kitchen", message="Dinner!")
    assert answer.status_code == 404
    assert "chat" in answer.text
    assert "notifications" in answer.text


def test_an_unknown_friend_is_answered_with_those_there_are(club):
    club.news("Ada")
    answer = club.post("/send/Nobody", message="Psst.")
    assert answer.status_code == 404
    assert "Ada" in answer.text


def test_the_docs_desk_has_texts_ready(club):
    paths = club.get("/openapi.json").json()["paths"]
    for path in ("/broadcast/{channel}", "/send/{client_id}"):
        for parameter in paths[path]["post"]["parameters"]:
            # What Swagger UI writes into the box: it does not look at `examples` in a schema.
            ready = parameter.keys() & {"example", "examples"} or parameter["schema"].keys() & {
                "example",
                "default",
                "enum",
            }
            assert ready, f"{path}: nothing is ready for {parameter['name']}"


def test_the_docs_desk_shows_the_way_to_the_clubhouse(club):
    assert "](/)" in club.get("/openapi.json").json()["info"]["description"]


def test_looking_is_not_sending(club):
    assert club.get("/broadcast/chat").status_code == 405
    assert club.get("/send/Ada").status_code == 405
