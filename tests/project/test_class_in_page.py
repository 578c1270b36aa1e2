"""A lesson in real browsers: a teacher's board, and pupils who come over plain http under a foreign name."""

import re

import pytest

from project.bench import CHECKED, TOO_SMALL, Bench
from project.browser import Window
from project.classroom import Class
from suite.world import looks

pytestmark = pytest.mark.slow
NAME = "teacher.test"
SLEEP_MS = 30_000  # until a page that says nothing counts as asleep, and a bit more
BROKEN = "app = FastAPI("
# Without a secure context there is no Cache Storage, so Python's memory is in IndexedDB.
KEPT = """() => !globalThis.caches && new Promise((done) => {
    const opening = indexedDB.open("club", 1);
    opening.onupgradeneeded = () => opening.transaction.abort();
    opening.onerror = () => done(false);
    opening.onsuccess = () => {
        const asked = opening.result.transaction("snapshot").objectStore("snapshot").count();
        asked.onsuccess = () => done(asked.result === 1);
        opening.result.close();
    };
})"""
IN_SIGHT = """(each) => {
    const { x, y, width, height } = each.getBoundingClientRect();
    return each.contains(document.elementFromPoint(x + width / 2, y + height / 2));
}"""
NOTE_THE_START = """
const post = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (message, ...more) {
    if (message.kind === "start") globalThis.started = { snapshot: message.snapshot?.byteLength ?? 0 };
    return post.call(this, message, ...more);
};
"""


@pytest.fixture
def klass(site, tmp_path):
    if not [*site.glob("assets/in-page/*/manifest.json")]:
        pytest.skip("the club in the page is not built")
    klass = Class(tmp_path, site=site, host=NAME)
    klass.address_of_pupils = f"{NAME}:{klass.port}"
    yield klass
    klass.stops()
    assert "Traceback" not in klass.terminal()


@pytest.fixture
def opens(browser):
    """Open a browser of its own for each person: nobody shares a cookie."""
    contexts, broken = [], []

    def opens(address, width=1366, height=768, runs=True, **how):
        context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce", **how)
        context.set_default_timeout(CHECKED)
        if not runs:
            context.add_init_script(TOO_SMALL)
        context.on("weberror", lambda error: broken.append(f"{error.error} at {error.page.url}: {error.error.stack}"))
        contexts.append(context)
        return Window(context.new_page(), address)

    yield opens
    for context in contexts:
        context.close()
    assert not broken


class Pupil(Bench):
    def __init__(self, window, nickname, step="03_chat"):
        super().__init__(window, step)
        self.nickname = nickname
        self.asks_to_come_in()
        self.page.locator("#join").wait_for(state="detached")

    def is_in(self, state):
        """Without a secure context, and in a browser that has never been here, Python takes longer."""
        self.page.locator(f"#bench[data-state={state!r}]:has(button.start:enabled)").wait_for()
        return self

    def asks_to_come_in(self):
        self.page.get_by_label("Your nickname").fill(self.nickname)
        self.page.get_by_role("button", name="Come in").click()

    def opens_her_club(self):
        """When she is in her chat herself: who comes later hears nothing of what was said."""
        self.house.locator("#talkies > walkie-talkie[data-state=connected]").first.wait_for()
        self.box.get_by_role("button", name=re.compile("^Class")).click()
        self.page.get_by_role("button", name="Open my club to the class").click()
        self.page.get_by_text("Friends can come in.").wait_for()
        self.page.locator("dialog").get_by_role("button", name="Close", exact=True).click()

    def hears_from(self, words):
        self.house.get_by_role("log").first.get_by_text(words, exact=True).wait_for()


class Guest(Window):
    """A friend in somebody's club, perhaps with a phone."""

    def __init__(self, window):
        super().__init__(window.page, window.address)

    def visits(self, host, nickname=""):
        self.opens(f"/visit/{host}/")
        if nickname:
            self.page.get_by_label("Your nickname").fill(nickname)
            self.page.get_by_role("button", name="Come in").click()
        return self

    def is_in(self):
        self.page.locator("walkie-talkie[data-state=connected]").wait_for()

    def says_aloud(self, words):
        self.page.get_by_role("textbox", name="Message").fill(words)
        self.page.get_by_role("textbox", name="Message").press("Enter")


