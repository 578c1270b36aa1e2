"""The club in the page: Run puts the learner's program on the air, in the browser, with no server and no network."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from club import ladder
from club_site.mistakes import program_with
from club_site.runtime import OUT, name
from project.bench import CHAT, EMPTY, SOON, Bench
from project.browser import Window
from project.checks import Checks
from project.site import Served
from project.test_check import WRONG
from project.test_site import PAGES, pasted_into_the_console
from suite.program import Process

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
OURS = (ROOT / "steps" / CHAT / "main.py").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def on_the_air(kept, served):
    """Our step 3 as the learner's program, started once."""
    here = Bench(Window(kept[0].new_page(), served.address))
    here.writes(OURS)
    here.run()
    yield here
    here.page.close()


@pytest.fixture
def here(on_the_air):
    """Our step 3 on the air, as it is."""
    on_the_air.writes(OURS)
    yield on_the_air.run()
    # What it still has to write down must not come into the next test, whose windows share its memory.
    on_the_air.page.evaluate("dispatchEvent(new Event('pagehide'))")


def test_a_newcomer_is_on_the_air_in_one_press_at_any_step_and_has_no_stars(bench):
    """The program of the step before runs, and says whose it is. For that, no editor is fetched."""
    here = bench()
    steps = list(ladder.steps().values())
    for step in (steps[0], steps[3], steps[-1]):
        number = step.number
        here.page.evaluate("localStorage.clear()")
        here.opens(step.name).run()
        assert here.page.locator("dialog").count() == 0
        assert here.stars() == []
        names = here.page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name.split('/').at(-1))")
        assert "runtime.js" in names
        assert "editor.js" not in names
        if number > 1:
            assert here.shown == "\n".join([*step.before, ""])
            assert f"our program of step {number - 1}" in here.box.locator(".notice").inner_text()


def test_ours_runs_too_and_cannot_be_typed_into(bench, expect):
    step = list(ladder.steps())[-1]
    here = bench(step)
    mine = here.shown
    here.press("Ours")
    here.run()
    here.house.get_by_text("The club is awake").wait_for()
    assert here.shown == (ROOT / "steps" / step / "main.py").read_text(encoding="utf-8")
    here.box.locator(".cm-line.new").first.wait_for()
    here.says("Bo", "hello")
    here.hears("Ada", "hello")
    expect(here.terminal).to_contain_text("Application startup complete")
    here.box.locator(".cm-content").press_sequentially("x")
    assert here.shown == (ROOT / "steps" / step / "main.py").read_text(encoding="utf-8")
    here.press("Mine")
    assert here.shown == mine


def test_a_change_is_on_the_air_much_sooner_than_the_first_start(bench):
    here = bench()
    here.page.evaluate(
        "took = []; box = document.querySelector('#bench');"
        "box.querySelector('.start').addEventListener('click', () => (pressed = performance.now()), true);"
        "new MutationObserver(() => { if (box.dataset.state === 'running') took.push(performance.now() - pressed); })"
        ".observe(box, { attributeFilter: ['data-state'] })"
    )
    here.press("Ours")
    here.run()
    here.press("Mine")
    here.writes(OURS.replace("(client_id, message)", '(client_id, f"{message}!")'))
    here.run()
    here.says("Bo", "hello")
    here.hears("Ada", "hello!")
    first, again = here.page.evaluate("took")
    assert again < first / 2


ERRORS = [
    ("manager = Conn", "manager = Con", "NameError: name 'Con", "Python does not know the name"),
    ("class ConnectionManager:", "class ConnectionManager", "SyntaxError", "Python cannot read this line"),
    ("manager = Connection", "while True: pass  #", "LoopStuckError", "nobody else got a turn"),
]


def test_an_error_is_shown_with_its_line_and_in_plain_words(here, expect):
    for old, new, says, means in ERRORS:
        here.changes(old, new)
        here.press("Run")
        here.is_in("wrong")
        expect(here.terminal).to_contain_text(says)
        expect(here.terminal).not_to_contain_text("site-packages")
        expect(here.box.get_by_role("alert")).to_contain_text(means)
        expect(here.box.locator(".cm-line.wrong")).to_contain_text(new)
        here.press("Back to when it last ran")
        assert here.shown == OURS
    here.run()
    here.says("Ada", "all is well")
    here.hears("Bo", "all is well")


