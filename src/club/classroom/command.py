"""`club class`: the class is open from when this starts until Ctrl+C."""

import errno
import ipaddress
import logging
import os
import re
import secrets
import socket
import sqlite3
import sys
import threading
import time
import webbrowser
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path

import uvicorn
from rich.console import Console
from rich.markup import escape

from club.classroom.book import Book, forget
from club.classroom.build import SITE, CannotBuildError, build, is_built, is_fresh
from club.classroom.guard import OwnNames
from club.classroom.pages import Pages
from club.classroom.room import Classroom
from club.classroom.server import Class, make_app
from club.classroom.wire import MOST_BYTES
from club.machine import lan_address, show_address

PORT = 8010  # 8000 is the learner's own club
HERE = "127.0.0.1"
EVERYWHERE = "0.0.0.0"
NOBODY_S = 120  # until it says what to try
LOOK_S = 5  # between two looks at this computer's address
OLD = timedelta(days=60)
NUMBERS = re.compile(r"[\d.]+")
NAME = re.compile(r"[\w-]+(\.[\w-]+)*\.?")
PATH = Path(os.environ.get("CLASS_DB", "class.db"))
__all__ = ["PATH", "CannotOpenError", "forget", "open_class"]

NOBODY = """
Nobody has come yet. What to try:
  1. Open the address on a phone that is in the same Wi-Fi. Type the whole address, with http:// in front.
  2. If a firewall asks, allow it for private networks.
  3. School Wi-Fi often keeps devices apart. Then a phone's hotspot helps, or a cheap router without internet.
"""


class CannotOpenError(Exception):
    """The text is a sentence for the teacher."""


class OneLine(logging.Formatter):
    """What strangers send may trip a library. The teacher reads one line about it, and no traceback."""

    def format(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        what = f"{type(error).__name__}: {error}" if error else record.getMessage().strip()
        return f"The class goes on, but something went wrong: {' '.join(what.split())[:200]}"


def log_in_one_line() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine())
    for name in ("uvicorn.error", "asyncio", "websockets"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.ERROR)


def listen(host: str, port: int) -> list[socket.socket]:
    """The board is always reached at 127.0.0.1, whatever else is listened on. Raises `CannotOpenError`."""
    hosts = {EVERYWHERE} if host in {"", EVERYWHERE} else {host, HERE}
    try:
        ipaddress.IPv4Address(host or EVERYWHERE)
    except ValueError as error:
        if NUMBERS.fullmatch(host) or not NAME.fullmatch(host):
            raise CannotOpenError(
                f"{host} is no address. After --host comes one like 192.168.1.7, or a name, without http:// and port. "
                "Mostly the class finds it by itself, without --host."
            ) from error
        hosts = {EVERYWHERE}  # a name: whoever can look it up finds this computer
    try:
        with ExitStack() as opened:
            sockets = [opened.enter_context(socket.create_server((each, port))) for each in sorted(hosts)]
            opened.pop_all()
        return sockets
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise CannotOpenError(
                f"{host} is not an address of this computer. Without --host, the class finds the right one by itself."
            ) from error
        raise CannotOpenError(
            f"Port {port} is not free. Is another class open? Close it with Ctrl+C, or add --port {port + 1}."
        ) from error