class Board:
    def __init__(self, window, klass):
        self.window, self.page = window, window.page
        self.page.goto(f"http://127.0.0.1:{klass.port}/class/board#{klass.secret}")
        self.page.locator("body[data-line=here]").wait_for()

    def row(self, nickname):
        return self.page.locator("tbody tr").filter(has=self.page.get_by_role("rowheader", name=nickname))

    def press(self, name):
        self.page.get_by_role("button", name=name, exact=True).click()

    def does(self, nickname, name):
        self.row(nickname).get_by_role("button", name=f"More for {nickname}").click()
        self.page.get_by_role("dialog").get_by_role("button", name=name).click()

    def says_to(self, nickname, words):
        self.row(nickname).get_by_role("button", name=f"More for {nickname}").click()
        self.page.get_by_placeholder(f"Say to {nickname}…").fill(words)
        self.page.get_by_placeholder(f"Say to {nickname}…").press("Enter")


def test_pupils_come_in_and_visit_each_other(klass, opens):
    board = Board(opens(""), klass)
    assert klass.secret not in board.page.url
    board.page.get_by_text("Nobody is here yet.").wait_for()

    # They come in, and each one's step, verdict and hand show on the board.
    window = opens(klass.address_of_pupils)
    window.opens("/steps/03_chat.html")
    window.page.locator("#join").wait_for()
    assert not window.page.evaluate("isSecureContext")
    assert window.axe_finds() == []
    mia = Pupil(window, "Mia")
    board.row("Mia").get_by_role("cell", name="3", exact=True).wait_for()
    mia.press("Ours")
    mia.run()
    mia.press("Mine")
    mia.check()
    board.row("Mia").get_by_role("button", name="no chat door").click()
    board.page.get_by_text("Friends cannot find the door to the chat yet.").wait_for()
    assert board.window.axe_finds() == []
    board.press("Close")
    mia.press("Hand up")
    board.row("Mia").get_by_role("button", name="Lower the hand").click()
    mia.box.get_by_role("button", name="Hand up").wait_for()

    # A friend visits with a phone, and both hear each other.
    mia.opens_her_club()
    assert window.axe_finds() == []
    klass.joins("Chen").comes().says(type="door", open=True)
    mia.box.get_by_role("button", name=re.compile("^Class")).click()
    with mia.page.expect_popup() as visit:
        mia.page.get_by_role("link", name="Visit Chen").click()
    visit.value.close()
    mia.page.locator("dialog").wait_for(state="detached")  # nothing lies over her own club when she comes back
    phone = Guest(opens(klass.address_of_pupils, 390, 844, color_scheme="dark"))
    phone.visits("Mia", "Bo").is_in()
    phone.says_aloud("Hello Mia!")
    mia.hears_from("Hello Mia!")
    mia.house.get_by_role("textbox", name="Message").first.fill("Hello Bo!")
    mia.house.get_by_role("textbox", name="Message").first.press("Enter")
    phone.page.get_by_role("log").get_by_text("Hello Bo!", exact=True).wait_for()
    assert phone.axe_finds() == []
    copied(mia)


def test_the_host_runs_anew_and_the_teacher_acts(klass, opens):
    board = Board(opens(""), klass)
    window = opens(klass.address_of_pupils)
    mia = Pupil(window, "Mia")
    mia.press("Ours")
    mia.run()
    mia.opens_her_club()
    phone = Guest(opens(klass.address_of_pupils, 390, 844, color_scheme="dark"))
    phone.visits("Mia", "Bo").is_in()

    # The host runs anew, stops, and reloads: the guest waits, and is back by itself.
    mia.press("Ours")
    mia.run()
    phone.is_in()
    mia.press("Stop")
    phone.page.get_by_text("The club is asleep").wait_for()
    mia.page.wait_for_function(KEPT)
    mia.page.add_init_script(NOTE_THE_START)
    mia.page.reload()
    mia.press("Ours")
    mia.run()
    assert mia.page.evaluate("started.snapshot") > 1_000_000  # Python goes on from what it remembers
    phone.is_in()

    # Eyes up: on every page, and no key closes it.
    board.press("Eyes up")
    for page in (mia.page, phone.page):
        page.locator("#pause").wait_for()
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        page.wait_for_timeout(300)
        assert page.locator("#pause").is_visible()
    assert window.axe_finds() == []
    board.press("Eyes down again")
    for page in (mia.page, phone.page):
        page.locator("#pause").wait_for(state="detached")

    # A sentence for one, and then hush: nobody in a friend's club is heard, and nothing lies on the words that say so.
    board.says_to("Bo", "Well done!")
    phone.page.locator("#banner").get_by_text("Well done!").wait_for()
    board.press("Hush")
    phone.page.set_viewport_size({"width": 390, "height": 600})
    phone.page.evaluate("scrollTo(0, 9999)")
    assert phone.page.get_by_text("nobody hears you now").evaluate(IN_SIGHT)
    board.press("Let them talk")

    opened_for_all(board, mia)
    handed_out(board, mia)

    # Marked by the board, in its own browser.
    mia.writes(f"from fastapi import FastAPI\n\n{BROKEN}\n")
    is_told(klass, BROKEN)
    board.page.route("**/take-home/*.zip", lambda call: call.abort())
    board.press("Mark all")
    board.page.get_by_text("Marked: 0. Not marked: Mia.").wait_for()
    board.page.unroute("**/take-home/*.zip")
    board.press("Mark all")
    board.page.get_by_text("Marked: 1.").wait_for()
    board.row("Mia").get_by_text("marked", exact=True).wait_for()

    # Out.
    board.does("Bo", "Put out")
    phone.page.locator("#visiting").get_by_text("Your teacher has closed your line.").wait_for()
    board.page.locator("tr.away").get_by_role("rowheader", name="Bo").wait_for()


