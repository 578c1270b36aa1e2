"""Markdown that takes its code, pictures and links from the repository, so that a page cannot drift from it.

Each of these stands on a line of its own in a page:

    [[scene 03_chat]] … [[/scene]]     the picture of the club; the lines between are what this step adds to it, as SVG
    [[box 03_chat chat_message]]       one task: the new lines of the pieces with these names
    [[box 03_chat endpoint only joined finally]]    of these pieces only the statements with these words in them, and
    [[box 03_chat endpoint but joined finally]]     all but those; `finally` is that block
    [[box 06_rooms join blank setdefault append]]   with gaps instead of these words; the whole lines are folded below;
                                       from step 10 on, all is folded, and a sentence says where each block belongs
    [[code 03_chat broadcast]]         one function or class; without a name the whole program
    [[diff 03_chat]]                   what changed since the step before
    [[box idea_dice dice_bot]]         an idea is shown like a step: it adds something to step 9
    [[own-test hello]]                 a test that a learner could write
    [[recorded 03_chat terminal]]      what a run printed
    [[picture 03_chat Ada and Bo …]]   what a run showed, and the words for those who cannot see it
    [[race one]]                       what the last race showed: `one`, `eight` and `frozen` are pictures, `table` and
                                       `smaller` are tables
    [[checked test_03_chat.py::test_friends_hear_each_other]]
    [[run 03_chat]]                    the step's program, and beside the page the workbench
    [[club]]                           two walkie-talkies that work
    [[take-home 03_chat]]              the zip that runs anywhere
    [[map]]                            all steps, with the learner's stars
    [[lessons]]                        what each step teaches, from `python` and `web` at the top of its page
    [[oops terminal]]                  what can go wrong there, or on the `page`, or with the `checker`
    [[mistakes]]                       what learners do wrong, step by step, and what helps
    [[quiz]]                           a question, its options `- text :: answer` (the right one `+`), and [[/quiz]]

A name that does not exist stops the build. This is an extension of Python-Markdown, not a plugin or hook, because
those run in one site builder only.
"""

import ast
import difflib
import re
from collections.abc import Callable, Collection, Iterable
from functools import cache
from html import escape
from typing import Any, NamedTuple

import yaml
from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor

from club.causes import causes
from club.ladder import ROOT, STEPS, NotFoundError, Step, first_line, names_of, step, steps
from club_site.mistakes import mistakes_of
from club_site.parcels import pack
from club_site.runtime import built

DOCS = ROOT / "docs"
ASSETS = DOCS / "assets"
DIRECTIVE = re.compile(r"(?P<indent> *)\[\[(?P<what>[a-z-]+)(?: (?P<words>.+))?\]\]\s*")
SCHEMES = ("light", "dark")
PICTURE = (1180, 768)  # pixels of a recorded picture
HOUSE = re.findall(r'<p id="hub">\s*(<svg[\s\S]*?</svg>)', (STEPS / "clubhouse" / "index.html").read_text("utf-8"))[0]
LONG = 60  # letters; of a longer line, the beginning is enough to find it
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
NEAR = 3  # lines; pieces no further apart than this are shown in one block

Lines = list[str]


def with_word(step: Step, inside: Collection[int], word: str) -> set[int]:
    """The numbers of the lines, among these, of the statements or arguments that contain a word.

    The word `finally` stands for that block. Raises `NotFoundError`.
    """
    found: set[int] = set()
    arguments: set[int] = set()
    for node in ast.walk(ast.parse("\n".join(step.lines))):
        if not (isinstance(node, ast.stmt | ast.keyword) and node.lineno in inside):
            continue
        lines = range(node.lineno, (node.end_lineno or 0) + 1)
        if word == "finally":
            if isinstance(node, ast.Try) and node.finalbody:
                first = next(at for at in reversed(lines) if step.lines[at - 1].strip() == "finally:")
                found |= set(range(first, lines[-1] + 1))
        elif not hasattr(node, "body") and any(word in step.lines[at - 1] for at in lines):
            (arguments if isinstance(node, ast.keyword) else found).update(lines)
    if not (found := arguments or found):
        raise NotFoundError(f"step {step.name} has no {word!r} there")
    return found


