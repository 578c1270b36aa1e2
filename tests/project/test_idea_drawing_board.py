"""An idea of one's own: friends in a room draw on one board. The clubhouse has it; the program passes the lines on."""

import json

import pytest

pytestmark = pytest.mark.program("idea_drawing_board")
LINE = [[0, 0], [0.5, 0.25], [1, 1]]
WRONG = [
    {"points": LINE},
    {"color": "blue"},
    {"points": "a line", "color": "blue"},
    {"points": [[0]], "color": "blue"},
    {"points": [[0, 0, 0]], "color": "blue"},
    {"points": [["left", "right"]], "color": "blue"},
    {"points": [[-0.1, 0]], "color": "blue"},
    {"points": [[0, 1.1]], "color": "blue"},
    {"points": [[float("nan"), 0]], "color": "blue"},
    {"points": [[float("inf"), 0]], "color": "blue"},
    {"points": [[0, 0]] * 201, "color": "blue"},
    {"points": LINE, "color": "b" * 21},
    {"points": LINE, "color": 42},
    {"points": LINE, "color": "blue", "message": "something else"},
]


@pytest.fixture
def cara(club):
    return club.room("dragons", "Cara", "draw", "error")


@pytest.fixture
def dan(club, cara):
    dan = club.room("dragons", "Dan", "draw", "error")
    cara.hears("joined the chat", by="Dan")
    return dan


def test_everyone_in_the_room_gets_the_line_once(cara, dan):
    cara.sends(type="draw", points=LINE, color="blue")
    for friend in (cara, dan):
        drawn = friend.hears("is drawing…", by="Cara")
        drawn.has("timestamp", type="draw", room="dragons", points=LINE, color="blue")
        friend.has_heard()


def test_a_knock_with_one_point_is_passed_on(cara):
    """With this the clubhouse finds out whether to open its board."""
    cara.sends(type="draw", points=[[0, 0]], color="black")
    cara.hears("is drawing…").has(type="draw")


def test_a_line_may_have_two_hundred_points_and_a_color_twenty_letters(cara, dan):
    cara.sends(type="draw", points=[[0.123, 0.456]] * 200, color="light goldenrod two")
    dan.hears("is drawing…").has(points=[[0.123, 0.456]] * 200, color="light goldenrod two")


def test_only_that_room_gets_the_line(club, cara, ada):
    others = [club.room("pizza", "Dan", "draw"), club.news("Dan", "draw"), ada]
    cara.sends(type="draw", points=LINE, color="blue")
    cara.hears("is drawing…")
    for friend in others:
        friend.has_heard()


def test_what_is_no_line_comes_back_to_its_sender_alone(cara, dan):
    for wrong in WRONG:
        cara.says(json.dumps({"type": "draw"} | wrong))
        cara.hears_an_error()
    dan.has_heard()
    cara.sends(type="draw", points=LINE, color="blue")
    dan.hears("is drawing…")


def test_nobody_can_draw_in_someone_elses_name(cara, dan):
    cara.sends(type="draw", points=LINE, color="blue", client_id="Dan", room="pizza")
    dan.hears("is drawing…").has(client_id="Cara", room="dragons")
