"""The learner's own program: one text for the whole course, helped along by the boxes, and never lost."""

import io
import json
import os
import random
import re
import subprocess
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from club import ladder
from project.bench import CHAT, TOO_SMALL, Bench
from project.browser import Window, watched
from project.site import copy_of_the_repository
from project.test_in_page import OURS
from suite.world import looks

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("kept")]
ROOT = Path(__file__).parents[2]
STEPS = list(ladder.steps().values())
BEFORE = "\n".join([*ladder.step(CHAT).before, ""])
STOOD_MS = 1100  # a text that stood for a second can be brought back


def earlier(here):
    """The earlier versions, as Keep lists them."""
    return here.page.evaluate(
        "import(new URL('../assets/workbench/mine.js', location)).then(({ Mine }) => {"
        "const mine = new Mine(new URL('../', location).pathname), all = mine.earlier().map(({ text }) => text);"
        "return all.filter((text, at) => text !== mine.text && all.indexOf(text) === at); })"
    )


def test_every_text_that_stood_for_a_second_is_back_in_two_presses(browser, served):  # noqa: PLR0912 one act each
    """Edits, reloads, other pages, a second window, ours, help, and programs that are brought: nothing is ever lost."""
    luck = random.Random(12)
    context = watched(browser, [])
    context.add_init_script(TOO_SMALL)
    context.clock.install()
    windows = [Bench(Window(context.new_page(), served.address)) for _ in range(2)]
    pages = [step.name for step in STEPS[:3]]
    stood = set()
    acts = ["edit", "edit", "edit", "reload", "page", "ours", "put in", "bring", "start over", "undo"]
    for number in range(20):
        here = luck.choice(windows)
        here.page.bring_to_front()
        match luck.choice(acts):
            case "edit":
                here.press("Mine")
                here.writes(here.shown + f"# {number}\n")
            case "reload":
                here.page.reload()
            case "page":
                here.opens(luck.choice(pages))
            case "ours":
                here.press("Ours")
                here.press("Mine")
            case "put in":
                here.help(0, "Put it in")
            case "bring":
                window = here.brings("main.py", f"# brought {number}\n".encode())
                window.get_by_role("button", name="Take it").click()
            case "start over":
                here.starts_over()
            case "undo" if here.undo.is_visible():
                here.press("Undo")
        here.box.locator(".bar").wait_for()
        for each in windows:
            each.page.clock.run_for(STOOD_MS)
        for _ in range(50):
            if len(shown := {each.shown for each in windows}) == 1:
                break
            here.page.clock.run_for(100)
        assert len(shown) == 1, f"two windows show two programs after act {number}"
        stood |= shown
    here = windows[0]
    assert len(stood) > 10
    assert stood - {here.shown} <= set(earlier(here))
    for text in luck.sample(sorted(stood - {here.shown}), 5):
        at = earlier(here).index(text) if text != here.shown else None
        if at is not None:
            here.press("Keep")
            here.page.locator("dialog").locator(".versions button").nth(at).click()
        assert here.shown == text
    context.close()


def test_of_two_windows_that_write_at_once_the_loser_is_kept(bench):
    one, other = bench(runs=False), bench(runs=False)
    one.edit()
    other.edit()
    one.writes("# one\n")
    other.writes("# other\n")
    for _ in looks(20):
        if one.shown == other.shown:
            break
    assert one.shown == other.shown
    lost = {"# one\n", "# other\n"} - {one.shown}
    assert lost <= set(earlier(one))


def test_what_the_page_changed_can_be_undone_after_a_reload_too(bench, expect):
    here = bench(runs=False)
    here.writes(BEFORE + "# mine\n")
    here.help(0, "Put it in")
    assert "async def send_personal_message" in here.shown
    here.page.reload()
    here.box.locator(".bar").wait_for()
    here.press("Undo")
    assert here.shown == BEFORE + "# mine\n"
    expect(here.undo).to_be_hidden()
    here.help(0, "Put it in")
    here.undo.wait_for()
    here.edit().page.keyboard.type("#")
    expect(here.undo, "it would take away what was typed since").to_be_hidden()
    here.help(1, "Put it in")
    here.page.get_by_role("link", name="4. The news messenger").first.click()
    here.page.get_by_role("heading", name="4. The news messenger").wait_for()
    expect(here.undo).to_be_hidden()