def box_lines(step: Step, words: Iterable[str]) -> set[int]:
    """The numbers of the new lines in a task box: `words` are those of its directive, without the step's name."""
    names, _, _ = " ".join(words).partition(" blank ")
    names, _, but = names.partition(" but ")
    names, _, only = names.partition(" only ")
    pieces = [set(step.find(name)) & step.new for name in names.split()]
    found = set().union(*pieces)
    some = set().union(*(with_word(step, found, word) for word in (but or only).split()))
    found = found & some if only else found - some
    if not all(pieces) or not found:
        raise NotFoundError(f"a box of step {step.name} names a piece that is not new: {' '.join(words)}")
    return found


class Typed:
    """What a learner has typed so far: the step before, and the boxes above on this page."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self.there = set(range(1, len(step.lines) + 1)) - step.new
        self.boxes: set[int] = set()

    def add(self, lines: set[int]) -> None:
        self.boxes |= lines
        self.there |= lines

    def number(self, line: int) -> int:
        """The number that a line of the step's program has in the learner's file by now."""
        return sum(1 for each in range(1, line + 1) if each in self.there and self.is_text_or_gap(each))

    def is_text_or_gap(self, line: int) -> bool:
        """Empty lines are typed with the code below them."""
        if self.step.lines[line - 1].strip():
            return True
        below = next((at for at in range(line + 1, len(self.step.lines) + 1) if self.step.lines[at - 1].strip()), 0)
        return below in self.there


def fence(step: Step, numbers: list[int], start: int, marked: Collection[int] = (), new: Collection[int] = ()) -> Lines:
    """Lines of a program with their numbers in the learner's file, some of them marked.

    The workbench helps to get the `new` ones into the learner's program: it finds their real numbers in `data-new`.
    """
    marks = " ".join(str(at) for at, number in enumerate(numbers, 1) if number in marked)
    highlighted = f' hl_lines="{marks}"' if marks else ""
    helped = f' data-new="{" ".join(str(number) for number in numbers if number in new)}"' if new else ""
    code = [step.lines[number - 1] for number in numbers]
    return [f'``` {{ .py title="main.py" linenums="{start}"{highlighted}{helped} }}', *code, "```", ""]


def blocks(new: Collection[int]) -> list[list[int]]:
    """The numbers of a box's new lines, block by block: those that are close together go into one."""
    found: list[list[int]] = []
    for line in sorted(new):
        if not found or line - found[-1][-1] > NEAR:
            found.append([])
        found[-1].append(line)
    return found


def with_gaps(lines: Lines, words: Lines) -> Lines:
    """The lines with a gap in place of each word, where it comes first. Raises `NotFoundError`."""
    text = "\n".join(lines)
    for word in words:
        text, found = re.subn(rf"(?<![\w]){re.escape(word)}(?![\w])", "____", text, count=1)
        if not found:
            raise NotFoundError(f"a box has no {word!r} to be left blank")
    return text.split("\n")


def folded(title: str, lines: Lines) -> Lines:
    return [f'??? success "{title}"', "", *(f"    {line}" for line in lines), ""]


def box(typed: Typed, words: Lines) -> Lines:
    """Level 1 shows the lines. Level 2 leaves gaps, and level 3 gives the aim: there they are folded away."""
    gaps = " ".join(words).partition(" blank ")[2].split()
    lines = code_of_box(typed, words)
    if typed.step.level == 3:
        return folded("Show me the lines", lines)
    return (
        [
            *with_gaps(lines, gaps),
            *folded("The lines without gaps", [re.sub(' data-new="[^"]*"', "", line) for line in lines]),
        ]
        if gaps
        else lines
    )


class Place(NamedTuple):
    """A statement at the top of a program, or a method: its lines, and what a page calls it."""

    lines: range
    name: str
    is_function: bool


