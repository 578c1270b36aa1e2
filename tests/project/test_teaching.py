"""What teachers get: notes, plans, slides, sheets. And the lesson of one hour, held as its plan says."""

import json
import re
import zipfile

import pytest

from club.ladder import ROOT, STEPS, steps
from club_site import llms, teaching
from club_site.mistakes import mistakes_of
from project.bench import EMPTY
from project.test_class_in_page import Board, Guest, Pupil, klass, opens  # noqa: F401

DOCS = ROOT / "docs"
FOR_TEACHERS = sorted((DOCS / "teaching").glob("*.md"))
LEARNERS_TOO = ["cheat-sheet.md", "certificate.md"]
PLANS = ["one-hour.md", "two-hours.md", "six-weeks.md"]
PRESSES = 30


def text_of(name):
    return (DOCS / "teaching" / name).read_text(encoding="utf-8")


# --- the words -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", steps().values(), ids=steps().keys())
@pytest.mark.rules
def test_each_step_has_notes_for_teachers_at_the_end_of_its_page(step):
    page = (DOCS / "steps" / f"{step.name}.md").read_text(encoding="utf-8")
    assert page.rstrip().endswith(f"[[teachers {step.name}]]")
    told = teaching.notes(step.name)
    assert told.starter.endswith("?")
    assert told.plenary.endswith("?")
    assert re.fullmatch(r"[^.!?]+\.", told.aim), "one sentence"
    assert 3 <= len(told.watch) <= 4
    whats = [mistake["what"] for mistake in mistakes_of(step)]
    assert all(what in whats for what, _ in told.watch)
    shown = "\n".join(teaching.teachers(step.name))
    assert shown.startswith('??? info "For teachers"')
    assert "{" not in re.sub(r"\{client_id\}|\{ target=_blank \}", "", shown), "a name is missing"


def test_the_minutes_follow_from_what_there_is_to_type():
    found = {step.number: teaching.minutes(step) for step in steps().values()}
    assert found[1] < found[2] < found[3]
    assert all(10 <= minutes <= 90 for minutes in found.values())


@pytest.mark.parametrize("page", FOR_TEACHERS, ids=lambda page: page.name)
@pytest.mark.rules
def test_a_page_for_teachers_says_so(page):
    text = page.read_text(encoding="utf-8")
    first = text.split("\n# ", 1)[1]
    if page.name not in LEARNERS_TOO:
        assert re.search(r"\b(teacher|technician)", "\n".join(first.splitlines()[:4]))
    if page.name != "index.md":
        assert f"({page.name}" in text_of("index.md"), "the first page for teachers leads to it"


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.rules
def test_what_a_plan_names_is_there(plan):
    """In italics: a box of a step, or a word that a page or the board shows."""
    pages = "".join(page.read_text(encoding="utf-8") for page in sorted((DOCS / "steps").glob("*.md")))
    known = set(re.findall(r'^!!! task "(.+)"', pages, re.MULTILINE)) | {
        "To end",
        *re.findall(r"^## (.+)", pages, re.MULTILINE),
    }
    files = [*(ROOT / "workbench" / "page").glob("*.js"), *(STEPS / "clubhouse").glob("*.js")]
    files += [*(ROOT / "src" / "club" / "classroom" / "board").iterdir(), *DOCS.glob("steps/*.md")]
    shown = "".join(file.read_text(encoding="utf-8") for file in files)
    for name in re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", text_of(plan)):
        if name in {"Late?", "chat", "news"}:
            continue
        assert name in known or re.search(rf"[\"`>*?]{re.escape(name)}[\"`<*| …]", shown), name


@pytest.mark.rules
def test_a_plan_leaves_no_minute_out():
    for plan, end in (("one-hour.md", 60), ("two-hours.md", 120)):
        spans = re.findall(r"^## (\d+) to (\d+): ", text_of(plan), re.MULTILINE)
        assert [first for first, _ in spans] == ["0", *(last for _, last in spans[:-1])]
        assert int(spans[-1][1]) == end


@pytest.mark.parametrize(
    "word", ["offline", "assessment", "curriculum", "rubric", "Chromebook", "lesson plan", "unplugged"]
)
def test_search_finds_the_words_of_teachers(word, site):
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    found = [each["location"] for each in index["docs"] if word.lower() in (each["title"] + each["text"]).lower()]
    assert [place for place in found if place.startswith("teaching/")], found


