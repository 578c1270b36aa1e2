"""Hold a learner's file to the shared suite, and say in plain words what came of it.

The tests are the judge: this only runs them, one step after another, and puts the first failure into plain words.
"""

import ast
import hashlib
import importlib.util
import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from club.causes import Cause, Failure, cause_of, causes, filled, line_to_look_at
from club.ladder import ROOT, STEPS, judging, numbers

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
TRACEBACK_S = 2  # how long it may take until a traceback is in the terminal
REMEMBERED = ".club.json"  # beside the learner's file
CONTROL = dict.fromkeys((*range(32), *range(127, 160)), " ")


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
            return f"Not yet step {self.step}, {names[self.stars]}."
        return "All steps are there. Your club is ready!" if self.stars == len(names) else f"Step {self.goal} is there!"


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
    try:
        tree = ast.parse(source, str(path))
        compile(source, str(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        words = "".join(traceback.format_exception_only(error))
        return Failure("", 1, "unreadable", words.strip().splitlines()[-1], terminal=words)
    if not tree.body:
        return Failure("", 1, "empty", "There is no code in it yet.")
    for name in sorted(imported(tree)):
        if path.with_name(f"{name}.py").exists() and (name in sys.stdlib_module_names or is_installed(name)):
            return Failure("", 1, "shadow", f"A file has the name of a tool: {name}", {"name": name})
    return None


def imported(tree: ast.Module) -> Iterator[str]:
    """The top-level names of the modules that a program imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def two_of_one_name(source: str) -> dict[str, str]:
    """If a later function of the same name replaces one: that name and the line of the later one, as fields.

    A function with a decorator may already be in use by the time it is replaced.
    """
    for block in ast.walk(ast.parse(source)):
        seen: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        for node in block.body if isinstance(block, ast.Module | ast.ClassDef) else []:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = seen.setdefault(node.name, node)
                if first is not node and not (first.decorator_list and node.decorator_list):
                    return {"twice": node.name, "twice_line": str(node.lineno)}
    return {}


def is_installed(name: str) -> bool:
    spec = importlib.util.find_spec(name)
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
    if not failure and (failure := held_to_the_suite(path, numbers(start, goal), progress, world)):
        failure = replace(failure, fields=failure.fields | two_of_one_name(source))
    if failure:
        cause, gaps = cause_of(failure, source)
        line = int(gaps.pop("line", 0)) or line_to_look_at(path, failure, source, cause)
        gaps = {gap: plain(filling) for gap, filling in gaps.items()}
        verdict = Verdict(goal, failure.step, cause.id, gaps, failure.promise, plain(failure.sentence), line)
        lines = source.splitlines()
        verdict.code = plain(lines[line - 1].strip()) if line and line <= len(lines) else ""
    else:
        verdict = Verdict(goal)
    before = recall(path)
    same = before.get("verdict", {}).get("oops") == verdict.oops
    remember(path, verdict, before["hints"] if same else 0)  # while the trouble stays the same, the hints go on
    return verdict


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