@cache
def places(lines: tuple[str, ...]) -> list[Place]:
    """All of them; a class comes before its methods."""
    found = []
    for node in ast.parse("\n".join(lines)).body:
        found_here = [(node, "")]
        if isinstance(node, ast.ClassDef):
            found_here += [(each, f"{node.name}.") for each in node.body if isinstance(each, FUNCTION)]
        for each, owner in found_here:
            first = first_line(each)
            names = names_of(each) - {"import", "if"} or {lines[first - 1].strip()}
            inside = range(first, (each.end_lineno or first) + 1)
            found.append(Place(inside, owner + names.pop(), isinstance(each, FUNCTION)))
    return found


def place_of(line: int, lines: tuple[str, ...]) -> Place | None:
    """The innermost one, if a line can be in it."""
    return next((each for each in reversed(places(lines)) if line in each.lines), None)


def function_of(line: int, lines: tuple[str, ...]) -> str:
    place = place_of(line, lines)
    return place.name if place and place.is_function else ""


def goes(step: Step, block: list[int]) -> tuple[Lines, Lines]:
    """The old lines that give way to a block, and those that go from its functions without a new one in their place."""
    functions = {function_of(line, step.lines) for line in block}
    found: tuple[Lines, Lines] = [], []
    for tag, start, end, first, last in step.changes:
        gives_way = tag == "replace" and any(first < line <= last for line in block)
        for line in range(start + 1, end + 1) if gives_way or tag == "delete" else ():
            if step.before[line - 1].strip() and function_of(line, step.before) in functions:
                found[tag == "delete"].append(step.before[line - 1].strip())
    return found


def where(typed: Typed, block: list[int]) -> Lines:
    """In words, the place of a block, and the lines that go."""
    lines = typed.step.lines
    here = place_of(block[0], lines)
    instead, gone = goes(typed.step, block)
    function = function_of(block[0], lines)
    is_old = function in {each.name for each in places(typed.step.before)}
    words = []
    if here and (here.lines[0] not in block or (function and is_old)):
        words.append(f"In `{here.name}`")
    elif function or not instead:
        last = max(line for line in typed.there if line < block[0] and lines[line - 1].strip())
        above = place_of(last, lines)
        words.append(f"Below `{above.name if above else lines[last - 1]}`")
    if instead:
        words.append(f"{'in' if words else 'In'} place of {listed(instead)}")
    return [f"{', '.join(words)}:", "{ .where }", "", *([f"Also delete {listed(gone)}.", ""] if gone else [])]


def listed(lines: Lines) -> str:
    """The lines as a part of a sentence: two at most, or the first and the last."""
    short = [f"`{line if len(line) < LONG else line[: LONG - 1] + '…'}`" for line in lines]
    return " and ".join(short) if len(short) < 3 else f"the {len(short)} lines from {short[0]} to {short[-1]}"


def code_of_box(typed: Typed, words: Lines) -> Lines:
    this, new = typed.step, box_lines(typed.step, words)
    is_first = not this.before and not typed.boxes
    typed.add(new)
    out: Lines = []
    for block in blocks(new):
        out += where(typed, block) if this.level == 3 else []
        # One old line above and below shows the place, if there is one.
        around = {
            line
            for line in (block[0] - 1, block[-1] + 1)
            if 0 < line <= len(this.lines) and line in typed.there and this.lines[line - 1].strip()
        }
        shown = [line for line in range(block[0], block[-1] + 1) if line in typed.there]
        shown = sorted(around.union(shown))
        out += fence(this, shown, typed.number(shown[0]), () if is_first else new, new)
    return out


def code(name: str, piece: str = "") -> Lines:
    this = step(name)
    lines = list(this.find(piece) if piece else range(1, len(this.lines) + 1))
    return fence(this, lines, lines[0], this.new if this.before else ())


