"""The code on the pages: a step's new lines in boxes, with their numbers in the learner's own file."""

import ast
import difflib
import re
from collections.abc import Collection, Iterable
from functools import cache
from typing import NamedTuple

from club.ladder import NotFoundError, Step, first_line, names_of, step

AIM_LEVEL = 3  # from this level on, a page gives the aim, and the lines are folded away
LONG = 60  # letters; of a longer line, the beginning is enough to find it
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
NEAR = 3  # lines; pieces no further apart than this are shown in one block

Lines = list[str]


def with_word(step: Step, inside: Collection[int], word: str) -> set[int]:
    """The numbers of the lines, among these, of the statements or arguments that contain a word.

    An `if` is there with its block when its own line contains the word. The word `finally` stands for that block.
    Raises `NotFoundError`.
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
        elif isinstance(node, ast.If):
            if word in step.lines[node.lineno - 1]:
                found |= set(range(node.lineno, (node.body[-1].end_lineno or 0) + 1))
        elif not hasattr(node, "body") and any(word in step.lines[at - 1] for at in lines):
            (arguments if isinstance(node, ast.keyword) else found).update(lines)
    if not (found := arguments or found):
        raise NotFoundError(f"step {step.name} has no {word!r} there")
    return found


class Box(NamedTuple):
    """What a box asks for: pieces by their names, of them `only` or all `but` some words, and words left `blank`."""

    names: Lines
    only: Lines
    but: Lines
    blank: Lines

    @classmethod
    def asked_for(cls, words: Iterable[str]) -> "Box":
        """From the words of a directive, without the step's name."""
        parts: dict[str, Lines] = {"names": [], "only": [], "but": [], "blank": []}
        part = "names"
        for word in words:
            if word in {"only", "but", "blank"} and part != "blank" and parts[part]:
                part = word
            else:
                parts[part].append(word)
        return cls(**parts)

    def lines(self, step: Step) -> set[int]:
        """The numbers of its lines, all of them new in this step. Raises `NotFoundError`."""
        pieces = [set(step.find(name)) & step.new for name in self.names]
        found = set().union(*pieces)
        some = set().union(*(with_word(step, found, word) for word in self.but or self.only))
        found = found & some if self.only else found - some
        if not all(pieces) or not found:
            raise NotFoundError(f"a box of step {step.name} names a piece that is not new: {' '.join(self.names)}")
        return found


def box_lines(step: Step, words: Iterable[str]) -> set[int]:
    """The numbers of the new lines in a task box: `words` are those of its directive, without the step's name."""
    return Box.asked_for(words).lines(step)


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

    The workbench helps to get the `new` ones into the learner's program: it finds the real numbers in `data-new`, and
    those of all lines that are shown in `data-lines`.
    """
    marks = " ".join(str(at) for at, number in enumerate(numbers, 1) if number in marked)
    highlighted = f' hl_lines="{marks}"' if marks else ""
    helped = ""
    if new:
        lines, added = (" ".join(map(str, each)) for each in (numbers, [each for each in numbers if each in new]))
        helped = f' data-new="{added}" data-lines="{lines}" data-of="{step.name}"'
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


def box(typed: Typed, words: Iterable[str]) -> Lines:
    """Level 1 shows the lines. Level 2 leaves gaps, and later levels give the aim: there they are folded away."""
    asked = Box.asked_for(words)
    is_first = not typed.step.before and not typed.boxes
    new = asked.lines(typed.step)
    typed.add(new)
    if typed.step.level >= AIM_LEVEL:
        return folded("Show me the lines", code_of_box(typed, new, is_first))
    if not asked.blank:
        return code_of_box(typed, new, is_first)
    gaps = with_gaps(code_of_box(typed, new, is_first), asked.blank)
    return [*gaps, *folded("The lines without gaps", code_of_box(typed, new, is_first, is_a_help=False))]


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


def goes(step: Step, block: list[int]) -> tuple[list[Lines], list[Lines]]:
    """The old lines that give way to a block, and those that go from its functions without a new one in their place.

    Lines that stand together are together.
    """
    functions = {function_of(line, step.lines) for line in block}
    found: tuple[list[Lines], list[Lines]] = [], []
    for tag, start, end, first, last in step.changes:
        gives_way = tag == "replace" and any(first < line <= last for line in block)
        old = range(start + 1, end + 1) if gives_way or tag == "delete" else ()
        texts = [step.before[line - 1].strip() for line in old if function_of(line, step.before) in functions]
        if texts := [text for text in texts if text]:
            found[tag == "delete"].append(texts)
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


def listed(runs: list[Lines]) -> str:
    """The lines as a part of a sentence. Of three and more that stand together, the first and the last."""
    said = []
    for lines in runs:
        short = [f"`{line if len(line) < LONG else line[: LONG - 1] + '…'}`" for line in lines]
        said += short if len(short) < 3 else [f"the {len(short)} lines from {short[0]} to {short[-1]}"]
    return " and ".join(filter(None, [", ".join(said[:-1]), said[-1]]))


def code_of_box(typed: Typed, new: set[int], is_first: bool, is_a_help: bool = True) -> Lines:
    """The new lines, block by block. The workbench helps with those that say so."""
    this = typed.step
    out: Lines = []
    for block in blocks(new):
        out += where(typed, block) if this.level >= AIM_LEVEL else []
        # One old line above and below shows the place, if there is one.
        around = {
            line
            for line in (block[0] - 1, block[-1] + 1)
            if 0 < line <= len(this.lines) and line in typed.there and this.lines[line - 1].strip()
        }
        shown = [line for line in range(block[0], block[-1] + 1) if line in typed.there]
        shown = sorted(around.union(shown))
        marked = () if is_first else new
        out += fence(this, shown, typed.number(shown[0]), marked, new if is_a_help else ())
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
