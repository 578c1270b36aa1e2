"""The file for engineers to take along, and what FastAPI's TestClient hides: each row of that page's table."""

import asyncio
import importlib.util
import subprocess
import sys
import threading
from contextlib import asynccontextmanager, suppress

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.exceptions import WebSocketException
from fastapi.testclient import TestClient
from fastapi.websockets import WebSocketDisconnect
from websockets.exceptions import ConnectionClosed, InvalidStatus, NegotiationError

from club.ladder import STEPS
from suite.world import looks

FILE = STEPS / "more" / "testing" / "live.py"
A_MOMENT_S = 0.3
spec = importlib.util.spec_from_file_location("live", FILE)
live = importlib.util.module_from_spec(spec)
spec.loader.exec_module(live)

told: list[str] = []


@asynccontextmanager
async def lifespan(app):
    told.append("started")
    yield


app = FastAPI(lifespan=lifespan)


@app.websocket("/refuses")
async def refuses(websocket: WebSocket):
    raise WebSocketException(1008, "not today")


@app.websocket("/returns")
async def returns(websocket: WebSocket):
    await websocket.accept()


@app.websocket("/echo")
async def echo(websocket: WebSocket):
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnect:
        pass


@app.websocket("/tidies-up")
async def tidies_up(websocket: WebSocket):
    await websocket.accept()
    try:
        await websocket.receive_text()
    except WebSocketDisconnect:
        await asyncio.sleep(0.05)
        told.append("tidied up")


@app.websocket("/chooses")
async def chooses(websocket: WebSocket):
    await websocket.accept("made-up")
    await websocket.close()


@pytest.fixture(scope="module")
def server():
    with live.serving(app) as server:
        yield server


def waits(job):
    """Does it still wait after a moment?"""
    thread = threading.Thread(target=job, daemon=True)
    thread.start()
    thread.join(A_MOMENT_S)
    return thread.is_alive()


# --- what TestClient hides -----------------------------------------------------------------------------------


def test_a_refusal_has_its_code_only_in_testclient(server):
    with pytest.raises(WebSocketDisconnect) as closed, TestClient(app).websocket_connect("/refuses"):
        pass
    assert (closed.value.code, closed.value.reason) == (1008, "not today")
    with pytest.raises(InvalidStatus) as refused, live.calling(server, "/refuses"):
        pass
    assert refused.value.response.status_code == 403
    assert b"not today" not in refused.value.response.body


def test_a_handler_that_returns_hangs_up_but_not_in_testclient(server):
    line = TestClient(app).websocket_connect("/returns").__enter__()
    assert waits(line.receive_text)
    with live.calling(server, "/returns") as real:
        assert real.is_closed() == (1006, "")


def test_silence_has_a_limit_but_not_in_testclient(server):
    line = TestClient(app).websocket_connect("/echo").__enter__()
    assert waits(line.receive_text)
    with live.calling(server, "/echo") as real, pytest.raises(TimeoutError):
        real.hears(A_MOMENT_S)


def test_a_message_has_a_limit_but_not_in_testclient(server):
    long = "a" * 17_000_000
    with TestClient(app).websocket_connect("/echo") as line:
        line.send_text(long)
        assert line.receive_text() == long
    with live.calling(server, "/echo", max_size=None, compression=None) as real:
        with suppress(ConnectionClosed):
            real.says(long)
        assert real.is_closed()[0] in (1009, 1006)  # who is still sending may not hear why


def test_what_comes_after_a_goodbye_runs_but_not_in_testclient(server):
    told.clear()
    with TestClient(app).websocket_connect("/tidies-up"):
        pass
    assert told == []
    with live.calling(server, "/tidies-up"):
        pass
    assert any("tidied up" in told for _ in looks(live.LIMIT_S))


def test_a_subprotocol_that_nobody_has_offered_fails_but_not_in_testclient(server):
    with TestClient(app).websocket_connect("/chooses") as line:
        assert line.accepted_subprotocol == "made-up"
    with pytest.raises(NegotiationError), live.calling(server, "/chooses"):
        pass


def test_the_lifespan_runs_but_in_testclient_only_inside_with():
    told.clear()
    with TestClient(app).websocket_connect("/echo"):
        pass
    assert told == []
    with live.serving(app):
        assert told == ["started"]


# --- the file ------------------------------------------------------------------------------------------------

MAIN = """\
from fastapi import FastAPI, WebSocket
from fastapi.websockets import WebSocketDisconnect

app = FastAPI()


@app.websocket("/ws/{name}")
async def echo(websocket: WebSocket, name: str):
    await websocket.accept()
    try:
        while True:
            text = await websocket.receive_text()
            await websocket.send_text(f"{name}: {text}")
    except WebSocketDisconnect:
        pass
"""
TEST = """\
from live import calling, serving
from main import app


def test_ada_is_heard():
    with serving(app) as server, calling(server, "/ws/Ada") as ada:
        ada.says("hello")
        assert ada.hears() == "Ada: hello"
"""


@pytest.mark.parametrize(("broken", "end"), [(False, "1 passed"), (True, "1 failed")])
def test_taken_along_it_tests_another_project(broken, end, tmp_path):
    text = FILE.read_text(encoding="utf-8")
    if broken:
        text = text.replace("seconds: float = LIMIT_S) -> str", "seconds: float = 1) -> str")
    (tmp_path / "live.py").write_text(text, encoding="utf-8")
    main = MAIN.replace("            await websocket.send_text", "            print") if broken else MAIN
    (tmp_path / "main.py").write_text(main, encoding="utf-8")
    (tmp_path / "test_it.py").write_text(TEST, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert end in done.stdout
    assert not broken or "TimeoutError" in done.stdout


def test_an_app_that_does_not_start_and_a_handler_that_does_not_end_are_told(monkeypatch):
    @asynccontextmanager
    async def fails(app):
        raise ValueError("no database")
        yield

    monkeypatch.setattr(live, "LIMIT_S", 0.5)
    with pytest.raises(RuntimeError, match="does not start"), live.serving(FastAPI(lifespan=fails)):
        pass
