"""What can go wrong, in words for a learner: one source for the checker and for the pages.

The causes are in `tests/mistakes/`: a file for each step, with the mistakes that show them below, and `any_step.toml`,
which explains the parts of an entry.
"""

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from club.ladder import MISTAKES


@dataclass(frozen=True)
class Failure:
    """A promise that a program does not keep.

    `test` is the name of the test that failed, or empty if none could run, and `step` is its step. `kind` and `fields`
    say what happened, and `sentence` says the same to a reader. `terminal` is what the program had printed by then,
    and `held_up` is the stack of a line that kept everybody waiting.
    """

    test: str
    step: int
    kind: str
    sentence: str
    fields: dict[str, str] = field(default_factory=dict)
    terminal: str = ""
    held_up: str = ""

    @property
    def promise(self) -> str:
        """What should have happened: the names of the tests are sentences."""
        return self.test.removeprefix("test_").replace("_", " ").capitalize() or "The program starts"

    @cached_property
    def trouble(self) -> str:
        """The first trouble in the terminal, and all warnings about a forgotten `await`."""
        return first_trouble(self.terminal)


# What stands in front of the lines of an exception that other exceptions are in.
GROUP = re.compile(r"^ *(?:\+-[-+]*( \d+ -+)?$|[+|] ?)", re.MULTILINE)
WITHIN_GROUP = re.compile(
    r"^Exception Group Traceback(?:(?!^Traceback)[\s\S])*?\(\d+ sub-exceptions?\)\n+", re.MULTILINE
)
# A traceback, the name of its exception, and then a second one that it led to.
CHAINED = re.compile(
    r"^Traceback \(most.*\n(?:(?!Traceback).*\n)*?([A-Za-z_][\w.]*)(?:: .*)?\n(?:(?!Traceback).*\n)*?"
    r"\n(?:During handling of|The above exception was).*:\n\n(?=Traceback|Exception Group)",
    re.MULTILINE,
)
SLIPS = {"NameError", "UnboundLocalError", "TypeError", "AttributeError", "ImportError", "ModuleNotFoundError"}
FORGOTTEN = re.compile(r"^.*RuntimeWarning: coroutine .*\n", re.MULTILINE)


def first_trouble(terminal: str) -> str:
    """What the terminal says up to the end of the first traceback.

    Of tracebacks in a chain the last one counts: a friend's goodbye comes before what goes wrong then. Only a slip
    in a line is a trouble by itself, whatever comes after it: a name of Pydantic's own, with `__`, is none.
    """
    text = GROUP.sub("", terminal) if "Exception Group Traceback" in terminal else terminal
    text = WITHIN_GROUP.sub("", text)
    while (chain := CHAINED.search(text)) and (chain[1] not in SLIPS or "\nAttributeError: __pydantic" in chain[0]):
        text = text[: chain.start()] + text[chain.end() :]
    before, *tracebacks = re.split(r"^(?=Traceback \(most)", text, flags=re.MULTILINE)
    return "".join(FORGOTTEN.findall(text)) + before + "".join(tracebacks[:1])


@dataclass(frozen=True)
class Cause:
    """One entry of `tests/mistakes/`; `any_step.toml` explains the parts."""

    id: str
    step: int  # 0 for any
    at: str
    says: str
    means: str
    do: str
    hints: list[str]
    piece: str = ""
    tests: list[str] = field(default_factory=list)
    kind: str = ""
    where: dict[str, str] = field(default_factory=dict)
    held_up: bool = False
    terminal: str = ""
    code: str = ""
    look: list[str] = field(default_factory=list)
    look_first: bool = False
    first: bool = False
    last: bool = False

    @property
    def can_be_checked(self) -> bool:
        """Whether the checker looks for it; the others are only for the pages."""
        return bool(self.tests or self.kind or self.where or self.held_up or self.terminal)

    def fits(self, failure: Failure, source: str) -> dict[str, str] | None:
        """If this is the cause, the named groups that its patterns found, to fill the gaps in its texts; else None."""
        if not self.can_be_checked or (self.tests and failure.test not in self.tests):
            return None
        if self.held_up and not failure.held_up:
            return None
        if not self.where.keys() <= failure.fields.keys():
            return None
        places = [(f"^({self.kind or '.*'})$", failure.kind)]
        places += [(pattern, failure.fields[name]) for name, pattern in self.where.items()]
        places += [(self.terminal, failure.trouble), (self.code, source)]
        gaps = {"who": failure.fields.get("who", "")}
        for pattern, text in places:
            found = re.search(filled(pattern, {gap: re.escape(each) for gap, each in gaps.items()}), text, re.MULTILINE)
            if not found:
                return None
            gaps |= {gap: each for gap, each in found.groupdict().items() if each}
        return gaps | ({"type": TYPES.get(gaps["type"], "something else")} if "type" in gaps else {})


# What Python calls a type, in words.
TYPES = {
    "str": "a text",
    "int": "a number",
    "float": "a number",
    "bool": "`True` or `False`",
    "list": "a list",
    "dict": "a dictionary",
    "set": "a set",
    "tuple": "a group of values",
    "NoneType": "nothing (`None`)",
    "function": "a function without its brackets",
    "method": "a function without its brackets",
    "coroutine": "a call without its `await`",
}


def filled(text: str, gaps: dict[str, str]) -> str:
    """The text with its `{gap}`s filled in."""
    for gap, filling in gaps.items():
        text = text.replace(f"{{{gap}}}", filling)
    return text


@cache
def causes() -> dict[str, Cause]:
    """All causes by their ids, in the order of their files."""
    files = [MISTAKES / "any_step.toml", *sorted(MISTAKES.glob("[0-9]*.toml"))]
    found = {}
    for file in files:
        step = int(file.name[:2]) if file.name[0].isdigit() else 0
        # The mistakes come last, and take long to read.
        told, _, _ = file.read_text(encoding="utf-8").partition("\n[[mistake]]")
        for entry in tomllib.loads(told).get("oops", []):
            found[entry["id"]] = Cause(step=step, **entry)
    return found


def cause_of(failure: Failure, source: str) -> tuple[Cause, dict[str, str]]:
    """The first cause that fits, and what fills its gaps. The last one, `not-kept`, fits anything."""
    order = sorted(
        causes().values(),
        key=lambda each: (
            not each.first or each.step > failure.step,
            each.last,
            each.step != 0,
            each.step != failure.step,
        ),
    )
    fitting = ((cause, cause.fits(failure, source)) for cause in order)
    return next((cause, gaps) for cause, gaps in fitting if gaps is not None)


def line_to_look_at(path: Path, failure: Failure, source: str, cause: Cause, gaps: dict[str, str]) -> int | None:
    """The line of the learner's file where the trouble is, or probably is. Lines count from 1."""
    gaps = {gap: re.escape(each) for gap, each in gaps.items()}
    name = re.escape(str(path))
    frame = rf'File "{name}", line (\d+)|{name}:(\d+): \w+Warning'
    shown = not cause.look or failure.held_up or "Traceback" in failure.trouble
    frames = re.findall(frame, failure.held_up or failure.trouble) if shown and not cause.look_first else []
    if frames:
        return int("".join(frames[-1]))  # the innermost line comes last
    for pattern in cause.look:
        if found := re.search(filled(pattern, gaps), source, re.MULTILINE):
            return source.count("\n", 0, found.end()) + 1
    return None
