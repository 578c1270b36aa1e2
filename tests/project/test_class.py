"""`club class` as pupils, teachers and strangers meet it: the real command, real sockets, no browser."""

import csv
import io
import json
import os
import socket
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from fastapi.websockets import WebSocketDisconnect
from typer.testing import CliRunner
from websockets.exceptions import ConnectionClosed

from club import cli
from club.check import CannotTryError
from club.classroom import server
from club.classroom.book import Book
from club.classroom.command import CannotOpenError, listen, open_book
from club.classroom.mark import Marked, as_csv
from club.classroom.pages import Pages
from club.classroom.room import Classroom
from club.ladder import STEPS
from club.machine import addresses
from project.classroom import Class, Line, free_port, refused


@pytest.fixture(scope="module")
def klass(tmp_path_factory):
    """One class for many tests; each has pupils of its own."""
    klass = Class(tmp_path_factory.mktemp("class"))
    yield klass
    assert klass.stops() == 0
    assert "Traceback" not in klass.terminal()


@pytest.fixture
def board(klass):
    board = klass.board()
    board.hears("class")
    yield board
    board.hangs_up()


def test_it_says_where_it_is(klass):
    said = klass.terminal()
    assert f"\nhttp://{klass.address}\n" in said
    assert f"http://127.0.0.1:{klass.port}/class/board#{klass.secret}" in said


# Joining


def test_a_pupil_joins(klass, board):
    answer = klass.asks_to_join("  Ada ")
    assert answer.status == 200
    assert json.loads(answer.text) == {"nickname": "Ada"}
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert board.hears("pupil", nickname="Ada")["here"] is True


def test_hello_comes_first(klass):
    hello = klass.joins("Hugo").comes().hello
    assert hello == {"type": "hello", "nickname": "Hugo", "paused": False, "hushed": False, "doors": hello["doors"]}


@pytest.mark.parametrize(
    "body",
    [
        b'{"nickname": ""}',
        b'{"nickname": "<script>"}',
        json.dumps({"nickname": "M" * 8000}).encode(),
        b'{"nickname": "\\ud800"}',
        b'{"nickname": "\xff"}',
        b'{"nickname": 7}',
        b"{}",
        b"hello",
        b"",
        b"[" * 10_000,
        b"[" * 200_000,
        b"x" * 10_000_000,
    ],
)
def test_what_is_no_nickname_is_refused(klass, body):
    assert klass.asks("/class/join", "POST", body).status == 422
    assert klass.asks("/").status == 200


def test_two_pupils_of_one_name(klass):
    klass.joins("Nora")
    answer = klass.asks_to_join("NORA")
    assert (answer.status, "Nora is here already" in answer.text) == (409, True)
    assert "set-cookie" not in answer.headers


def test_coming_back(klass, board):
    ida = klass.joins("Ida")
    line = ida.comes()
    line.says(type="state", step=3, stars=[1], text="hers")
    line.hangs_up()
    board.hears("pupil", nickname="Ida", here=False)
    assert klass.asks_to_join("Ida", Cookie=ida.cookie).status == 200
    assert klass.asks_to_join("ida").status == 202
    assert board.hears("pupil", nickname="Ida")["knocks"]
    board.says(type="let-in", to="Ida")
    board.hears("pupil", nickname="Ida")
    again = klass.joins("ida")
    assert again.nickname == "Ida"
    assert json.loads(klass.asks("/class/me", Cookie=again.cookie).text) == {"nickname": "Ida", "text": "hers"}
    assert refused(ida.line) == 403


# Who may not


