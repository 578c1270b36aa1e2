"""Step 2: the club manager keeps a list for each room."""

import pytest

pytestmark = pytest.mark.step(2)


def test_the_rooms_board_shows_two_empty_rooms(club):
    assert club.rooms() == {"chat": 0, "notifications": 0}


def test_docs_can_ask_the_rooms_board_too(club):
    assert "/rooms" in club.get("/openapi.json").json()["paths"]


def test_nobody_can_write_on_the_rooms_board(club):
    assert club.post("/rooms").status_code == 405
