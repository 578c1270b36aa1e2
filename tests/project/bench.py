"""The workbench of the site, as a learner uses it: a page of words, and beside it the program and the club."""

import re
import shutil

import pytest

from project.browser import Window, missing, watched

SOON = 20_000  # ms for the first start of Python on a busy machine
CHECKED = 180_000  # ms for a check on such a machine
CHAT = "03_chat"
FRIENDS = ["Ada", "Bo"]  # the first and the second; their names are others if another window has these
# A computer on which no program runs: where a test needs none, Python's start would only take time.
TOO_SMALL = "Object.defineProperty(Navigator.prototype, 'deviceMemory', { get: () => 0.5 })"
EMPTY = "/llms.txt"  # a page of the site with nothing on it that runs
EDITOR = "document.querySelector('#bench .cm-content')?.cmTile.view"


class Bench:
    """A page of a step, in one window."""

    def __init__(self, window, step=CHAT):
        self.window = window
        self.page = window.page
        self.box = self.page.locator("#bench")
        self.house = self.page.frame_locator("#bench iframe")
        self.terminal = self.box.get_by_role("log", name="Terminal", include_hidden=True)
        self.status = self.box.locator(".status")
        self.undo = self.box.locator(".undo")
        self.verdict = self.box.locator(".verdict")
        self.opens(step)

    def opens(self, step):
        self.window.opens(f"/steps/{step}.html")
        self.box.locator(".bar").wait_for(state="attached")
        return self

    def reloads(self):
        self.page.reload()
        self.box.locator(".bar").wait_for()

    def press(self, name):
        self.box.get_by_role("button", name=name, exact=True).click()

    def run(self):
        self.press("Run")
        return self.is_in("running")

    def is_in(self, state):
        self.page.locator(f"#bench[data-state={state!r}]:has(button.start:enabled)").wait_for(timeout=SOON)
        return self

    def check(self):
        """What "Check me" says."""
        self.press("Check me")
        self.box.get_by_role("button", name="Check me").wait_for(timeout=CHECKED)
        return self.verdict

    @property
    def shown(self):
        """The program that is shown."""
        return self.page.evaluate(
            f"({EDITOR})?.state.doc.toString() ?? document.querySelector('#bench .plain').textContent"
        )

    def edit(self):
        """Touch the program, so that the editor comes."""
        self.box.locator(".code > *").first.click()
        self.box.get_by_role("textbox", name="main.py").and_(self.page.locator(".cm-content")).wait_for()
        return self

    def writes(self, text):
        """The learner's program becomes this, as if it had been typed."""
        self.edit()
        self.page.evaluate(
            f"text => ({EDITOR}).dispatch({{ changes: {{ from: 0, to: ({EDITOR}).state.doc.length, insert: text }} }})",
            text,
        )

    def changes(self, old, new):
        assert old in self.shown
        self.writes(self.shown.replace(old, new, 1))

    def boxes(self):
        """For each task box: what its badge says, and where its lines go."""
        self.page.wait_for_function(
            "![...document.querySelectorAll('.place .badge')].some((each) => !each.textContent)"
        )
        return [
            tuple(re.sub(r"\s+", " ", part.inner_text()) for part in (place.locator(".badge"), place.locator("span")))
            for place in self.page.locator(".place").all()
        ]

    def help(self, box, act):
        """Press this in the help with the box of this number."""
        self.page.locator(".place").nth(box).get_by_role("button", name="Help me").click()
        self.page.locator("dialog").get_by_role("button", name=act).click()

    def keep(self, act):
        self.press("Keep")
        self.page.locator("dialog").get_by_role("button", name=act).click()

    def starts_over(self):
        self.keep("Start over")
        self.page.get_by_role("dialog", name="Start over?").get_by_role("button", name="Start over").click()

    def brings(self, name, data):
        """Bring back a file. It is looked at first."""
        self.press("Keep")
        with self.page.expect_file_chooser() as chooser:
            self.page.locator("dialog").get_by_role("button", name="Bring it back").click()
        chooser.value.set_files({"name": name, "mimeType": "application/octet-stream", "buffer": data})
        self.page.locator("dialog:not([aria-label^=Keep])").wait_for()
        return self.page.locator("dialog")

    def stars(self):
        """The numbers of the steps that have a star on the map of this page."""
        return [int(each.get_attribute("data-rung")) for each in self.page.locator("[data-rung]:has(.earned)").all()]

    def says(self, friend, words):
        for each in FRIENDS:  # who comes later hears nothing of it
            self.talkie(each, "[data-state=connected]").wait_for()
        self.talkie(friend).get_by_role("textbox", name="Message").fill(words)
        self.talkie(friend).get_by_role("textbox", name="Message").press("Enter")

    def hears(self, friend, words):
        self.talkie(friend).get_by_role("log").get_by_text(words, exact=True).wait_for()

    def talkie(self, friend, more=""):
        return self.house.locator(f"#talkies > walkie-talkie:nth-child({FRIENDS.index(friend) + 1}){more}")


@pytest.fixture(scope="session")
def kept(browser):
    """A browser that keeps what it has fetched, and what went wrong in it."""
    if not shutil.which("npm"):
        missing("npm, which brings Python for the browser")
    broken = []
    context = watched(browser, broken)
    return context, broken  # it is closed with the browser


@pytest.fixture
def bench(kept, served, open_window):
    """Open a page with the workbench, in a browser that has been here before, but with no program of its own."""
    context, broken = kept

    def bench(step=CHAT, size=None, runs=True, **how):
        if how:
            return Bench(open_window(served.address, EMPTY, **how), step)
        window = Window(context.new_page(), served.address).opens(EMPTY)
        if not runs:
            window.page.add_init_script(TOO_SMALL)
        if size:
            window.page.set_viewport_size(size)
        window.page.evaluate("localStorage.clear()")
        return Bench(window, step)

    before = list(context.pages)
    broken.clear()
    yield bench
    for page in context.pages:
        if page not in before:
            page.close()
    assert not broken