def test_the_program_stays_in_sight_wherever_the_reader_goes(bench):
    """The theme makes the head of the page anew, where the editor keeps its style."""
    here = bench(STEPS[1].name)
    beside = (
        "['.cm-lineNumbers', '.cm-content'].map((part) => document.querySelector(`#bench ${part}`))"
        ".map((part) => part.getBoundingClientRect())"
        ".reduce((one, two) => one.right <= two.left && one.top === two.top)"
    )
    here.writes(text := "\n".join([*STEPS[1].lines, ""]))
    here.page.wait_for_function(beside)
    here.page.get_by_role("link", name="http://127.0.0.1:8000/rooms").click()
    here.verdict.get_by_text("Your club is asleep.").wait_for()
    here.run()
    here.page.get_by_role("link", name="http://127.0.0.1:8000/rooms").click()
    here.verdict.get_by_text('{"chat":0,"notifications":0}').wait_for()
    for link in (here.page.get_by_role("link", name="Next: 3. The chat"), here.page.locator("[data-rung='1']")):
        link.click()
        here.page.wait_for_function("document.querySelector('#bench .undo')?.hidden")
        here.page.get_by_role("heading", level=1, name=re.compile(r"3\. The chat|1\. The tools")).wait_for()
        here.page.wait_for_function(beside)
    here.page.go_back()
    here.page.get_by_role("heading", level=1, name="3. The chat").wait_for()
    here.page.wait_for_function(beside)
    here.page.set_viewport_size({"width": 390, "height": 844})
    here.page.evaluate("scrollTo({ top: 700, behavior: 'instant' })")
    for view in ("Code", "Read", "Code", "Read"):
        here.page.get_by_role("navigation", name="What to see").get_by_role("button", name=view).click()
        here.page.locator(f"html[data-view={view.lower()}]").wait_for()
        if view == "Code":
            here.page.wait_for_function(beside)
    here.page.wait_for_function("scrollY === 700")
    assert here.shown == text


def test_a_club_answers_at_an_address_of_ones_own_and_what_is_said_stays(bench, expect):
    """Also from the words of a page, whose links lead to a club in a terminal. Nothing takes the verdict's place."""
    here = bench(STEPS[5].name)
    mine = "\n".join([*STEPS[5].lines, ""]).replace("manager.join(websocket, room)", "manager.joyn(websocket, room)")
    here.writes(f'{mine}\n\n@app.get("/hello")\nasync def hello() -> dict[str, str]:\n    return {{"Ada": "hi"}}\n')
    here.press("Terminal")
    here.run()
    assert here.terminal.is_visible(), "what was opened stays"
    here.press("Terminal")
    address = here.box.get_by_role("textbox", name="Address")
    for typed in ("hello", "http://127.0.0.1:8000/hello"):
        address.fill(typed)
        address.press("Enter")
        here.verdict.get_by_text('{"Ada":"hi"}').wait_for()
        here.verdict.get_by_role("button", name="Close").click()
    link = "<a href=http://127.0.0.1:8000/>my club</a>"
    here.page.evaluate("link => document.querySelector('article').insertAdjacentHTML('beforeend', link)", link)
    here.page.get_by_role("link", name="my club").click()
    here.status.get_by_text("Your club is already here").wait_for()
    here.check().get_by_text("Did you mean join?").wait_for()
    ada = here.talkie("Ada")
    ada.get_by_role("textbox", name="Room").fill("garden")
    ada.get_by_role("textbox", name="Room").press("Enter")
    here.status.get_by_text("Something went wrong. Look at line").wait_for()
    expect(here.verdict.get_by_text("Did you mean join?")).to_be_visible()
    expect(here.box.get_by_role("alert")).to_be_hidden()
    here.verdict.get_by_role("button", name="Close").click()
    expect(here.verdict).to_be_hidden()


