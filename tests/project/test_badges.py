"""The badges of the task boxes tell the truth: green only where the lines are ours, or else what differs is named.

2,000 programs with one fault each show it (`faults.py`), and what a newcomer of twelve has typed.
"""

import re
from collections import Counter

from project.boxes import ALL, blocks, in_node, text_of, typed
from project.faults import Fault, some
from project.test_pieces import RIGHT, lines_of

MEASURED = 2000

JUDGE = """
    const said = ["joined the chat", "left the chat", "is typing…"];
    return given.map(([step, mine]) => {
        const { ours, boxes, before, later } = pages[step];
        const judge = new Judge(ours, boxes, mine, { before, later, said });
        return boxes.map((_, at) => judge.of(at));
    });
"""
MEND = """
    return given.map(([step, mine]) => {
        const { ours, boxes, before } = pages[step];
        boxes.forEach((lines, at) => {
            mine = new Judge(ours, boxes, mine, { before }).repaired(at);
            mine = putIn(ours, lines, mine, before);
        });
        return mine;
    });
"""
BOXES = {step.number: list(blocks(step)) for step in ALL}


def judged(step: int, mine: str) -> list[tuple[str, list[str]]]:
    """For each box of a page, how far it is, and what differs."""
    return [(box["there"], [fault["words"] for fault in box["faults"]]) for box in in_node(JUDGE, [(step, mine)])[0]]


def ours(step: int) -> str:
    return text_of(ALL[step - 1])


def changed(step: int, *changes: tuple[str, str]) -> str:
    text = ours(step)
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def line(text: str, words: str) -> int:
    """The number of the first line with these words."""
    return text[: text.index(words)].count("\n") + 1


def only(step: int, mine: str) -> str:
    """What is said about the one box that is not like ours."""
    found = [(there, words) for there, words in judged(step, mine) if there != "ours"]
    assert len(found) == 1, found
    [(there, words)] = found
    assert there == "look", words
    return words[0]


def test_programs_with_one_fault(record_property):
    faults = some(MEASURED)
    assert len(faults) == MEASURED
    green, blamed, astray = list[Fault](), list[Fault](), list[Fault]()
    for fault, boxes in zip(faults, in_node(JUDGE, [(each.step.number, each.text) for each in faults]), strict=True):
        numbers = {fault.number, fault.number + (fault.kind == "misplaced")}
        own = [bool(numbers & set(lines)) for lines in BOXES[fault.step.number]]
        states = [box["there"] for box in boxes]
        if all(state == "ours" for state, is_own in zip(states, own, strict=True) if is_own):
            green.append(fault)
        if any(state != "ours" for state, is_own in zip(states, own, strict=True) if not is_own):
            blamed.append(fault)
        first = next((box for box in boxes if box["there"] != "ours"), {"faults": []})
        spots = [*(each["number"] for each in first["faults"]), first.get("typing") or first.get("below")]
        if not fault.is_near(spots[0]) and first.get("isBegun", True):  # else it says where all of the box goes
            astray.append(fault)
    for name, found in {"green": green, "blamed": blamed, "astray": astray}.items():
        record_property(name, dict(Counter(each.kind for each in found)))
    assert len({*green, *blamed}) <= 0.02 * MEASURED, [str(each) for each in green + blamed]
    assert len(astray) <= 0.05 * MEASURED, [str(each) for each in astray]


