"""`club mark`: what the checker says to each program in a folder, such as the unpacked zip that the board collects."""

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from club.check import CannotTryError, check
from club.classroom.collect import table
from club.ladder import STEPS, steps

HEAD = ["program", "stars", "of", "step", "cause", "line", "what it says"]


@dataclass(frozen=True)
class Marked:
    """The verdict on one program. `step` is the first that it does not reach, and 0 if it reaches them all."""

    program: str
    stars: int
    of: int
    step: int
    oops: str
    line: int | None
    says: str

    @property
    def cells(self) -> list[object]:
        return [self.program, self.stars, self.of, self.step or "", self.oops, self.line or "", self.says]


def programs(folder: Path) -> Iterator[tuple[str, Path]]:
    """Each with a name: a folder with a main.py in it, or a file of its own."""
    found = [*folder.glob("*/main.py"), *folder.glob("*.py"), *folder.glob("*/my_club/main.py")]
    for path in sorted(found):
        yield path.relative_to(folder).as_posix().removesuffix("/main.py").removesuffix("/my_club"), path


def mark(found: Iterable[tuple[str, Path]], goal: int) -> Iterator[Marked]:
    """Each program gets a few seconds, whatever it does. It runs on this computer."""
    names = [step.subject for step in steps().values()]
    with tempfile.TemporaryDirectory() as folder:
        # It stands alone, beside the clubhouse, as the one of a learner does.
        main = Path(folder) / "steps" / "my_club" / "main.py"
        shutil.copytree(STEPS / "clubhouse", main.parent.parent / "clubhouse")
        main.parent.mkdir()
        for name, path in found:
            try:
                shutil.copyfile(path, main)
                verdict = check(main, goal)
            except (CannotTryError, OSError) as error:
                yield Marked(name, 0, goal, 1, "not-checked", None, str(error))
                continue
            headline = verdict.headline(names)
            says = f"{headline} {verdict.means}".strip()
            yield Marked(name, verdict.stars, goal, verdict.step, verdict.oops, verdict.line, says)


def as_json(marks: Iterable[Marked]) -> str:
    return json.dumps([asdict(each) for each in marks], indent=1, ensure_ascii=False)


def as_csv(marks: Iterable[Marked]) -> str:
    return table([HEAD, *(each.cells for each in marks)])