def test_before_its_first_step_the_house_is_dark_and_what_does_not_fit_has_tabs(bench, expect):
    here = bench(STEPS[0].name, size={"width": 1366, "height": 768})
    here.run()
    here.house.get_by_text("The club is awake, but its house is dark").wait_for()
    dark = here.house.locator("body.dark")
    expect(dark).to_have_count(1)
    here.writes("\n".join([*STEPS[0].lines, ""]))
    here.run()
    here.house.get_by_text("The club is awake", exact=True).wait_for()
    expect(dark).to_have_count(0)
    here.opens(STEPS[5].name)
    here.writes("\n".join([*STEPS[5].lines, ""]))
    here.run()
    tabs = here.house.get_by_role("tab")
    here.house.get_by_role("button", name="Add a friend").click()
    tabs.filter(has_text="Chen").wait_for()
    tabs.filter(has_text="Bo").first.click()
    rooms = here.house.get_by_role("textbox", name="Room").filter(visible=True)
    expect(here.talkie("Bo")).to_be_visible()
    for name in ("Ada", "Bo"):
        here.talkie(name, "[data-state=connected]").wait_for()
    for width in rooms.evaluate_all(
        "rooms => rooms.map((room) => room.clientWidth / parseFloat(getComputedStyle(room).fontSize))"
    ):
        assert width > 4.5, "a field holds eight letters"
    for button in here.house.get_by_role("button", name="Send").filter(visible=True).all():
        box = button.bounding_box()
        assert box["x"] + box["width"] <= 1366
        assert box["y"] + box["height"] <= 768


def line_of(words):
    """The number of the first line of ours with these words."""
    return OURS[: OURS.index(words)].count("\n") + 1


def test_each_box_knows_the_learners_program(bench):
    here = bench()
    count = len(here.boxes())
    assert {badge for badge, _ in here.boxes()} == {"not there yet"}
    assert here.boxes()[0][1].startswith("Goes below disconnect, your line ")
    assert here.boxes()[-1][1] == "First build websocket_endpoint."
    printed = "[...document.querySelectorAll('[data-printed]')].map(({ dataset }) => dataset.linenos.trim())"
    assert all(number.isdigit() for number in here.page.evaluate(printed))
    for box in range(count):
        here.help(box, "Put it in")
        assert here.page.locator(".place .badge").nth(box).inner_text() in ("not there yet", "like ours")
        here.page.locator(f".place >> nth={box} >> text=like ours").wait_for()
    assert here.shown == OURS
    here.changes("        except (WebSocketDisconnect", "            except (WebSocketDisconnect")
    here.page.locator(".place >> nth=0 >> text=look at line").wait_for()
    line = line_of("        except (WebSocketDisconnect")
    assert here.boxes()[0] == (f"look at line {line}", f"Your line {line} starts 12 spaces in. Ours starts 8 in.")
    here.help(0, "Put it in")
    assert here.shown == OURS
    own = {"ConnectionManager": "Club", "manager": "keeper", '"timestamp": now': '"timestamp": now, "shout": True'}
    own |= {"websocket_endpoint": "websocket_endpont"}
    text = OURS
    for name, other in own.items():
        text = text.replace(name, other)
    here.writes(text)
    here.page.locator(".place .badge").get_by_text("look at line").first.wait_for()
    here.check()
    here.page.locator(".place .badge").get_by_text("yours", exact=True).first.wait_for()
    here.page.locator(".place .badge").get_by_text("look at line").first.wait_for(state="detached")  # for it works
    assert "One more look" in here.verdict.inner_text(), "a name that nearly is ours may be meant, or not"
    here.opens("04_notifications")
    here.page.locator(".called").get_by_text("Where this page says manager, type keeper.").wait_for()
    assert {badge for badge, _ in here.boxes()} == {"not there yet"}
    for box in range(len(here.boxes())):
        here.help(box, "Put it in")
        here.page.locator(f".place >> nth={box} >> text=like ours").wait_for()
    assert here.page.evaluate("document.querySelector('.called').innerText").count("type") == 1
    assert "keeper.connect(websocket" in here.shown
    assert "manager" not in here.shown
    here.opens("03_chat")
    here.writes("from fastapi import FastAPI\n")
    here.page.locator(".place").first.get_by_text("First build ConnectionManager.").wait_for()


