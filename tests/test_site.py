"""The site: its words, its code, its pictures, and the site as two builders make it."""

import ast
import json
import re
import statistics
import zipfile
from pathlib import Path

import pytest

from suite.dev import DevServer
from suite.site import build, copy_of_the_repository

ladder = pytest.importorskip("club.ladder", reason="the tests of the site need: uv run --all-groups pytest")

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = ladder.pages()
STEP_PAGES = {f"steps/{name}.md": step for name, step in ladder.steps().items()}
LEARNER_PAGES = [page for page in PAGES if page != "grown-ups.md"]

each_step_page = pytest.mark.parametrize("page", STEP_PAGES)
each_step = pytest.mark.parametrize("step", ladder.steps().values(), ids=ladder.steps().keys())


def text_of(page):
    return (DOCS / page).read_text(encoding="utf-8")


# --- the code on the pages -----------------------------------------------------------------------------------


def boxes(page):
    """The task boxes of a page: for each, its words and the names of its pieces."""
    for task in re.split(r"^!!! task ", text_of(page), flags=re.MULTILINE)[1:]:
        inside = re.match(r"(?:.*\n)(?:(?:    .*)?\n)*", task)[0]
        names = re.findall(r"\[\[box \w+ (.+)\]\]", inside)
        words = re.sub(r"\[\[.*\]\]", "", inside.partition("\n")[2])
        yield words.split(), " ".join(names).split()


@each_step_page
def test_the_boxes_of_a_page_are_what_is_new_in_its_step(page):
    pages = pytest.importorskip("club.pages")
    step = STEP_PAGES[page]
    shown = [number for _, names in boxes(page) for lines in pages.box_lines(step, names) for number in lines]
    assert sorted(shown) == sorted(step.new)


@each_step_page
def test_a_box_is_small(page):
    pages = pytest.importorskip("club.pages")
    for words, names in boxes(page):
        assert sum(len(lines) for lines in pages.box_lines(STEP_PAGES[page], names)) <= 10, names
        assert len(words) <= 30, words


@each_step
def test_no_construct_is_used_before_a_page_has_taught_it(step):
    """`taught.json` names, for each page, the constructs it teaches and the sign under which its table has them."""
    taught = json.loads((DOCS / "taught.json").read_text(encoding="utf-8"))
    known = set(taught.pop("needs no teaching"))
    for name, signs in taught.items():
        if name <= step.name:
            known |= signs.keys()
            for sign in signs.values():
                assert f"| `{sign}` |" in text_of(f"steps/{name}.md"), f"{name} does not explain {sign}"
    used = {type(node).__name__ for node in ast.walk(ast.parse("\n".join(step.lines)))}
    assert used <= known


def test_every_step_has_a_page_and_the_navigation_has_their_order():
    assert [page for page in PAGES if page.startswith("steps/")] == list(STEP_PAGES)
    for page, title in PAGES.items():
        if page in STEP_PAGES:
            assert title.startswith(f"{STEP_PAGES[page].number}. ")


def test_nothing_is_pasted():
    """A page has no Python of its own: every program on it comes from steps/."""
    for page in PAGES:
        assert not re.findall(r"^ *```.*(?:py|python)\b", text_of(page), re.MULTILINE), page


# --- the words on the pages ----------------------------------------------------------------------------------