def test_the_teachers_link_is_in_the_first_screen(quiet_window):
    quiet_window.opens("/")
    for _, width in quiet_window.screens():
        link = quiet_window.page.locator("article").get_by_role("link", name="For teachers").first
        box = link.bounding_box()
        assert box["y"] + box["height"] <= 844, width
    quiet_window.page.get_by_role("link", name="For teachers").first.click()
    quiet_window.page.get_by_role("heading", name="For teachers").wait_for()


# --- what AI helpers are told --------------------------------------------------------------------------------


def test_each_zip_tells_an_ai_helper_to_hint_and_not_to_solve(site):
    parcels = sorted((site / "take-home").glob("*.zip"))
    assert len(parcels) == len(steps()) + 1
    for parcel in parcels:
        with zipfile.ZipFile(parcel) as opened:
            [name] = [each for each in opened.namelist() if each.count("/") == 1 and each.endswith("/AGENTS.md")]
            told = opened.read(name).decode()
        assert told == llms.AGENTS, parcel.name
    assert "Do not write their program" in told
    assert llms.TUTOR in (site / "llms.txt").read_text(encoding="utf-8")


# --- slides --------------------------------------------------------------------------------------------------


@pytest.fixture
def quiet_window(served, open_window):
    return open_window(served.address, EMPTY)


@pytest.fixture
def deck(quiet_window):
    quiet_window.opens("/slides/03_chat.html")
    return quiet_window


def shown(window):
    """The slides that somebody sees, and whether there are notes."""
    seen = [slide for slide in window.page.locator(".slide").all() if slide.is_visible()]
    return [slide.get_attribute("aria-label") for slide in seen], window.page.locator(".notes:visible").count()


def test_slides_are_made_of_the_page(site):
    for step in steps().values():
        page = (DOCS / "steps" / f"{step.name}.md").read_text(encoding="utf-8")
        deck = (site / "slides" / f"{step.name}.html").read_text(encoding="utf-8")
        told = teaching.notes(step.name)
        assert '<g class="new">' in deck
        assert deck.count('<section class="quiz"') == 2
        for words in (
            teaching.guess_of(step.name)[0],
            told.starter,
            told.plenary,
            *re.findall('^!!! task "(.+)"', page, re.MULTILINE),
        ):
            assert teaching.words(words).replace("'", "") in deck.replace("'", "").replace("&#39;", ""), words
        assert deck.count('class="slide"') == deck.count('class="notes"')
        assert "[[" not in deck
        assert 'class="answers"' not in deck


def test_arrow_keys_go_through_the_slides(deck):
    page, count = deck.page, deck.page.locator(".slide").count()
    assert shown(deck) == (["Slide 1"], 0)
    for key, wanted in (("ArrowRight", 2), ("PageDown", 3), ("ArrowLeft", 2), ("End", count), ("ArrowRight", count)):
        page.keyboard.press(key)
        assert shown(deck) == ([f"Slide {wanted}"], 0), key
    page.reload()
    assert shown(deck)[0] == [f"Slide {count}"], "a reload stays where it was"
    page.keyboard.press("Home")
    page.get_by_role("button", name="Next").click()
    assert shown(deck)[0] == ["Slide 2"]


def test_space_on_an_answer_opens_it_and_stays_on_the_slide(deck):
    for _ in range(2):
        deck.page.keyboard.press("ArrowRight")
    deck.page.locator(".now summary").focus()
    deck.page.keyboard.press("Space")
    assert shown(deck)[0] == ["Slide 3"]
    assert deck.page.locator(".now details[open]").count() == 1


def test_the_teacher_has_notes_and_the_wall_has_none(deck):
    wall = deck.page.context.new_page()
    wall.goto(deck.page.url)
    deck.page.bring_to_front()
    deck.page.keyboard.press("n")
    assert shown(deck) == (["Slide 1"], 1)
    deck.page.keyboard.press("ArrowRight")
    wall.locator(".slide.now[aria-label='Slide 2']").wait_for()
    assert wall.locator(".notes:visible").count() == 0
    wall.close()


