"""Step 2: the club manager keeps a list for each room."""

import pytest

from suite.friends import listed
from suite.world import fail


def test_the_rooms_board_shows_two_empty_rooms(club):
    club.count(chat=0, notifications=0)


def test_the_clubhouse_finds_the_rooms_board(club):
    """It looks for it where the docs page looks."""
    if "/rooms" not in club.paths():
        fail("hidden", f"The page /docs shows {listed(club.paths())}, but not /rooms.")


@pytest.mark.beyond
def test_nobody_can_write_on_the_rooms_board(club):
    club.post("/rooms", status=405)
