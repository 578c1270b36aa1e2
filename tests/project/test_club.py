"""The command `club`, run as a learner runs it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from club.check import at_first_sight, read
from club.ladder import ROOT, STEPS
from club.machine import free_port
from suite.program import end_all

ENOUGH = 60  # seconds for one command
WRONG = "from fastapi import FastAPI\n\napp = FastAPI(\n"
SLEEPS = "import time; time.sleep(1000)"
CHILD = f"import os, subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {SLEEPS!r}], start_new_session=True)\n"
STRAY = CHILD.replace("True)", "True, env={})")
PRINTING = "while True:\n    print('club ' * 1000)\n"
DEAF = "import signal\nfor each in (signal.SIGINT, signal.SIGTERM):\n    signal.signal(each, signal.SIG_IGN)\n"
HANGS = {  # plainer ones are in mistakes/01_imports.toml
    "deaf": DEAF + "import time\nwhile True:\n    try:\n        time.sleep(1)\n    except BaseException: pass\n",
    "with an orphan": CHILD + "os._exit(0)\n",
}
if sys.platform == "linux":  # no other system tells who has started an orphan that denies it
    HANGS["with an orphan that denies it"] = (
        f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {STRAY!r}])\n"
    )


@pytest.fixture
def home(tmp_path):
    """A copy of the project, as a learner has it."""
    ignored = shutil.ignore_patterns(".club.json", "assets", "take-home")
    for name in ("docs", "steps", "tests", "src"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def start(home, *words, environment=None):
    return subprocess.Popen(
        [sys.executable, "-m", "club.cli", *map(str, words)],
        cwd=home,
        env=os.environ | {"PYTHONPATH": str(home / "src"), "PYTHONUNBUFFERED": "1"} | (environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def club(home, *words, code=0):
    """Run the command; what it printed, as one line. It ends with this code, and shows no traceback."""
    process = start(home, *words)
    said, _ = process.communicate(timeout=ENOUGH)
    assert process.returncode == code, said
    assert "Traceback" not in said
    return " ".join(said.split())


def mine(home):
    return home / "steps" / "my_club" / "main.py"


def test_the_map_shows_where_you_are(home):
    club(home, "catch-up", 2)
    assert "★ 1. The tools ★ 2. The club manager ☆ 3. The chat ← you are here" in club(home)


def test_a_fault_of_our_own_leaves_a_trace_that_can_be_reported(home):
    (home / "tests" / "mistakes" / "01_imports.toml").write_text("no toml", encoding="utf-8")
    said = club(home, "check", code=2)
    assert "tripped over itself, not over your file" in said
    trace = Path(re.search(r"written down, for somebody who can mend it: (\S+)", said)[1])
    assert "TOMLDecodeError" in trace.read_text(encoding="utf-8")
    trace.unlink()


def test_the_starter_is_told_kindly_what_comes_first(home):
    said = club(home, "check", code=1)
    assert re.match(r"(☆ )+steps/my_club/main\.py Step 1, the tools, is not finished yet\.", said)


def test_hints_come_one_by_one_and_start_anew_with_the_next_trouble(home):
    mine(home).write_text(WRONG, encoding="utf-8")
    said = [club(home, "check", "--hint", code=1)[:12] for _ in range(4)]
    assert said == ["Hint 1 of 3.", "Hint 2 of 3.", "Hint 3 of 3.", "Hint 3 of 3."]
    mine(home).write_text("", encoding="utf-8")
    assert club(home, "check", "--hint", code=1).startswith("Hint 1 of 3.")


def test_the_solution_is_a_piece_of_our_step(home):
    club(home, "catch-up", 2)
    said = club(home, "check", "--solution", code=1)
    assert said.startswith("steps/03_chat/main.py")
    assert "async def websocket_endpoint" in said
    assert "ConnectionManager" not in said


def test_the_exit_code_is_0_when_the_step_that_was_asked_for_is_there(home):
    assert "Step 2 works!" in club(home, "check", STEPS / "04_notifications" / "main.py", "--step", 2)


@pytest.mark.parametrize("what", [("check", "nowhere.py"), ("check", "steps"), ("check", "--step", "99"), ("chekc",)])
def test_what_cannot_be_tried_ends_with_2_and_a_sentence(home, what):
    assert club(home, *what, code=2)


def test_a_file_that_is_no_text_is_told_so(home):
    mine(home).write_bytes("ä".encode("latin-1"))
    assert "not plain text" in club(home, "check", code=1)
    for source in ("app = 1".encode("utf-16"), b"app\0= 1"):
        mine(home).write_bytes(source)
        assert at_first_sight(mine(home), read(mine(home))).kind == "not-text"


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm(home):
    source = (STEPS / "01_imports" / "main.py").read_text(encoding="utf-8")
    mine(home).write_bytes(b"\xef\xbb\xbf" + source.replace("\n", "\r\n").encode())
    club(home, "check", "--step", 1)


def test_a_syntax_error_comes_first_whatever_else_is_wrong(home):
    source = (STEPS / "02_connection_manager" / "main.py").read_text(encoding="utf-8")
    mine(home).write_text(source.replace("import json", "import jason") + "\nfor friend in\n", encoding="utf-8")
    said = club(home, "check", code=1)
    assert "cannot read this line" in said
    assert f"line {source.count(chr(10)) + 2}: for friend in" in said


@pytest.mark.parametrize("hang", HANGS)
def test_it_never_hangs_and_leaves_nothing_behind(home, hang):
    mine(home).write_text("from fastapi import FastAPI\napp = FastAPI()\n" + HANGS[hang], encoding="utf-8")
    before = time.time()
    assert "Step 1, the tools, is not finished yet." in club(home, "check", code=1)
    left = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it has ended meanwhile
            if process.create_time() > before and SLEEPS in process.cmdline():
                left.append(process)
    assert not left


def test_a_program_that_prints_without_end_does_not_fill_the_disk(home, tmp_path):
    (notes := tmp_path / ("notes-" * 20)).mkdir()  # a path too long for the socket of a fork server
    mine(home).write_text("from fastapi import FastAPI\napp = FastAPI()\n" + PRINTING, encoding="utf-8")
    process = start(home, "check", environment={"TMPDIR": str(notes), "TEMP": str(notes)})
    most = 0
    end = time.monotonic() + ENOUGH
    while process.poll() is None and time.monotonic() < end:
        with suppress(OSError):
            most = max(most, sum(file.stat().st_size for file in notes.rglob("terminal.txt")))
        time.sleep(0.01)
    said, _ = process.communicate(timeout=ENOUGH)
    assert "Step 1, the tools, is not finished yet." in said
    assert 100_000 < most < 10_000_000
    assert not list(notes.iterdir()), "the check leaves something behind"


@pytest.mark.parametrize(
    "words",
    ["give me \\\\`x` please [/red] [bold]", "\\x1b[2J\\x1b]0;mine\\x07 \\x9b2J\\\\", "one\\ntwo\\r\\n" * 9],
)
def test_what_a_program_says_is_shown_as_it_is_and_steers_no_terminal(home, words):
    source = f"from fastapi import FastAPI\n\nraise ValueError('{words}')\n"
    mine(home).write_text(source, encoding="utf-8")
    process = start(home, "check")
    said, _ = process.communicate(timeout=ENOUGH)
    assert process.returncode == 1, said
    assert not re.search(r"[\0-\x08\x0b-\x1f\x7f-\x9f]", said)
    assert len(said.strip().splitlines()) <= 12
    assert "line 3: raise ValueError(" in " ".join(said.split())
    club(home, "check", "--hint", code=1)


def test_it_says_what_it_does_to_the_file_of_somebody_else(home):
    other = home / "other.py"
    other.write_text("print('hello')\n", encoding="utf-8")
    assert club(home, "check", other, code=1).startswith("I run other.py. It can do whatever you can do")
    assert "I run" not in club(home, "check", code=1)


def test_it_looks_again_on_every_save(home):
    process = start(home, "check", "--step", "1", "--watch")
    try:
        seen = ""
        for source, words in (
            (WRONG, "cannot read this line"),
            ((STEPS / "01_imports" / "main.py").read_text(encoding="utf-8"), "Step 1 works!"),
        ):
            while "I will look again" not in seen:
                seen += process.stdout.readline()
            seen = ""
            mine(home).write_text(source, encoding="utf-8")
            while words not in " ".join(seen.split()):
                line = process.stdout.readline()
                assert line, seen
                seen += line
    finally:
        end_all([process.pid])
        process.communicate(timeout=5)


def test_catching_up_loses_nothing(home):
    folder = mine(home).parent
    mine(home).write_text("mine = 1\n", encoding="utf-8")
    assert "Your old file is safe" in club(home, "catch-up", 3)
    assert mine(home).read_bytes() == (STEPS / "03_chat" / "main.py").read_bytes()
    mine(home).write_text("mine = 2\n", encoding="utf-8")
    club(home, "catch-up", 4)
    club(home, "catch-up", 4)
    kept = sorted(file.read_text(encoding="utf-8") for file in folder.glob("main_before_*.py"))
    assert kept == ["mine = 1\n", "mine = 2\n"]


def test_the_doctor_looks_at_the_machine(home):
    process = start(home, "doctor")
    said, _ = process.communicate(timeout=ENOUGH)
    assert process.returncode == ("✗" in said)
    for what in ("Python", "uv", "Port 8000", "UTF-8", "Browser", "Calls to itself", "Network"):
        assert what in said


def test_the_doctor_finds_who_holds_the_port():
    from club.machine import holder_of  # noqa: PLC0415

    with socket.create_server(("127.0.0.1", 0)) as server:
        finding = holder_of(server.getsockname()[1])
    assert finding.is_bad
    assert str(os.getpid()) in finding.found
    assert not holder_of(free_port()).is_bad


def test_sharing_opens_one_door_on_one_address(home):
    port = free_port()
    process = start(home, "share", STEPS / "05_docs_page" / "main.py", "--host", "127.0.0.1", "--port", port)
    try:
        said = ""
        while "can now come in" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        assert f"http://127.0.0.1:{port}" in said
        assert "█" in said
        listening = {
            connection.laddr
            for child in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            for connection in child.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        }
        assert listening == {("127.0.0.1", port)}
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
    finally:
        end_all([process.pid])
        process.communicate(timeout=5)


def test_a_club_without_a_page_is_not_shared_as_if_it_had_one(home):
    mine(home).write_text("from fastapi import FastAPI\n\napp = FastAPI()\n", encoding="utf-8")
    process = start(home, "share", "--host", "127.0.0.1", "--port", free_port())
    try:
        said = ""
        while "no page yet" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        assert "can now come in" not in said
        assert "404" in said
    finally:
        end_all([process.pid])
        process.communicate(timeout=5)


def test_sharing_says_kindly_what_is_in_the_way(home):
    mine(home).write_text(WRONG, encoding="utf-8")
    assert "uv run club check" in club(home, "share", code=2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        said = club(home, "share", STEPS / "03_chat" / "main.py", "--host", "127.0.0.1", "--port", port, code=2)
    assert "in use" in said