def test_slides_print_with_their_notes(deck):
    count = deck.page.locator(".slide").count()
    deck.page.emulate_media(media="print")
    assert shown(deck) == ([f"Slide {at}" for at in range(1, count + 1)], count)
    assert not deck.page.get_by_role("navigation").is_visible()
    sheets = len(re.findall(rb"/Type\s*/Page\b", deck.page.pdf(format="A4")))
    assert sheets <= count / 2 + 1
    deck.page.emulate_media(media="screen")


@pytest.mark.parametrize("name", ["01_imports", "03_chat", "16_bad_days"])
def test_slides_fit_and_axe_finds_nothing(name, quiet_window):
    asked = []
    quiet_window.page.on("request", lambda request: asked.append(request.url))
    quiet_window.opens(f"/slides/{name}.html")
    for scheme, width in quiet_window.screens():
        for _ in range(quiet_window.page.locator(".slide").count()):
            assert quiet_window.page.evaluate("document.documentElement.scrollWidth") <= width
            quiet_window.page.keyboard.press("ArrowRight")
        quiet_window.page.keyboard.press("n")
        assert (scheme, quiet_window.axe_finds()) == (scheme, [])
        quiet_window.page.keyboard.press("Home")
    assert all(url.startswith(f"http://{quiet_window.address}/") for url in asked)


def test_without_a_script_slides_are_one_page(served, open_window):
    window = open_window(served.address, "/slides/03_chat.html", java_script_enabled=False)
    seen, notes = shown(window)
    assert len(seen) == notes == window.page.locator(".slide").count()


# --- paper ---------------------------------------------------------------------------------------------------


def test_the_cheat_sheet_is_one_sheet(quiet_window):
    quiet_window.opens("/teaching/cheat-sheet.html").dresses("light", 1280)
    assert len(re.findall(rb"/Type\s*/Page\b", quiet_window.page.pdf(format="A4"))) == 1
    signs = quiet_window.page.locator(".signs dt").count()
    assert signs == sum(len(teaching.signs_of(step)) for step in steps().values() if step.level <= 2) > 50


def test_the_sheet_of_answers_names_its_step_and_has_all_answers(site):
    page = (site / "steps" / "03_chat.html").read_text(encoding="utf-8")
    assert "<h2>3. The chat: answers</h2>" in page
    sheet = re.sub("<.+?>", "", (site / "teaching" / "answers.html").read_text(encoding="utf-8"))
    for step in steps().values():
        assert step.title in sheet
        for quiz in teaching.quizzes_of(step.name):
            assert teaching.right_of(quiz).replace("`", "")[:20] in sheet.replace("&#39;", "'")


def test_the_certificate_prints_the_stars_of_this_browser(quiet_window):
    page = quiet_window.page
    quiet_window.opens("/teaching/certificate.html")
    page.locator(".sum").get_by_text("There are no stars in this browser yet.", exact=True).wait_for()
    kept = {"text": "", "stars": [1, 2, 3]}
    page.evaluate("([place, kept]) => localStorage.setItem(`club ${place}`, JSON.stringify(kept))", ["/", kept])
    page.reload()
    page.get_by_text(f"earned 3 of {len(steps())} stars").wait_for()
    assert page.locator(".certificate li:visible").all_inner_texts() == ["the tools", "the club manager", "the chat"]
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_label("Nickname").fill("<b>Mia</b>")
    assert page.locator(".who").inner_text() == "<b>Mia</b>"
    assert asked == [], "a nickname goes nowhere"
    quiet_window.page.emulate_media(media="print")
    assert page.locator(".paper").is_visible()
    assert not page.get_by_role("heading", name="Certificate").is_visible()
    assert not page.get_by_role("button", name="Print").is_visible()


def test_paper_shows_the_numbers_of_the_page_and_keeps_pictures_in_shape(quiet_window, site):
    """Printed from a browser in which nobody has typed anything yet."""
    quiet_window.opens("/steps/03_chat.html").dresses("light", 1280)
    quiet_window.page.locator(".place .badge").first.wait_for()
    quiet_window.page.emulate_media(media="print")
    printed = quiet_window.page.evaluate(
        """[...document.querySelectorAll(".task [data-linenos]")]
            .map((line) => parseInt(getComputedStyle(line, "::before").content.slice(1)))"""
    )
    page = (site / "steps" / "03_chat.html").read_text(encoding="utf-8")
    boxes = "".join(re.findall(r"data-new=.+?</pre>", page, re.DOTALL))
    assert printed == [int(number) for number in re.findall(r'data-linenos="\s*(\d+)', boxes)]
    quiet_window.page.locator("article img:visible").first.scroll_into_view_if_needed()
    quiet_window.page.wait_for_function("[...document.images].some((each) => each.offsetWidth && each.naturalWidth)")
    width, height = quiet_window.page.evaluate(
        """[...document.images].filter((image) => image.offsetWidth && image.naturalWidth)
            .map((image) => [image.offsetWidth / image.offsetHeight, image.naturalWidth / image.naturalHeight])[0]"""
    )
    assert width == pytest.approx(height, rel=0.1)
    for heading in quiet_window.page.locator("article h2").all():
        assert heading.evaluate("each => getComputedStyle(each).breakAfter") == "avoid"
    quiet_window.page.emulate_media(media="screen")


