"""Step 1: the tools are on the table, and the clubhouse opens."""

import pytest

pytestmark = pytest.mark.step(1)


def test_the_club_is_awake(club):
    assert club.get("/openapi.json").status_code == 200


def test_the_clubhouse_opens(club, clubhouse):
    page = club.get("/")
    assert page.status_code == 200
    assert "<walkie-talkie" in page.text


def test_a_path_that_nobody_built_is_answered_kindly(club, clubhouse):
    answer = club.get("/nowhere", Accept="text/html")
    assert answer.status_code == 404
    assert "Back to the clubhouse" in answer.text


def test_docs_opens(club):
    page = club.get("/docs", Accept="text/html")
    assert page.status_code in (200, 307)


def test_a_door_that_nobody_built_stays_shut(club, clubhouse):
    assert club.get("/nothing/here").status_code == 404
    assert club.post("/nothing/here").status_code in (404, 405)
    assert club.get("/" + "n" * 10_000).status_code == 404