def test_the_pages_are_for_everyone_who_calls_by_our_name(klass):
    answer = klass.asks("/")
    assert (answer.status, "class.js" in answer.text) == (200, True)
    assert "class.js" not in klass.asks("/assets/clubhouse/index.html").text
    assert klass.asks("/", Host=f"localhost:{klass.port}").status == 200
    packed = klass.asks("/steps/03_chat.html", Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert klass.asks("/steps/03_chat.html", If_None_Match=packed.headers["etag"]).status == 304
    assert "immutable" in klass.asks("/assets/in-page/abc/core.bin").headers["cache-control"]
    assert "immutable" not in answer.headers["cache-control"]
    for path in ("/nowhere.html", "/../pyproject.toml", "/%2e%2e/class.db", "/class/class.db", "/class/../class.db"):
        assert klass.asks(path).status == 404, path


STRANGERS = {
    "another origin": {"Origin": "http://evil.test"},
    "no origin to speak of": {"Origin": "null"},
    "https": {"Origin": "https://{address}"},
    "another port": {"Origin": "http://127.0.0.1:1"},
    "another name": {"Host": "evil.test"},
    "another name, both": {"Host": "evil.test:{port}", "Origin": "http://evil.test:{port}"},
    "a name that begins like ours": {"Host": "127.0.0.1.evil.test:{port}"},
    "no name": {"Host": ""},
    "a broken name": {"Host": "[::1"},
}


@pytest.mark.parametrize("headers", STRANGERS.values(), ids=STRANGERS)
def test_a_strangers_page_gets_in_nowhere(klass, headers):
    headers = {name: text.format(address=klass.address, port=klass.port) for name, text in headers.items()}
    stranger = klass.joins(f"Str {time.monotonic_ns() % 10**8}")
    assert klass.asks_to_join("Stranger", **headers).status == 403
    assert klass.asks("/class/collect.zip", Authorization=f"Bearer {klass.secret}", **headers).status == 403
    if "Host" not in headers:  # this client writes its own
        for path in ("/class/pupil", "/class/teacher", "/visit/Mia/ws/Stranger"):
            assert refused(lambda path=path: stranger.line(path, **headers)) == 403


def test_without_a_cookie_there_is_no_line(klass):
    for path in ("/class/pupil", "/visit/Mia/ws/Mia", "/visit/Mia/ws/rooms/den/Mia"):
        assert refused(lambda path=path: Line(f"ws://{klass.address}{path}")) == 403
        assert refused(lambda path=path: Line(f"ws://{klass.address}{path}", {"Cookie": "pupil=x"})) == 403
    assert json.loads(klass.asks("/class/me").text) == {"nickname": None}


def test_without_the_secret_there_is_no_board(klass):
    pupil = klass.joins("Eve")
    for secret in ("wrong", "", '{"type": "pause", "on": true}', "x" * 10_000):
        assert klass.board(secret).is_hung_up() == 1008
    for name in ("collect.zip", "class.csv", "programs.json"):
        assert klass.asks(f"/class/{name}").status == 403
        assert klass.asks(f"/class/{name}?secret={klass.secret}", Cookie=f"secret={klass.secret}").status == 403
        assert klass.asks(f"/class/{name}", Cookie=pupil.cookie, Authorization="Bearer x").status == 403
        assert klass.asks(f"/class/{name}", Authorization=klass.secret).status == 403


def test_a_board_that_says_nothing_is_hung_up_on(monkeypatch):
    monkeypatch.setattr(server, "SECRET_S", 0.1)
    app = server.make_app(server.Class(Classroom(Book()), Pages(), "secret"))
    client = TestClient(app, client=("127.0.0.1", 1))
    with (
        client.websocket_connect("ws://127.0.0.1/class/teacher") as line,
        pytest.raises(WebSocketDisconnect) as hung_up,
    ):
        line.receive_text()
    assert hung_up.value.code == 1008


@pytest.mark.skipif(not addresses(), reason="this computer is on no network")
def test_the_board_is_on_the_teachers_computer_only(tmp_path):
    address = addresses()[0]
    klass = Class(tmp_path, host=address)
    try:
        assert f"\nhttp://{address}:{klass.port}\n" in klass.terminal()
        assert klass.download("collect.zip").status == 200
        for path in ("/", "/class/board", "/class/collect.zip", "/class/class.csv", "/class/causes.json"):
            line = socket.create_connection((address, klass.port), timeout=5)
            with line:
                line.sendall(
                    f"GET {path} HTTP/1.1\r\nHost: {address}:{klass.port}\r\nConnection: close\r\n"
                    f"X-Forwarded-For: 127.0.0.1\r\nAuthorization: Bearer {klass.secret}\r\n\r\n".encode()
                )
                answer = b""
                while more := line.recv(10_000):
                    answer += more
            assert int(answer.split()[1]) == (200 if path == "/" else 403), path
        assert refused(lambda: Line(f"ws://{address}:{klass.port}/class/teacher")) == 403
    finally:
        klass.stops()


def test_python_comes_to_a_few_at_a_time(klass):
    lines = []

    def asks():
        lines.append(socket.create_connection(("127.0.0.1", klass.port), timeout=5))
        lines[-1].sendall(f"GET /class/turn HTTP/1.1\r\nHost: {klass.address}\r\n\r\n".encode())

    def hears_its_turn(line, patience=5):
        line.settimeout(patience)
        heard = b""
        with suppress(TimeoutError):
            while b"Your turn" not in heard:
                heard += line.recv(1000)
        return b"Your turn" in heard

    for _ in range(4):
        asks()
        assert hears_its_turn(lines[-1])
    asks()
    assert not hears_its_turn(lines[-1], 0.5)
    lines[0].close()  # its page has all
    assert hears_its_turn(lines[-1])
    for line in lines:
        line.close()


# Nonsense and floods


NONSENSE = {
    "no JSON": "hello",
    "200,000 brackets": "[" * 200_000,
    "a huge number": '{"type": "state", "step": ' + "9" * 400 + ', "stars": []}',
    "no such type": '{"type": "nothing", "on": true}',
    "half a message": '{"type": "hand"}',
    "bytes": b"\x00\x01",
}


@pytest.mark.parametrize("what", NONSENSE.values(), ids=NONSENSE)
def test_what_does_not_fit_ends_its_own_line(klass, board, what):
    other = klass.joins(f"Calm {time.monotonic_ns() % 10**8}").comes()
    for line in (klass.joins(f"Odd {time.monotonic_ns() % 10**8}").comes(), klass.board()):
        line.socket.send(what)
        assert line.is_hung_up() == 1008
    board.says(type="say", text="Still there?")
    assert other.hears("say")["text"] == "Still there?"


def test_a_frame_has_256_kilobytes_at_most(klass, board):
    pupil = klass.joins("Max")
    line = pupil.comes()
    line.says(type="state", step=1, stars=[], text="x" * 250_000)
    assert board.hears("pupil", nickname="Max", step=1)
    with suppress(ConnectionClosed):
        line.socket.send("x" * 300_000)
    assert line.is_hung_up() in {1009, 1006}  # the goodbye may get lost while bytes are still on their way


def test_broken_text_and_broken_calls(klass):
    """What no browser sends. That no traceback is printed is asserted when the class stops."""
    line = klass.joins("Lou").comes()
    line.socket.send(b"\xff\xfe", text=True)
    assert line.is_hung_up() == 1007
    for raw in (
        "GET /visit/Zoë/ws/é HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n\r\n",
        "\x16\x03\x01 hello\r\n\r\n",
        "POST /class/join HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\n{",
    ):
        with socket.create_connection(("127.0.0.1", klass.port), timeout=5) as caller:
            caller.sendall(raw.encode())
            caller.settimeout(1)
            with suppress(ConnectionError, TimeoutError):
                caller.recv(1000)
    assert klass.joins("Lea").comes()
    assert "ClientDisconnect" not in klass.terminal()


def test_a_flood_ends_its_own_line(klass, board):
    calm, wild = klass.joins("Calm").comes(), klass.joins("Wild").comes()
    with suppress(ConnectionClosed):
        for number in range(5000):
            wild.says(type="hand", up=bool(number % 2))
    assert wild.is_hung_up() == 1008
    start = time.monotonic()
    calm.says(type="hand", up=True)
    assert board.hears("pupil", nickname="Calm", hand=True)
    assert time.monotonic() - start < 5
    assert klass.joins("Next").comes()


# What pages tell, and what the teacher does


def test_the_board_sees_what_pages_tell(klass, board):
    line = klass.joins("Finn").comes()
    row = board.hears("pupil", nickname="Finn", here=True)
    wanted = {"nickname", "here", "step", "stars", "oops", "since", "tries", "hand", "open"}
    assert wanted <= row.keys()
    line.says(type="state", step=3, stars=[1, 2])
    assert board.hears("pupil", nickname="Finn", step=3)["stars"] == [1, 2]
    for tries in (1, 2):
        line.says(type="verdict", oops="no-chat", step=3, line=12)
        row = board.hears("pupil", nickname="Finn", oops="no-chat", tries=tries)
        assert abs(row["since"] - time.time()) < 60
    line.says(type="hand", up=True)
    assert board.hears("pupil", nickname="Finn", hand=True)
    board.says(type="lower", to="Finn")
    assert line.hears("lowered")
    assert board.hears("pupil", nickname="Finn", hand=False)
    late = klass.board()
    assert "Finn" in [row["nickname"] for row in late.hears("class")["pupils"]]
    line.vanishes()
    assert board.hears("pupil", nickname="Finn", here=False)


def test_the_teacher_acts(klass, board):
    gus, hana = klass.joins("Gus").comes(), klass.joins("Hana").comes()
    board.says(type="pause", on=True)
    assert gus.hears("pause")["on"] is True
    assert klass.joins("Late").comes().hello["paused"] is True
    board.says(type="pause", on=False)
    assert gus.hears("pause")["on"] is False
    board.says(type="say", text="<b>Well done</b>")
    assert gus.hears("say") == {"type": "say", "text": "<b>Well done</b>"}
    board.says(type="say", text="Only you", to="Hana")
    board.says(type="go", page="steps/03_chat.html")
    assert hana.hears("say", text="Only you")
    assert gus.hears("go") == {"type": "go", "page": "steps/03_chat.html"}
    board.says(type="hand-out", to="Gus", step=3)
    assert gus.hears("hand-out") == {"type": "hand-out", "step": 3}
    hana.hears("go")
    board.says(type="hush", on=True)
    assert gus.hears("hush") == hana.hears("hush") == {"type": "hush", "on": True}
    board.says(type="hush", on=False)
    board.says(type="mute", to="nobody of this name", on=True)
    board.says(type="out", to="Hana")
    assert hana.hears("out")
    assert hana.is_hung_up() == 1000
    assert board.hears("pupil", nickname="Hana", here=False)
    assert gus.hears("hush", on=False)


def test_who_is_put_out_stays_out(klass, board):
    pupil = klass.joins("Ivo")
    line = pupil.comes()
    board.says(type="out", to="Ivo")
    line.hears("out")
    assert refused(pupil.line) == 403
    assert json.loads(klass.asks("/class/me", Cookie=pupil.cookie).text) == {"nickname": None}
    board.hears("pupil", nickname="Ivo", here=False)
    assert klass.asks_to_join("Ivo", Cookie=pupil.cookie).status == 202


def test_the_end(klass, board):
    line = klass.joins("Theo").comes()
    board.says(type="end")
    assert line.hears("end")
    assert line.is_hung_up() == 1000
    assert board.hears("end")
    assert klass.download("collect.zip").status == 200


# Visits


@pytest.fixture
def host(klass, board):
    """A pupil whose club is open."""
    pupil = klass.joins(f"Host {time.monotonic_ns() % 10**8}")
    host = pupil.comes()
    host.nickname = pupil.nickname
    host.says(type="door", open=True)
    assert pupil.nickname in host.hears("doors")["doors"]
    yield host
    host.hangs_up()


@pytest.fixture
def guest(klass):
    return klass.joins(f"Guest {time.monotonic_ns() % 10**8}")


def calls(guest, host, path="ws/{}"):
    """The guest calls, and the host's program lets them in. Returns the guest's line, and what the host heard."""
    found = {}

    def answer():
        found.update(host.hears("visit.open"))
        host.says(type="visit.opened", id=found["id"])

    thread = threading.Thread(target=answer)
    thread.start()
    line = guest.visits(host.nickname, path)
    thread.join()
    return line, found


@pytest.mark.parametrize("path", ["ws/{}", "ws/notifications/{}", "ws/rooms/den/{}?last_id=7"])
def test_a_visit(klass, host, guest, path):
    line, call = calls(guest, host, path)
    assert call["who"] == guest.nickname
    assert call["path"] == path.format(guest.nickname.replace(" ", "%20"))
    line.socket.send("hello, 🦖")
    assert host.hears("visit.send") == {"type": "visit.send", "id": call["id"], "data": "hello, 🦖"}
    host.says(type="visit.message", id=call["id"], data='{"message": "hi"}')
    assert line.socket.recv(5) == '{"message": "hi"}'
    line.hangs_up(1001)
    assert host.hears("visit.close") == {"type": "visit.close", "id": call["id"], "code": 1001}


def test_the_door_shows_for_all(klass, host):
    other = klass.joins("Olga").comes()
    assert host.nickname in other.hello["doors"]
    host.says(type="door", open=False)
    assert host.nickname not in other.hears("doors")["doors"]


def test_a_program_says_no(klass, host, guest):
    def answer():
        host.says(type="visit.closed", id=host.hears("visit.open")["id"], code=1008, reason="no")

    thread = threading.Thread(target=answer)
    thread.start()
    assert refused(lambda: guest.visits(host.nickname)) == 403
    thread.join()


def test_a_program_hangs_up(klass, host, guest):
    line, call = calls(guest, host)
    host.says(type="visit.closed", id=call["id"], code=4009, reason="This name is taken.")
    assert line.is_hung_up() == 4009
    host.hears_nothing("visit.close")


def test_nobody_calls_under_another_name(klass, host, guest):
    for path in ("ws/Mia", f"ws/{quote(guest.nickname)}/x", "ws/rooms/den/clubhouse", "ws/"):
        assert refused(lambda path=path: guest.visits(host.nickname, path)) == 403, path
    assert refused(lambda: guest.visits("Nobody at all")) == 403


@pytest.mark.parametrize("how", ["hangs_up", "vanishes", "door"])
def test_guests_call_again_when_the_host_has_gone(klass, host, guest, how):
    line, _ = calls(guest, host)
    if how == "door":
        host.says(type="door", open=False)
    else:
        getattr(host, how)()
    assert line.is_hung_up() == 1012


def test_a_guest_who_vanishes(klass, host, guest):
    line, call = calls(guest, host)
    line.vanishes()
    assert host.hears("visit.close")["id"] == call["id"]


def test_a_flood_of_a_guest_ends_its_own_line(klass, host, guest):
    line, _ = calls(guest, host)
    other, call = calls(klass.joins(f"Also {time.monotonic_ns() % 10**8}"), host)
    with suppress(ConnectionClosed):
        for _ in range(3000):
            line.socket.send("x")
    assert line.is_hung_up() == 1008
    other.socket.send("still here")
    assert host.hears("visit.send", id=call["id"])["data"] == "still here"


@pytest.mark.parametrize(
    ("what", "code"),
    [("x" * 100_000, 1009), ("x" * 10_000_000, 1009), (b"bytes", 1008)],
    ids=["100 kB", "10 MB", "bytes"],
)
def test_a_guest_sends_too_much(klass, host, guest, what, code):
    line, call = calls(guest, host)
    with suppress(ConnectionClosed):
        line.socket.send(what)
    # A goodbye may get lost while megabytes are still on their way.
    assert line.is_hung_up() in ({code, 1006} if len(what) > 256 * 1024 else {code})
    assert host.hears("visit.close")["id"] == call["id"]


def test_a_hushed_guest_is_not_heard(klass, board, host, guest):
    line, call = calls(guest, host)
    board.says(type="mute", to=guest.nickname, on=True)
    assert board.hears("pupil", nickname=guest.nickname, muted=True)
    line.socket.send("psst")
    host.hears_nothing("visit.send")
    board.says(type="mute", to=guest.nickname, on=False)
    assert board.hears("pupil", nickname=guest.nickname, muted=False)
    line.socket.send("hello")
    assert host.hears("visit.send", id=call["id"])["data"] == "hello"


def test_a_guest_who_reads_nothing_holds_nobody_up(klass, host, guest):
    _, first = calls(guest, host)
    quick, second = calls(klass.joins(f"Quick {time.monotonic_ns() % 10**8}"), host)
    worst = 0
    for number in range(60):
        host.says(type="visit.message", id=first["id"], data="x" * 100_000)
        host.says(type="visit.message", id=second["id"], data=str(number))
        start = time.monotonic()
        assert quick.socket.recv(5) == str(number)
        worst = max(worst, time.monotonic() - start)
    assert worst < 2


def test_what_a_program_says_over_http_is_data(klass, host, guest):
    found = {}

    def ask():
        found["answer"] = klass.asks(f"/visit/{host.nickname.replace(' ', '%20')}/rooms", Cookie=guest.cookie)

    thread = threading.Thread(target=ask)
    thread.start()
    question = host.hears("visit.ask")
    assert question["path"] == "rooms"
    host.says(type="visit.answer", id=question["id"], status=200, body="<script>alert(1)</script>")
    thread.join()
    answer = found["answer"]
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


def test_a_club_that_sleeps_says_503(klass, guest):
    assert klass.asks("/visit/Nobody/openapi.json", Cookie=guest.cookie).status == 503
    assert klass.asks("/visit/Nobody/openapi.json").status == 403


def test_the_house_of_a_friend_is_the_clubhouse(klass):
    answer = klass.asks("/visit/Mia/")
    assert (answer.status, "visit.js" in answer.text) == (200, True)
    assert klass.asks("/visit/Mia").headers["location"] == "/visit/Mia/"
    assert klass.asks("/visit/Mia/docs").status == 404


# Collecting


def test_programs_and_the_table(klass, board):
    line = klass.joins("=Una+1").comes()
    line.says(type="state", step=4, stars=[1, 2, 3], text="print('ü')\n")
    board.hears("pupil", nickname="=Una+1", step=4)
    with zipfile.ZipFile(io.BytesIO(klass.download("collect.zip").data)) as zip_file:
        [name] = [name for name in zip_file.namelist() if "Una" in name]
        assert zip_file.read(name).decode() == "print('ü')\n"
        assert name[:2].isdigit()
        assert name.endswith(" =Una+1/main.py")
    answer = klass.download("class.csv")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    rows = [row for row in csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))) if "Una" in row[0]]
    assert rows[0][:3] == ["'=Una+1", "4", "3"]