# --- the lesson of one hour ----------------------------------------------------------------------------------


def types(pupil, lines):
    """As the plan says: Enter makes the spaces, and Backspace takes four away."""
    for number, line in enumerate(lines):
        if number:
            pupil.page.wait_for_timeout(100)  # nobody types faster; the editor reads the line meanwhile
            pupil.page.keyboard.press("Enter")
        wanted = len(line) - len(line.lstrip())
        here = (
            "(() => { const v = %s; const p = v.state.selection.main.head; return p - v.state.doc.lineAt(p).from })()"
        )
        view = "document.querySelector('#bench .cm-content').cmTile.view"
        while line and pupil.page.evaluate(here % view) > wanted:
            pupil.page.keyboard.press("Backspace")
        assert not line or pupil.page.evaluate(here % view) == wanted, f"Enter has not made the spaces of: {line}"
        pupil.page.keyboard.insert_text(line.lstrip())


def test_the_hour_leads_from_an_empty_file_to_a_visit(klass, opens):  # noqa: F811
    board = Board(opens(""), klass)
    for page, is_for_pupils in (("slides/03_chat", False), ("teaching/one-hour", False), ("steps/03_chat", True)):
        assert ("class.js" in klass.asks(f"/{page}.html").text) == is_for_pupils, "a teacher needs no nickname"
    window = opens(klass.address_of_pupils)
    window.opens("/")
    page = window.page
    page.get_by_label("Your nickname").fill("Mia")
    page.get_by_role("button", name="Come in").click()
    page.locator("#join").wait_for(state="detached")

    def opens_for_all(step):
        """Once more for those whose page had no line to the class yet, as the plan says."""
        board.page.get_by_label("Open a page for everybody").select_option(label=step.title)
        for _ in range(PRESSES):
            board.press("Open for all")
            page.wait_for_timeout(1000)
            if step.name in page.url:
                return
        pytest.fail(f"{step.name} does not open")

    one, three = (step for step in steps().values() if step.number in (1, 3))
    opens_for_all(one)
    mia = Pupil.__new__(Pupil)
    mia.window, mia.page, mia.nickname = window, page, "Mia"
    mia.box, mia.house = page.locator("#bench"), page.frame_locator("#bench iframe")
    mia.status, mia.verdict = mia.box.locator(".status"), mia.box.locator(".verdict")
    mia.edit()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    types(mia, one.lines)
    mia.run()
    assert "Step 1 works!" in mia.check().inner_text()
    board.row("Mia").get_by_text("1").first.wait_for()

    opens_for_all(three)
    page.get_by_role("button", name="Fill it in", exact=True).click()
    mia.status.get_by_text("Filled in up to step 2.").wait_for()
    boxes = page.locator(".task")
    for at in (0, 1):
        boxes.nth(at).get_by_role("button", name="Help me").click()
        page.get_by_role("dialog").get_by_role("button", name="Put it in", exact=True).click()
        boxes.nth(at).get_by_text("like ours").wait_for()
    for at in (2, 3):
        boxes.nth(at).get_by_role("button", name="Show me where").click()
        lines = [
            three.lines[int(number) - 1]
            for number in boxes.nth(at).locator("[data-new]").get_attribute("data-new").split()
        ]
        types(mia, lines)
        boxes.nth(at).get_by_text("like ours").wait_for()
    mia.run()
    mia.opens_her_club()
    guest = Guest(opens(klass.address_of_pupils, 390, 844))
    guest.visits("Mia", "Bo").is_in()
    guest.says_aloud("Hello Mia!")
    mia.hears_from("Hello Mia!")
