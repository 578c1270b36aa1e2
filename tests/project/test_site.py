"""The site: its words, its code, its pictures, and the site as two builders make it."""

import ast
import difflib
import functools
import gzip
import json
import re
import statistics
import zipfile
from pathlib import Path

import pytest

from club import ladder
from club_site import boxes as boxes_of
from project.browser import Window, watched
from project.dev import DevServer
from project.site import build, copy_of_the_repository
from suite.program import Process

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))
STEP_PAGES = {f"steps/{name}.md": step for name, step in ladder.steps().items()}
LEARNERS_SHEETS = ["teaching/certificate.md", "teaching/cheat-sheet.md"]
TEACHERS_PAGES = ["toolbox/classroom.md", "toolbox/grown-ups.md"]
TEACHERS_PAGES += [page for page in PAGES if page.startswith("teaching/") and page not in LEARNERS_SHEETS]
LEARNER_PAGES = [page for page in PAGES if page not in TEACHERS_PAGES and not page.startswith("under-the-hood/")]

each_step_page = pytest.mark.parametrize("page", STEP_PAGES)
each_step = pytest.mark.parametrize("step", ladder.steps().values(), ids=ladder.steps().keys())


def text_of(page):
    return (DOCS / page).read_text(encoding="utf-8")


# --- the code on the pages -----------------------------------------------------------------------------------


def boxes(page):
    """The task boxes of a page: for each, its words and what its code directives say."""
    for task in re.split(r"^!!! task ", text_of(page), flags=re.MULTILINE)[1:]:
        inside = re.match(r"(?:.*\n)(?:(?:    .*)?\n)*", task)[0]
        code = [words.split() for words in re.findall(r"\[\[box \w+ (.+)\]\]", inside)]
        words = re.sub(r"\[\[.*\]\]", "", inside.partition("\n")[2])
        yield words.split(), code


@each_step_page
@pytest.mark.rules
def test_the_boxes_of_a_page_are_what_is_new_in_its_step(page):
    step = STEP_PAGES[page]
    shown = [number for _, code in boxes(page) for words in code for number in boxes_of.box_lines(step, words)]
    assert sorted(shown) == sorted(step.new)


@pytest.mark.parametrize("page", [page for page, step in STEP_PAGES.items() if step.level >= 3])
@pytest.mark.rules
def test_where_a_page_only_gives_the_aim_each_line_that_goes_is_named(page):
    """There, a sentence beside the lines says where they belong, and which ones they replace."""
    step = STEP_PAGES[page]
    named = set()
    for _, code in boxes(page):
        for block in (block for words in code for block in boxes_of.blocks(boxes_of.box_lines(step, words))):
            named.update(*(lines for runs in boxes_of.goes(step, block) for lines in runs))
    gone = {line[2:].strip() for line in difflib.ndiff(step.before, step.lines) if line.startswith("- ")}
    assert {line for line in gone if line} <= named


@each_step_page
@pytest.mark.rules
def test_a_box_is_small(page):
    for words, code in boxes(page):
        assert sum(len(boxes_of.box_lines(STEP_PAGES[page], each)) for each in code) <= 10, code
        assert len(words) <= 30, words


@each_step_page
@pytest.mark.rules
def test_a_box_shows_the_lines_and_numbers_of_the_learners_own_file(page):
    """Who follows the page has, after each box, the lines at the numbers that it shows."""
    step = STEP_PAGES[page]
    typed = boxes_of.Typed(step)
    for _, code in boxes(page):
        for words in code:
            new = boxes_of.box_lines(step, words)
            typed.add(new)
            shown = "\n".join(boxes_of.code_of_box(typed, new, is_first=False))
            mine = [line for at, line in enumerate(step.lines, 1) if at in typed.there and typed.is_text_or_gap(at)]
            for start, block in re.findall(r'linenums="(\d+)".*\n([\s\S]+?)```', shown):
                lines = block.rstrip("\n").split("\n")
                assert mine[int(start) - 1 : int(start) - 1 + len(lines)] == lines
    assert [line for line in mine if line] == [line for line in step.lines if line]