def test_show_me_where_puts_the_cursor_there_in_a_broken_program_too(bench):
    here = bench(runs=False)
    here.writes(BEFORE.replace("def disconnect(self", "def disconnect(self((", 1))
    here.page.locator(".place").first.get_by_role("button", name="Show me where").click()
    here.page.locator(".cm-content:focus").wait_for()
    here.page.keyboard.insert_text("HERE")
    lines = here.shown.split("\n")
    at = lines.index("    HERE")
    assert "remove(websocket)" in lines[at - 2]
    for _ in range(3):
        here.page.locator(".place").nth(1).get_by_role("button", name="Show me where").click()
        here.page.wait_for_timeout(100)
    assert len(here.shown.split("\n")) <= len(lines) + 3, "empty lines pile up"


def test_help_goes_from_little_to_much(bench):
    here = bench(runs=False)
    here.press("Help me")
    window = here.page.locator("dialog")
    window.get_by_role("button", name="A hint").click()
    assert "They go below disconnect" in window.inner_text()
    window.get_by_role("button", name="A hint").click()
    assert "async def …" in window.inner_text()
    assert "send_text" not in window.inner_text()
    window.get_by_role("button", name="Shuffle the lines").click()
    wanted = [line for line in OURS.split("\n") if line and line in window.locator(".puzzle").inner_text()]
    lines = window.locator(".puzzle li")
    for place, line in enumerate(wanted[: lines.count()]):
        while lines.nth(place).locator("code").inner_text().strip() != line.strip():
            lines.filter(has_text=line.strip()).get_by_role("button", name="Up").click()
    window.get_by_text("That is the right order!").wait_for()
    assert here.shown == BEFORE
    window.get_by_role("button", name="Put them in").click()
    assert "async def send_personal_message" in here.shown
    here.opens("01_imports")
    here.writes("\n")
    here.boxes()
    numbers = here.page.locator(".task >> nth=0 >> [data-linenos]").evaluate_all(
        "each => each.map((one) => +one.dataset.linenos)"
    )
    assert numbers == list(range(1, len(numbers) + 1))
    here.help(0, "Shuffle the lines")
    window.get_by_text("That is the right order!").wait_for()  # imports are right in any order


def test_a_program_that_already_does_it_all_is_not_filled_in(bench):
    right = (ROOT / "tests" / "right" / "03_docs_list.py").read_text(encoding="utf-8")
    here = bench()
    here.writes(right)
    here.help(0, "Fill in")
    here.status.get_by_text("already does all this").wait_for(timeout=60_000)
    assert here.shown == right


def test_a_gap_is_filled_in_and_earns_no_star(bench):
    here = bench(STEPS[0].name)
    mine = "# my club\n" + re.sub(r"    def disconnect.*\n(?:.+\n)+\n", "", OURS, count=1)
    here.writes(mine)
    here.opens(STEPS[3].name)
    here.page.get_by_text("Some of step 2 is not in your program yet.").wait_for()
    here.page.locator(".skipped").get_by_role("button", name="Fill it in").click()
    here.status.get_by_text("Filled in up to step 2").wait_for(timeout=60_000)
    lines = iter(here.shown.split("\n"))
    assert all(line in lines for line in mine.split("\n")), "a line of the learner's is gone"
    assert "def disconnect" in here.shown
    assert here.check().get_by_role("img").get_attribute("aria-label") == "1 of 2 stars"
    assert here.stars() == [3]
    here.writes("app = 1\n")
    here.check()
    assert here.stars() == [3], "a star once earned stays"
    assert here.page.locator("[data-rung].again").count() == 1


