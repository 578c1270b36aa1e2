"""The club in the page: Run puts a step's program on the air, in the browser, with no server and no network."""

import re
import shutil
import tomllib
import zipfile
from pathlib import Path

import pytest

from club import ladder
from club_site.mistakes import program_with
from suite.browser import Window, missing, watched
from suite.checks import Checks
from suite.firefox import firefox  # noqa: F401
from suite.program import Process
from suite.site import Served
from test_check import WRONG, learners_file
from test_site import PAGES

ROOT = Path(__file__).parent.parent
SOON = 20_000  # ms for the first start of Python on a busy machine
CHECKED = 60_000  # ms for a check on such a machine
CHAT = "03_chat"


class Runner:
    """A page of the site with a program that can be run."""

    def __init__(self, window, step=CHAT, page=None):
        self.window = window.opens(page or f"/steps/{step}.html")
        self.page = window.page
        self.box = self.page.locator("section.run")
        self.house = self.page.frame_locator("iframe.clubhouse")
        self.terminal = self.box.get_by_role("log", name="Terminal")

    def press(self, name):
        self.box.get_by_role("button", name=name, exact=True).click()

    def run(self):
        self.box.evaluate("box => delete box.dataset.state")  # what it was before
        self.press("Run")
        return self.is_in("running")

    def is_in(self, state):
        self.page.locator(f"section.run[data-state={state!r}]").wait_for(timeout=SOON)
        return self

    def check(self):
        """What "Check me" says."""
        self.press("Check me")
        self.box.get_by_role("button", name="Check me").wait_for(timeout=CHECKED)
        return self.box.locator(".verdict")

    def says(self, friend, words):
        for each in ("Ada", "Bo"):  # who comes later hears nothing of it
            self.talkie(each, "[data-state=connected]").wait_for()
        self.talkie(friend).get_by_role("textbox", name="Message").fill(words)
        self.talkie(friend).get_by_role("textbox", name="Message").press("Enter")

    def hears(self, friend, words):
        self.talkie(friend).get_by_role("log").get_by_text(words, exact=True).wait_for()

    def talkie(self, friend, more=":not([news])"):
        return self.house.locator(f"walkie-talkie[name={friend}]:not([news]){more}")

    @property
    def code(self):
        """The program, as it stands in the editor."""
        return self.page.evaluate("document.querySelector('.cm-content').cmTile.view.state.doc.toString()")

    def types(self, old, new):
        """Change the program as a learner does: by clicking and typing."""
        lines = self.code.split("\n")
        number = next(at for at, line in enumerate(lines) if old in line)
        self.box.get_by_role("textbox", name="main.py").focus()
        keyboard = self.page.keyboard
        keyboard.press("Control+Home")
        for _ in range(number):
            keyboard.press("ArrowDown")
        keyboard.press("Home")
        keyboard.press("Shift+End")
        keyboard.insert_text(lines[number].lstrip().replace(old, new))


@pytest.fixture(scope="module")
def kept(browser):
    """A browser that keeps what it has fetched, and what went wrong in it."""
    if not shutil.which("npm"):
        missing("npm, which brings Python for the browser")
    broken = []
    context = watched(browser, broken)
    yield context, broken
    context.close()


@pytest.fixture(scope="module")
def on_the_air(kept, served):
    """Step 3, started once."""
    here = Runner(Window(kept[0].new_page(), served.address)).run()
    yield here
    here.page.close()


@pytest.fixture
def here(on_the_air):
    """Step 3 on the air, as it is."""
    on_the_air.press("Start over")
    return on_the_air.run()


@pytest.fixture
def runner(kept, served, open_window):
    """Open a page with a program in it, in a browser that has been here before, but for the learner's own lines."""
    context, broken = kept

    def runner(step=CHAT, page=None, **how):
        if how:
            return Runner(open_window(served.address, "/404.html", **how), step, page)
        return Runner(Window(context.new_page(), served.address), step, page)

    before = list(context.pages)
    yield runner
    for page in context.pages:
        if page not in before:
            page.evaluate("localStorage.clear()")
            page.close()
    assert not broken


def test_a_step_runs_as_it_is(runner):
    step = list(ladder.steps())[-1]
    here = runner(step).run()
    here.house.get_by_text("The club is awake").wait_for()
    assert here.code == (ROOT / "steps" / step / "main.py").read_text(encoding="utf-8")
    assert here.box.locator(".cm-line.new").count()
    here.says("Bo", "hello")
    here.hears("Ada", "hello")
    assert "Application startup complete" in here.terminal.inner_text()


def test_the_home_page_runs_a_club_unless_data_or_calm_is_dear(runner):
    here = runner(page="/index.html").is_in("running")
    here.says("Ada", "hello")
    here.hears("Bo", "hello")
    calm = runner(page="/index.html", reduced_motion="reduce")
    calm.page.wait_for_load_state("networkidle")
    assert calm.box.get_attribute("data-state") == ""
    assert not [url for url in resources(calm.page) if "in-page/" in url]


def resources(page):
    return page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")