def test_what_is_typed_box_by_box_is_green_and_what_is_half_typed_is_no_fault():
    programs, expected = [], []
    for step in ALL:
        there = set[int]()
        for at, box in enumerate(boxes := BOXES[step.number]):
            for number in box[at % 2 :: 2]:  # every second line is enough
                lines = typed(step, {*there, number} | {each for each in box if each < number})
                text = "".join(f"{line}\n" for _, line in lines)
                programs.append((step.number, text))
                expected.append((at, ["ours"] * at, number == box[-1]))
                half = next(place for place, (each, _) in enumerate(lines) if each == number)
                line = lines[half][1].partition("  #")[0]
                for letters in {len(line.rstrip()) - 1, (len(line) + len(line) - len(line.lstrip())) // 2}:
                    mine = [each for _, each in lines]
                    programs.append((step.number, "\n".join([*mine[:half], line[:letters], *mine[half + 1 :], ""])))
                    expected.append((at, ["ours"] * at, False))
            there |= set(box)
            assert len(boxes) > at
    for (_, mine), found, (at, before, is_done) in zip(programs, in_node(JUDGE, programs), expected, strict=True):
        states = [box["there"] for box in found]
        left = [fault["words"] for box in found[:at] for fault in box["faults"]]  # what the page says to delete
        assert states[:at] == before or all("old one" in words for words in left), (states, left, mine)
        own = [fault["words"] for fault in found[at]["faults"] if "old one" not in fault["words"]]
        is_note = found[at]["there"] == "ours"  # all but a comment is there
        is_right = found[at]["there"] == ("ours" if is_done else "missing") or found[at]["faults"] or is_note
        assert not own, (found[at], mine)
        assert is_right, (found[at], mine)
        assert set(states[at + 1 :]) <= {"missing"}, (states, mine)


def test_our_later_programs_are_like_ours_on_every_earlier_page():
    programs = [(step.number, text_of(later)) for step in ALL for later in ALL if later.number >= step.number]
    for (number, _), boxes in zip(programs, in_node(JUDGE, programs), strict=True):
        assert {box["there"] for box in boxes} == {"ours"}, (number, boxes)


def test_what_is_wrong_is_put_right():
    faults = [each for each in some(300) if each.kind not in ("capital", "doubled")]
    mended = in_node(MEND, [(each.step.number, each.text) for each in faults])
    wrong = [
        fault for fault, text in zip(faults, mended, strict=True) if lines_of(text) != lines_of(text_of(fault.step))
    ]
    assert len(wrong) <= 0.03 * len(faults), [str(each) for each in wrong]  # most are imports in another order


def test_a_right_program_is_never_told_of_an_old_line_or_of_a_gap():
    texts = [path.read_text(encoding="utf-8") for path in RIGHT]
    programs = [(step.number, text) for at, text in enumerate(texts) for step in ALL[at % 2 :: 2]]
    for (_, mine), boxes in zip(programs, in_node(JUDGE, programs), strict=True):
        for words in (fault["words"] for box in boxes for fault in box["faults"]):
            assert "the old one" not in words or re.search(r"line (\d+)", words), (words, mine)
            assert "gap" not in words, (words, mine)


# --- what a newcomer typed -----------------------------------------------------------------------------------


def test_no_praise_for_what_python_cannot_read_or_does_not_know():
    for step, *change in (
        (1, "Path(__file__)", "Path(_file_)"),
        (1, "app = FastAPI()", "app = FastApi()"),
        (3, "            await self.send_personal", "            self.send_personal"),
        (3, "while True:", "while true:"),
        (3, '"/ws/{client_id}"', '"/ws/(client_id)"'),
        (6, '("chat", "notifications")', '("chat", "____")'),
        (6, '{"client_id": client_id, "timestamp"', '{"client_id": client_id "timestamp"'),
        (6, 'ALWAYS_OPEN = ("chat", "notifications")', 'ALWAYS_OPEN = ("chat", "news")'),
    ):
        text = changed(step, tuple(change))
        found = [words for there, words in judged(step, text) if there != "ours"]
        assert len(found) == 1, change
        number = next(
            at for at, (a, b) in enumerate(zip(text.split("\n"), ours(step).split("\n"), strict=True), 1) if a != b
        )
        assert f"line {number}" in found[0][0], found


def test_comments_and_words_for_a_friend_do_not_count():
    without = "".join(
        f"{re.sub('#.*', '', line).rstrip()}\n" for line in ours(8).splitlines() if line.strip()[:1] != "#"
    )
    assert {there for there, _ in judged(8, without)} == {"ours"}
    assert judged(8, changed(8, ("Try words, or", "Please use words, or"))) == judged(8, ours(8))
    assert judged(5, changed(5, ("The WebSocket club", "My own club"), ("# This", "# that"))) == judged(5, ours(5))


def test_the_old_line_is_gone_where_a_box_replaces_it():
    new = "        for websocket in self.active_connections.get(channel, []).copy():\n"
    old = "        for websocket in self.active_connections[channel].copy():\n"
    for text in (changed(6, (new, old + new)), changed(6, (new, new + old))):
        number = line(text, old.strip())
        assert only(6, text) == f"Your line {number} is the old one. Delete it."
    task = "    task = asyncio.create_task(send_notifications(websocket, client_id))\n"
    text = changed(8, ("        async with asyncio.TaskGroup", f"    {task}        async with asyncio.TaskGroup"))
    assert only(8, text) == f"Your line {line(text, task.strip())} is the old one. Delete it."


def test_the_first_line_that_differs_is_named_and_the_word():
    for step, old, new, words in (
        (2, "def disconnect(", "def disconect(", "Differs from ours at your line {}: `disconect`."),
        (2, "def __init__(self)", "def init(self)", "Differs from ours at your line {}: `init`."),
        (2, "def __init__", "def _init_", "Differs from ours at your line {}: `_init_`."),
        (2, "def disconnect(self, websocket: WebSocket, channel: str) -> None:",
         "def disconnect(self, websocket: WebSocket, channel: str) -> None",
         "In your line {}, `:` is missing at its end."),
        (3, "            await self.send", "            self.send", "In your line {}, `await` is missing."),
        (3, "    finally:", "    finaly:", "Differs from ours at your line {}: `finaly`."),
        (3, "    finally:", "        finally:", "Your line {} starts 8 spaces in. Ours starts 4 in."),
        (2, "def disconnect(self, websocket", "def disconnect(websocket", "In your line {}, `self` is missing."),
        (1, "clubhouse.is_dir():", "clubhouse.is_dir:", "In your line {}, `()` is missing."),
        (2, "in self.active_connections[channel]:", "in self.active_connections:",
         "In your line {}, `[channel]` is missing."),
        (2, "def __init__(self) -> None:", "def __init__(self):", "Differs from ours at your line {}."),
        (3, "message = await websocket.receive_text()", "message = await websocket.receive_text())",
         "Your line {} has one `)` more than ours."),
    ):  # fmt: skip
        text = changed(step, (old, new))
        number = next(
            at for at, (a, b) in enumerate(zip(text.split("\n"), ours(step).split("\n"), strict=True), 1) if a != b
        )
        assert only(step, text) == words.format(number)


def test_a_line_belongs_to_one_box():
    step = ALL[2]
    first = BOXES[3][0]
    text = "".join(f"{line}\n" for _, line in typed(step, set(first)))
    assert [there for there, _ in judged(3, text)] == ["ours"] + ["missing"] * (len(BOXES[3]) - 1)


def test_lines_that_were_broken_as_the_box_wraps_them_are_one_line():
    for step, whole, broken in (
        (1, "from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect",
         "from fastapi import FastAPI, HTTPException, WebSocket,\nWebSocketDisconnect"),
        (3, "async def websocket_endpoint(websocket: WebSocket, client_id: str) -> None:",
         "async def websocket_endpoint(websocket: WebSocket, client_id: str) ->\nNone:"),
        (3, "    async def send_personal_message(self, message: str, websocket: WebSocket) -> None:",
         "    async def send_personal_message(self, message: str,\n    websocket: WebSocket) -> None:"),
        (3, '    await manager.broadcast(chat_message(client_id, "joined the chat"), "chat")',
         '    await manager.broadcast(chat_message(client_id, "joined the\n    chat"), "chat")'),
    ):  # fmt: skip
        text = changed(step, (whole, broken))
        number = line(text, broken)
        assert only(step, text).startswith(f"Your lines {number} and {number + 1} are one line.")


def test_a_line_that_needs_another_must_be_below_it():
    text = ours(2)
    made = "\n\nmanager = ConnectionManager()\n"
    top, plan, rest = text.replace(made, "", 1).partition("\n\nclass ")
    assert "above" in only(2, f"{top}{made}{plan}{rest}") or "below" in only(2, f"{top}{made}{plan}{rest}")


def test_functions_and_imports_may_be_in_any_order_that_works():
    text = ours(3)
    message = text[text.index("def chat_message") : text.index('@app.websocket("/ws/')]
    moved = f"{text.replace(message, '')}\n\n{message.strip()}\n"
    moved = moved.replace("import asyncio\nimport json\n", "import json\nimport asyncio\n")
    assert {there for there, _ in judged(3, moved)} == {"ours"}
    top, rest = ours(1).split("\n\n", 1)
    assert {there for there, _ in judged(1, "\n".join([*reversed(top.splitlines()), "", rest]))} == {"ours"}


def test_what_is_my_own_beside_the_lines_of_a_box_changes_nothing():
    own = '\n\n@app.get("/hello")\nasync def hello() -> dict[str, str]:\n    return {"message": "Hello, friends!"}\n'
    text = ours(3).replace("\n\nmanager = Conn", f"{own}\n\nmanager = Conn", 1) + own.replace("hello", "bye")
    assert {there for there, _ in judged(3, text)} == {"ours"}


def test_names_of_the_learners_own_are_told_from_slips():
    names = "return given.map(([ours, mine]) => [...new Judge(ours, [], mine).names]);"
    write = "return given.map(([ours, names]) => renamed(ours, new Map(names)));"
    own = [
        ["active_connections", "clients"],
        ["ConnectionManager", "Club"],
        ["manager", "keeper"],
        ["connect", "enter"],
    ]
    mine = ours(3)
    for name, other in own:
        mine = re.sub(rf"\b{name}\b", other, mine)
    slip = changed(3, ("def disconnect(", "def disconect("))
    accept = changed(3, ("websocket.accept()", "websocket.acept()"))  # no name that we made
    found = in_node(names, [[ours(3), each] for each in (mine, slip, accept)])
    assert [sorted(each) for each in found] == [sorted(own), [], []]
    assert in_node(write, [[ours(3), own]]) == [mine]
    assert in_node(write, [['keep("manager")', own]]) == ['keep("manager")']