def prose(page, main_path_only=False):
    """What a learner reads: the paragraphs, without titles, code, boxes for grown-ups and markup."""
    text = re.sub(r"^---\n.*?\n---\n", "", text_of(page), flags=re.DOTALL)
    text = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r'^\?\?\? info "For grown-ups"\n(?:(?:    .*)?\n)*', "", text, flags=re.MULTILINE)
    if main_path_only:
        text = re.sub(r"^\[\[quiz\]\].*?^\[\[/quiz\]\]", "", text, flags=re.DOTALL | re.MULTILINE)
        text = re.sub(r"^## Play with it.*?(?=^## )", "", text, flags=re.DOTALL | re.MULTILINE)
        text = re.sub(r"^\?\?\? .*\n(?:(?:    .*)?\n)*", "", text, flags=re.MULTILINE)
    text = re.sub(r'^\?\?\? question "(.*)"$', r"\1", text, flags=re.MULTILINE)
    text = re.sub(r"^ *(?:!!!|\?\?\?) .*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"^ *(?:#.*|\[\[.*\]\]|!\[.*|\{.*\}|\|[-|: ]+)$", "", text, flags=re.MULTILINE)
    text = re.sub(r"^ *(?:[-+*]|\d+\.) ", "", text, flags=re.MULTILINE)
    text = text.replace(" :: ", ". ").replace("|", ".\n")
    text = re.sub(r"`[^`]*`", "code", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)(?:\{.*?\})?", r"\1", text)
    text = re.sub(r"<https?://[^>]*>", "code", text)
    paragraphs = (re.sub(r"[*_]", "", " ".join(part.split())) for part in re.split(r"\n\s*\n|\.\n", text))
    return [part if part[-1] in ".!?" else part.rstrip(":") + "." for part in paragraphs if re.search(r"\w\w", part)]


@pytest.mark.parametrize("page", LEARNER_PAGES)
def test_a_page_is_easy_to_read(page, textstat):
    grade = textstat.flesch_kincaid_grade("\n".join(prose(page)))
    assert grade <= 5.5


def test_all_pages_together_are_as_easy_as_the_best(textstat):
    words = "\n".join(part for page in LEARNER_PAGES for part in prose(page))
    assert textstat.flesch_kincaid_grade(words) <= 4.3
    assert textstat.flesch_reading_ease(words) >= 84


def test_the_step_pages_are_short():
    counts = {page: len(" ".join(prose(page, main_path_only=True)).split()) for page in STEP_PAGES}
    assert max(counts.values()) <= 220, counts
    assert statistics.median(counts.values()) <= 160, counts


def test_the_first_message_comes_within_sixty_words():
    before = text_of("start.md").partition("Bo hears it at once")[0]
    assert len(re.sub(r"```.*?```", "", before, flags=re.DOTALL).split()) <= 60


@each_step_page
def test_a_step_page_has_its_ten_parts(page):
    text = text_of(page)
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings == [
        "Build it",
        "Try it",
        "How it works",
        "Oops!",
        "Check it",
        "Quiz",
        "Play with it",
        "You learned",
    ]
    assert text.count('??? question "Guess first') == 1
    assert text.count("[[quiz]]") == 2
    assert text.count("You should see") >= 2
    for checkpoint in text.split("You should see")[1:]:
        assert "[[checked " in checkpoint.partition("## ")[0], "each checkpoint names the test that checks it"
    for level in ("mild", "medium", "spicy"):
        assert f"!!! {level} " in text
    assert text.count('??? tip "Hint') == 6


# --- recordings ----------------------------------------------------------------------------------------------


def test_no_recording_is_older_than_what_it_shows():
    record = pytest.importorskip("club.record")
    made_from = json.loads((record.RECORDED / "made_from.json").read_text(encoding="utf-8"))
    now = {name: record.made_from(name) for name in ladder.steps()}
    assert made_from == now, "run: uv run --all-groups python -m club.record"


def test_the_terminal_says_what_the_pages_show(tmp_path):
    record = pytest.importorskip("club.record")
    for recorded in record.RECORDED.glob("*-terminal.txt"):
        folder = ROOT / "steps" / recorded.name.removesuffix("-terminal.txt")
        dev = DevServer(folder, tmp_path / "terminal.txt", "main.py")
        try:
            assert record.clean(dev.terminal()) == recorded.read_text(encoding="utf-8")
        finally:
            dev.stop()


# --- the site, built -----------------------------------------------------------------------------------------


def blocks(html):
    """All code on a page, as a reader sees it, with the marks of new lines."""
    html = re.sub(r'<span class="hll">', "NEW ", html)
    return [re.sub(r"<[^>]*>", "", block).strip() for block in re.findall(r"<code>(.*?)</code></pre>", html, re.DOTALL)]


def test_both_builders_show_the_same_code(sites):
    for page in PAGES:
        name = page.replace(".md", ".html")
        ours, theirs = ((sites(builder) / name).read_text(encoding="utf-8") for builder in ("mkdocs", "zensical"))
        assert blocks(ours) == blocks(theirs), page
        if page in STEP_PAGES:
            assert len(blocks(ours)) >= len(list(boxes(page)))
            assert "NEW " in "".join(blocks(ours)) or page == next(iter(STEP_PAGES))


@pytest.mark.parametrize("builder", ["mkdocs", "zensical"])
@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("[[code 03_chat nobody]]", "step 03_chat has nothing that is called 'nobody'"),
        ("[[box 99_nowhere main]]", "there is no step '99_nowhere'"),
        ("[[checked test_03_chat.py::test_nothing]]", "there is no test test_03_chat.py::test_nothing"),
        ("[[magic]]", "there is no [[magic]]"),
    ],
)
def test_a_name_that_is_gone_stops_the_build(builder, wrong, sentence, tmp_path):
    copy_of_the_repository(tmp_path, "in-page")
    (tmp_path / "docs" / "words.md").write_text(f"# Words\n\n{wrong}\n", encoding="utf-8")
    done = build(builder, tmp_path)
    assert done.returncode != 0
    assert f"words.md: {wrong}: {sentence}" in done.stdout + done.stderr