def test_a_change_is_on_the_air_much_sooner_than_the_first_start_and_is_kept(runner):
    here = runner()
    here.page.evaluate(
        "took = []; box = document.querySelector('section.run');"
        "box.querySelector('.start').addEventListener('click', () => (pressed = performance.now()), true);"
        "new MutationObserver(() => { if (box.dataset.state === 'running') took.push(performance.now() - pressed); })"
        ".observe(box, { attributes: true })"
    )
    here.run()
    here.types("(client_id, message)", '(client_id, f"{message}!")')
    here.run()
    here.says("Bo", "hello")
    here.hears("Ada", "hello!")
    first, again = here.page.evaluate("took")
    assert again < first / 2
    here.page.reload()
    here.run()
    assert "{message}!" in here.code
    here.press("Start over")
    assert here.code == (ROOT / "steps" / CHAT / "main.py").read_text(encoding="utf-8")
    here.page.reload()
    assert "{message}!" not in here.run().code


ERRORS = [
    ("manager = Conn", "manager = Con", "NameError: name 'Con", "Python does not know the name"),
    ("class ConnectionManager:", "class ConnectionManager", "SyntaxError", "Python cannot read this line"),
    ("manager = Connection", "while True: pass  #", "LoopStuckError", "nobody else got a turn"),
]


def test_an_error_is_shown_with_its_line_and_in_plain_words(here):
    for old, new, says, means in ERRORS:
        here.types(old, new)
        here.press("Run")
        here.is_in("wrong")
        assert says in here.terminal.inner_text()
        assert "site-packages" not in here.terminal.inner_text()
        assert means in here.box.get_by_role("alert").inner_text()
        assert new in here.box.locator(".cm-line.wrong").inner_text()
        here.press("Start over")
    here.run()
    here.says("Ada", "all is well")
    here.hears("Bo", "all is well")


def test_an_error_while_friends_talk_is_shown_and_the_club_lives_on(here):
    here.types('chat_message(client_id, message), "chat"', 'chat_message(client_id, mesage), "chat"')
    here.run()
    here.says("Ada", "hello")
    here.box.get_by_role("alert").get_by_text("Python does not know the name mesage here.").wait_for()
    assert "mesage" in here.box.locator(".cm-line.wrong").inner_text()
    here.house.get_by_text("The club is awake").wait_for()


def test_a_flood_of_words_does_not_freeze_the_page(here):
    here.types("manager = ConnectionManager()", "while True: print('hi')")
    here.press("Run")
    here.is_in("wrong")
    assert "nobody else got a turn" in here.box.get_by_role("alert").inner_text()


def test_stop_ends_what_nothing_else_can(here):
    here.types("manager = ConnectionManager()", "sum(range(10**15))")
    here.press("Run")
    here.page.wait_for_timeout(500)
    here.press("Stop")
    here.box.get_by_text("Stopped").wait_for()
    here.press("Start over")
    here.run()
    here.says("Ada", "back again")
    here.hears("Bo", "back again")


def test_the_newest_step_keeps_all_promises_in_the_page_too(runner):
    step = list(ladder.steps().values())[-1]
    verdict = runner(step.name).check()
    assert verdict.get_by_role("img").get_attribute("aria-label") == f"{step.number} of {step.number} stars"
    assert re.search(f"Step {step.number} is there!|All steps are there", verdict.inner_text())


def test_check_me_says_what_the_terminal_says(runner, tmp_path):
    step, source = next((step, program_with(mistake, step)) for step, mistake in WRONG if "shown" in mistake)
    checks = Checks()
    try:
        terminal = one_line(checks.check(learners_file(tmp_path, source), step.number, step.number).said)
    finally:
        checks.close()
    here = runner(step.name)
    here.page.evaluate("note => localStorage.setItem(...note)", [f"program {step.name}", source])
    verdict = here.check()
    said = [verdict.locator(".words").inner_text(), *verdict.locator("dd").all_inner_texts()]
    assert len(said) == 4
    for words in said:
        assert one_line(words) in terminal
    hints, more = verdict.get_by_role("listitem"), verdict.get_by_role("button", name="Give me a hint")
    for count in range(3):
        assert hints.count() == count
        more.click()
    assert not more.is_visible()
    here.press("Start over")  # that verdict was on another program
    assert not verdict.is_visible()


def one_line(text):
    return " ".join(text.split())


def test_a_check_that_never_ends_can_be_stopped(here):
    here.types("manager = ConnectionManager()", "sum(range(10**15))")
    here.press("Check me")
    here.box.get_by_text("Looking at step 1").wait_for(timeout=SOON)
    here.press("Stop checking")
    assert not here.box.locator(".verdict").is_visible()
    here.press("Start over")
    here.says("Ada", "we talked all the time")
    here.hears("Bo", "we talked all the time")


def test_taken_home_the_program_runs_in_a_terminal(here, tmp_path):
    here.types('"joined the chat"', '"is here"')
    with here.page.expect_download() as download:
        here.press("Take it home")
    with zipfile.ZipFile(download.value.path()) as parcel:
        parcel.extractall(tmp_path)
    assert '"is here"' in (tmp_path / "my-club" / "my_club" / "main.py").read_text(encoding="utf-8")
    program = Process(tmp_path / "my-club" / "my_club" / "main.py", tmp_path / "notes")
    try:
        assert "<walkie-talkie" in program.ask("GET", "/", 5).text
    finally:
        program.stop()