class Announcer:
    """Tells the teacher, in the terminal, where the class is. In another Wi-Fi it has another address."""

    def __init__(self, host: str, port: int, here: Class, console: Console) -> None:
        self.host, self.port = "" if host == EVERYWHERE else host, port
        self.here = here
        self.console = console
        self.url = ""
        self.since = self.looked = time.monotonic()
        self.has_said = False

    def address(self) -> str:
        return f"http://{self.host or lan_address() or HERE}:{self.port}"

    def board(self) -> str:
        return f"http://{HERE}:{self.port}/class/board#{self.here.secret}"

    def announce(self) -> None:
        self.show(self.address())
        self.console.print("Pupils open this address in their browsers, in the same Wi-Fi, and choose a nickname.\n")
        self.console.print("Your board, on this computer only:")
        self.console.print(f"[bold]{self.board()}[/]\n", soft_wrap=True)
        self.console.print("Whoever has this link is the teacher. Ctrl+C closes the class.\n")

    def show(self, url: str) -> None:
        self.url = url
        show_address(url, self.console)
        if not self.host and url.startswith(f"http://{HERE}"):
            self.console.print("This computer is on no network, so only you can come in. As soon as it is on one,")
            self.console.print("its address appears here.\n")
        self.here.room.addresses = [url]
        self.here.room.tell_boards()

    def look(self) -> None:
        """To be called about once a second."""
        now = time.monotonic()
        if now - self.looked >= LOOK_S:
            self.looked = now
            if (url := self.address()) != self.url:
                self.console.print("[bold]This computer has a new address.[/] Pupils open this one now:\n")
                self.show(url)
        if not self.has_said and now - self.since >= NOBODY_S:
            self.has_said = True
            if not self.here.room.has_begun:
                self.console.print(NOBODY)


class Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, announcer: Announcer, opens_board: bool) -> None:
        super().__init__(config)
        self.announcer, self.opens_board = announcer, opens_board

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.announcer.announce()
        if self.opens_board:
            with suppress(webbrowser.Error):
                webbrowser.open(self.announcer.board())


def get_pages(pages: Pages, site: Path | None, console: Console) -> None:
    """Serve what is built, and build what is not, while the class is open already."""
    if site:
        return pages.open(site)
    if is_built():
        pages.open(SITE)
        if is_fresh():
            return None
        console.print("The pages have changed since they were built. I build them anew; until then the old ones do.\n")
    else:
        console.print("The pages are not built yet. I do that now: it takes a few minutes, and the internet, once.\n")

    def work() -> None:
        try:
            build()
            pages.open(SITE)
            console.print("The pages are built.\n")
        except (CannotBuildError, OSError) as error:
            console.print(f"{escape(str(error))}\nTry it by hand: CONTRIBUTING.md says how.\n")

    return threading.Thread(target=work, daemon=True).start()


def open_book(path: Path, console: Console) -> Book:
    """Raises `CannotOpenError`."""
    try:
        age = time.time() - path.stat().st_mtime if path.exists() else 0
        book = Book(path)
        known = sum(1 for _ in book)
    except (sqlite3.Error, OSError, ValueError, TypeError) as error:
        raise CannotOpenError(
            f"The class in {path.resolve()} cannot be read ({error}). Move that file away, "
            "or delete it: uv run club class --forget"
        ) from error
    if known:
        pupils = "1 pupil is" if known == 1 else f"{known} pupils are"
        console.print(f"{pupils} known from {path.resolve()}. To forget them: uv run club class --forget")
    if age > OLD.total_seconds():
        console.print(f"[bold]It has not been used for {age // 86400:.0f} days.[/] Is it still needed?")
    return book


def open_class(host: str, port: int, site: Path | None, console: Console, opens_board: bool) -> None:
    """Runs until Ctrl+C. Raises `CannotOpenError`."""
    sockets = listen(host, port)
    book = open_book(PATH, console)
    pages = Pages()
    here = Class(Classroom(book), pages, secrets.token_urlsafe(18), OwnNames(host))
    announcer = Announcer(host, port, here, console)
    here.every_second = announcer.look
    log_in_one_line()
    config = uvicorn.Config(
        make_app(here),
        ws_max_size=MOST_BYTES,
        ws_per_message_deflate=False,
        proxy_headers=False,  # nobody stands between a pupil and the class, or may claim so
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    get_pages(pages, site, console)
    with suppress(KeyboardInterrupt):
        Server(config, announcer, opens_board).run(sockets=sockets)
    book.close()
    console.print("The class is closed. Nicknames, stars and programs are kept for next time.")
