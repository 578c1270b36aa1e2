"""`fastapi dev`: a save is on the air at once, and Ctrl+C ends it at once, while friends are connected."""

import shutil
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.sync.client import connect

from project.dev import DevServer, learners_folder
from suite.friends import Friend
from suite.program import Call

ROOT = Path(__file__).parents[2]
SLOW = 2.5  # seconds longer than without friends: a program that waits for them takes up to five
NEWS_S = 4.5  # a messenger that only sleeps has just begun to sleep for five seconds


@pytest.fixture
def my_file(main_py, tmp_path):
    return learners_folder(main_py, tmp_path)


@pytest.fixture
def start(tmp_path):
    """Start `fastapi dev` in a folder. No traceback may come of it, but for a learner's syntax error."""
    servers = []

    def start(folder, *command):
        servers.append(DevServer(folder, tmp_path / "terminal.txt", *command))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
        assert "SyntaxError" in server.terminal() or "Traceback" not in server.terminal()


@pytest.fixture
def dev(my_file, start):
    return start(my_file.parent)


@pytest.fixture
def friends_at():
    """Friends at every door that the program has."""
    calls = []

    def friends_at(dev):
        for name, path in (("Ada", "ws"), ("Bo", "ws"), ("Ada", "ws/notifications")):
            with suppress(Exception):
                calls.append(Call(connect(f"ws://{dev.address}/{path}/{name}", proxy=None)))
        return [Friend("a friend", call, patience=8) for call in calls]

    yield friends_at
    for call in calls:
        call.close()


def save(file):
    file.write_text(file.read_text(encoding="utf-8") + "\n# saved once more\n", encoding="utf-8")


@pytest.mark.newest
def test_a_save_and_ctrl_c_do_not_wait_for_friends(dev, my_file, friends_at):
    waited = "The server waited for its friends to leave. Does a handler only sleep?"
    alone = dev.reload_seconds(lambda: save(my_file))
    for _ in range(3):  # a busy machine may be slow once; a program that waits is slow every time
        friends_at(dev)
        with_friends = dev.reload_seconds(lambda: save(my_file))
        if with_friends < alone + SLOW:
            break
    else:
        pytest.fail(waited)
    dev.answers()
    if sys.platform != "win32":  # where no other process can press Ctrl+C
        friends_at(dev)
        assert dev.ctrl_c_seconds() < NEWS_S, waited


@pytest.mark.newest
def test_a_mistake_in_a_save_is_mended_by_the_next(dev, my_file, friends_at):
    good = my_file.read_text(encoding="utf-8")
    friends_at(dev)
    my_file.write_text(good + "\ndef oops(\n", encoding="utf-8")
    dev.waits_for("SyntaxError")
    dev.reload_seconds(lambda: my_file.write_text(good, encoding="utf-8"))
    assert dev.answers().status_code == 200


def test_without_a_file_the_last_step_runs(start):
    assert "/send/{client_id}" in start(ROOT).answers().json()["paths"]


@pytest.mark.parametrize("step", ["04_notifications", "05_docs_page"])
def test_a_file_alone_in_an_empty_project_runs(step, start, tmp_path, friends_at):
    shutil.copy(ROOT / "steps" / step / "main.py", tmp_path / "16websockets.py")
    dev = start(tmp_path, "16websockets.py")
    ada, bo, news = friends_at(dev)
    ada.says("hello")
    bo.hears("hello")
    news.hears("New notification for Ada")
    assert "swagger" in dev.answers("/docs").text
    assert dev.answers("/").status_code == 404
