"""The rules of the class, without a network and in milliseconds."""

import csv
import io
import sqlite3
import zipfile

import pytest
from pydantic import ValidationError

from club.classroom.book import Book, Record, forget
from club.classroom.collect import class_table, harmless, programs
from club.classroom.lines import Pace
from club.classroom.room import MOST_PUPILS, Classroom, JoinError, nickname_from
from club.classroom.visits import MOST_LINES
from club.classroom.wire import from_pupil, from_teacher


class Line:
    """It keeps what it is sent. `full` lines take nothing more."""

    def __init__(self):
        self.sent, self.texts, self.ended, self.full, self.welcome = [], [], None, False, False

    def send(self, **message):
        self.sent.append(message)
        return not self.full

    def send_text(self, text):
        self.texts.append(text)
        return not self.full

    def accept(self):
        self.welcome = True

    def hang_up(self, code=1000, reason=""):
        self.ended = code

    def heard(self, kind):
        found = [message for message in self.sent if message["type"] == kind]
        self.sent = []
        return found[-1] if found else None


class Room(Classroom):
    """With a clock that only the test turns."""

    def __init__(self, book=None):
        self.time = 1000.0
        super().__init__(book or Book(), lambda: self.time)
        self.board = Line()
        self.watch(self.board)

    def comes(self, nickname):
        self.join(nickname, "")
        return self.opens_a_page(nickname)

    def opens_a_page(self, nickname):
        pupil, line = self.pupils[nickname.casefold()], Line()
        window = self.arrive(pupil, line)
        return pupil, line, window

    def says(self, pupil, window, **message):
        self.hear(pupil, window, from_pupil.validate_python(message))

    def does(self, **message):
        self.act(from_teacher.validate_python(message))

    def waits(self, seconds):
        for _ in range(int(seconds)):
            self.time += 1
            self.sweep()

    def row(self, nickname):
        return self.pupils[nickname.casefold()].row(self.time)


@pytest.fixture
def room():
    return Room()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Mia", "Mia"),
        ("  Mia   Maria ", "Mia Maria"),
        ("Zoe\u0308", "Zoë"),
        ("🦖", "🦖"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("李雷", "李雷"),
        ("अमृता", "अमृता"),
        ("=1+1", "=1+1"),
        ("M" * 20, "M" * 20),
    ],
)
def test_a_nickname_is_kept_as_it_was_meant(typed, kept):
    assert nickname_from(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["", "   ", "\u3164", "...", "M" * 21, "M" * 8000, "<script>", "a/b", "..", "a\\b", "A&B", 'say "hi"', "x#y", "x?y"]
    + [f"Mi{sign}a" for sign in "\0\x07\x1b\x7f\u200b\u200d\u200e\u200f\u202e\u2066\u2069\ufeff\ue000"],
)
def test_no_nickname_deceives_or_breaks_a_page(typed):
    with pytest.raises(JoinError) as error:
        nickname_from(typed)
    assert error.value.status == 422


@pytest.mark.parametrize("other", ["mia", "MIA", "Mia ", "\uff2d\uff49\uff41"])
def test_nicknames_that_look_the_same_are_one(room, other):
    room.join("Mia", "")
    with pytest.raises(JoinError) as error:
        room.join(other, "")
    assert error.value.status == 409


def test_who_comes_again_with_her_cookie_is_in(room):
    _, cookie = room.join("Mia", "")
    assert room.join("Mia", cookie) == (room.pupils["mia"], None)


def test_who_comes_back_without_her_cookie_waits_for_the_teacher(room):
    mia, _, window = room.comes("Mia")
    old = mia.cookie
    room.leave(mia, window)
    with pytest.raises(JoinError) as error:
        room.join("mia", "")
    assert error.value.status == 202
    assert room.board.heard("pupil")["knocks"]
    room.does(type="let-in", to="Mia")
    pupil, cookie = room.join("Mia", "")
    assert pupil is mia
    assert cookie
    assert mia.cookie != old
    assert not room.row("Mia")["knocks"]


def test_let_in_holds_for_one_and_for_five_minutes(room):
    mia, _, window = room.comes("Mia")
    room.leave(mia, window)
    room.does(type="let-in", to="Mia")
    room.waits(301)
    with pytest.raises(JoinError) as error:
        room.join("Mia", "")
    assert error.value.status == 202
    room.does(type="let-in", to="Mia")
    room.join("Mia", "")
    room.waits(31)  # no page of hers opens its line
    with pytest.raises(JoinError):
        room.join("Mia", "")


