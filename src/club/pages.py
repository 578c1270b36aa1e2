"""Markdown that takes its code, pictures and links from the repository, so that a page cannot drift from it.

Each of these stands on a line of its own in a page:

    [[title 03_chat]]                  the heading, from the navigation
    [[scene 03_chat]]                  the picture of the club, with the piece that this step adds
    [[box 03_chat chat_message]]       one task: the new lines of the pieces with these names
    [[code 03_chat broadcast]]         one function or class; without a name the whole program
    [[diff 03_chat]]                   what changed since the step before
    [[recorded 03_chat terminal]]      what a run printed
    [[picture 03_chat Ada and Bo …]]   what a run showed, and the words for those who cannot see it
    [[checked test_03_chat.py::test_friends_hear_each_other]]
    [[run 03_chat]]                    the program, to be run and changed in the page; `itself`: it need not be asked
    [[take-home 03_chat]]              the zip that runs anywhere
    [[map]]                            all steps
    [[oops terminal]]                  what can go wrong there, or on the `page`, or with the `checker`
    [[mistakes 03_chat]]               what learners do wrong in a step, and what helps
    [[quiz]]                           a question, its options `- text :: answer` (the right one `+`), and [[/quiz]]

A name that is not there stops the build. This is an extension of Python-Markdown and no plugin or hook, because those
run in one site builder only.
"""

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable
from html import escape
from typing import Any

from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor

from club import in_page
from club.ladder import ROOT, NotFoundError, Step, step, steps
from club.oops import entries
from club.parcels import pack

DOCS = ROOT / "docs"
ASSETS = DOCS / "assets"
DIRECTIVE = re.compile(r"(?P<indent> *)\[\[(?P<what>[a-z-]+)(?: (?P<words>.+))?\]\]\s*")
NEAR = 3  # pieces that stand as near as this are shown in one block

Lines = list[str]


def box_lines(step: Step, names: Iterable[str]) -> list[set[int]]:
    """The numbers of the new lines in a task box, a set for each of its pieces."""
    found = [set(step.find(name)) & step.new for name in names]
    if not all(found):
        raise NotFoundError(f"a box of step {step.name} names a piece that is not new: {' '.join(names)}")
    return found


def fence(step: Step, numbers: Iterable[int]) -> Lines:
    """Lines of a program with their real numbers, the new ones marked."""
    shown = list(numbers)
    marked = [str(at) for at, number in enumerate(shown, 1) if step.before and number in step.new]
    marks = f' hl_lines="{" ".join(marked)}"' if marked else ""
    code = [step.lines[number - 1] for number in shown]
    return [f'``` py title="main.py" linenums="{shown[0]}"{marks}', *code, "```", ""]


def box(name: str, *pieces: str) -> Lines:
    this = step(name)
    blocks: list[list[int]] = []
    for new in box_lines(this, pieces):
        if not blocks or min(new) - blocks[-1][-1] > NEAR:
            blocks.append([min(new)])
        blocks[-1] = list(range(blocks[-1][0], max(new) + 1))
    out: Lines = []
    for block in blocks:
        # One old line around the new ones, for place, where there is one.
        if block[0] > 1 and this.lines[block[0] - 2].strip():
            block.insert(0, block[0] - 1)
        if block[-1] < len(this.lines) and this.lines[block[-1]].strip() and block[-1] + 1 not in this.new:
            block.append(block[-1] + 1)
        out += fence(this, block)
    return out


def code(name: str, piece: str = "") -> Lines:
    this = step(name)
    return fence(this, this.find(piece) if piece else range(1, len(this.lines) + 1))


def diff(name: str) -> Lines:
    """Each line with its sign and its real number: in the new program, or in the old one where it is gone."""
    this, old, new, lines = step(name), 0, 0, []
    for line in difflib.ndiff(this.before, this.lines):
        old += line[0] in " -"
        new += line[0] in " +"
        if line[0] in "+-" and line[2:].strip():
            lines.append(f"{line[0]} {new if line[0] == '+' else old:3} {line[2:]}")
    return [f'``` diff title="new in {name}"', *lines, "```", ""]


def recorded(name: str, what: str) -> Lines:
    file = ASSETS / "recorded" / f"{step(name).name}-{what}.txt"
    if not file.is_file():
        raise NotFoundError(f"nothing is recorded as {file.name}; `python -m club.record` does it")
    return ["``` text", *file.read_text(encoding="utf-8").rstrip().splitlines(), "```", ""]


def picture(name: str, *alt: str) -> Lines:
    files = {scheme: f"{step(name).name}-{scheme}.png" for scheme in ("light", "dark")}
    for file in files.values():
        if not (ASSETS / "recorded" / file).is_file():
            raise NotFoundError(f"there is no picture {file}; `python -m club.record` makes it")
    words = " ".join(alt)
    return [
        f"![{words}](../assets/recorded/{file}#only-{scheme}){{ loading=lazy }}" for scheme, file in files.items()
    ] + [""]


def checked(test: str) -> Lines:
    file, _, name = test.partition("::")
    path = ROOT / "tests" / file
    if not path.is_file() or f"def {name}(" not in path.read_text(encoding="utf-8"):
        raise NotFoundError(f"there is no test {test}")
    return [f"Checked by `{name}`.", "{ .checked }", ""]