@each_step_page
@pytest.mark.rules
def test_a_box_of_level_two_has_up_to_three_gaps(page):
    for _, code in boxes(page):
        for words in code:
            gaps = " ".join(words).partition(" blank ")[2].split()
            assert len(gaps) in (range(1, 4) if STEP_PAGES[page].level == 2 else [0]), words


# How a page shows what these constructs of Python are: the first cell of a row, in the table of a folded box.
EXPLAINED = {
    "from … import …": "Import ImportFrom",
    "name = value": "Assign",
    "FastAPI()": "Call",
    "app.frontend": "Attribute",
    "folder / name": "BinOp Div",
    "if …:": "If",
    "class": "ClassDef",
    "def": "FunctionDef",
    "async def": "AsyncFunctionDef",
    "await": "Await",
    "-> None": "returns",
    "self": "self",
    "__init__": "__init__",
    '{"chat": []}': "Dict",
    "[ ]": "List",
    "name: type": "AnnAssign",
    "list[WebSocket]": "Subscript Tuple",
    "{a: b for … in …}": "DictComp",
    "return": "Return",
    "@app.get(…)": "decorator_list",
    "for … in …": "For",
    "try: … except …:": "Try ExceptHandler",
    "pass": "Pass",
    "finally:": "finalbody",
    "while True:": "While",
    "a if b else c": "IfExp",
    "if … else …": "orelse",
    'f"… {name}"': "JoinedStr FormattedValue",
    "not in": "Compare NotIn",
    "raise": "Raise",
    "==": "Eq",
    "[a for a in b]": "ListComp",
    'message: str = "Hello!"': "defaults",
    "a and b": "BoolOp And",
    "not a": "UnaryOp Not",
    "del": "Delete Del",
    "a | b": "BitOr",
    "a += b": "AugAssign",
    "class Chat(BaseModel)": "bases",
    "async with … as …": "AsyncWith withitem optional_vars",
    "except*": "TryStar",
    "a in b": "Compare In",
    "a or b": "Or",
    "!=": "NotEq",
    "(event := …)": "NamedExpr",
    "origin is not None": "IsNot",
    "yield": "Yield",
    "async for … in …": "AsyncFor",
    "a > b": "Gt Add",
    "a < b": "Lt",
    "10**9": "Pow",
    "redis is None": "Is",
    "a <= b": "LtE GtE Sub",
    "-1": "USub",
    "[*a, *(f(b) for b in c)]": "Starred GeneratorExp",
}
NEED_NO_TEACHING = {"Module", "Expr", "Name", "Load", "Store", "Constant", "alias", "keyword", "arg", "arguments"}
NEED_NO_TEACHING |= {"comprehension"}


def constructs(step):
    """The names of the kinds of nodes in a program, and of the parts that a page explains for themselves."""
    parts = {part for names in EXPLAINED.values() for part in names.split()}
    for node in ast.walk(ast.parse("\n".join(step.lines))):
        yield type(node).__name__
        if not isinstance(node, ast.IfExp):
            yield from (part for part in parts & set(node._fields) if getattr(node, part))
        yield from {getattr(node, "arg", ""), getattr(node, "name", "")} & parts


@each_step
@pytest.mark.rules
def test_no_construct_is_used_before_a_page_has_explained_it(step):
    so_far = "".join(text_of(page) for page, each in STEP_PAGES.items() if each.number <= step.number)
    explained = {part for sign, parts in EXPLAINED.items() if f"| `{sign}` |" in so_far for part in parts.split()}
    unknown = set(constructs(step)) - NEED_NO_TEACHING - explained
    assert not unknown, f"Explain {unknown} in a table “New here”. Its row begins with a sign that stands in EXPLAINED."


@each_step_page
@pytest.mark.rules
def test_what_a_box_needs_is_explained_before_it_three_at_a_time(page):
    for block in re.findall(r"^\?\?\? abstract \"New here.*\n((?:(?:    .*)?\n)*)(.*)", text_of(page), re.MULTILINE):
        assert 1 <= len(re.findall(r"^    \| `.+?` \|", block[0], re.MULTILINE)) <= 3
        assert block[1].startswith("!!! task"), block[1]