def test_a_zip_and_an_address_come_back_byte_for_byte_and_a_damaged_one_changes_nothing(bench):
    here = bench(runs=False)
    mine = OURS + "# ✓ grün 🎉\n"
    here.writes(mine)
    with here.page.expect_download() as download:
        here.keep("Take it home")
    here.page.keyboard.press("Escape")
    home = Path(download.value.path()).read_bytes()
    here.keep("Move to another machine")
    address = here.page.get_by_role("textbox", name="The address").input_value()
    assert here.page.get_by_role("img", name="The address as a picture").is_visible()
    here.page.keyboard.press("Escape")

    here.writes(BEFORE)
    window = here.brings("my-club.zip", home)
    assert "grün" in window.locator("pre").inner_text()
    assert here.shown == BEFORE, "it replaces nothing unasked"
    window.get_by_role("button", name="Take it").click()
    assert here.shown == mine

    here.writes(BEFORE)
    here.page.goto("about:blank")
    here.page.goto(address)
    here.page.locator("dialog").get_by_role("button", name="Take it").click()
    assert here.shown == mine
    assert "#mine" not in here.page.url

    at = home.index(b"my_club/main.py") + 100  # in the middle of the program
    damaged = [home[:-30], home[:at] + b"!!!!" + home[at + 4 :], b"PK\3\4", b"\xff\xfe\0", b""]
    with zipfile.ZipFile(empty := io.BytesIO(), "w") as parcel:
        parcel.writestr("readme.txt", "no program here")
    for data in [*damaged, empty.getvalue()]:
        here.brings("my-club.zip", data).get_by_text(re.compile("Nothing has changed|you have here already")).wait_for()
        here.page.keyboard.press("Escape")
    for wrong in (address[:-4], address.replace("#mine=3.", "#mine=2."), address.split("#")[0] + "#mine=3.x.y"):
        here.page.goto("about:blank")
        here.page.goto(wrong)
        here.page.locator("dialog").get_by_text("Nothing has changed").wait_for()
    assert here.shown == mine


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 844), (390, 500)])
def test_what_is_needed_is_in_sight(bench, width, height):
    """Also with the keyboard of a phone open, which leaves 500 pixels."""
    here = bench(size={"width": width, "height": height})
    in_sight = lambda part: (  # noqa: E731
        (place := part.bounding_box()) and place["y"] >= 0 and place["y"] + place["height"] <= height
    )
    if width < 1000:
        here.page.get_by_role("navigation", name="What to see").get_by_role("button", name="Code").click()
    here.writes(OURS)
    here.press("Ours")
    run = here.box.get_by_role("button", name="Run", exact=True)
    assert in_sight(run)
    here.run()
    if width > 1000:
        box = here.box.locator(".cm-scroller").bounding_box()
        assert box["height"] / here.box.locator(".cm-line").nth(1).bounding_box()["height"] >= 13
        for name in ("Ada", "Bo"):
            here.talkie(name, "[data-state=connected]").wait_for()
            assert in_sight(here.talkie(name).get_by_role("button", name="Send"))
            assert in_sight(here.talkie(name))
    else:
        here.page.locator("html[data-view=club]").wait_for()  # Run opens the club
        assert here.status.bounding_box()["height"] < 30, "“On the air” is one line"
        assert in_sight(run)
        assert in_sight(here.page.get_by_role("navigation", name="What to see"))
        here.page.get_by_role("navigation", name="What to see").get_by_role("button", name="Code").click()
        here.press("Mine")
        here.writes("app =\n")
        here.press("Run")
        here.is_in("wrong")
        here.page.locator("html[data-view=code]").wait_for()  # an error opens the code
        here.page.go_back()
        here.page.locator("html[data-view=read] h1").wait_for()
    assert here.page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_whole_step_by_keyboard_alone(bench):
    """From the words to the place, out of the editor, on the air, and to the verdict."""
    here = bench(STEPS[0].name)
    keyboard = here.page.keyboard

    def tab_to(name):
        for _ in range(200):
            keyboard.press("Tab")
            if here.page.evaluate("document.activeElement.textContent") == name:
                return
        pytest.fail(f"Tab does not lead to {name}")

    done = here.page.locator(".place .badge").get_by_text("like ours")
    while any(badge != "like ours" for badge, _ in here.boxes()):
        count = done.count()
        here.page.locator("h1").click()  # back to the top
        tab_to("Help me")
        while here.page.evaluate("document.activeElement.parentElement.textContent.startsWith('like ours')"):
            tab_to("Help me")
        keyboard.press("Enter")
        tab_to("Put it in")
        keyboard.press("Enter")
        here.page.locator(".cm-content:focus").wait_for()
        keyboard.press("Tab")
        assert here.page.locator(".cm-content:focus").count(), "Tab belongs to the editor"
        keyboard.press("Control+z")
        keyboard.press("Escape")
        keyboard.press("Tab")
        assert not here.page.locator(".cm-content:focus").count()
        done.nth(count).wait_for()
    assert here.shown.split() == "\n".join(STEPS[0].lines).split()
    here.box.locator(".cm-content").focus()
    keyboard.press("Control+Enter")
    here.is_in("running")
    here.box.get_by_role("button", name="Keep").focus()
    keyboard.press("Shift+Tab")
    keyboard.press("Shift+Tab")
    keyboard.press("Enter")
    here.status.get_by_text("Step 1 works").wait_for(timeout=60_000)
    assert here.verdict.get_by_role("link", name="Go on with step 2").is_visible()
    assert here.stars() == [1]