@each_step
def test_a_step_taken_home_runs(step, site, tmp_path):
    with zipfile.ZipFile(site / "take-home" / f"{step.name}.zip") as parcel:
        parcel.extractall(tmp_path)
    dev = DevServer(tmp_path / "my-club", tmp_path / "terminal.txt")
    try:
        assert "<walkie-talkie" in dev.answers("/").text
        assert "/openapi.json" not in dev.answers("/openapi.json").json()["paths"]
        assert "not exist" not in dev.terminal()
    finally:
        dev.stop()


def html(page):
    return "/" + page.replace(".md", ".html")


@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing_on_any_page(page, served, open_window):
    window = open_window(served.address, html(page), reduced_motion="reduce")
    for screen in window.screens():
        assert (screen, window.axe_finds()) == (screen, [])
        assert window.page.evaluate("document.documentElement.scrollWidth") <= screen[1], screen


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_nobody_else_and_is_light(page, site, served, open_window):
    import gzip  # noqa: PLC0415

    asked = []
    window = open_window(served.address, "/sitemap.xml", reduced_motion="reduce")  # so no club starts by itself
    window.page.on("request", lambda request: asked.append(request.url))
    window.opens(html(page))
    window.page.wait_for_load_state("networkidle")
    ours = {url.partition("?")[0].partition("#")[0] for url in asked}
    assert all(url.startswith((f"http://{served.address}/", "data:")) for url in ours)
    files = [site / url.split("/", 3)[3] for url in ours if url.startswith("http")]
    packed = sum(
        file.stat().st_size if file.suffix in {".png", ".woff2"} else len(gzip.compress(file.read_bytes()))
        for file in files
    )
    assert packed < 300_000, sorted((file.stat().st_size, file.name) for file in files)


@each_step_page
def test_a_step_page_prints_on_two_sheets_and_one_of_answers(page, served, open_window):
    window = open_window(served.address, html(page), color_scheme="light")
    pdf = window.page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 3


def test_search_works_from_a_folder(site, browser):
    page = browser.new_context().new_page()
    page.goto((site / "index.html").as_uri())
    page.get_by_role("textbox", name="Search").press_sequentially("messenger")
    page.locator(".md-search-result__link").first.wait_for(timeout=8000)


def test_a_quiz_answers_by_keyboard(served, open_window):
    window = open_window(served.address, html(next(iter(STEP_PAGES))))
    option = window.page.locator(".quiz summary").first
    option.focus()
    window.page.keyboard.press("Enter")
    assert window.page.locator(".quiz details[open] p").first.is_visible()
