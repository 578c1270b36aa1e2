"""Step 2: the club manager keeps a list for each room."""

import pytest

from suite.friends import fail, listed

pytestmark = pytest.mark.step(2)


def test_the_rooms_board_shows_two_empty_rooms(club):
    club.count(chat=0, notifications=0)


def test_the_docs_page_knows_the_rooms_board(club):
    if "/rooms" not in club.paths():
        fail(f"The page /docs shows {listed(club.paths())}, but not /rooms.")


def test_nobody_can_write_on_the_rooms_board(club):
    club.post("/rooms", status=405)