HEAD = (
    "[...document.querySelectorAll('.front > h1, .front > h1 + p')].map((each) => each.getBoundingClientRect())"
    ".map(({ x, y, width }) => [x, y, width].map(Math.round))"
)


def test_the_home_page_sleeps_until_somebody_touches_it_and_nothing_moves(kept, served):
    page = kept[0].new_page()
    page.add_init_script(
        "shifts = []; new PerformanceObserver((list) => { for (const { value, sources } of list.getEntries())"
        "shifts.push([value, sources.map(({ node }) => node?.nodeName)]); })"
        ".observe({ type: 'layout-shift', buffered: true })"
    )
    page.goto(f"http://{served.address}/index.html")
    ada, bo = (page.locator(f"walkie-talkie[name={name}]") for name in ("Ada", "Bo"))
    bo.wait_for()
    page.wait_for_timeout(800)
    assert page.evaluate("scrollY") == 0
    shifts = page.evaluate("shifts")
    assert sum(value for value, _ in shifts) < 0.01, shifts
    assert not [worker for worker in page.workers if worker.url.startswith("blob:")]
    for size in ({"width": 1366, "height": 768}, {"width": 390, "height": 844}):
        page.set_viewport_size(size)
        parts = [page.locator("h1"), page.locator(".md-button--primary")]
        for part in [*parts, *(each.get_by_role("button", name="Send") for each in (ada, bo))]:
            assert part.bounding_box()["y"] + part.bounding_box()["height"] <= size["height"]
    ada.get_by_role("textbox", name="Message").fill("Is anybody there?")
    ada.get_by_role("textbox", name="Message").press("Enter")  # long before Python is awake
    bo.get_by_role("log").get_by_text("Is anybody there?", exact=True).wait_for(timeout=20_000)
    bo.get_by_role("textbox", name="Message").fill("I am!")
    bo.get_by_role("textbox", name="Message").press("Enter")
    ada.get_by_role("log").get_by_text("I am!", exact=True).wait_for()
    ada.get_by_role("button", name="Hang up").click()
    ada.get_by_text("Press “Pick up” to come back.").wait_for()
    assert page.evaluate("scrollY") == 0
    page.set_viewport_size({"width": 1280, "height": 720})
    whole = page.evaluate(HEAD)
    page.evaluate("document.querySelectorAll('.front > .home, .front > .home ~ *').forEach((each) => each.remove())")
    assert page.evaluate(HEAD) == whole, "the heading moves when the browser has read the rest of the page"
    page.close()