# The end of the process


def test_killed_and_started_again(tmp_path):
    klass = Class(tmp_path)
    try:
        mia, board = klass.joins("Mia"), klass.board()
        line = mia.comes()
        line.says(type="state", step=3, stars=[1, 2], text="import fastapi\n")
        line.says(type="verdict", oops="no-chat", step=3)
        row = board.hears("pupil", oops="no-chat")
        klass.joins("Bo")
        klass.is_killed()
        klass.starts()
        [again, bo] = klass.board().hears("class")["pupils"]
        same = ("nickname", "step", "stars", "oops", "since", "tries")
        assert {name: again[name] for name in same} == {name: row[name] for name in same}
        assert (again["here"], bo["nickname"]) == (False, "Bo")
        assert mia.comes().hello["nickname"] == "Mia"
        assert klass.asks_to_join("Mia", Cookie=mia.cookie).status == 200
        assert klass.asks_to_join("Bo").status == 202
        with zipfile.ZipFile(io.BytesIO(klass.download("collect.zip").data)) as zip_file:
            assert zip_file.read("01 Mia/main.py").decode() == "import fastapi\n"
        assert klass.stops() == 0
        assert "Traceback" not in klass.terminal()
    finally:
        klass.process.kill()


def club(*arguments):
    """The command, in this process."""
    return CliRunner().invoke(cli.app, arguments)


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_forget(in_folder):
    Book("class.db").close()
    assert forget_it() == "The class is forgotten."
    assert not [*in_folder.iterdir()]
    assert forget_it() == "There is nothing to forget here."


