"""Hold a learner's file to the shared suite, and say in plain words what came of it.

The tests are the judge: this only runs them, one step after another, and puts the first failure into plain words.
"""

import ast
import hashlib
import importlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from club.causes import Cause, Failure, cause_of, causes, filled, line_to_look_at
from club.ladder import ROOT, STEPS, judging, numbers, step_of
from club.source import (
    close_name,
    function_around,
    gap,
    imported,
    no_type,
    place_of_slip,
    two_of_one_name,
    way_of,
    without,
)

MINE = STEPS / "my_club" / "main.py"
PATIENCE_S = 2  # how long anybody waits for the learner's program
# Parts of pytest that would only take time.
NOT_NEEDED = [
    "cacheprovider",
    "debugging",
    "doctest",
    "faulthandler",
    "junitxml",
    "legacypath",
    "logging",
    "pastebin",
    "setuponly",
    "setupplan",
    "stepwise",
    "terminal",
    "threadexception",
    "unittest",
    "unraisableexception",
    "warnings",
]
# What `fastapi dev` is made of.
SERVER = [
    "fastapi",
    "fastapi_cli.cli",
    "multiprocessing.spawn",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "uvicorn.supervisors",
]
SLIPS = 8  # pieces that are left out at most, to see how far the rest of a program gets
TRACEBACK_S = 2  # how long it may take until a traceback is in the terminal
REMEMBERED = ".club.json"  # beside the learner's file
CONTROL = dict.fromkeys((*range(32), *range(127, 160)), " ")


SLIPS_AT_SIGHT = {"gap", "no-type"}  # kinds of failures in a program that Python can read
CANNOT_START = {"not-started", "ended"}  # kinds of failures
Hold = Callable[
    [], Failure | None
]  # holds a program to the suite, and gives back the first promise that it does not keep


class CannotTryError(Exception):
    """The file cannot be checked. The message is a sentence for the learner."""


@dataclass
class Verdict:
    """The result of a check up to the step `goal`: the first step that is not reached yet, if any, and why."""

    goal: int
    step: int = 0
    oops: str = ""
    gaps: dict[str, str] = field(default_factory=dict)
    wanted: str = ""
    instead: str = ""
    line: int | None = None
    code: str = ""
    missing: str = ""  # whether something is missing above or below the line

    @property
    def stars(self) -> int:
        """How many steps have been reached."""
        return len(numbers(last=self.step - 1 if self.oops else self.goal))

    @property
    def cause(self) -> Cause:
        return causes()[self.oops]

    @property
    def means(self) -> str:
        return filled(self.cause.means, self.gaps) if self.oops else ""

    @property
    def hints(self) -> list[str]:
        """Three hints: vague, closer, nearly there."""
        return [filled(hint, self.gaps) for hint in (*self.cause.hints, self.cause.do)]

    def headline(self, names: list[str]) -> str:
        """The verdict in a sentence; `names` are those of all steps, in their order."""
        if self.oops:
            return f"Step {self.step}, {names[self.stars]}, is not finished yet."
        return "All steps are there. Your club is ready!" if self.stars == len(names) else f"Step {self.goal} works!"


class Judge:
    """A plugin of pytest that keeps the first failure, and tells `progress` which step it is looking at."""

    def __init__(self, progress: Callable[[int], None]) -> None:
        self.progress = progress
        self.step = 0
        self.failure: Failure | None = None

    def pytest_runtest_setup(self, item: Any) -> None:
        step = int(item.path.name[5:7])
        if step != self.step:
            self.step = step
            self.progress(step)

    def pytest_exception_interact(self, node: Any, call: Any) -> None:
        if self.failure:
            return
        error = call.excinfo.value
        fields = dict(getattr(error, "fields", {}))
        kind, sentence = getattr(error, "kind", "error"), getattr(error, "sentence", call.excinfo.exconly())
        told = {name: fields.pop(name, "") for name in ("terminal", "held_up")}
        from suite.world import PROGRAM  # noqa: PLC0415 - pytest knows by now where that is

        if program := node.stash.get(PROGRAM, None):
            has_tripped = kind == "hung-up" or fields.get("status") == "500"
            told = {"terminal": what_it_printed(program, has_tripped), "held_up": program.held_up()}
        self.failure = Failure(getattr(node, "originalname", ""), self.step, kind, sentence, fields, **told)


class Orphans:
    """A plugin of pytest for the terminal's world: whatever a program leaves behind is ended."""

    def pytest_sessionstart(self) -> None:
        self.program = importlib.import_module("suite.program")
        self.ours = self.program.adopt_orphans()

    def pytest_sessionfinish(self) -> None:
        self.program.end_orphans(self.ours)


def what_it_printed(program: Any, has_tripped: bool) -> str:
    """Its terminal. Why a program has tripped stands there only a moment after its friends notice."""
    program.tell_failures()
    end = time.monotonic() + TRACEBACK_S
    while has_tripped and "Traceback" not in program.terminal() and time.monotonic() < end:
        time.sleep(0.02)
    return str(program.terminal())


