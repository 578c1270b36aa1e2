"""A class for the tests: the real command in a process of its own, pupils who speak its language, and a board."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from urllib.parse import quote

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

START_S = 90
PATIENCE_S = 20  # on a busy machine


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class Line:
    """A WebSocket. What it has heard and nobody has asked for yet waits in `heard`."""

    def __init__(self, url, headers=None):
        call = connect(url, additional_headers=headers, proxy=None, max_size=None, open_timeout=PATIENCE_S)
        self.socket = call.__enter__()  # `hangs_up` closes it
        self.heard = []

    def says(self, **message):
        self.socket.send(json.dumps(message))

    def hears(self, kind, patience=PATIENCE_S, **fields):
        """The next message of this type with these fields. What came before it is forgotten; beats are answered."""
        end = time.monotonic() + patience
        while True:
            message = self.receives(end - time.monotonic())
            if message["type"] == kind and all(message.get(name) == value for name, value in fields.items()):
                return message

    def receives(self, patience=PATIENCE_S):
        try:
            message = json.loads(self.socket.recv(max(0, patience)))
        except TimeoutError:
            pytest.fail("nothing was heard in time")
        if message["type"] == "beat":
            self.says(type="beat")
        return message

    def hears_nothing(self, kind, patience=0.5):
        end = time.monotonic() + patience
        while (left := end - time.monotonic()) > 0:
            with suppress(TimeoutError):
                message = json.loads(self.socket.recv(left))
                assert message["type"] != kind, message

    def is_hung_up(self, patience=PATIENCE_S):
        """The code with which the class ends the line. Whatever else it says before is left out."""
        end = time.monotonic() + patience
        try:
            while True:
                self.socket.recv(max(0, end - time.monotonic()))
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006

    def hangs_up(self, code=1000):
        self.socket.close(code)

    def vanishes(self):
        """The line breaks without a goodbye."""
        self.socket.socket.shutdown(socket.SHUT_RDWR)


class Pupil:
    def __init__(self, klass, nickname, cookie):
        self.klass, self.nickname, self.cookie = klass, nickname, cookie

    def line(self, path="/class/pupil", **headers):
        return Line(f"ws://{self.klass.address}{path}", {"Cookie": self.cookie} | headers)

    def comes(self):
        """Their page opens its line."""
        line = self.line()
        line.hello = line.hears("hello")
        return line

    def visits(self, host, path="ws/{}"):
        return self.line(f"/visit/{quote(host)}/{path.format(quote(self.nickname))}")


def refused(act):
    """The status, if this line does not open."""
    with pytest.raises(InvalidStatus) as caught:
        act()
    return caught.value.response.status_code


class Class:
    """`club class`, with what it prints in `terminal()`."""

    def __init__(self, folder, *more, site=None, host="127.0.0.1"):
        self.folder, self.more, self.host = folder, more, host
        self.port = free_port()
        self.site = site or self.small_site()
        self.starts()

    def small_site(self):
        site = self.folder / "site"
        for name in ("index.html", "steps/03_chat.html", "assets/clubhouse/index.html", "assets/in-page/abc/core.bin"):
            (site / name).parent.mkdir(parents=True, exist_ok=True)
            (site / name).write_text(f"<html><body>{'This is a page. ' * 99}</body></html>", encoding="utf-8")
        return site

    def starts(self):
        command = ["class", "--port", str(self.port), "--host", self.host, "--site", str(self.site), *self.more]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "club.cli", *command],
                cwd=self.folder,
                env=os.environ | {"PYTHONUTF8": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        end = time.monotonic() + START_S
        while not (found := re.findall(rf"http://127\.0\.0\.1:{self.port}/class/board#(\S+)", self.terminal())):
            assert self.process.poll() is None and time.monotonic() < end, self.terminal()  # noqa: PT018
            time.sleep(0.02)
        self.secret = found[-1]

    @property
    def output(self):
        return self.folder / "terminal.txt"

    def terminal(self):
        return self.output.read_text(encoding="utf-8")

    def is_killed(self):
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def stops(self):
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def asks(self, path, method="GET", body=None, **headers):
        """The answer: `status`, `headers` and `text` or `data`."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            line.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = line.getresponse()
            answer.data = answer.read()
            answer.text = answer.data.decode(errors="replace")
            return answer
        finally:
            line.close()

    def asks_to_join(self, nickname, **headers):
        body = json.dumps({"nickname": nickname})
        return self.asks("/class/join", "POST", body, **{"Content_Type": "application/json"} | headers)

    def joins(self, nickname):
        answer = self.asks_to_join(nickname)
        assert answer.status == 200, answer.text
        return Pupil(self, json.loads(answer.text)["nickname"], answer.headers["set-cookie"].partition(";")[0])

    def board(self, secret=None):
        line = Line(f"ws://{self.address}/class/teacher")
        line.socket.send(self.secret if secret is None else secret)
        return line

    def download(self, name, secret=None):
        return self.asks(f"/class/{name}", Authorization=f"Bearer {secret or self.secret}")