def is_told(klass, words):
    """The class has a program with these words: a page tells it what was typed after a second."""
    for _ in looks(CHECKED / 1000):
        if words in klass.download("programs.json").text:
            return
    pytest.fail(f"the class never heard of {words!r}")


def opened_for_all(board, mia):
    """On a narrow screen the page comes into sight, too, and the class's clothes stay on."""
    mia.page.set_viewport_size({"width": 390, "height": 844})
    tabs = mia.page.locator("#views button")
    tabs.filter(has_text="Code").click()
    board.page.get_by_label("Open a page for everybody").select_option(label="1. The tools")
    board.press("Open for all")
    mia.page.wait_for_url("**/steps/01_imports.html")
    mia.page.get_by_role("heading", name="1. The tools").click(trial=True)
    assert len({tab.bounding_box()["y"] for tab in tabs.all()}) == 1
    mia.page.set_viewport_size({"width": 1366, "height": 768})


def handed_out(board, mia):
    """Our program for one: it earns no stars, and the way back is in reach under what the teacher says."""
    mia.press("Mine")
    own = mia.shown
    board.does("Mia", "Hand out")
    mia.page.get_by_text("Here is our program of step").wait_for()
    mia.box.get_by_role("button", name="Mine", exact=True, pressed=True).wait_for()
    assert mia.shown != own
    mia.check().get_by_text("Your own stars begin with step").wait_for()
    assert mia.stars() == []
    mia.press("Undo")
    assert mia.shown == own
    mia.page.locator("#banner").get_by_role("button", name="Close").click()


def copied(pupil):
    """In a dialog, and without a secure context, copying works the old way."""
    pupil.keep("Move to another machine")
    box = pupil.page.get_by_role("textbox", name="The address")
    address = box.input_value()
    pupil.page.get_by_role("button", name="Copy the address").click()
    box.evaluate("box => box.after(Object.assign(document.createElement('textarea'), { id: 'paste' }))")
    pupil.page.locator("#paste").focus()
    pupil.page.keyboard.press("Control+V")
    pupil.page.wait_for_function("address => paste.value === address", arg=address)
    pupil.page.locator("dialog").get_by_role("button", name="Close", exact=True).click()


def test_coming_back_after_the_address_has_changed(klass, opens):
    board = Board(opens(""), klass)
    mia = Pupil(opens(klass.address_of_pupils, runs=False), "Mia")
    mia.writes("# This is Mia's.\n")
    board.row("Mia").wait_for()
    is_told(klass, "# This is Mia's.")
    mia.page.context.close()
    board.page.locator("tr.away").get_by_role("rowheader", name="Mia").wait_for()
    # Another address is another origin: no cookie, no program.
    again = opens(f"127.0.0.1:{klass.port}", runs=False)
    again.opens("/steps/03_chat.html")
    again.page.get_by_label("Your nickname").fill("mia")
    again.page.get_by_role("button", name="Come in").click()
    again.page.get_by_text("Your teacher lets you in.").wait_for()
    board.row("Mia").get_by_role("button", name="Let in").click()
    offered = again.page.get_by_role("dialog", name="Is this the program that you want?")
    offered.get_by_text("# This is Mia's.").wait_for()
    assert "Mia" not in again.page.locator("#bench .code").inner_text()  # nothing is put over anything unasked
    offered.get_by_role("button", name="Take it").click()
    again.page.locator("#bench .cm-content").get_by_text("# This is Mia's.").wait_for()