@pytest.mark.rules
def test_every_step_has_a_page_with_its_number():
    assert [page for page in PAGES if page.startswith("steps/")] == list(STEP_PAGES)
    for page, step in STEP_PAGES.items():
        assert re.search(rf"^# {step.number}\. ", text_of(page), re.MULTILINE)


@pytest.mark.rules
def test_nothing_is_pasted():
    """A page has no Python of its own: every program on it comes from steps/."""
    for page in PAGES:
        assert not re.findall(r"^ *```.*(?:py|python)\b", text_of(page), re.MULTILINE), page


# --- the words on the pages ----------------------------------------------------------------------------------


def prose(page, main_path_only=False):
    """What a learner reads: the paragraphs, without titles, code, boxes for grown-ups and markup."""
    text = re.sub(r"^---\n.*?\n---\n", "", text_of(page), flags=re.DOTALL)
    text = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^\[\[scene.*?^\[\[/scene\]\]", "", text, flags=re.DOTALL | re.MULTILINE)
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
@pytest.mark.rules
def test_a_page_is_easy_to_read(page, textstat):
    grade = textstat.flesch_kincaid_grade("\n".join(prose(page)))
    assert grade <= 5.5


@pytest.mark.rules
def test_all_pages_together_are_as_easy_as_the_best(textstat):
    words = "\n".join(part for page in LEARNER_PAGES for part in prose(page))
    assert textstat.flesch_kincaid_grade(words) <= 4.3
    assert textstat.flesch_reading_ease(words) >= 84


@pytest.mark.rules
def test_the_step_pages_are_short():
    counts = {page: len(" ".join(prose(page, main_path_only=True)).split()) for page in STEP_PAGES}
    assert max(counts.values()) <= 220, counts
    for_all = [count for page, count in counts.items() if STEP_PAGES[page].level < 3]  # the others break the club, too
    assert statistics.median(for_all) <= 160, counts


@pytest.mark.rules
def test_the_first_message_comes_within_sixty_words():
    """The walkie-talkies of the home page are awake as soon as somebody types into them."""
    before, club, _ = text_of("index.md").partition("[[club]]")
    assert club
    assert len(before.partition("\n---\n")[2].split()) <= 60


@each_step_page
@pytest.mark.rules
def test_a_step_page_has_its_ten_parts(page):
    text = text_of(page)
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings == [
        *["Break it first"] * (STEP_PAGES[page].level >= 3),
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
    record = pytest.importorskip("club_site.record")
    made_from = json.loads((record.RECORDED / "made_from.json").read_text(encoding="utf-8"))
    now = {name: record.made_from(name) for name in ladder.steps()}
    assert made_from == now, "run: uv run --all-groups python -m club_site.record"


def test_the_terminal_says_what_the_pages_show(tmp_path):
    record = pytest.importorskip("club_site.record")
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


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("[[code 03_chat nobody]]", "step 03_chat has nothing that is called 'nobody'"),
        ("[[box 03_chat websocket_endpoint only biscuits]]", "step 03_chat has no 'biscuits' there"),
        ("[[box 99_nowhere main]]", "there is no step '99_nowhere'"),
        ("[[checked test_03_chat.py::test_nothing]]", "there is no test test_03_chat.py::test_nothing"),
        ("[[quiz]]", "[[/quiz]] is missing"),
        ("[[magic]]", "there is no [[magic]]"),
    ],
)
def test_a_name_that_is_gone_is_told(wrong, sentence):
    markdown = pytest.importorskip("markdown")
    with pytest.raises(SystemExit, match=re.escape(f"{wrong}: {sentence}")):
        markdown.markdown(f"# Words\n\n{wrong}\n", extensions=["club_site.pages"])


@pytest.mark.parametrize("builder", ["mkdocs", "zensical"])
def test_a_name_that_is_gone_stops_the_build(builder, tmp_path):
    copy_of_the_repository(tmp_path, "in-page")
    (tmp_path / "docs" / "toolbox" / "words.md").write_text("# Words\n\n[[magic]]\n", encoding="utf-8")
    done = build(builder, tmp_path)
    assert done.returncode != 0
    assert "words.md: [[magic]]: there is no [[magic]]" in done.stdout + done.stderr


@each_step
def test_a_step_taken_home_runs(step, site, tmp_path):
    with zipfile.ZipFile(site / "take-home" / f"{step.name}.zip") as parcel:
        parcel.extractall(tmp_path)
    folder = f"club-step-{step.number:02}"
    assert f"cd {folder}\n    uv run fastapi dev" in (tmp_path / folder / "README.txt").read_text(encoding="utf-8")
    mine = tmp_path / folder / "my_club" / "main.py"
    assert mine.read_bytes() == (ROOT / "steps" / step.name / "main.py").read_bytes()
    program = Process(mine, tmp_path / "notes")
    try:
        assert "<walkie-talkie" in program.ask("GET", "/", 5).text
    finally:
        program.stop()


def test_what_was_taken_home_is_a_project_that_fastapi_finds(site, tmp_path):
    with zipfile.ZipFile(next((site / "take-home").glob("*.zip"))) as parcel:
        parcel.extractall(tmp_path)
    dev = DevServer(next(tmp_path.glob("club-step-*")), tmp_path / "terminal.txt")
    try:
        assert "<walkie-talkie" in dev.answers("/").text
        assert "not exist" not in dev.terminal()
    finally:
        dev.stop()


def pasted_into_the_console(page):
    return re.search(r"^``` js\n(.+?)^```", text_of(page), re.DOTALL | re.MULTILINE)[1]


def test_the_stranger_of_step_10_walks_in_until_the_club_is_mended(served, open_window, tmp_path):
    """Another site's page calls, as the page shows it; one message is enough of a flood here."""
    window, told = open_window(served.address, "/404.html"), []
    # What the stranger logs. The browser itself may still complain: this page's files stand where the site will be.
    window.page.on("console", lambda line: line.type == "log" and told.append(line.text))
    for name, end in (("09_whispers", "blah 12"), ("10_secret_password", "1008 Only the club's own page may call.")):
        program = Process(ROOT / "steps" / name / "main.py", tmp_path / name)
        code = pasted_into_the_console("steps/10_secret_password.md").replace("1000", "12")
        assert "127.0.0.1:8000" in code
        told.clear()
        try:
            window.page.evaluate(f"() => {{ {code.replace('8000', str(program.port))} }}")
            for _ in range(100):
                if end in "".join(told[-1:]):
                    break
                window.page.wait_for_timeout(50)
            assert end in told[-1], told
        finally:
            program.stop()


def html(page):
    return "/" + page.replace(".md", ".html")


@pytest.fixture(scope="module")
def quiet(browser, served):
    """Open a page of the site in one window for all tests, in which no club starts by itself."""
    broken = []
    context = watched(browser, broken)
    window = Window(context.new_page(), served.address)
    yield window
    context.close()
    assert not broken


@functools.cache
def packed(file):
    """How many bytes of it are on their way to a reader."""
    return file.stat().st_size if file.suffix in {".png", ".woff2"} else len(gzip.compress(file.read_bytes()))


@functools.cache
def that_show_all(site):
    """A few light pages on which all is that any page is made of: a style sheet knows nothing else of a page."""
    text = {page: (site / html(page)[1:]).read_text(encoding="utf-8") for page in PAGES}
    classes = {page: set(re.findall('class="(.+?)"', text[page])) for page in PAGES}
    unknown, found = set().union(*classes.values()), set()
    while unknown:
        page = max(PAGES, key=lambda page: len(classes[page] & unknown) / len(text[page]))
        found.add(page)
        unknown -= classes[page]
    return found


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_nobody_else_is_light_prints_well_and_axe_finds_nothing(page, site, served, quiet):
    asked = []
    note = lambda request: asked.append(request.url)  # noqa: E731
    quiet.opens("/sitemap.xml").dresses("light", 1280)
    quiet.page.on("request", note)
    quiet.opens(html(page))
    known = 0
    while known < len(asked):  # its scripts may ask for more
        known = len(asked)
        quiet.page.wait_for_timeout(500)
    quiet.page.remove_listener("request", note)
    ours = {url.partition("?")[0].partition("#")[0] for url in asked}
    assert all(url.startswith((f"http://{served.address}/", "data:")) for url in ours)
    files = [site / url.split("/", 3)[3] for url in ours if url.startswith("http")]
    assert sum(map(packed, files)) < 300_000, sorted((file.stat().st_size, file.name) for file in files)
    if page in that_show_all(site):
        quiet.looks_good_to_all()
    else:
        assert quiet.axe_finds(colours=False) == []
        for width in (1280, 390):
            quiet.page.set_viewport_size({"width": width, "height": 900})
            assert quiet.page.evaluate("document.documentElement.scrollWidth") <= width
    if page in STEP_PAGES:  # two sheets and one of answers; step 13 goes through its program in three parts
        quiet.dresses("light", 1280)
        sheets = re.findall(rb"/Type\s*/Page\b", quiet.page.pdf(format="A4"))
        assert len(sheets) <= (4 if "13_" in page else 3)


def test_what_went_over_the_air_is_printed_oldest_first():
    """As the clubhouse shows it."""
    for frames in sorted((ROOT / "docs" / "assets" / "recorded").glob("*-frames.txt")):
        text = frames.read_text(encoding="utf-8")
        times = re.findall(r'"timestamp": "([^"]+)"', text)
        assert "→ club" in text.splitlines()[0], frames.name
        assert times == sorted(times), frames.name


@pytest.mark.parametrize("builder", ["mkdocs", "zensical"])
def test_without_a_repository_no_page_can_be_reported(builder, sites):
    assert not re.findall("^repo_url:", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert not [page for page in sites(builder).rglob("*.html") if "Report this page" in page.read_text("utf-8")]


def test_a_picture_moves_three_times_and_only_in_sight(served, open_window, expect):
    moving = next(page for page in STEP_PAGES if "<animate" in text_of(page))
    page = open_window(served.address, html(moving), reduced_motion="no-preference").page
    rests = "document.querySelector('.scene svg').animationsPaused()"
    button = page.locator(".scene .pause")
    page.wait_for_function(f"!{rests}")
    expect(button).to_have_text("Pause")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_function(rests)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_function(f"!{rests}")
    seconds = "[...document.querySelectorAll('.scene [dur]')].map((each) => parseFloat(each.getAttribute('dur')))"
    button.click()
    expect(button).to_have_text("Play")
    page.evaluate(f"document.querySelector('.scene svg').setCurrentTime(3 * Math.max(...{seconds}) - 0.2)")
    button.click()
    page.wait_for_function(f"!{rests}")
    page.wait_for_function(rests)
    expect(button).to_have_text("Play again")
    button.click()
    page.wait_for_function(f"!{rests}")
    expect(button).to_have_text("Pause")


def test_search_works_from_a_folder(site, browser):
    page = browser.new_context().new_page()
    page.goto((site / "index.html").as_uri())
    page.get_by_role("textbox", name="Search").press_sequentially("messenger")
    page.locator(".md-search-result__link").first.wait_for()


def test_a_quiz_answers_by_keyboard(served, open_window, expect):
    window = open_window(served.address, html(next(iter(STEP_PAGES))))
    option = window.page.locator(".quiz summary").first
    option.focus()
    window.page.keyboard.press("Enter")
    expect(window.page.locator(".quiz details[open] p").first).to_be_visible()


def test_code_is_copied_as_it_stands_and_nothing_covers_it(served, open_window, expect):
    window = open_window(served.address, html(list(STEP_PAGES)[2]), permissions=["clipboard-read", "clipboard-write"])
    code = window.page.locator(".task .highlight code").first
    copy = code.locator("..").get_by_role("button", name="Copy this code")
    for _ in window.screens():
        button = copy.bounding_box()
        assert button["y"] + button["height"] <= code.bounding_box()["y"]
    copy.click()
    expect(window.page.get_by_text("Copied to clipboard")).to_be_visible()
    assert window.page.evaluate("navigator.clipboard.readText()") == code.inner_text().rstrip()
