"""What the checker reads in the text of a program."""

import pytest

from club.ladder import STEPS, step_of
from club.source import close_name, like_ours, place_of_slip, way_of, without

CHAT = (STEPS / "03_chat" / "main.py").read_text(encoding="utf-8")
NEWS = (STEPS / "04_notifications" / "main.py").read_text(encoding="utf-8")
TWO_NAMES = (
    '\n\n@app.websocket("/ws/{a}/{b}")\nasync def two(websocket: WebSocket, a: str, b: str) -> None:\n    pass\n'
)
ROUTER = CHAT.replace('@app.websocket("/ws/', 'router = APIRouter(prefix="/ws")\n\n\n@router.websocket("/')
MOUNT = CHAT.replace("app.frontend(", "app.mount(")


@pytest.mark.parametrize(
    ("source", "kind", "called", "way"),
    [
        (NEWS, "websocket", "/ws/notifications/Ada", set()),
        (NEWS + TWO_NAMES, "websocket", "/ws/notifications/Ada", set()),
        (CHAT + TWO_NAMES + NEWS, "websocket", "/ws/notifications/Ada", {"above", "below", "above_line"}),
        (CHAT + TWO_NAMES + NEWS, "websocket", "/ws/Ada", {"same", "same_line"}),
        (MOUNT, "GET", "/rooms", {"above", "below", "above_line"}),
        (MOUNT.replace('"/"', '"/static"'), "GET", "/rooms", set()),
        (ROUTER, "websocket", "/ws/Ada", {"router", "router_line"}),
        (ROUTER + "\n\napp.include_router(router)\n", "websocket", "/ws/Ada", set()),
        (CHAT, "websocket", "/ws/nothing/here/Ada", set()),
    ],
)
def test_the_way_to_a_door(source, kind, called, way):
    assert set(way_of(source, kind, called)) == way


def test_a_program_without_a_piece_keeps_the_numbers_of_its_lines():
    lines = CHAT.splitlines()
    for number, line in enumerate(lines, 1):
        rest = without(CHAT, number).splitlines()
        compile("\n".join(rest), "rest.py", "exec", dont_inherit=True)
        assert len(rest) == len(lines)
        assert not line.strip() or line.startswith(("#", "    #")) or rest[number - 1] != line


def test_a_slip_is_found_where_a_program_differs_from_ours():
    assert like_ours(CHAT) == []
    assert place_of_slip(CHAT, 7) == (7, "")
    for old, new in (("def disconnect", "def disconect"), ("@app.websocket", "@ap.websocket"), ("finally:", "finaly:")):
        slip = CHAT.replace(old, new)
        line = slip[: slip.index(new)].count("\n") + 1
        assert place_of_slip(slip, 1) == place_of_slip(slip, line) == (line, "")
    own = (STEPS / "idea_dice" / "main.py").read_text(encoding="utf-8")[:400]
    assert place_of_slip(own, 3) == (3, "")


@pytest.mark.parametrize(
    ("gone", "beside", "missing"),
    [
        ("async def connect(self, websocket: WebSocket, channel: str) -> None:", "await websocket.accept()", "above"),
        ("await websocket.accept()", "async def connect(self, websocket: WebSocket, channel: str) -> None:", "below"),
        ("manager = ConnectionManager()", "await self.send_personal_message(message, websocket)", "below"),
    ],
)
def test_a_line_that_is_missing_is_above_or_below_another(gone, beside, missing):
    lines = [line for line in CHAT.splitlines() if line.strip() != gone]
    line, where = place_of_slip("\n".join(lines), None)
    assert (lines[line - 1].strip(), where) == (beside, missing)


def test_each_line_has_a_step():
    assert step_of("async def websocket_endpoint(websocket: WebSocket, client_id: str) -> None") == 3
    assert step_of("await asyncio.slep(5)") == 4
    assert step_of("print('hello')") == 0


def test_a_name_that_looks_like_another():
    assert close_name(CHAT, "ConectionManager") == "ConnectionManager"
    assert close_name(CHAT, "zebra") is None
