"""Step 1: the tools are on the table, and the clubhouse opens."""

import re

import pytest

from suite.world import fail


def test_the_club_is_awake(club):
    club.paths()


def test_the_clubhouse_opens(club, clubhouse):
    if "<walkie-talkie" not in club.get("/").text:
        fail("other-page", "GET / got a page that is not the clubhouse.")


def test_every_part_of_the_clubhouse_opens(club, clubhouse):
    """A page without its parts is a page that does nothing."""
    for part in re.findall(r'(?:src|href)="([\w/.-]+\.\w+)"', (clubhouse / "index.html").read_text(encoding="utf-8")):
        club.get(f"/{part}")
        if part.endswith(".js") and club.get(f"/{part}").text != (clubhouse / part).read_text(encoding="utf-8"):
            fail("other-part", f"GET /{part} got something other than that part of the clubhouse.")


@pytest.mark.beyond
def test_a_path_that_is_not_there_is_answered_kindly(club, clubhouse):
    assert "Back to the clubhouse" in club.get("/nowhere", status=404, Accept="text/html").text


@pytest.mark.beyond
def test_a_path_that_is_not_there_is_not_found(club, clubhouse):
    club.get("/nothing/here", status=404)
    club.get("/" + "n" * 10_000, status=404)