def test_the_project_to_download_is_the_one_that_git_keeps(site):
    with zipfile.ZipFile(site / "take-home" / "fastapi-websocket-adventure.zip") as parcel:
        names = {name.partition("/")[2] for name in parcel.namelist()}
    assert {"pyproject.toml", "steps/my_club/main.py", "steps/clubhouse/index.html", "src/club/cli.py"} <= names
    made = re.compile(r"in-page/|__pycache__|node_modules|assets/workbench/|assets/clubhouse/|take-home|service-worker")
    assert not [name for name in names if made.search(name) and not name.startswith("workbench/page/")]


def test_what_is_private_stays_at_home(tmp_path):
    """Passwords, what a club has heard, a program that was put aside, and what lies outside the project."""
    copy_of_the_repository(home := tmp_path / "home")
    secret = "nobody else's business"
    private = ["16_bad_days/.env", "my_club/redis.env", "my_club/club.db", "my_club/club.db-wal", "clubhouse/.env"]
    for name in [*private, "my_club/.club.json", "my_club/main_before_2026-11-30_12-00-00.py"]:
        (home / "steps" / name).write_text(secret, encoding="utf-8")
    (outside := tmp_path / "outside").mkdir()
    (outside / "diary.txt").write_text(secret, encoding="utf-8")
    with suppress(OSError):  # not everybody may make links on Windows
        (home / "steps" / "clubhouse" / "diary.txt").symlink_to(outside / "diary.txt")
        (home / "steps" / "clubhouse" / "more").symlink_to(outside, target_is_directory=True)
    command = [sys.executable, "-c", "from club_site.parcels import pack; pack()"]
    subprocess.run(command, env=os.environ | {"PYTHONPATH": str(home / "src")}, check=True, timeout=60)
    parcels = list((home / "docs" / "take-home").glob("*.zip"))
    assert len(parcels) == len(STEPS) + 1
    for file in parcels:
        with zipfile.ZipFile(file) as parcel:
            assert not [name for name in parcel.namelist() if parcel.read(name) == secret.encode()], file.name
    published = [file for file in (home / "docs" / "assets").rglob("*") if file.is_file()]
    assert not [file for file in published if file.read_bytes() == secret.encode()]


def test_what_the_bench_knows_of_the_steps_is_what_they_are(site):
    known = json.loads((site / "assets" / "workbench" / "steps.json").read_text(encoding="utf-8"))
    assert [each["source"] for each in known["steps"]] == ["\n".join([*step.lines, ""]) for step in STEPS]


def test_a_fault_of_ours_is_told_kindly_and_can_be_sent(browser, served):
    context = watched(browser, [], permissions=["clipboard-read", "clipboard-write"])
    here = Bench(Window(context.new_page(), served.address))
    fault = {"content_type": "text/javascript", "body": "throw new Error('a made-up fault')"}
    here.page.route("**/workbench/made-up.js", lambda call: call.fulfill(**fault))
    here.page.add_script_tag(url="../assets/workbench/made-up.js")
    here.verdict.get_by_text("It is our fault, not yours, and your program is safe.").wait_for()
    here.verdict.get_by_role("button", name="Copy what happened").click()
    here.verdict.get_by_role("button", name="Copied").wait_for()
    told = here.page.evaluate("navigator.clipboard.readText()")
    assert "a made-up fault" in told
    assert f"/steps/{CHAT}.html" in told
    assert "ConnectionManager" not in told, "a learner's program is nobody's business"
    context.close()
