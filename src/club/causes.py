"""What can go wrong, in words for a learner: one source for the checker and for the pages.

The causes are in `tests/mistakes/`: a file for each step, with the mistakes that show them, and `any_step.toml`,
which explains the parts of an entry.
"""

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
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
        who = {"who": re.escape(failure.fields.get("who", ""))}
        places = [(f"^({self.kind or '.*'})$", failure.kind), (self.terminal, failure.terminal), (self.code, source)]
        for name, pattern in self.where.items():
            if name not in failure.fields:
                return None
            places.append((filled(pattern, who), failure.fields[name]))
        found = [re.search(pattern, text, re.MULTILINE) for pattern, text in places]
        if not all(found):
            return None
        return {gap: text for match in found if match for gap, text in match.groupdict().items() if text}


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
        for entry in tomllib.loads(file.read_text(encoding="utf-8")).get("oops", []):
            found[entry["id"]] = Cause(step=step, **entry)
    return found


def cause_of(failure: Failure, source: str) -> tuple[Cause, dict[str, str]]:
    """The first cause that fits, and what fills its gaps; if none fits, one that at least names the test."""
    order = sorted(causes().values(), key=lambda each: (not each.first, each.step != 0, each.step != failure.step))
    for cause in order:
        if (gaps := cause.fits(failure, source)) is not None:
            return cause, gaps
    known = (cause for cause in order if failure.test in cause.tests)
    return next(known, causes()["crash"]), {"name": failure.sentence}


def line_to_look_at(path: Path, failure: Failure, source: str, cause: Cause) -> int | None:
    """The line of the learner's file where the trouble is, or probably is. Lines count from 1."""
    name = re.escape(str(path))
    frame = rf'File "{name}", line (\d+)|{name}:(\d+): \w+Warning'
    if not cause.look_first and (not cause.look or failure.held_up or "Traceback" in failure.terminal):
        # The innermost line comes last; of several tracebacks, the first shows the cause.
        first = re.split(r"\n(?=[A-Z]\w*(?:Error|Exception|Disconnect)\b)", failure.terminal)[0]
        if frames := re.findall(frame, failure.held_up or first):
            return int("".join(frames[-1]))
    for pattern in cause.look:
        if found := re.search(pattern, source, re.MULTILINE):
            return source.count("\n", 0, found.end()) + 1
    return None