def test_an_error_while_friends_talk_is_shown_and_the_club_lives_on(here, expect):
    here.changes('chat_message(client_id, message), "chat"', 'chat_message(client_id, mesage), "chat"')
    here.run()
    here.says("Ada", "hello")
    here.box.get_by_role("alert").get_by_text("Python does not know the name mesage here.").wait_for()
    expect(here.box.locator(".cm-line.wrong")).to_contain_text("mesage")
    here.house.get_by_text("The club is awake").wait_for()


def test_a_flood_of_words_does_not_freeze_the_page(here, expect):
    here.changes("manager = ConnectionManager()", "while True: print('hi')")
    here.press("Run")
    here.is_in("wrong")
    expect(here.box.get_by_role("alert")).to_contain_text("nobody else got a turn")


def test_stop_ends_what_nothing_else_can(here):
    here.changes("manager = ConnectionManager()", "sum(range(10**15))")
    here.press("Run")
    here.page.wait_for_timeout(500)
    here.press("Stop")
    here.box.get_by_text("Stopped").wait_for()
    here.writes(OURS)
    here.run()
    here.says("Ada", "back again")
    here.hears("Bo", "back again")


def test_a_friend_can_fall_asleep_and_from_step_12_on_nobody_waits(bench):
    here = bench()
    programs = {number: step.lines for number, step in ((step.number, step) for step in ladder.steps().values())}
    for number in (11, 12):
        here.writes("\n".join([*programs[number], ""]))
        here.run()
        here.says("Ada", f"hello from step {number}")
        here.hears("Bo", f"hello from step {number}")
        bo = here.talkie("Bo")
        bo.get_by_role("button", name="Fall asleep").click()
        for words in (f"one of {number}", f"two of {number}"):
            here.talkie("Ada").get_by_role("textbox", name="Message").fill(words)
            here.talkie("Ada").get_by_role("textbox", name="Message").press("Enter")
        if number == 11:
            here.talkie("Ada").get_by_text("Is somebody asleep?").wait_for()
        else:
            here.hears("Ada", "two of 12")
            here.talkie("Ada").get_by_text("left the chat").wait_for(timeout=SOON)
        bo.get_by_role("button", name="Wake up").click()
        if number == 11:
            here.hears("Ada", "two of 11")
            here.hears("Bo", "two of 11")


def test_the_newest_step_keeps_all_promises_in_the_page_too_and_ours_earns_no_stars(bench):
    step = list(ladder.steps().values())[-1]
    here = bench(step.name)
    here.writes("\n".join([*step.lines, ""]))
    verdict = here.check()
    assert re.search(f"Step {step.number} works!|All steps are there", words := verdict.inner_text()), words
    assert verdict.get_by_role("img").get_attribute("aria-label") == "1 of 1 stars", "the others are not the learner's"
    assert here.stars() == [step.number], "the learner began with our step before, and typed only this one"
    live = "[role=status], [role=alert], [role=log], [aria-live]:not([aria-live=off])"
    said = here.page.locator(live).filter(has_text=re.compile(f"Step {step.number} is there|All steps"))
    assert said.count() == 1, "a verdict is announced once"


def test_check_me_says_what_the_terminal_says(bench, tmp_path):
    step, source = next((step, program_with(mistake, step)) for step, mistake in WRONG if "shown" in mistake)
    checks = Checks(tmp_path)
    try:
        terminal = one_line(checks.check(source, step.number, step.number).said)
    finally:
        checks.close()
    here = bench(step.name)
    here.writes(source)
    verdict = here.check()
    said = [verdict.locator(".words").inner_text(), *verdict.locator("dd").all_inner_texts()]
    assert len(said) == 4
    for words in said:
        assert one_line(words) in terminal
    hints, more = verdict.get_by_role("listitem"), verdict.get_by_role("button", name="Give me a hint")
    while more.is_visible():
        count = hints.count()
        more.click()
        assert hints.count() == count + 1
    assert count >= 2, "there are three hints, at least"


def one_line(text):
    return " ".join(text.split())


def test_a_check_that_never_ends_can_be_stopped(here):
    here.changes("manager = ConnectionManager()", "sum(range(10**15))")
    here.press("Check me")
    here.box.get_by_text("Looking at step 1").wait_for(timeout=SOON)
    here.press("Stop checking")
    here.box.get_by_role("button", name="Check me").wait_for()
    assert not here.verdict.is_visible()
    here.writes(OURS)
    here.says("Ada", "we talked all the time")
    here.hears("Bo", "we talked all the time")


