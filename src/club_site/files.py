"""What a page shows of files that are no steps: whole, what is new in one, or what an idea changes in a step."""

import difflib
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from club.ladder import STEPS, NotFoundError, Step, step
from club_site.runtime import built

MORE = STEPS / "more"
NEAR = 3  # lines; changes no further apart than this are shown in one block

Lines = list[str]


def lines_of(name: str) -> Lines:
    """The lines of a file in `steps/more`. Raises `NotFoundError`."""
    path = MORE / name
    if not path.is_file():
        raise NotFoundError(f"there is no file steps/more/{name}")
    return path.read_text(encoding="utf-8").splitlines()


def fence(name: str, lines: Lines, start: int = 1, marked: Lines | None = None) -> Lines:
    """These lines of a file as a block of code, some of them marked as new."""
    kind = Path(name).suffix[1:]
    title = "mine.html" if kind == "html" else Path(name).name  # a page is the learner's own, and grows
    marks = f' hl_lines="{" ".join(marked)}"' if marked else ""
    return [f'``` {{ .{kind} title="{title}" linenums="{start}"{marks} }}', *lines, "```", ""]


def file(name: str) -> Lines:
    return fence(name, lines_of(name))


def piece(name: str, *pieces: str) -> Lines:
    """Some functions, classes or variables of a program, each with its real line numbers."""
    program = Step(0, name, name, tuple(lines_of(name)), ())
    out: Lines = []
    for each in pieces:
        lines = program.find(each)
        out += fence(name, [program.lines[number - 1] for number in lines], lines[0])
    return out


def new_blocks(name: str, before: str) -> list[range]:
    """The numbers, from 0, of the lines that a file has and the one before it has not, block by block."""
    matcher = difflib.SequenceMatcher(None, lines_of(before), lines_of(name), autojunk=False)
    found: list[range] = []
    for tag, _, _, start, end in matcher.get_opcodes():
        if tag not in {"insert", "replace"}:
            continue
        if found and start - found[-1].stop < NEAR:
            found[-1] = range(found[-1].start, end)
        else:
            found.append(range(start, end))
    return found


def new(name: str, before: str, *words: str) -> Lines:
    """What is new since the file before, with an old line around each block; with words, the blocks that have one."""
    lines, old, out = lines_of(name), set(lines_of(before)), Lines()
    for block in new_blocks(name, before):
        text = "\n".join(lines[at] for at in block)
        if words and not any(word in text for word in words):
            continue
        shown = range(max(block.start - 1, 0), min(block.stop + 1, len(lines)))
        while not lines[shown[0]].strip():
            shown = shown[1:]
        while not lines[shown[-1]].strip():
            shown = shown[:-1]
        marked = [str(at - shown.start + 1) for at in block if lines[at].strip() and lines[at] not in old]
        out += fence(name, [lines[at] for at in shown], shown.start + 1, marked)
    if not out:
        raise NotFoundError(f"steps/more/{name} has nothing new {' or '.join(words)}")
    return out


def idea(name: str) -> dict[str, Any]:
    """A change to a step: its `step`, and each `change` with what is `old` and what is `new`."""
    return tomllib.loads("\n".join(lines_of(f"{name}.toml")))


def program_with(name: str) -> str:
    """The step's program with all changes of an idea. Raises `NotFoundError` if a place is not there once."""
    told = idea(name)
    program = "\n".join([*step(told["step"]).lines, ""])
    for change in told["change"]:
        if program.count(change["old"]) != 1:
            raise NotFoundError(f"step {told['step']} has no such place, or more than one: {change['old']}")
        program = program.replace(change["old"], change["new"])
    return program


def change(name: str, *wanted: str) -> Lines:
    """Some changes of an idea, as a learner makes them: lines that go have a `-`, new ones a `+`."""
    program_with(name)
    out: Lines = []
    for each in idea(name)["change"]:
        if each["name"] in wanted:
            diff = difflib.ndiff(each["old"].strip("\n").splitlines(), each["new"].strip("\n").splitlines())
            out += [line for line in diff if line[0] != "?"]
    if not out:
        raise NotFoundError(f"the idea {name} has no change called {' or '.join(wanted)}")
    return ['``` diff title="main.py"', *out, "```", ""]


def own_page(name: str) -> Lines:
    """A place to type a web page and to run it beside the words, on the learner's own club, or on ours of this step."""
    if not (runtime := built()):
        return []
    return [
        f'<section class="own-page" data-runtime="{runtime}" data-step="{step(name).name}" aria-label="Your page">'
        '<textarea aria-label="mine.html" spellcheck="false" autocapitalize="off" rows="14"></textarea>'
        '<p class="buttons"></p><p role="status"></p>'
        '<div class="beside"><div class="screen"></div><div class="devices"></div></div></section>',
        "",
    ]


DIRECTIVES: dict[str, Callable[..., Lines]] = {
    "file": file,
    "piece": piece,
    "new": new,
    "change": change,
    "own-page": own_page,
}
