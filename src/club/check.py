"""Hold a learner's file to the shared suite, and say in plain words what came of it.

The tests are the judge: this only runs them, one step after the other, and translates the first that fails.
"""

import ast
import hashlib
import importlib.util
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from club.ladder import ROOT, STEPS
from club.oops import Failure, Oops, cause, entries, line_to_look_at

MINE = STEPS / "my_club" / "main.py"
PATIENCE = 2  # seconds that anybody waits for the learner's program
REMEMBERED = ".club.json"  # beside the learner's file


class CannotTryError(Exception):
    """The file cannot be tried. Its text is a sentence for the learner."""


@dataclass
class Verdict:
    """What came of a check: how many steps are there, and what is in the way of the next one, if anything is."""

    stars: int
    goal: int
    oops: str = ""
    gaps: dict[str, str] | None = None
    wanted: str = ""
    instead: str = ""
    line: int | None = None
    code: str = ""

    def words(self, text: str) -> str:
        """A text of the cause, with its gaps filled."""
        for gap, filling in (self.gaps or {}).items():
            text = text.replace(f"{{{gap}}}", filling)
        return text

    @property
    def cause(self) -> Oops:
        return entries()[self.oops]

    def headline(self, names: Sequence[str]) -> str:
        """The verdict in a sentence or two; `names` are those of all steps."""
        if self.oops:
            return f"Not yet step {self.stars + 1}, {names[self.stars]}. {self.words(self.cause.means)}"
        return "All steps are there. Your club is ready!" if self.goal == len(names) else f"Step {self.goal} is there!"


class Judge:
    """A plugin of pytest that keeps the first failure, and tells `progress` how many steps have been held."""

    def __init__(self, path: Path, progress: Callable[[int], None]) -> None:
        self.path = path
        self.progress = progress
        self.step = 0
        self.failure: Failure | None = None

    def pytest_runtest_setup(self, item: Any) -> None:
        step = item.get_closest_marker("step").args[0]
        if step != self.step:
            self.step = step
            self.progress(step - 1)

    def pytest_exception_interact(self, node: Any, call: Any) -> None:
        if self.failure:
            return
        sentence = str(getattr(call.excinfo.value, "msg", None) or call.excinfo.exconly())
        terminal = what_it_printed(node.program, self.path, sentence) if hasattr(node, "program") else sentence
        for more in (" Its terminal says:", " shows a traceback:"):
            sentence = sentence.partition(more)[0]
        self.failure = Failure(node.originalname, self.step, sentence, terminal)


def what_it_printed(program: Any, path: Path, sentence: str) -> str:
    """Its terminal. Why it answered 500 stands there only a moment after the answer."""
    with suppress(RuntimeError):  # it has ended, or cannot listen
        program.tasks("tell")
    end = time.monotonic() + PATIENCE
    while " 500 " in sentence and "Traceback" not in program.terminal() and time.monotonic() < end:
        time.sleep(0.02)
    return str(program.terminal())


