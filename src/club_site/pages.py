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
    [[file who.py]]                    a whole file from `steps/more`
    [[piece members/main.py known]]    some functions, classes or variables of such a file
    [[new b.html a.html call]]         what the first has and the second has not; with words, only their blocks
    [[change send_again keep]]         what an idea changes in a step
    [[own-page 03_chat]]               a place to type a web page, and to run it
    [[own-test hello]]                 a test that a learner could write
    [[recorded 03_chat terminal]]      what a run printed
    [[picture 03_chat Ada and Bo …]]   what a run showed, and the words for those who cannot see it
    [[race one]]                       what the last race showed: `one`, `eight` and `frozen` are pictures, `table`,
                                       `smaller` and `redis` are tables
    [[checked test_03_chat.py::test_friends_hear_each_other]]
    [[run 03_chat]]                    the step's program, and beside the page the workbench
    [[bench 09_whispers own]]          the workbench beside a page on a feature (`own`) or a `test` of one's own
    [[club]]                           two walkie-talkies that work
    [[take-home 03_chat]]              the zip that runs anywhere
    [[map]]                            all steps, with the learner's stars
    [[teachers 03_chat]]               the notes for teachers, from `teach` at the top of the page
    [[lessons]]                        what each step teaches, from there, too
    [[signs 1 2]]                      the signs that the pages of these levels explain, in a sentence each
    [[answers]]                        the answers of all pages
    [[certificate]]                    a sheet with the learner's stars
    [[oops terminal]]                  what can go wrong there, or on the `page`, or with the `checker`
    [[mistakes]]                       what learners do wrong, step by step, and what helps
    [[quiz]]                           a question, its options `- text :: answer` (the right one `+`), and [[/quiz]]

A name that does not exist stops the build. This is an extension of Python-Markdown, not a plugin or hook, because
those run in one site builder only.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor

from club.ladder import ROOT, NotFoundError, step
from club_site import files, teaching
from club_site.boxes import Lines, Typed, box, code, diff
from club_site.quiz import quiz
from club_site.runtime import built
from club_site.scenes import PICTURE, home, rungs, scene
from club_site.tables import mistakes, troubles

DOCS = ROOT / "docs"
ASSETS = DOCS / "assets"
DIRECTIVE = re.compile(r"(?P<indent> *)\[\[(?P<what>[a-z-]+)(?: (?P<words>.+))?\]\]\s*")
SCHEMES = ("light", "dark")


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
    return ["Checked by a test.", f'{{ .checked title="{name}" }}', ""]


def run(name: str) -> Lines:
    """The program of the step, to be read. Where a script may run, the workbench takes its place.

    Search finds its lines where they are told, and not in all programs at once.
    """
    runtime = built()
    way = f"Run it: `uv run fastapi dev steps/{name}/main.py`"
    if not runtime:
        return ['<section class="run" data-search-exclude markdown="1">', "", way, "", *code(name), "</section>", ""]
    # There is room for the workbench from the start, so nothing has to move. A page in a folder runs no modules.
    script = '<script>if (location.protocol !== "file:") document.documentElement.classList.add("bench")</script>'
    data = f'data-step="{name}" data-runtime="{runtime}"'
    return [
        f'<section class="run" {data} data-search-exclude markdown="1">',
        "",
        script,
        "",
        way,
        "",
        *code(name),
        "</section>",
        "",
    ]


def bench(name: str, about: str) -> Lines:
    """The workbench beside a page that is about what comes after a step: a feature, or a test, of one's own."""
    runtime = built()
    script = '<script>if (location.protocol !== "file:") document.documentElement.classList.add("bench")</script>'
    data = f'data-step="{step(name).name}" data-about="{about}" data-runtime="{runtime}"'
    return [f'<section class="run" {data}>{script}</section>', ""] if runtime else []


MARKDOWN: dict[str, Callable[..., Lines]] = {
    "code": code,
    "diff": diff,
    "own-test": own_test,
    "recorded": recorded,
    "picture": picture,
    "race": race,
    "run": run,
    "bench": bench,
    "map": lambda: ["", rungs(), ""],
    "club": lambda: ["", home(), ""],
    "checked": checked,
    "take-home": lambda name: [
        f"[Take our club of step {step(name).number} home](../take-home/{name}.zip){{ .md-button download }}",
        "",
    ],
    "oops": troubles,
    "mistakes": mistakes,
    **files.DIRECTIVES,
    **teaching.DIRECTIVES,
}


class Page:
    """A page while it is read: what its boxes have shown so far, and the answers to its questions."""

    def __init__(self, lines: Lines) -> None:
        self.title = next((line[2:] for line in lines if line.startswith("# ")), "")
        self.rest = iter(lines)
        self.typed: dict[str, Typed] = {}
        self.answers: Lines = []
        self.directives = MARKDOWN | {"box": self.box, "quiz": self.quiz, "scene": self.scene}

    def box(self, name: str, *words: str) -> Lines:
        return box(self.typed.setdefault(name, Typed(step(name))), words)

    def quiz(self) -> Lines:
        inside = [each for each in until("[[/quiz]]", self.rest) if each]
        html, right = quiz(inside, len(self.answers) + 1)
        self.answers.append(right)
        return ["", html, ""]

    def scene(self, name: str) -> Lines:
        until("[[/scene]]", self.rest)
        return ["", rungs(name), "", scene(name), ""]

    def read(self) -> Lines:
        out: Lines = []
        for line in self.rest:
            found = DIRECTIVE.fullmatch(line)
            if not found:
                out.append(line)
                continue
            try:
                if not (directive := self.directives.get(found["what"])):
                    raise NotFoundError(f"there is no [[{found['what']}]]")
                out += [found["indent"] + each for each in directive(*(found["words"] or "").split())]
            except (NotFoundError, TypeError) as error:
                raise SystemExit(f"{page_with(line)}: {line.strip()}: {error}") from error
        if self.answers and self.title:
            items = "".join(f"<li>{answer}</li>" for answer in self.answers)
            title = f"{self.title}: answers"  # on a sheet of its own
            out += ["", f'<section class="answers" data-search-exclude><h2>{title}</h2><ol>{items}</ol></section>']
        return out


class Directives(Preprocessor):
    def run(self, lines: Lines) -> Lines:
        return Page(lines).read()


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
        if not (ASSETS / "clubhouse" / "site.css").is_file():
            raise SystemExit("What the pages need is not there yet. Run: uv run --group node python workbench/build.py")
        md.preprocessors.register(Directives(md), "club", 40)  # before fences (25)


def makeExtension(**options: Any) -> PagesExtension:  # noqa: N802
    return PagesExtension(**options)