def test_a_prank_with_nicknames_does_not_fill_the_class(room):
    mia, _, window = room.comes("Mia")
    room.says(mia, window, type="state", step=1, stars=[], text="import fastapi")
    room.leave(mia, window)
    for number in range(MOST_PUPILS - 1):
        room.join(f"Fake {number}", "")
    with pytest.raises(JoinError) as error:
        room.join("Bo", "")
    assert error.value.status == 503
    room.waits(31)
    room.join("Bo", "")
    assert "mia" in room.pupils
    assert len(room.pupils) == MOST_PUPILS


def test_a_cause_counts_from_when_it_came_up(room):
    mia, _, window = room.comes("Mia")
    room.says(mia, window, type="verdict", oops="no-chat", step=3, line=7)
    since = room.row("Mia")["since"]
    room.says(mia, window, type="verdict", oops="no-chat", step=3)
    assert (room.row("Mia")["tries"], room.row("Mia")["since"]) == (2, since)
    room.says(mia, window, type="verdict", oops="other", step=3)
    assert room.row("Mia")["tries"] == 1
    room.says(mia, window, type="verdict", oops="", step=3)
    assert (room.row("Mia")["oops"], room.row("Mia")["since"], room.row("Mia")["tries"]) == ("", None, 0)


def test_all_pages_of_a_pupil_count(room):
    mia, first, one = room.comes("Mia")
    _, second, two = room.opens_a_page("Mia")
    room.does(type="pause", on=True)
    assert first.heard("pause") == second.heard("pause") == {"type": "pause", "on": True}
    room.leave(mia, one)
    assert room.row("Mia")["here"]
    room.leave(mia, two)
    assert not room.row("Mia")["here"]


def test_a_hand_goes_down_with_the_last_page(room):
    mia, line, window = room.comes("Mia")
    room.says(mia, window, type="hand", up=True)
    assert room.row("Mia")["hand"]
    room.does(type="lower", to="MIA")
    assert line.heard("lowered")
    assert not room.row("Mia")["hand"]
    room.says(mia, window, type="hand", up=True)
    room.leave(mia, window)
    assert not room.row("Mia")["hand"]


def test_a_pause_ends_by_itself(room):
    _, line, _ = room.comes("Mia")
    room.does(type="pause", on=True)
    room.waits(599)
    assert room.paused
    line.sent = []
    room.waits(1)
    assert line.heard("pause") == {"type": "pause", "on": False}
    _, late, _ = room.comes("Bo")
    assert late.heard("hello")["paused"] is False


def test_a_page_that_does_not_speak_is_asleep_and_wakes(room):
    mia, line, window = room.comes("Mia")
    room.says(mia, window, type="door", open=True)
    guest = Line()
    room.visits.open(room.host_of("Mia"), guest, "ws/Bo", "Bo")
    room.waits(10)
    assert room.row("Mia")["here"]
    room.waits(4)
    assert guest.ended == 1012
    assert not room.row("Mia")["here"]
    assert room.doors() == []
    assert line.heard("beat")
    room.says(mia, window, type="beat")
    assert room.row("Mia")["here"]
    assert room.doors() == ["Mia"]


def test_a_page_that_takes_nothing_is_hung_up_on(room):
    _, line, _ = room.comes("Mia")
    line.full = True
    room.does(type="say", text="Hello!")
    assert line.ended == 1013


# Visits


@pytest.fixture
def at_home(room):
    """Mia's club is open."""
    mia, line, window = room.comes("Mia")
    room.says(mia, window, type="door", open=True)
    return mia, line, window


def test_a_visit_there_and_back(room, at_home):
    mia, line, window = at_home
    guest = Line()
    visit = room.visits.open(line, guest, "ws/Bo", "Bo")
    assert line.heard("visit.open") == {"type": "visit.open", "id": visit.id, "path": "ws/Bo", "who": "Bo"}
    room.says(mia, window, type="visit.message", id=visit.id, data="too early")
    room.says(mia, window, type="visit.opened", id=visit.id)
    room.visits.say(visit, "hello")
    assert line.heard("visit.send") == {"type": "visit.send", "id": visit.id, "data": "hello"}
    room.says(mia, window, type="visit.message", id=visit.id, data="hi")
    assert (guest.welcome, guest.texts) == (True, ["hi"])
    room.visits.leave(visit, 1001)
    assert line.heard("visit.close") == {"type": "visit.close", "id": visit.id, "code": 1001}


@pytest.mark.parametrize(("code", "heard"), [(1000, 1000), (4009, 4009), (1012, 1012), (1006, 1011), (7, 1011)])
def test_a_program_hangs_up_on_a_guest(room, at_home, code, heard):
    mia, line, window = at_home
    guest = Line()
    visit = room.visits.open(line, guest, "ws/Bo", "Bo")
    room.says(mia, window, type="visit.closed", id=visit.id, code=code, reason="ü" * 200)
    assert guest.ended == heard
    room.visits.leave(visit, 1000)
    assert not line.heard("visit.close")