def diff(name: str) -> Lines:
    """Each line with its `+` or `-` and its real number: in the new program, or in the old one if it is gone."""
    this, old, new, lines = step(name), 0, 0, []
    for line in difflib.ndiff(this.before, this.lines):
        old += line[0] in " -"
        new += line[0] in " +"
        if line[0] in "+-" and line[2:].strip():
            lines.append(f"{line[0]} {new if line[0] == '+' else old:3} {line[2:]}")
    return [f'``` diff title="new in {name}"', *lines, "```", ""]


def own_test(name: str) -> Lines:
    file = ROOT / "tests" / "project" / "own" / f"{name}.py"
    if not file.is_file():
        raise NotFoundError(f"there is no test tests/project/own/{file.name}")
    return ['``` { .py title="tests/test_mine.py" }', *file.read_text(encoding="utf-8").splitlines(), "```", ""]


def recorded(name: str, what: str) -> Lines:
    file = ASSETS / "recorded" / f"{step(name).name}-{what}.txt"
    if not file.is_file():
        raise NotFoundError(f"nothing is recorded as {file.name}; `python -m club_site.record` does it")
    return ["``` text", *file.read_text(encoding="utf-8").rstrip().splitlines(), "```", ""]


def picture(name: str, *alt: str) -> Lines:
    """What a run showed, in the light and in the dark. The size keeps the place, so that nothing moves."""
    for scheme in SCHEMES:
        file = f"{step(name).name}-{scheme}.webp"
        if not (ASSETS / "recorded" / file).is_file():
            raise NotFoundError(f"there is no picture {file}; `python -m club_site.record` makes it")
    return in_both_schemes(step(name).name, "webp", " ".join(alt), *PICTURE)


def in_both_schemes(name: str, kind: str, alt: str, width: int, height: int) -> Lines:
    size = f"{{ loading=lazy width={width} height={height} }}"
    return [*(f"![{alt}](../assets/recorded/{name}-{scheme}.{kind}#only-{scheme}){size}" for scheme in SCHEMES), ""]


def race(what: str) -> Lines:
    """A table, or a picture that brings its own words for those who cannot see it."""
    table, picture = (ASSETS / "recorded" / f"race-{what}{end}" for end in (".txt", "-light.svg"))
    if table.is_file():
        return [*table.read_text(encoding="utf-8").splitlines(), ""]
    if not picture.is_file():
        raise NotFoundError(f"the race has no {what}; `python -m race` runs it")
    drawn = picture.read_text(encoding="utf-8")
    width, height = (round(float(size)) for size in re.findall(r'<svg.* width="(.+?)pt" height="(.+?)pt"', drawn)[0])
    return in_both_schemes(f"race-{what}", "svg", re.findall("<title>(.+)</title>", drawn)[0], width, height)


def checked(test: str) -> Lines:
    file, _, name = test.partition("::")
    found = (ROOT / "tests").rglob(file)
    if not any(f"def {name}(" in path.read_text(encoding="utf-8") for path in found):
        raise NotFoundError(f"there is no test {test}")
    return [f"Checked by `{name}`.", "{ .checked }", ""]


def scene_parts() -> dict[str, tuple[str, str]]:
    """For each step whose page has one: the words and the shapes of its part of the picture."""
    found = {}
    for page in sorted((DOCS / "steps").glob("*.md")):
        part = re.search(
            r"^\[\[scene .+\]\]\n<desc>(.+)</desc>\n([\s\S]+?)\[\[/scene\]\]",
            page.read_text(encoding="utf-8"),
            re.MULTILINE,
        )
        if part:
            found[page.stem] = (part[1], part[2])
    return found


def scene(name: str) -> str:
    """One drawing for all steps: what is built is drawn, what is new has the signal colour, the rest is left out."""
    parts = {each: part for each, part in scene_parts().items() if each <= step(name).name}
    if name not in parts:
        raise NotFoundError(f"the picture of step {name} must begin with a line <desc>…</desc>")
    words = parts[name][0]
    drawn = "".join(
        f'<g class="{"new" if each == name else "built"}">{shapes}</g>' for each, (_, shapes) in parts.items()
    )
    drawn = re.sub(r"\s*\n\s*", "", drawn)
    opening = (
        '<svg viewBox="0 0 720 300" role="img" fill="none" stroke-width="2" stroke-linecap="round" '
        f'stroke-linejoin="round" aria-label="{words}">'
    )
    pause = '<button type="button" class="pause" hidden>Pause</button>' if "<animate" in drawn else ""
    return f'<figure class="scene">{opening}{drawn}</svg>{pause}<figcaption>{words}</figcaption></figure>'


