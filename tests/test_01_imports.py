"""Step 1: the tools are on the table, and the clubhouse opens."""

import re

import pytest

from suite.friends import fail

pytestmark = pytest.mark.step(1)


def test_the_club_is_awake(club):
    club.get("/openapi.json")


def test_the_clubhouse_opens(club, clubhouse):
    if "<walkie-talkie" not in club.get("/").text:
        fail("GET / is answered, but not with the clubhouse.")


def test_a_path_that_nobody_built_is_answered_kindly(club, clubhouse):
    if "Back to the clubhouse" not in club.get("/nowhere", status=404, Accept="text/html").text:
        fail("GET /nowhere is answered, but not with the clubhouse's kind page.")


def test_the_docs_page_opens(club):
    club.get("/docs")


def test_the_docs_page_needs_no_internet(club, clubhouse):
    elsewhere = re.findall(r'(?:src|href)="(?:https?:)?//([^/"]+)', club.get("/docs").text)
    if elsewhere:
        fail(f"The page /docs asks {elsewhere[0]} for its parts.")


def test_a_door_that_nobody_built_stays_shut(club, clubhouse):
    club.get("/nothing/here", status=404)
    club.get("/" + "n" * 10_000, status=404)