def test_nobody_answers_for_another_host(room, at_home):
    _, line, _ = at_home
    bo, _, window = room.comes("Bo")
    guest = Line()
    visit = room.visits.open(line, guest, "ws/Chen", "Chen")
    for message in ({"type": "visit.opened"}, {"type": "visit.closed"}, {"type": "visit.message", "data": "x"}):
        room.says(bo, window, id=visit.id, **message)
    assert (guest.welcome, guest.texts, guest.ended) == (False, [], None)


def test_a_guest_who_takes_nothing_is_hung_up_on(room, at_home):
    mia, line, window = at_home
    guest, quick = Line(), Line()
    visit = room.visits.open(line, guest, "ws/Bo", "Bo")
    other = room.visits.open(line, quick, "ws/Chen", "Chen")
    for each in (visit, other):
        room.says(mia, window, type="visit.opened", id=each.id)
    guest.full = True
    for each in (visit, other):
        room.says(mia, window, type="visit.message", id=each.id, data="x")
    assert (guest.ended, quick.ended) == (1013, None)
    assert line.heard("visit.close")["id"] == visit.id


def test_a_guest_does_not_take_all_the_lines(room, at_home):
    _, line, _ = at_home
    for _ in range(MOST_LINES):
        assert room.visits.open(line, Line(), "ws/Bo", "Bo")
    assert room.visits.open(line, Line(), "ws/Bo", "Bo") is None
    assert room.visits.open(line, Line(), "ws/Chen", "Chen")


@pytest.mark.parametrize("how", ["door", "leave", "out"])
def test_guests_hear_that_the_club_has_gone(room, at_home, how):
    mia, line, window = at_home
    guest = Line()
    visit = room.visits.open(line, guest, "ws/Bo", "Bo")
    room.says(mia, window, type="visit.opened", id=visit.id)
    if how == "door":
        room.says(mia, window, type="door", open=False)
    else:
        room.leave(mia, window)
    assert guest.ended == 1012
    assert room.doors() == []


def test_another_window_takes_the_door(room, at_home):
    mia, line, _ = at_home
    guest = Line()
    room.visits.open(line, guest, "ws/Bo", "Bo")
    _, other, window = room.opens_a_page("Mia")
    room.says(mia, window, type="door", open=True)
    assert guest.ended == 1012
    assert room.host_of("Mia") is other


def test_hush_and_mute(room):
    _, line, _ = room.comes("Mia")
    bo, _, _ = room.comes("Bo")
    mia = room.pupils["mia"]
    room.does(type="mute", to="Mia", on=True)
    assert line.heard("hush") == {"type": "hush", "on": True}
    assert (room.may_talk(mia), room.may_talk(bo)) == (False, True)
    room.does(type="hush", on=True)
    assert not room.may_talk(bo)
    room.does(type="hush", on=False)
    assert line.heard("hush") == {"type": "hush", "on": True}  # still muted
    assert (room.may_talk(mia), room.may_talk(bo)) == (False, True)


def test_put_out(room, at_home):
    mia, line, _ = at_home
    bo, there, other = room.comes("Bo")
    guest = Line()
    room.visits.open(line, guest, "ws/Bo", "Bo")
    room.does(type="out", to="bo")
    assert there.heard("out")
    assert (there.ended, guest.ended) == (1000, 1008)
    room.leave(bo, other)
    assert room.by_cookie == {mia.cookie: mia}
    assert [each.nickname for each in room.book if each.cookie] == ["Mia"]  # nor after a crash
    with pytest.raises(JoinError) as error:
        room.join("Bo", "")
    assert error.value.status == 202


# What is kept


def test_all_that_is_kept_comes_back_after_a_crash(tmp_path):
    path = tmp_path / "class.db"
    room = Room(Book(path))
    mia, _, window = room.comes("Mia")
    room.says(mia, window, type="state", step=3, stars=[2, 1], text="import fastapi\n")
    room.says(mia, window, type="verdict", oops="no-chat", step=3)
    again = Room(Book(path))  # nothing was closed
    row = again.row("Mia")
    assert {name: row[name] for name in ("step", "stars", "oops", "tries", "here")} == {
        "step": 3,
        "stars": [1, 2],
        "oops": "no-chat",
        "tries": 1,
        "here": False,
    }
    assert again.pupils["mia"].text == "import fastapi\n"
    assert again.by_cookie[mia.cookie].nickname == "Mia"
    assert forget(path)
    assert not forget(path)
    assert not [*tmp_path.iterdir()]