def read(path: Path) -> str:
    """The text of the file. Raises `CannotTryError` when there is none to read."""
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
    """What can be told without running the file. This comes first, so that no other cause is named in its place."""
    if "\0" in source:
        return Failure("", 1, "It is not UTF-8 text.", "It is not UTF-8 text.")
    try:
        tree = ast.parse(source, str(path))
        compile(source, str(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        words = "".join(traceback.format_exception_only(error))
        return Failure("", 1, words.strip().splitlines()[-1], words)
    if not tree.body:
        return Failure("", 1, *["There is no code in it yet."] * 2)
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    for name in sorted(imported):
        if path.with_name(f"{name}.py").exists() and (name in sys.stdlib_module_names or is_installed(name)):
            return Failure("", 1, *[f"A file has the name of a tool: {name}"] * 2)
    return None


def two_of_one_name(source: str) -> str:
    """A sentence if Python forgets a function because of another one. A decorator may have put it to use before."""
    for block in ast.walk(ast.parse(source)):
        seen: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        for node in block.body if isinstance(block, ast.Module | ast.ClassDef) else []:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = seen.setdefault(node.name, node)
                if first is not node and not (first.decorator_list and node.decorator_list):
                    return f"Two functions have the name {node.name}, the second in line {node.lineno}.\n"
    return ""


def is_installed(name: str) -> bool:
    spec = importlib.util.find_spec(name)
    return spec is not None and "site-packages" in str(spec.origin)


def check(path: Path, goal: int, progress: Callable[[int], None] = lambda stars: None, start: int = 1) -> Verdict:
    """Hold this file to the promises of all steps from `start` up to the goal.

    Raises `CannotTryError`. Takes seconds; whatever the file does, it ends.
    """
    path = path.resolve()
    source = read(path)
    failure = at_first_sight(path, source)
    if not failure and (failure := held_to_the_suite(path, range(start, goal + 1), progress)):
        failure = replace(failure, terminal=two_of_one_name(source) + failure.terminal)
    if failure:
        oops, gaps = cause(failure, source)
        line = int(gaps.pop("line", None) or 0) or line_to_look_at(path, failure, source, oops)
        verdict = Verdict(failure.step - 1, goal, oops.id, gaps, failure.promise, failure.sentence, line)
        lines = source.splitlines()
        verdict.code = lines[line - 1].strip() if line and line <= len(lines) else ""
    else:
        verdict = Verdict(goal, goal)
    before = recall(path)
    same = before.get("verdict", {}).get("oops") == verdict.oops
    remember(path, verdict, before["hints"] if same else 0)  # as long as the trouble is the same, hints go on
    return verdict


def held_to_the_suite(path: Path, steps: range, progress: Callable[[int], None]) -> Failure | None:
    """The first promise that is not kept. Raises `CannotTryError`."""
    try:
        import pytest  # noqa: PLC0415
    except ImportError:
        raise CannotTryError("The checker needs pytest. Start it with: uv run club check") from None
    judge = Judge(path, progress)
    os.environ |= {"PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    quiet = ["-x", "-s", "-W", "ignore", "-p", "no:warnings", "-p", "no:terminal", "-p", "no:cacheprovider"]
    here = ["--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml")]
    ours = ["--patience", str(PATIENCE), "--app", str(path), "--step", str(steps[-1])]
    tests = [str(next((ROOT / "tests").glob(f"test_{step:02}_*.py"))) for step in steps]
    code = pytest.main([*quiet, *here, *ours, *tests], plugins=[judge])
    if code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if judge.failure is None and code != pytest.ExitCode.OK:
        raise CannotTryError(f"The tests could not be run (pytest ends with {code!r}).")
    return judge.failure


# What is known from the last check of a file is kept: the map and the hints need not run it again.


def fingerprint(path: Path) -> str:
    """Another one as soon as the file, or what stands beside it, is another."""
    files = [*sorted(path.resolve().parent.glob("*.py")), *sorted((ROOT / "tests").rglob("*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def recall(path: Path) -> dict[str, Any]:
    try:
        kept = json.loads(path.with_name(REMEMBERED).read_text(encoding="utf-8"))
        return kept if kept["of"] == path.name else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def remember(path: Path, verdict: Verdict, hints: int) -> None:
    kept = {"of": path.name, "made_from": fingerprint(path), "hints": hints, "verdict": asdict(verdict)}
    with suppress(OSError):  # a folder may be for reading only
        path.with_name(REMEMBERED).write_text(json.dumps(kept, indent=1), encoding="utf-8")


def last_verdict(path: Path, goal: int, progress: Callable[[int], None] = lambda stars: None) -> Verdict:
    """The verdict of the last check if it still holds, else of a new one. Raises `CannotTryError`."""
    path = path.resolve()
    read(path)
    kept = recall(path)
    if kept.get("made_from") == fingerprint(path):
        verdict = Verdict(**kept["verdict"])
        if verdict.stars < goal if verdict.oops else verdict.goal == goal:
            return verdict
    return check(path, goal, progress)


def next_hint(path: Path, verdict: Verdict) -> tuple[int, str]:
    """The number (from 1) and the words of the next hint; after the third it stays the third."""
    path = path.resolve()
    hints = [*verdict.cause.hints, verdict.cause.do]
    number = min(recall(path).get("hints", 0) + 1, len(hints))
    remember(path, verdict, number)
    return number, verdict.words(hints[number - 1])