def run(name: str) -> Lines:
    """The program of the step, to be read. Where a script may run, the workbench takes its place."""
    runtime = built()
    way = f"Run it: `uv run fastapi dev steps/{name}/main.py`"
    if not runtime:
        return ['<section class="run" markdown="1">', "", way, "", *code(name), "</section>", ""]
    # There is room for the workbench from the start, so nothing has to move. A page in a folder runs no modules.
    script = '<script>if (location.protocol !== "file:") document.documentElement.classList.add("bench")</script>'
    data = f'data-step="{name}" data-runtime="{runtime}"'
    return [f'<section class="run" {data} markdown="1">', "", script, "", way, "", *code(name), "</section>", ""]


def home() -> str:
    """Two walkie-talkies that work. They are drawn by the page's script; without one there is a picture."""
    width, height = PICTURE
    alt = "Ada and Bo each have a walkie-talkie. Ada has said hello, and Bo has heard it."
    return (
        f'<section class="home" data-runtime="{built() or ""}" aria-label="Try it">'
        '<svg id="wires" aria-hidden="true"></svg>'
        f'<div id="hub" aria-hidden="true">{HOUSE}</div><div class="devices"></div><p role="status"></p>'
        f'<noscript><img src="assets/recorded/club-light.webp" width="{width}" height="{height}" alt="{alt}">'
        "</noscript></section>"
    )


def rungs(here: str = "") -> str:
    """All steps as links, on the home page or on that of a step. The page's script lights the stars."""
    folder, current = "" if here else "steps/", ' aria-current="page"'
    links = (
        f'<li><a href="{folder}{each.name}.html" data-rung="{each.number}"{current if each.name == here else ""}>'
        f"<b>{each.number}</b> <span>{escape(each.title.partition(' ')[2])}</span>"
        '<span class="star" role="img" aria-label="no star yet">☆</span></a></li>'
        for each in steps().values()
    )
    return f'<nav class="map{" small" * bool(here)}" aria-label="All steps"><ol>{"".join(links)}</ol></nav>'


def table(head: str, rows: Iterable[tuple[str, ...]]) -> Lines:
    cells = [
        [cell.replace("{name}.", "…").replace("{name}", "…").replace("|", "&#124;") for cell in row] for row in rows
    ]
    columns = head.split(" | ")
    return [f"| {head} |", "|---" * len(columns) + "|", *(f"| {' | '.join(row)} |" for row in cells), ""]


def lessons() -> Lines:
    """What each step teaches."""
    rows = []
    for each in steps().values():
        _, meta, _ = (DOCS / "steps" / f"{each.name}.md").read_text(encoding="utf-8").split("---\n", 2)
        told = yaml.safe_load(meta)
        rows.append((str(each.number), told["python"], told["web"]))
    return table("Step | Python | The web", rows)


def troubles(at: str) -> Lines:
    """The table of what the screen says, what it means and what to do."""
    found = [cause for cause in causes().values() if cause.at == at]
    if not found:
        raise NotFoundError(f"there is no cause that is seen at {at!r}")
    quoted = "“{}”" if at == "page" else "`{}`"
    rows = [(quoted.format(cause.says), cause.means, cause.do) for cause in found]
    return table("The screen says | It means | Do this", rows)


def mistakes() -> Lines:
    """What learners do wrong, what the checker says about it, and a question that helps them find it themselves."""
    out: Lines = []
    for each in steps().values():
        found = [(mistake["what"], causes()[mistake["oops"]]) for mistake in mistakes_of(each)]
        out += [f"### Step {each.number}", ""]
        out += table(
            "The learner | The checker says | Ask", [(what, cause.means, cause.hints[0]) for what, cause in found]
        )
    return out