def forget_it():
    with cli.console.capture() as said:
        club("class", "--forget")
    return said.get().strip()


def test_a_file_that_is_no_class(in_folder):
    (in_folder / "class.db").write_bytes(b"This is no database. " * 100)
    with pytest.raises(CannotOpenError, match="--forget"):
        open_book(Path("class.db"), cli.console)


def test_a_port_in_use(klass):
    with pytest.raises(CannotOpenError, match=f"--port {klass.port + 1}"):
        listen("", klass.port)


@pytest.mark.parametrize("host", ["192.0.2.77", "192.168.1.300", "10.9.9", "http://laptop", "laptop:8010", "::1"])
def test_what_is_no_address_of_this_computer(host):
    with pytest.raises(CannotOpenError, match="address") as caught:
        listen(host, free_port())
    assert "--port" not in str(caught.value)  # another one does not help


# club mark


def test_marking_a_folder(tmp_path):
    for name, source in {
        "01 Mia": (STEPS / "01_imports" / "main.py").read_text(encoding="utf-8"),
        "02 =Bo": "while True: pass\n",
        "03 Chen": "from fastapi import FastAPI(\n",
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.py").write_text(source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "club.cli", "mark", str(tmp_path), "--step", "1", "--json"],
        env=os.environ | {"PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=200,
        check=True,
    )
    marks = json.loads(done.stdout)
    assert [(each["program"], each["stars"], each["of"]) for each in marks] == [
        ("01 Mia", 1, 1),
        ("02 =Bo", 0, 1),
        ("03 Chen", 0, 1),
    ]
    assert [bool(each["oops"]) for each in marks] == [False, True, True]
    assert "on this computer" in done.stderr
    assert sorted(file.name for file in tmp_path.rglob("*.*")) == ["main.py"] * 3  # nothing of ours stays there


def test_the_table_of_marks():
    marks = [Marked("=Bo", 0, 3, 1, "empty", 2, "Not yet.")]
    table = [*csv.reader(io.StringIO(as_csv(marks).removeprefix("\ufeff")))]
    assert table[1] == ["'=Bo", "0", "3", "1", "empty", "2", "Not yet."]


def test_a_folder_without_programs(tmp_path):
    assert isinstance(club("mark", str(tmp_path)).exception, CannotTryError)
