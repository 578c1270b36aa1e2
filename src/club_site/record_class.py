"""Record what the page about the classroom shows, from a real class.

    uv run --all-groups python -m club_site.record_class SITE

SITE is the built site; `uv run club class` builds it in `site`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from websockets.sync.client import connect

from club.classroom.book import Book, Record
from club.classroom.room import hashed
from club.ladder import steps
from club.machine import free_port
from club_site.record import RECORDED, webp

HOST = "teacher.local"
VISIT, BOARD = (1180, 664), (1180, 560)
START_S = 240
STEP = 3
WORDS = "Hello from Bo's phone!"
# Who is in the class, and for how many minutes somebody has been stuck on the same.
STUCK = Record("Zoe", oops="nothing-back", tries=3, step=STEP, stars=[1, 2], text="#")
OTHERS = [
    Record("Chen", step=4, stars=[1, 2, 3], text="#"),
    Record("Ida", step=4, stars=[1, 2, 3], text="#"),
    Record("Leo", step=STEP, stars=[1, 2], oops="no-chat-door", tries=1, text="#"),
]
STUCK_MINUTES = 7


@contextmanager
def class_of(folder: Path, site: Path) -> Iterator[tuple[int, str]]:
    """The port of a class, and the address of its board."""
    book = Book(folder / "class.db")
    for each in (STUCK, *OTHERS):
        each.cookie = hashed(each.nickname)
        each.since = time.time() - (STUCK_MINUTES * 60 + 20 if each is STUCK else 60) if each.oops else None
        book.write(each)
    book.close()
    port, said = free_port(), folder / "terminal.txt"
    command = [sys.executable, "-m", "club.cli", "class", "--port", str(port), "--host", HOST, "--site", str(site)]
    with said.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=os.environ | {"PYTHONUTF8": "1"}, stdout=output)
    try:
        end = time.monotonic() + START_S
        while not (found := re.search(r"http://127\S+/class/board#\S+", said.read_text(encoding="utf-8"))):
            if time.monotonic() > end:
                sys.exit("The class did not start.")
            time.sleep(0.1)
        yield port, found[0]
    finally:
        process.terminate()
        process.wait(10)


def dressed(browser: Browser, scheme: str, size: tuple[int, int]) -> Page:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        timezone_id="Etc/UTC",
    )
    context.set_default_timeout(1000 * START_S)
    return context.new_page()


def join(page: Page, nickname: str) -> None:
    page.get_by_label("Your nickname").fill(nickname)
    page.get_by_role("button", name="Come in").click()
    page.locator("#join").wait_for(state="detached")


def keep(browser: Browser, name: str, page: Page) -> None:
    page.wait_for_timeout(1000)
    (RECORDED / f"{name}.webp").write_bytes(webp(browser, page.screenshot(scale="css")))


def record(browser: Browser, site: Path, scheme: str) -> None:
    step = next(each for each in steps().values() if each.number == STEP)
    with tempfile.TemporaryDirectory() as folder, class_of(Path(folder), site) as (port, address), ExitStack() as lines:
        board = dressed(browser, scheme, BOARD)
        board.goto(address)
        mia = dressed(browser, scheme, VISIT)
        mia.goto(f"http://{HOST}:{port}/steps/{step.name}.html")
        join(mia, "Mia")
        mia.get_by_role("button", name="Ours", exact=True).click()
        mia.get_by_role("button", name="Run", exact=True).click()
        mia.locator("#bench[data-state=running]").wait_for()
        mia.get_by_role("button", name=re.compile("^Class")).first.click()
        mia.get_by_role("button", name="Open my club to the class").click()
        mia.locator("dialog").get_by_role("button", name="Close", exact=True).click()
        bo = dressed(browser, scheme, VISIT)
        bo.goto(f"http://{HOST}:{port}/visit/Mia/")
        join(bo, "Bo")
        bo.locator("walkie-talkie[data-state=connected]").wait_for()
        bo.get_by_role("textbox", name="Message").fill(WORDS)
        bo.get_by_role("textbox", name="Message").press("Enter")
        mia.frame_locator("#bench iframe").get_by_role("log").first.get_by_text(WORDS).wait_for()
        keep(browser, f"class-visit-{scheme}", mia)
        for each in (STUCK, *OTHERS):
            url = f"ws://127.0.0.1:{port}/class/pupil"
            line = lines.enter_context(
                connect(url, additional_headers={"Cookie": f"pupil={each.nickname}"}, proxy=None)
            )
            line.send(json.dumps({"type": "hand", "up": each.nickname == "Chen"}))
        board.locator("tr:not(.away)").get_by_role("rowheader", name="Leo").wait_for()
        keep(browser, f"class-board-{scheme}", board)
        for page in (board, mia, bo):
            page.context.close()


def main() -> None:
    site = Path(sys.argv[1])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("BROWSER_PATH")
            or next(filter(None, map(shutil.which, ("chromium", "chromium-headless-shell"))), None),
            args=[
                f"--host-resolver-rules=MAP {HOST} 127.0.0.1",
                *(["--no-sandbox"] if sys.platform == "linux" and os.geteuid() == 0 else []),
            ],
        )
        for scheme in ("light", "dark"):
            record(browser, site, scheme)
        browser.close()


if __name__ == "__main__":
    main()