def scene(name: str) -> str:
    """One drawing for all steps: what is built is there, what is new has the signal colour, the rest is left out."""
    this = step(name)
    drawing = (ASSETS / "scene.svg").read_text(encoding="utf-8")
    groups = re.findall(r'<g data-step="(\d+)">\n<desc>(.*?)</desc>(.*?)</g><!-- step -->', drawing, re.DOTALL)
    words = [desc for number, desc, _ in groups if int(number) == this.number]
    if not words:
        raise NotFoundError(f"scene.svg has no part for step {name}")
    drawn = "".join(
        f'<g class="{"new" if int(number) == this.number else "built"}">{shapes}</g>'
        for number, _, shapes in groups
        if int(number) <= this.number
    )
    opening = drawing.partition("\n")[0].replace(" role", f' aria-label="{words[0]}" role')
    pause = '<button type="button" class="pause" hidden>Pause</button>' if "<animate" in drawn else ""
    drawn = re.sub(r"\s*\n\s*", "", drawn)
    return f'<figure class="scene">{opening}{drawn}</svg>{pause}<figcaption>{words[0]}</figcaption></figure>'


def run(name: str, start: str = "") -> Lines:
    """The program as it is; `run.js` puts the buttons and the club around it."""
    this, runtime = step(name), in_page.built()
    way = f"Run it: `uv run fastapi dev steps/{name}/main.py`"
    if not runtime:
        return [way, "", *code(name)]
    new = " ".join(map(str, sorted(this.new if this.before else ())))
    names = "|".join(each.subject for each in steps().values())
    data = f'data-step="{name}" data-names="{names}" data-new="{new}" data-runtime="{runtime}" data-start="{start}"'
    return [f'<section class="run" {data} markdown="1">', "", way, "{ .unable }", "", *code(name), "</section>", ""]


def ladder() -> Lines:
    rungs = [f"{each.number}. [{each.title.partition(' ')[2]}](steps/{each.name}.md)" for each in steps().values()]
    return ['<div class="ladder" markdown="1">', "", *rungs, "", "</div>", ""]


def table(head: str, rows: Iterable[tuple[str, ...]]) -> Lines:
    cells = [
        [cell.replace("{name}.", "…").replace("{name}", "…").replace("|", "&#124;") for cell in row] for row in rows
    ]
    columns = head.split(" | ")
    return [f"| {head} |", "|---" * len(columns) + "|", *(f"| {' | '.join(row)} |" for row in cells), ""]


def troubles(at: str) -> Lines:
    """The table of what the screen says, what it means and what to do."""
    found = [oops for oops in entries().values() if oops.at == at]
    if not found:
        raise NotFoundError(f"oops.toml has nothing that is seen at {at!r}")
    quoted = "“{}”" if at == "page" else "`{}`"
    return table(
        "The screen says | It means | Do this", [(quoted.format(oops.says), oops.means, oops.do) for oops in found]
    )


def mistakes(name: str) -> Lines:
    """What learners do wrong, what the checker says to it, and a question that helps them to find it themselves."""
    told = tomllib.loads((ROOT / "tests" / "mistakes" / f"{step(name).name}.toml").read_text(encoding="utf-8"))
    rows = [(each["what"], entries()[each["oops"]]) for each in told["mistake"]]
    return table("The learner | The checker says | Ask", [(what, oops.means, oops.hints[0]) for what, oops in rows])


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
    "title": lambda name: [f"# {step(name).title}", ""],
    "box": box,
    "code": code,
    "diff": diff,
    "recorded": recorded,
    "picture": picture,
    "run": run,
    "checked": checked,
    "take-home": lambda name: [f"[Take {step(name).name} home](../take-home/{name}.zip){{ .md-button download }}", ""],
    "map": ladder,
    "oops": troubles,
    "mistakes": mistakes,
}


class Directives(Preprocessor):
    def run(self, lines: Lines) -> Lines:
        out: Lines = []
        answers: Lines = []
        rest = iter(lines)
        for line in rest:
            found = DIRECTIVE.fullmatch(line)
            if not found:
                out.append(line)
                continue
            try:
                what, words = found["what"], (found["words"] or "").split()
                if what == "quiz":
                    inside = list(iter(lambda: next(rest).strip(), "[[/quiz]]"))
                    html, right = quiz([each for each in inside if each], len(answers) + 1)
                    answers.append(right)
                    out += ["", html, ""]
                elif what == "scene":
                    out += ["", scene(*words), ""]
                elif what in MARKDOWN:
                    out += [found["indent"] + each for each in MARKDOWN[what](*words)]
                else:
                    raise NotFoundError(f"there is no [[{what}]]")
            except (NotFoundError, TypeError, StopIteration) as error:
                raise SystemExit(f"{page_with(line)}: {line.strip()}: {error}") from error
        if answers:
            items = "".join(f"<li>{answer}</li>" for answer in answers)
            out += ["", f'<section class="answers"><h2>Answers</h2><ol>{items}</ol></section>']
        return out


def page_with(line: str) -> str:
    """The page on which a directive stands; an extension is not told which page it works on."""
    pages = [page for page in sorted(DOCS.rglob("*.md")) if line in page.read_text(encoding="utf-8").splitlines()]
    return ", ".join(str(page.relative_to(ROOT)) for page in pages) or "a page"


class PagesExtension(Extension):
    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 the name is Python-Markdown's
        pack()
        md.preprocessors.register(Directives(md), "club", 40)  # before fences (25)


def makeExtension(**options: Any) -> PagesExtension:  # noqa: N802
    return PagesExtension(**options)