def inline(text: str) -> str:
    return re.sub("`(.+?)`", r"<code>\1</code>", escape(text.strip(), quote=False))


def quiz(lines: Lines, number: int) -> tuple[str, str]:
    """The question as HTML, and its right option.

    Each option is a `<details>` and answers for itself: keyboard, screen reader and print know how to deal with it.
    """
    question = " ".join(line for line in lines if not line.startswith(("- ", "+ ")))
    options, right = "", ""
    for line in lines:
        if not line.startswith(("- ", "+ ")):
            continue
        option, found, answer = line[2:].partition(" :: ")
        if not found:
            raise NotFoundError(f"the option {option!r} has no answer (` :: `)")
        options += f'<details name="quiz-{number}"><summary>{inline(option)}</summary><p>{inline(answer)}</p></details>'
        right = inline(option) if line[0] == "+" else right
    if not right:
        raise NotFoundError(f"the question {question!r} has no right option (`+ `)")
    return f'<section class="quiz" aria-label="Question {number}"><p>{inline(question)}</p>{options}</section>', right


MARKDOWN: dict[str, Callable[..., Lines]] = {
    "code": code,
    "diff": diff,
    "own-test": own_test,
    "recorded": recorded,
    "picture": picture,
    "race": race,
    "run": run,
    "checked": checked,
    "take-home": lambda name: [f"[Take {step(name).name} home](../take-home/{name}.zip){{ .md-button download }}", ""],
    "lessons": lessons,
    "oops": troubles,
    "mistakes": mistakes,
}


class Directives(Preprocessor):
    def run(self, lines: Lines) -> Lines:
        out: Lines = []
        answers: Lines = []
        typed: dict[str, Typed] = {}
        rest = iter(lines)
        for line in rest:
            found = DIRECTIVE.fullmatch(line)
            if not found:
                out.append(line)
                continue
            try:
                what, words = found["what"], (found["words"] or "").split()
                if what == "quiz":
                    inside = [each for each in until("[[/quiz]]", rest) if each]
                    html, right = quiz(inside, len(answers) + 1)
                    answers.append(right)
                    out += ["", html, ""]
                elif what == "scene":
                    until("[[/scene]]", rest)
                    out += ["", rungs(words[0]), "", scene(*words), ""]
                elif what == "map":
                    out += ["", rungs(), ""]
                elif what == "club":
                    out += ["", home(), ""]
                elif what == "box":
                    so_far = typed.setdefault(words[0], Typed(step(words[0])))
                    out += [found["indent"] + each for each in box(so_far, words[1:])]
                elif what in MARKDOWN:
                    out += [found["indent"] + each for each in MARKDOWN[what](*words)]
                else:
                    raise NotFoundError(f"there is no [[{what}]]")
            except (NotFoundError, TypeError) as error:
                raise SystemExit(f"{page_with(line)}: {line.strip()}: {error}") from error
        if answers:
            items = "".join(f"<li>{answer}</li>" for answer in answers)
            out += ["", f'<section class="answers"><h2>Answers</h2><ol>{items}</ol></section>']
        return out


def until(end: str, lines: Iterable[str]) -> Lines:
    """The lines before this end."""
    found: Lines = []
    for line in lines:
        if line.strip() == end:
            return found
        found.append(line.strip())
    raise NotFoundError(f"{end} is missing")


def page_with(line: str) -> str:
    """The page with this directive; an extension is not told which page it is working on."""
    pages = [page for page in sorted(DOCS.rglob("*.md")) if line in page.read_text(encoding="utf-8").splitlines()]
    return ", ".join(str(page.relative_to(ROOT)) for page in pages) or "a page"


class PagesExtension(Extension):
    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 the name is Python-Markdown's
        pack()
        md.preprocessors.register(Directives(md), "club", 40)  # before fences (25)


def makeExtension(**options: Any) -> PagesExtension:  # noqa: N802
    return PagesExtension(**options)
