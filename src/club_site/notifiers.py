"""The same notifier written three ways, and measured in one run: bytes on the line, and processor time.

uv run --all-groups python -m club_site.notifiers

All figures are ratios: WebSocket is 1. The headers are short ones; a browser sends about ten times as many with each
request. Plain HTTP asks five times for each piece of news, as a page does that asks every second and gets some every
five seconds.
"""

import http.client
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import NamedTuple

import psutil

from club.ladder import ROOT, STEPS
from club.machine import free_port

PROGRAMS = STEPS / "more" / "notifier"
TABLE = ROOT / "docs" / "assets" / "recorded" / "race-notifiers.txt"
ASKS = 5  # of plain HTTP, for each piece of news
START_S, LIMIT_S = 30, 5
UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


class Line:
    """A connection that counts its bytes."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), LIMIT_S)
        self.socket.settimeout(LIMIT_S)
        self.bytes = 0
        self.heard = b""

    def get(self, path: str, headers: str = "") -> None:
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode()
        self.bytes += len(request)
        self.socket.sendall(request)

    def waits_for(self, words: bytes) -> None:
        """Listen until these come. Raises `TimeoutError`."""
        while words not in self.heard:
            heard = self.socket.recv(65536)
            if not heard:
                raise TimeoutError(f"no {words!r} in {self.heard!r}")
            self.bytes += len(heard)
            self.heard += heard
        self.heard = self.heard.partition(words)[2]


class Measured(NamedTuple):
    bytes: float  # for each piece of news, both ways
    processor_s: float


class Notifier:
    """One of the programs on the air, with one listener."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.port = free_port()
        command = ["-m", "uvicorn", f"{name}:app", "--app-dir", str(PROGRAMS), "--port", str(self.port)]
        quiet = ["--log-level", "warning", "--ws-per-message-deflate", "false"]
        self.process = psutil.Popen([sys.executable, *command, *quiet], stdin=subprocess.DEVNULL)
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.process.poll() is None:
            with suppress(OSError):
                self.line = Line(self.port)
                break
            time.sleep(0.05)
        self.told = 0
        self.posts = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)

    def listen(self) -> None:
        if self.name != "plain_http":
            self.line.get("/news", UPGRADE if self.name == "websocket" else "")
            self.line.waits_for(b"\r\n\r\n")

    def ask(self, times: int) -> None:
        """Only plain HTTP has to ask."""
        for _ in range(times if self.name == "plain_http" else 0):
            self.line.get(f"/news?last_id={self.told}")
            self.line.waits_for(b"]")

    def tell(self) -> None:
        """Tell one piece of news, and wait until it is heard."""
        self.ask(ASKS - 1)
        message = f"news-{self.told}."
        self.posts.request("POST", f"/news?message={message}")
        self.posts.getresponse().read()
        if self.name == "plain_http":
            self.line.get(f"/news?last_id={self.told}")
        self.line.waits_for(message.encode())
        if self.name == "plain_http":
            self.line.waits_for(b"]")
        self.told += 1

    def processor_time(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def close(self) -> None:
        self.process.kill()
        self.process.wait(LIMIT_S)
        self.posts.close()
        self.line.socket.close()


def names() -> list[str]:
    return [path.stem for path in sorted(PROGRAMS.glob("*.py"))]


def measure(rounds: int, each: int) -> dict[str, Measured]:
    """Tell all notifiers news by turns, so that what else the machine does disturbs all of them alike."""
    notifiers = [Notifier(name) for name in names()]
    processor = dict.fromkeys(names(), 0.0)
    try:
        for notifier in notifiers:
            notifier.listen()
            notifier.line.bytes = 0
        for _ in range(rounds):
            for notifier in notifiers:
                before = notifier.processor_time()
                for _ in range(each):
                    notifier.tell()
                processor[notifier.name] += notifier.processor_time() - before
        return {found.name: Measured(found.line.bytes / found.told, processor[found.name]) for found in notifiers}
    finally:
        for notifier in notifiers:
            notifier.close()


def table(measured: dict[str, Measured]) -> str:
    """Ratios to the WebSocket, as Markdown."""
    one = measured["websocket"]
    rows = ["| Way | Bytes for one piece of news | Processor time of the server | Heard |", "|---|---|---|---|"]
    ways = {"websocket": "WebSocket", "server_sent_events": "Server-sent events", "plain_http": "Plain HTTP"}
    for name, way in ways.items():
        found = measured[name]
        soon = "at the next question" if name == "plain_http" else "at once"
        rows.append(f"| {way} | {found.bytes / one.bytes:.0f} | {found.processor_s / one.processor_s:.1f} | {soon} |")
    return "\n".join([*rows, ""])


def main() -> None:
    measured = measure(rounds=20, each=50)
    TABLE.write_text(table(measured), encoding="utf-8")
    print(table(measured))
    for name, found in measured.items():
        print(f"{name}: {found.bytes:.0f} bytes, {found.processor_s:.2f} s")


if __name__ == "__main__":
    main()