def test_after_the_first_run_the_site_needs_no_network(site, open_window):
    served = Served(site)
    here = Runner(open_window(served.address, "/404.html")).run()
    here.page.wait_for_function("navigator.serviceWorker.controller", timeout=SOON)
    served.close()
    for page in PAGES:
        assert here.page.evaluate(f"caches.match('/{page.replace('.md', '.html')}').then(Boolean)"), page
    here.window.opens("/toolbox/words.html")
    here.page.get_by_role("heading", level=1).wait_for()
    there = Runner(here.window, "04_notifications").run()
    there.says("Ada", "no network")
    there.hears("Bo", "no network")
    checker = there.page.evaluate(
        "const { runtime } = document.querySelector('.run').dataset;"
        "caches.match(new URL(`../assets/in-page/${runtime}/check.bin`, location)).then(Boolean)"
    )
    assert checker, "Check me would need the network"


def test_the_next_page_finds_python_awake_and_a_quiet_room(site, open_window, tmp_path):
    """The theme follows links without a new page, where the map of the site names this very place."""
    shutil.copytree(site, tmp_path / "site")
    served = Served(tmp_path / "site")
    found = tmp_path / "site" / "sitemap.xml"
    words = re.sub(r"https://example.org/[\w-]+/", f"http://{served.address}/", found.read_text(encoding="utf-8"))
    found.write_text(words, encoding="utf-8")
    here = Runner(open_window(served.address, "/404.html")).run()
    here.says("Ada", "hello")
    worker = here.page.workers[-1]
    here.page.get_by_role("link", name="4. The news messenger").first.click()
    here.page.get_by_role("heading", name="4. The news messenger").wait_for()
    assert worker in here.page.workers
    assert here.page.locator("iframe.clubhouse").count() == 0
    assert worker.evaluate("python.runPython('import bridge; bridge.server is None')")
    here.run()
    here.says("Bo", "here I am")
    here.hears("Ada", "here I am")
    assert [each for each in here.page.workers if "in-page" in each.url] == [worker]
    served.close()


def test_a_page_opened_from_a_folder_shows_the_way_of_the_terminal(site, browser):
    page = browser.new_context().new_page()
    page.goto((site / "steps" / f"{CHAT}.html").as_uri())
    assert "uv run fastapi dev" in page.locator("section.run .unable").inner_text()
    assert page.locator("section.run button:text('Run')").count() == 0


def test_axe_finds_nothing_while_it_runs_or_is_wrong(here):
    here.says("Ada", "do I look good?")
    here.hears("Bo", "do I look good?")
    looks_good_to_all(here)
    here.types("manager = Conn", "manager = Con")
    here.check().get_by_role("button", name="Give me a hint").click()
    here.press("Run")
    here.is_in("wrong")
    looks_good_to_all(here)


def looks_good_to_all(here):
    for screen in here.window.screens():
        assert (screen, here.window.axe_finds()) == (screen, [])
        assert here.page.evaluate("document.documentElement.scrollWidth") <= screen[1]


def test_the_keyboard_gets_out_of_the_editor(here):
    editor = here.box.get_by_role("textbox", name="main.py")
    editor.focus()
    here.page.keyboard.press("Tab")
    assert editor.evaluate("element => element === document.activeElement")
    here.page.keyboard.press("Escape")
    here.page.keyboard.press("Tab")
    assert not editor.evaluate("element => element === document.activeElement")


def test_firefox_runs_it_too(served, firefox):  # noqa: F811
    firefox.opens(f"http://{served.address}/steps/{CHAT}.html")
    firefox.waits_for("document.querySelector('section.run .start')")
    firefox.does("document.querySelector('section.run .start').click()")
    inside = "document.querySelector('iframe.clubhouse')?.contentDocument?"
    talkie = ".querySelector('walkie-talkie[name={}][data-state=connected]:not([news])')?.shadowRoot"
    ada, bo = (inside + talkie.format(name) for name in ("Ada", "Bo"))
    firefox.waits_for(f"{ada} && {bo}")
    firefox.does(f"Object.assign({ada}.querySelector('.message'), {{ value: 'hello, fox' }})")
    firefox.does(f"{ada}.querySelector('form').requestSubmit()")
    firefox.waits_for(f"{bo}.querySelector('.log').textContent.includes('hello, fox')")
    firefox.does("[...document.querySelectorAll('.run button')].find(each => each.textContent === 'Check me').click()")
    firefox.waits_for("/Looking at step|cannot check/.test(document.querySelector('section.run .verdict').textContent)")


def test_the_page_has_the_versions_of_the_project():
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pins = pyproject["tool"]["uv"]["constraint-dependencies"]
    here = re.findall(r"^\S+==\S+", (ROOT / "workbench" / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert here
    assert set(here) <= set(pins)
    for lock in ("requirements.txt", "package-lock.json"):
        assert not re.search(r"resolved|index-url", (ROOT / "workbench" / lock).read_text(encoding="utf-8"))
