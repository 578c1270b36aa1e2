"""The machine under the club: what a lesson needs from it, and how the other machines in the room can reach it."""

import io
import ipaddress
import os
import shutil
import socket
import subprocess
import sys
import time
import webbrowser
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import psutil
import segno
from rich.console import Console

PORT = 8000
START_S = 30  # for a club to start
BROWSERS = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "chrome",
    "msedge",
    "firefox",
    "firefox-esr",
    "brave-browser",
]


@dataclass
class Finding:
    """One thing that was checked. `do` says what helps, if it is bad or may become so."""

    what: str
    found: str
    do: str = ""
    is_bad: bool = False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def examine(port: int = PORT) -> Iterator[Finding]:
    """Check everything that a lesson needs, one thing at a time."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield (
        Finding("Python", version, "The club needs 3.11 or newer.", True)
        if sys.version_info < (3, 11)
        else Finding("Python", version)
    )
    uv = os.environ.get("UV") or shutil.which("uv")
    yield Finding("uv", uv) if uv else Finding("uv", "not found", "Type: pip install uv", True)
    yield holder_of(port)
    yield utf8()
    yield browser()
    yield loopback()
    yield folder(Path.cwd())
    yield proxy()
    address = lan_address()
    yield (
        Finding("Network", f"this computer is {address}")
        if address
        else Finding("Network", "none", "The club works without one. Only `club share` and `club class` need it.")
    )
    yield pages()


def pages() -> Finding:
    """What `club class` shows to pupils."""
    from club.classroom.build import is_built, is_fresh  # noqa: PLC0415

    if not is_built():
        return Finding("Pages for a class", "not built", "`uv run club class` builds them. Start it once at home.")
    found = "built" if is_fresh() else "built, but older than the project; `uv run club class` builds them anew"
    return Finding("Pages for a class", found)


def holder_of(port: int) -> Finding:
    what = f"Port {port}"
    with suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return Finding(what, "free")
    for process in psutil.process_iter(["pid", "name"]):
        with suppress(psutil.Error):
            if any(c.laddr.port == port and c.status == psutil.CONN_LISTEN for c in process.net_connections("tcp")):
                found = f"in use by {process.info['name']} (process {process.info['pid']})"
                return Finding(what, found, "Go to its terminal and press Ctrl+C.", True)
    return Finding(what, "in use by an unknown program", "Close other clubs, or add --port 8001.", True)


def utf8() -> Finding:
    encoding = (sys.__stdout__ and sys.__stdout__.encoding) or "none"
    try:
        "★ 👩‍🚀".encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return Finding("UTF-8", encoding, "Set the environment variable PYTHONUTF8=1. Then open a new terminal.", True)
    return Finding("UTF-8", "the terminal can show all letters")


def browser() -> Finding:
    with suppress(webbrowser.Error):
        webbrowser.get()
        return Finding("Browser", "found")
    if name := next(filter(None, map(shutil.which, BROWSERS)), None):
        return Finding("Browser", name)
    return Finding("Browser", "not found", "Install one: Firefox, Chrome, Edge or Safari.", True)


def loopback() -> Finding:
    """Can this computer call itself? Some security programs and proxies get in the way."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            with socket.create_connection(server.getsockname(), timeout=2) as line:
                line.sendall(b"hello")
            server.settimeout(2)
            with server.accept()[0] as heard:
                heard.settimeout(2)
                if heard.recv(5) == b"hello":
                    return Finding("Calls to itself", "127.0.0.1 answers")
    except OSError:
        pass
    return Finding(
        "Calls to itself", "127.0.0.1 does not answer", "Ask whoever looks after this computer's firewall.", True
    )


def addresses() -> list[str]:
    """All addresses by which others on the network may call this computer."""
    states = psutil.net_if_stats()
    return [
        each.address
        for name, found in psutil.net_if_addrs().items()
        if name in states and states[name].isup
        for each in found
        if each.family == socket.AF_INET and not ipaddress.ip_address(each.address).is_loopback
    ]


def folder(here: Path) -> Finding:
    """Some folders get in uv's way."""
    names = [name.lower() for name in here.parts]
    if any(name.startswith("onedrive") for name in names):
        return Finding("Folder", f"{here} is in OneDrive", "If uv stops, move the folder out of OneDrive.")
    if any(name.endswith(".zip") for name in names):
        return Finding("Folder", f"{here} is inside a zip", "Unpack the zip first: right-click it, Extract All.", True)
    return Finding("Folder", str(here))


def proxy() -> Finding:
    """The checker and the browser call this computer directly. A program of one's own may not."""
    names = [name for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy") if os.environ.get(name)]
    if not names:
        return Finding("Proxy", "none")
    do = "Your club works. A program that calls it needs proxy=None in the brackets of connect."
    return Finding("Proxy", f"{names[0]} is {os.environ[names[0]]}", do)


def lan_address() -> str | None:
    """The address by which others in the room can call this computer, if it has one."""
    found = [each for each in addresses() if ipaddress.ip_address(each).is_private]
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # nothing is sent: it only asks which of our addresses would be used
        if (preferred := probe.getsockname()[0]) in found:
            return str(preferred)
    return found[0] if found else None


def show_address(url: str, console: Console) -> None:
    """An address, and a picture of it for phones."""
    picture = io.StringIO()
    segno.make(url).terminal(picture, compact=True, border=2)
    console.print(picture.getvalue(), style="white on black", no_wrap=True)
    console.print(f"[bold]{url}[/]\n", soft_wrap=True)


def page_of(url: str, club: subprocess.Popen[bytes]) -> int | None:
    """The status with which the club gives out its page; None if it does not start."""
    end = time.monotonic() + START_S
    while club.poll() is None and time.monotonic() < end:
        try:
            with urlopen(url, timeout=START_S) as answer:
                return int(answer.status)
        except HTTPError as answer:
            return answer.code
        except OSError:
            time.sleep(0.1)
    return None


def say_who_can_come(status: int | None, console: Console) -> None:
    if status is None:
        return
    if status != 200:
        console.print(f"\nYour club is running, but it shows no page yet: whoever calls gets the answer {status}.")
        console.print("Build step 1 first. `uv run club check` tells you where you are.\n")
        return
    console.print("\nEveryone on this network can now come in, until you press Ctrl+C.")
    console.print("They need no account. A nickname will do.")
    console.print("If a phone cannot come in, the network may keep guests apart, or a firewall needs your permission.")
    console.print("Give it for private networks only.\n")


def open_for_the_room(file: Path, host: str, port: int, console: Console) -> int:
    """Run this program for the network, until Ctrl+C. Returns an exit code: 2 if it cannot be opened."""
    host = host or lan_address() or ""
    if not host:
        console.print("This computer is not on a network, so nobody in the room can call it.")
        console.print("Join the room's Wi-Fi, and try again. `uv run club doctor` shows the address.")
        return 2
    try:
        socket.create_server((host, port)).close()
    except OSError:
        console.print(f"Port {port} is in use, or {host} is not an address of this computer.")
        console.print("Close other clubs with Ctrl+C, or add --port 8001.")
        return 2
    url = f"http://{host}:{port}"
    show_address(url, console)
    command = [sys.executable, "-m", "fastapi", "run", str(file), "--host", host, "--port", str(port)]
    club = subprocess.Popen([*command, "--no-proxy-headers"], env=os.environ | {"PYTHONUTF8": "1"})
    try:
        say_who_can_come(page_of(url, club), console)
        return club.wait()
    except KeyboardInterrupt:
        club.terminate()
        with suppress(subprocess.TimeoutExpired):
            club.wait(5)
        return 0
    finally:
        club.kill()