def test_taken_home_the_program_runs_in_a_terminal(here, tmp_path):
    here.changes('"joined the chat"', '"is here"')
    with here.page.expect_download() as download:
        here.keep("Take it home")
    here.page.keyboard.press("Escape")
    with zipfile.ZipFile(download.value.path()) as parcel:
        parcel.extractall(tmp_path)
    assert (tmp_path / "my-club" / "my_club" / "main.py").read_text(encoding="utf-8") == here.shown
    program = Process(tmp_path / "my-club" / "my_club" / "main.py", tmp_path / "notes")
    try:
        assert "<walkie-talkie" in program.ask("GET", "/", 5).text
    finally:
        program.stop()


def test_after_the_first_run_the_site_needs_no_network(site, open_window):
    served = Served(site)
    here = Bench(open_window(served.address, EMPTY, reduced_motion="reduce")).run()
    here.page.wait_for_function("navigator.serviceWorker.controller", timeout=SOON)
    served.close()
    for page in PAGES:
        assert here.page.evaluate(f"caches.match('/{page.replace('.md', '.html')}').then(Boolean)"), page
    here.window.opens("/toolbox/words.html")
    here.page.get_by_role("heading", level=1).wait_for()
    here.opens("04_notifications")
    here.press("Ours")
    here.run()
    here.says("Ada", "no network")
    here.hears("Bo", "no network")
    names = ("check.bin", "editor.js", "parcels.js")
    assert here.page.evaluate(
        "names => Promise.all(names.map((name) => caches.match(new URL("
        "`../assets/in-page/${document.querySelector('.run').dataset.runtime}/${name}`, location)))"
        ").then((found) => found.every(Boolean))",
        names,
    ), "Check me, or Keep, would need the network"


def test_the_bench_survives_going_to_another_page(site, open_window, bench):
    """The site's own map lists another address than the one that it is served from here."""
    here = bench()
    here.writes(OURS)
    here.run()
    here.says("Ada", "hello")
    here.hears("Bo", "hello")
    worker = here.page.workers[-1]
    here.changes("joined the chat", "is here")
    here.page.get_by_role("link", name="4. The news messenger").first.click()
    here.page.get_by_role("heading", name="4. The news messenger").wait_for()
    assert worker in here.page.workers
    here.hears("Bo", "hello")
    assert "is here" in here.shown
    here.box.locator(".cm-content").press("Control+z")
    assert here.shown == OURS
    here.says("Bo", "still here")
    here.hears("Ada", "still here")
    assert [each for each in here.page.workers if each.url.startswith("blob:")] == [worker]
    here.page.go_back()
    here.page.get_by_role("heading", name="3. The chat").wait_for()
    here.hears("Ada", "still here")


def test_without_scripts_or_from_a_folder_a_page_is_still_good_to_read(site, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "steps" / f"{CHAT}.html").as_uri())
    assert "uv run fastapi dev" in page.locator("section.run").inner_text()
    assert page.locator("article").bounding_box()["width"] > 600
    page.goto((site / "index.html").as_uri())
    assert page.locator(".home noscript img").is_visible()
    context.close()
    page = browser.new_context().new_page()
    page.goto((site / "steps" / f"{CHAT}.html").as_uri())
    assert "uv run fastapi dev" in page.locator("section.run").inner_text()
    assert page.locator("#bench").count() == 0


def test_axe_finds_nothing_while_it_runs_or_is_wrong(here):
    here.says("Ada", "do I look good?")
    here.hears("Bo", "do I look good?")
    here.window.looks_good_to_all()
    here.page.set_viewport_size({"width": 1280, "height": 800})
    here.changes("manager = Conn", "manager = Con")
    here.check().get_by_role("button", name="Give me a hint").click()
    here.press("Run")
    here.is_in("wrong")
    here.window.looks_good_to_all()
    here.page.set_viewport_size({"width": 1366, "height": 768})
    lines = "document.querySelector('.cm-scroller').clientHeight / document.querySelector('.cm-line').clientHeight"
    assert here.page.evaluate(lines) >= 8, "the cards leave no room for the program"
    here.writes(OURS)
    assert "old" in here.verdict.get_attribute("class"), "the verdict stays, and says of which program it speaks"