def plain(text: str) -> str:
    """What a program says, on one line and without what would steer a terminal."""
    return text.translate(CONTROL)


def read(path: Path) -> str:
    """The text of the file. Raises `CannotTryError` if there is nothing to read."""
    if not path.exists():
        more = " To get one: uv run club catch-up 1" if path == MINE else ""
        raise CannotTryError(f"There is no file {path}.{more}")
    if path.is_dir():
        raise CannotTryError(f"{path} is a folder. Name the file in it that you want to check.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CannotTryError(f"The file {path} cannot be opened: {error.strerror}.") from error
    except UnicodeDecodeError:
        return "\0"


def at_first_sight(path: Path, source: str) -> Failure | None:
    """What can be told without running the file. This comes first, so that no other cause gets the blame."""
    if "\0" in source:
        return Failure("", 1, "not-text", "It is not UTF-8 text.")
    if broken := unreadable(path, source):
        return broken
    if not ast.parse(source).body:
        return Failure("", 1, "empty", "There is no code in it yet.")
    if hidden := next(hidden_tools(path), None):
        return Failure("", 1, "shadow", f"{hidden} has the name of a tool.", {"file": hidden})
    return slip_at_sight(source)


def slip_at_sight(source: str) -> Failure | None:
    """A slip in lines that Python can read. When they run, the trouble may come late, or in another line."""
    if open_gap := gap(source):
        return Failure("", 1, "gap", "There is still a gap in it.", open_gap)
    if strange := no_type(source):
        return Failure("", 1, "no-type", f"Nothing makes a type {strange['no_type']}.", strange)
    return None


def unreadable(path: Path, source: str) -> Failure | None:
    """The failure of a program that Python cannot read."""
    try:
        compile(source, str(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", 0)
        words = "".join(traceback.format_exception_only(error))
        inside = function_around(source, line) if "outside a" in str(error) else {}
        return Failure("", 1, "unreadable", words.strip().splitlines()[-1], inside, terminal=words)
    return None


def files_like_tools(path: Path) -> Iterator[Path]:
    """The files and folders beside a program that have the name of a module that Python, or a library, brings."""
    for file in sorted({*path.parent.glob("*.py"), *(each.parent for each in path.parent.glob("*/__init__.py"))}):
        name = file.stem if file.suffix == ".py" else file.name
        if name in sys.stdlib_module_names or (name.isidentifier() and is_installed(name)):
            yield file


def hidden_tools(path: Path) -> Iterator[str]:
    """The names of those that hide a module which FastAPI needs, so that no club can start beside them."""
    if files := list(files_like_tools(path)):
        needed = needed_tools()
        yield from (file.name for file in files if file.name.removesuffix(".py") in needed)


@cache
def needed_tools() -> set[str]:
    """All modules that `fastapi dev` imports, but for those that are loaded before Python looks into a folder."""
    program = "\n".join(f"import {name}" for name in ("sys; before = {*sys.modules}", *SERVER))
    program += "\nprint(*{name.partition('.')[0] for name in sys.modules} - before)"
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, encoding="utf-8", check=False)
    return set(done.stdout.split()) - {*sys.builtin_module_names, "__main__"}


def is_installed(name: str) -> bool:
    spec = PathFinder.find_spec(name)  # wherever it comes from, and not what has been imported by now
    return spec is not None and "site-packages" in str(spec.origin)


def check(
    path: Path,
    goal: int,
    progress: Callable[[int], None] = lambda step: None,
    start: int = 1,
    world: Iterable[object] = (),
) -> Verdict:
    """Hold this file to the promises of all steps from `start` up to the goal.

    Takes seconds; whatever the file does, it ends. `world` holds plugins for pytest, if the tests are to run
    in a world other than the terminal's. Raises `CannotTryError`.
    """
    path = path.resolve()
    source = read(path)
    failure = at_first_sight(path, source)
    hold = partial(held_to_the_suite, path, numbers(start, goal), progress, world)
    if not failure and (failure := hold()):
        failure = replace(failure, fields=failure.fields | told_by(path, source, failure))
    if failure:
        cause, gaps = cause_of(failure, source)
        line = int(gaps.pop("line", 0)) or line_to_look_at(path, failure, source, cause, gaps)
        line, missing = place_of_slip(source, line)
        gaps = {gap: plain(filling) for gap, filling in gaps.items()}
        lines = source.splitlines()
        code = plain(lines[line - 1].strip()) if line and line <= len(lines) else ""
        step = failure.step
        if failure.kind in {"unreadable", *SLIPS_AT_SIGHT, *CANNOT_START}:
            step = step_of_slip(path, source, failure, line, hold) or goal
        if code and (failure.kind in {"unreadable", *SLIPS_AT_SIGHT} or "Traceback" in failure.trouble):
            # A slip in the lines of a later step takes no stars away.
            step = min(max(step, step_of(code)), goal)
        sentence = plain(failure.sentence)
        verdict = Verdict(goal, step, cause.id, gaps, failure.promise, sentence, line, code, missing)
    else:
        verdict = Verdict(goal)
    before = recall(path)
    same = before.get("verdict", {}).get("oops") == verdict.oops
    remember(path, verdict, before["hints"] if same else 0)  # while the trouble stays the same, the hints go on
    return verdict


def told_by(path: Path, source: str, failure: Failure) -> dict[str, str]:
    """What the text of the program tells about this failure, as more fields for it."""
    called = failure.fields.get("path", "").partition("?")[0]
    kind = failure.fields.get("method", "websocket")
    way = way_of(source, kind, f"{called}Ada" if called.endswith("/") else called) if called else {}
    beside = sorted({file.stem for file in files_like_tools(path)} & {*imported(ast.parse(source))})
    unknown = re.search(r"^(?:NameError: name|AttributeError: .* attribute) '(\w+)'", failure.trouble, re.MULTILINE)
    other = unknown and close_name(source, unknown[1])
    found = {"beside": beside and beside[0], "other": other}
    return two_of_one_name(source) | way | {name: value for name, value in found.items() if value}


def step_of_slip(path: Path, source: str, failure: Failure, line: int | None, hold: Hold) -> int | None:
    """The step whose lines keep a program from starting: without them, the rest of it is held to the suite.

    None if that keeps all promises.
    """
    slip = failure
    for _ in range(SLIPS):
        top = re.search(rf'File "{re.escape(str(path))}", line (\d+), in <module>', slip.held_up or slip.trouble)
        line = int(top[1]) if top else line
        if line is None or (rest := without(source, line)) == source:
            return failure.step
        source, line = rest, None
        if broken := unreadable(path, rest):
            named = re.findall(r"line (\d+)", broken.terminal)
            slip, line = broken, int(named[-1]) if named else None
        elif (found := hold_without(rest, hold)) and found.kind in CANNOT_START:
            slip = found
        else:
            return found.step if found else None
    return failure.step


def hold_without(rest: str, hold: Hold) -> Failure | None:
    with tempfile.TemporaryDirectory(prefix="club-", ignore_cleanup_errors=True) as folder:
        text = Path(folder, "rest.py")
        text.write_text(rest, encoding="utf-8")
        os.environ["CLUB_TEXT"] = str(text)
        try:
            return hold()
        finally:
            del os.environ["CLUB_TEXT"]


def held_to_the_suite(
    path: Path, steps: list[int], progress: Callable[[int], None], world: Iterable[object]
) -> Failure | None:
    """The first promise that is not kept. Raises `CannotTryError`."""
    try:
        import pytest  # noqa: PLC0415
    except ImportError:
        raise CannotTryError("The checker needs pytest. Start it with: uv run club check") from None
    judge = Judge(progress)
    os.environ |= {"PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    without = (f"-pno:{plugin}" for plugin in NOT_NEEDED)
    quiet = ["-x", "-s", "-W", "ignore", "--assert", "plain", *without]
    here = ["--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"), "-o", "addopts=--import-mode=importlib"]
    asked = ["--patience", str(PATIENCE_S), "--app", str(path), "--step", str(steps[-1])]
    tests = [str(next((ROOT / "tests").glob(f"test_{step:02}_*.py"))) for step in steps]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as notes:
        asked += ["--basetemp", str(Path(notes) / "notes")]
        code = pytest.main([*quiet, *here, *asked, *tests], plugins=[judge, *(world or [Orphans()])])
    if code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if judge.failure is None and code != pytest.ExitCode.OK:
        raise CannotTryError(f"The tests could not be run (pytest ended with {code!r}).")
    return judge.failure


# The result of the last check of a file is kept, so that the map and the hints need not run it again.


def fingerprint(path: Path) -> str:
    """It changes when the file changes, or a file beside it, or what judges it."""
    files = [*sorted(path.resolve().parent.glob("*.py")), *judging()]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def recall(path: Path) -> dict[str, Any]:
    try:
        kept = json.loads(path.with_name(REMEMBERED).read_text(encoding="utf-8"))
        return kept if kept["of"] == path.name else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def remember(path: Path, verdict: Verdict, hints: int) -> None:
    kept = {"of": path.name, "made_from": fingerprint(path), "hints": hints, "verdict": asdict(verdict)}
    with suppress(OSError):  # the folder may be read-only
        path.with_name(REMEMBERED).write_text(json.dumps(kept, indent=1), encoding="utf-8")


def last_verdict(path: Path, goal: int, progress: Callable[[int], None] = lambda step: None) -> Verdict:
    """The verdict of the last check if it still holds, else of a new one. Raises `CannotTryError`."""
    path = path.resolve()
    read(path)
    kept = recall(path)
    if kept.get("made_from") == fingerprint(path):
        verdict = Verdict(**kept["verdict"])
        if verdict.step <= goal if verdict.oops else verdict.goal == goal:
            return verdict
    return check(path, goal, progress)


def next_hint(path: Path, verdict: Verdict) -> tuple[int, str]:
    """The number (from 1) and the words of the next hint; after the third, the third again."""
    path = path.resolve()
    number = min(recall(path).get("hints", 0) + 1, len(verdict.hints))
    remember(path, verdict, number)
    return number, verdict.hints[number - 1]