def test_a_page_that_freezes_is_away_and_comes_back(klass, opens):
    board = Board(opens(""), klass)
    window = opens(klass.address_of_pupils)
    mia = Pupil(window, "Mia")
    mia.press("Ours")
    mia.run()
    mia.opens_her_club()
    guest = Guest(opens(klass.address_of_pupils))
    guest.visits("Mia", "Bo").is_in()
    debugger = window.page.context.new_cdp_session(window.page)
    debugger.send("Debugger.enable")
    debugger.send("Debugger.pause")  # its script stands still, and the browser still answers pings
    board.page.locator("tr.away").get_by_role("rowheader", name="Mia").wait_for(timeout=SLEEP_MS)
    guest.page.get_by_text("The club is asleep").wait_for(timeout=SLEEP_MS)
    debugger.send("Debugger.disable")
    board.page.locator("tr:not(.away)").get_by_role("rowheader", name="Mia").wait_for()
    guest.is_in()


def test_a_class_that_is_killed_and_started_again(klass, opens):
    mia = Pupil(opens(klass.address_of_pupils, runs=False), "Mia")
    Board(opens(""), klass).row("Mia").wait_for()
    klass.is_killed()
    mia.page.locator(".class button.away").first.wait_for()
    mia.writes("# Typing goes on.\n")
    klass.starts()
    board = Board(opens(""), klass)
    board.page.locator("tr:not(.away)").get_by_role("rowheader", name="Mia").wait_for()
    mia.page.locator(".class button:not(.away)").first.wait_for()
    assert mia.shown == "# Typing goes on.\n"


def test_the_board_and_the_projector_for_everybody(klass, opens):
    for nickname, oops in (("Mia", "no-chat-door"), ("=Bo", ""), ("Chen", "")):
        line = klass.joins(nickname).comes()
        line.says(type="state", step=3, stars=[1, 2], text="x")
        line.says(type="verdict", oops=oops, step=3)
        line.says(type="hand", up=nickname == "Chen")
    board = Board(opens(""), klass)
    board.row("Chen").get_by_text("Hand up").wait_for()
    # The board marks beyond the step at which somebody is: that is a star, and no trouble.
    klass.board().says(type="mark", to="=Bo", stars=3, oops="no-news-door")
    board.page.get_by_text("1 of 3 have star 3.").wait_for()
    assert board.row("=Bo").get_by_role("button").all_inner_texts() == ["More…"]
    assert board.page.locator("tbody th").first.inner_text() == "Chen"
    board.window.looks_good_to_all()
    with board.page.context.expect_page() as opened:
        board.press("Projector")
    wall = Window(opened.value, "")
    assert not wall.page.evaluate("toolbar.visible")  # a window of its own: to drag a tab would take the board along
    wall.page.locator("#code svg").wait_for()
    wall.page.locator("#bars li").nth(2).wait_for()
    picture, bar = (wall.page.locator(part).last.bounding_box() for part in ("#code path", "#bars li"))
    assert picture["width"] > 300  # for the last row of the room
    assert bar["y"] + bar["height"] <= wall.page.viewport_size["height"]  # nobody scrolls a wall
    said = wall.page.inner_text("body")
    assert f"http://{klass.address_of_pupils}" in said
    assert not re.search("Mia|Bo|Chen", said)
    wall.looks_good_to_all()


def test_firefox_joins_and_runs(klass, firefox):
    firefox.opens(f"http://{klass.address_of_pupils}/steps/03_chat.html")
    firefox.waits_for("document.querySelector('#join input')")
    assert not firefox.does("isSecureContext")
    firefox.does(
        "document.querySelector('#join input').value = 'Fox', document.querySelector('#join form').requestSubmit()"
    )
    firefox.waits_for("!document.querySelector('#join')")
    firefox.does("[...document.querySelectorAll('#bench button')].find((each) => each.textContent === 'Ours').click()")
    firefox.does("document.querySelector('#bench .start').click()")
    firefox.waits_for("document.querySelector('#bench').dataset.state === 'running'")
    board = klass.board()
    assert "Fox" in [row["nickname"] for row in board.hears("class")["pupils"] if row["here"]]
    board.hangs_up()
