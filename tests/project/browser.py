"""A real browser around the clubhouse, with no internet: whatever a page needs must come from the club."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

WAIT_MS = 30_000  # how long the browser waits for anything; a busy machine is slow
# Chromium without any window is the same engine, and needs half the time.
NAMES = [
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "chrome",
    "msedge",
    "brave-browser",
]
PALETTE = {"light": "default", "dark": "slate"}  # the names in the theme of the site, which asks the browser only once
HURRY = "--js-flags=--liftoff-only"  # nothing runs long enough to be worth optimising
LATER = "--blink-settings=lazyLoadingImageMarginPxUnknown=1250"  # when pictures load, as on a learner's line
# No internet. Under a name that is not this machine's own, a page over plain http has no secure context.
NO_INTERNET = "--host-resolver-rules=MAP teacher.test 127.0.0.1, MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"


def missing(what: str) -> None:
    """Without a browser its tests are skipped; if every promise must be tested, that is a failure."""
    sentence = f"The browser tests need {what}. See “The tests” in CONTRIBUTING.md."
    if os.environ.get("CI"):
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415
    except ImportError:
        missing("Playwright: uv run --all-groups pytest tests/project")
    with sync_playwright() as playwright:
        found = os.environ.get("BROWSER_PATH") or next(filter(None, map(shutil.which, NAMES)), None)
        root = sys.platform == "linux" and os.geteuid() == 0
        if not found and not Path(playwright.chromium.executable_path).exists():
            missing("Chromium, Chrome or Edge: install one, or uv run --all-groups playwright install chromium")
        browser = playwright.chromium.launch(
            executable_path=found, args=[NO_INTERNET, HURRY, LATER, *(["--no-sandbox"] if root else [])]
        )
        yield browser
        browser.close()


def watched(browser: "Browser", broken: list[str], **how) -> "BrowserContext":
    """Windows that note in `broken` each page that breaks, or that calls the internet.

    Endless pictures would keep the machine busy, so nothing moves unless a test asks for it.
    """
    context = browser.new_context(**{"reduced_motion": "reduce"} | how)
    context.set_default_timeout(WAIT_MS)
    context.on("weberror", lambda error: broken.append(f"{error.error} at {error.page.url}: {error.error.stack}"))
    context.on(
        "requestfailed",
        lambda request: broken.append(request.url) if "127.0.0.1" not in request.url else None,
    )
    return context


def forget(page: "Page") -> None:
    """Make a window as good as new."""
    page.evaluate("localStorage.clear(); sessionStorage.clear()")
    page.goto("about:blank")
    page.set_viewport_size({"width": 1280, "height": 720})
    page.emulate_media(media="null", color_scheme="null", reduced_motion="reduce")


class Window:
    """A window of the browser with the clubhouse, or another page of the club, in it."""

    def __init__(self, page: "Page", address: str) -> None:
        self.page = page
        self.address = address

    def opens(self, path: str = "/") -> "Window":
        self.page.goto(f"http://{self.address}{path}")
        return self

    def frame(self, number: int) -> "Window":
        """A frame of this page, to be used like a window."""
        return Window(self.page.frames[number], self.address)

    def dresses(self, scheme: str, width: int, height: int = 900) -> None:
        """Make it light or dark, and as wide as this."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(color_scheme=scheme)
        if self.page.locator("body").get_attribute("data-md-color-scheme") not in (None, PALETTE[scheme]):
            self.page.locator("[data-md-component=palette] label:visible").click()
            self.page.locator(f"body[data-md-color-scheme={PALETTE[scheme]}]").wait_for()
        # A colour on its way to another one is neither.
        self.page.evaluate(
            """() => Promise.race([
                new Promise((resolve) => setTimeout(resolve, 3000)),
                Promise.all(document.getAnimations()
                    .filter((animation) => animation instanceof CSSTransition)
                    .map(({ finished }) => finished.catch(() => {}))),
            ])"""
        )

    def moves(self) -> None:
        """From now on, let it move as most people see it."""
        self.page.emulate_media(reduced_motion="no-preference")

    def screens(self) -> Iterator[tuple[str, int]]:
        """Light and dark, wide and narrow: two screens cover all four."""
        for scheme, width in (("light", 1280), ("dark", 390)):
            self.dresses(scheme, width)
            yield scheme, width

    def talkie(self, label: str) -> "Locator":
        """A walkie-talkie: "Ada" is the one she talks with, "Ada's news" the one she listens to."""
        name = label.removesuffix("'s news")
        return self.page.locator(f"walkie-talkie[name={name!r}]" + ("[news]" if name != label else ":not([news])"))

    def says(self, friend: str, text: str) -> None:
        talkie = self.talkie(friend)
        talkie.get_by_role("textbox", name="Message").fill(text)
        talkie.get_by_role("textbox", name="Message").press("Enter")

    def screen(self, label: str) -> "Locator":
        return self.talkie(label).get_by_role("log")

    def lamp(self, label: str) -> "Locator":
        return self.talkie(label).get_by_role("status")

    def room(self, friend: str) -> "Locator":
        return self.talkie(friend).get_by_role("textbox", name="Room")

    def password(self, friend: str) -> "Locator":
        return self.talkie(friend).get_by_label("Password").filter(visible=True)

    def goes_into(self, room: str, *friends: str) -> None:
        """These friends go into a room, one after the other; "" is the plain chat."""
        for friend in friends:
            self.room(friend).fill(room)
            self.room(friend).press("Enter")
            self.talkie(friend).get_by_role("status").get_by_text("connected").wait_for()

    def remind(self, friend: str) -> "Locator":
        return self.talkie(f"{friend}'s news").get_by_role("button", name="Remind me")

    def rain(self, friend: str) -> "Locator":
        return self.talkie(friend).locator(".rain i")

    def counts_paintings_and_changes(self, label: str) -> Callable[[], list[int]]:
        """From now on, count how often the page is painted, and how often this screen changes."""
        self.moves()
        self.screen(label).evaluate(
            """(screen) => {
                counted = [0, 0];
                (function tick() { counted[0]++; requestAnimationFrame(tick); })();
                new MutationObserver(() => counted[1]++).observe(screen, { childList: true });
            }"""
        )
        return lambda: self.page.evaluate("counted")

    def glimpses(self, sight: str) -> Callable[[], object]:
        """From now on, watch for something that does not last. What is returned waits until it has been there."""
        self.page.evaluate(
            f"""() => {{
                document.body.removeAttribute("data-glimpsed");
                const watch = setInterval(() => {{
                    if ({sight}) clearInterval(watch), document.body.setAttribute("data-glimpsed", "");
                }}, 20);
            }}"""
        )
        # The page allows no eval, so Playwright cannot ask it again and again in a script of its own.
        return lambda: self.page.locator("[data-glimpsed]").wait_for(state="attached")

    def door(self, name: str) -> "Locator":
        title = self.page.get_by_text(name, exact=True)
        return self.page.get_by_role("list", name="Doors").get_by_role("listitem").filter(has=title)

    def sees(self, thing: "Locator") -> None:
        """It is in sight, all of it, without scrolling."""
        box, size = thing.bounding_box(), self.page.viewport_size
        assert box, f"{thing} is hidden in a window of {size}"
        assert 0 <= box["x"] <= size["width"] - box["width"], f"{thing} is at {box} in a window of {size}"
        assert 0 <= box["y"] <= size["height"] - box["height"], f"{thing} is at {box} in a window of {size}"

    def looks_good_to_all(self) -> None:
        """On no screen does axe find anything, and on none has anybody to scroll sideways."""
        for screen in self.screens():
            assert (screen, self.axe_finds()) == (screen, [])
            assert self.page.evaluate("document.documentElement.scrollWidth") <= screen[1]

    def axe_finds(self, colours: bool = True) -> list[str]:
        """What is hard to use for some people: the rule and the place of each fault."""
        from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415

        rules = {"color-contrast": {"enabled": colours}}
        options = {"resultTypes": ["violations"], "preload": False, "rules": rules}
        faults = Axe().run(self.page, options=options).response["violations"]
        return [f"{fault['id']}: {node['target']} {node['any'][:1]}" for fault in faults for node in fault["nodes"]]


@pytest.fixture(scope="session")
def expect(browser):
    """What must be seen soon: a page that has something to do first is no fault."""
    from playwright.sync_api import expect  # noqa: PLC0415

    expect.set_options(timeout=WAIT_MS)
    return expect


@pytest.fixture(scope="session")
def ordinary_windows(browser):
    """The windows that need nothing special, and what went wrong in them. They are kept: a new one takes a second."""
    broken = []
    context = watched(browser, broken)
    yield context, broken
    context.close()


@pytest.fixture
def open_window(browser, ordinary_windows):
    """Open one more window of the browser. A page that breaks, or that calls the internet, fails the test."""
    ordinary, broken = ordinary_windows
    broken.clear()
    kept = list(ordinary.pages)
    free, special = kept.copy(), []

    def open_window(address: str, path: str = "/", **how) -> Window:
        if how:
            special.append(watched(browser, broken, **how))
        elif not free:
            kept.append(ordinary.new_page())
        page = special[-1].new_page() if how else free.pop(0) if free else kept[-1]
        return Window(page, address).opens(path)

    yield open_window
    for context in special:
        context.close()
    for page in ordinary.pages:
        if page not in kept:  # a page has opened it
            page.close()
        elif page not in free:
            forget(page)
    assert not broken