def test_nothing_is_kept_but_what_is_promised(tmp_path):
    room = Room(Book(tmp_path / "class.db"))
    mia, line, window = room.comes("Mia")
    room.says(mia, window, type="door", open=True)
    visit = room.visits.open(line, Line(), "ws/Bo", "Bo")
    room.says(mia, window, type="visit.opened", id=visit.id)
    room.visits.say(visit, "a secret of Bo's")
    room.says(mia, window, type="visit.message", id=visit.id, data="a secret of Mia's")
    room.does(type="say", text="a secret of the teacher's")
    columns = [name for _, name, *_ in sqlite3.connect(tmp_path / "class.db").execute("PRAGMA table_info(pupils)")]
    assert columns == ["nickname", "cookie", "step", "stars", "oops", "since", "tries", "text", "marked"]
    room.book.close()
    assert b"secret" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_a_mark_of_the_board_ends_with_the_program_it_was_about(room):
    mia, _, window = room.comes("Mia")
    room.says(mia, window, type="state", step=3, stars=[1], text="one")
    room.does(type="mark", to="Mia", stars=2, oops="no-chat")
    assert room.row("Mia")["marked"] == {"stars": 2, "oops": "no-chat"}
    room.says(mia, window, type="state", step=4, stars=[1])
    assert room.row("Mia")["marked"]
    room.says(mia, window, type="state", step=4, stars=[1], text="two")
    assert room.row("Mia")["marked"] is None


def test_a_spreadsheet_finds_no_formula():
    nasty = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\uff1d1", "|cmd"]
    pupils = [Record(name, oops=name) for name in nasty]
    rows = [*csv.reader(io.StringIO(class_table(pupils).removeprefix("\ufeff")))]
    assert rows[0][0] == "nickname"
    assert [row[0] for row in rows[1:]] == [row[3] for row in rows[1:]] == [f"'{name}" for name in nasty]
    assert harmless("Mia") == "Mia"


def test_what_somebody_has_not_begun_is_no_trouble_in_the_table():
    marked = {"stars": 2, "oops": "no-chat"}
    pupils = [Record("Mia", step=2, marked=marked), Record("Bo", step=3, marked=marked)]
    rows = [*csv.reader(io.StringIO(class_table(pupils).removeprefix("\ufeff")))]
    assert [row[3] for row in rows[1:]] == ["", "no-chat"]


def test_the_zip_unpacks_on_every_machine():
    pupils = [Record("Mia", text="1"), Record("Bo"), Record("A: b*. ", text="3"), Record("CON", text="ü")]
    with zipfile.ZipFile(io.BytesIO(programs(pupils))) as zip_file:
        assert zip_file.namelist() == ["01 Mia/main.py", "03 A_ b_/main.py", "04 CON/main.py"]
        assert zip_file.read("04 CON/main.py").decode() == "ü"


def test_a_pace_allows_a_burst_and_no_flood():
    pace = Pace(a_second=10, at_once=50)
    assert [pace.allows() for _ in range(60)].count(True) in range(50, 56)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "null",
        "[" * 200_000,
        '{"type": "nothing"}',
        '{"type": "hand"}',
        '{"type": "hand", "up": "yes"}',
        '{"type": "hand", "up": 1}',
        '{"type": "state", "step": ' + "1" + "0" * 400 + ', "stars": []}',
        '{"type": "state", "step": 3, "stars": ["1"]}',
        '{"type": "state", "step": 3, "stars": [1e400]}',
        '{"type": "state", "step": -1, "stars": []}',
        '{"type": "state", "step": 3, "stars": [], "text": "\\ud800"}',
        '{"type": "verdict", "oops": 5, "step": 1}',
        '{"type": "visit.message", "id": -1, "data": ""}',
    ],
)
def test_what_does_not_fit_is_no_message(text):
    with pytest.raises(ValidationError):
        from_pupil.validate_json(text)


@pytest.mark.parametrize(
    "page", ["https://evil.test/", "//evil.test", "/a//b", "../up", "javascript:x", "a b", "x\n", "/\\evil.test"]
)
def test_the_teacher_opens_pages_of_the_site_only(page):
    with pytest.raises(ValidationError):
        from_teacher.validate_python({"type": "go", "page": page})


@pytest.mark.parametrize(
    "page", ["steps/03_chat.html", "/steps/03_chat/", "index.html", "", "toolbox/own.html#your-turn"]
)
def test_pages_of_the_site(page):
    assert from_teacher.validate_python({"type": "go", "page": page}).page == page