def test_the_stranger_of_step_10_walks_into_a_club_in_the_page(bench):
    """What the page shows, pasted into its console while our program of step 9 is on the air."""
    here, told = bench("10_secret_password").run(), []
    here.page.on("console", lambda line: told.append(line.text))
    text = (ROOT / "docs" / "steps" / "10_secret_password.md").read_text(encoding="utf-8")
    first, in_the_page = re.findall(r"^ *(stranger = .+)$", text, re.MULTILINE)
    code = pasted_into_the_console("steps/10_secret_password.md").replace(first, in_the_page)
    with here.page.expect_console_message(lambda line: "blah 1000" in line.text, timeout=SOON):
        here.page.evaluate(f"() => {{ {code} }}")
    assert len(told) > 1000


def test_firefox_runs_it_too(served, firefox):
    firefox.opens(f"http://{served.address}/steps/{CHAT}.html")
    firefox.waits_for("document.querySelector('#bench .start')")
    firefox.does("[...document.querySelectorAll('#bench button')].find((each) => each.textContent === 'Ours').click()")
    firefox.does("document.querySelector('#bench .start').click()")
    inside = "document.querySelector('#bench iframe')?.contentDocument?"
    talkie = ".querySelector('walkie-talkie[name={}][data-state=connected]:not([news])')?.shadowRoot"
    ada, bo = (inside + talkie.format(name) for name in ("Ada", "Bo"))
    firefox.waits_for(f"{ada} && {bo}")
    firefox.does(f"Object.assign({ada}.querySelector('.message'), {{ value: 'hello, fox' }})")
    firefox.does(f"{ada}.querySelector('.message').form.requestSubmit()")
    firefox.waits_for(f"{bo}.querySelector('.log').textContent.includes('hello, fox')")
    firefox.does("[...document.querySelectorAll('#bench button')].find((e) => e.textContent === 'Check me').click()")
    # The learner's own is still the program of step 2. An older Firefox says that it cannot check.
    said = "document.querySelector('#bench .verdict').textContent"
    firefox.waits_for(f"/Step 3, the chat, is not finished yet|cannot check/.test({said})")


@pytest.mark.usefixtures("sites")  # they make the first
def test_two_builds_of_one_source_are_the_same(tmp_path):
    again = tmp_path / "again"
    code = "import build, pathlib, sys; build.bundle(pathlib.Path(sys.argv[1]))"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workbench")}
    subprocess.run([sys.executable, "-c", code, again], cwd=ROOT, env=environment, check=True, timeout=300)
    first = OUT / name()
    names = sorted(file.name for file in first.iterdir())
    assert sorted(file.name for file in again.iterdir()) == names
    assert [each for each in names if (first / each).read_bytes() != (again / each).read_bytes()] == []


def test_the_page_has_the_versions_of_the_project():
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pins = pyproject["tool"]["uv"]["constraint-dependencies"]
    here = re.findall(r"^\S+==\S+", (ROOT / "workbench" / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert here
    assert set(here) <= set(pins)
    for lock in ("requirements.txt", "package-lock.json"):
        assert not re.search(r"resolved|index-url", (ROOT / "workbench" / lock).read_text(encoding="utf-8"))


def test_a_page_of_ones_own_talks_to_the_club_in_the_page_and_calls_it_again(kept, served):
    """Typed into the page as the boxes show it; what a reader's own page does there can reach nothing of the site."""
    page = kept[0].new_page()
    page.goto(f"http://{served.address}/things-to-build/walkie-talkie.html")
    written = (ROOT / "steps" / "more" / "walkie_talkie" / "3_call_again.html").read_text(encoding="utf-8")
    page.get_by_role("textbox", name="mine.html").fill(written.replace("let wait = 1", "let wait = 0.1"))
    page.get_by_role("button", name="Run my page").click()
    mine, ada = page.frame_locator(".own-page iframe"), page.locator("walkie-talkie[name=Ada]")
    for words in ("hello", "I am back"):
        ada.get_by_role("status").get_by_text("connected").wait_for()
        mine.locator("#talk").wait_for(state="attached")
        page.frames[-1].wait_for_function("socket.readyState === 1")
        mine.get_by_role("textbox").fill(words)
        mine.get_by_role("button", name="Send").click()
        ada.get_by_role("log").get_by_text(words).wait_for()
        mine.get_by_text(f"Dina: {words}").wait_for()
        page.get_by_role("button", name="Stop the club").click()
        page.get_by_text("The club is asleep.").wait_for()
        page.get_by_role("button", name="Start the club").click()
    reach = "() => { try { return String(parent.localStorage) } catch (error) { return error.name } }"
    assert page.frames[-1].evaluate(reach) == "SecurityError"
    page.close()
