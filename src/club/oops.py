"""What can go wrong, in words for a learner: one source for the checker and for the pages. The words: `oops.toml`."""

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("oops.toml")


@dataclass(frozen=True)
class Failure:
    """A promise that a program does not keep.

    `test` is the name of the test that said so, or empty before any could run, and `step` its step; `sentence` is
    what it said, `terminal` what the program had printed by then.
    """

    test: str
    step: int
    sentence: str
    terminal: str = ""

    @property
    def promise(self) -> str:
        """What should have happened: the tests have sentences for names."""
        return self.test.removeprefix("test_").replace("_", " ").capitalize() or "the program starts".capitalize()


@dataclass(frozen=True)
class Oops:
    """One entry of `oops.toml`, which tells what the parts mean."""

    id: str
    at: str
    says: str
    means: str
    do: str
    hints: list[str]
    piece: str = ""
    tests: list[str] = field(default_factory=list)
    sentence: str = ""
    terminal: str = ""
    code: str = ""
    look: list[str] = field(default_factory=list)

    @property
    def can_be_checked(self) -> bool:
        """Whether the checker looks for it; the others are only for the pages."""
        return bool(self.tests or self.sentence or self.terminal)

    def fits(self, failure: Failure, source: str) -> re.Match[str] | None:
        """The match whose named groups fill the gaps in the texts, and may tell the line, if this is the cause."""
        if not self.can_be_checked or (self.tests and failure.test not in self.tests):
            return None
        places = {self.sentence: failure.sentence, self.code: source, self.terminal: failure.terminal}
        found = [re.search(pattern, text, re.MULTILINE) for pattern, text in places.items()]
        return found[-1] if all(found) else None


@cache
def entries() -> dict[str, Oops]:
    """All entries by their ids, in the order in which causes are looked for."""
    return {entry["id"]: Oops(**entry) for entry in tomllib.loads(FILE.read_text(encoding="utf-8"))["oops"]}


def cause(failure: Failure, source: str) -> tuple[Oops, dict[str, str]]:
    """The first entry that fits, and what fills its gaps. A test sees to it that there is one for every promise."""
    for oops in entries().values():
        if found := oops.fits(failure, source):
            return oops, {gap: filling for gap, filling in found.groupdict().items() if filling}
    return entries()["crash"], {"name": failure.sentence}


def line_to_look_at(path: Path, failure: Failure, source: str, oops: Oops) -> int | None:
    """The line of the learner's file where the trouble is, or probably is. Lines count from 1."""
    name = re.escape(str(path))
    frame = rf'File "{name}", line (\d+)|{name}:(\d+): \w+Warning'
    if not oops.look or "Traceback" in failure.terminal:
        # The nearest line is the last one; of several tracebacks the first tells the cause.
        _, held_up, stack = failure.terminal.rpartition("\nHeld up:\n")
        text = stack if held_up else re.split(r"\n(?=[A-Z]\w*(?:Error|Exception|Disconnect)\b)", stack)[0]
        if frames := re.findall(frame, text):
            return int("".join(frames[-1]))
    for pattern in oops.look:
        if found := re.search(pattern, source, re.MULTILINE):
            return source.count("\n", 0, found.end()) + 1
    return None
