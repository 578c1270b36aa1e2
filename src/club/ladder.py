"""The ladder: which steps there are, in which order, and what each one adds. Everything else asks here.

The order comes from the folders in `steps/`, the titles from the headings of their pages in `docs/steps/`.
"""

import ast
import difflib
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

IDEAS_ADD_TO = 9  # the step that a feature of one's own starts from
ROOT = Path(__file__).parents[2]
STEPS = ROOT / "steps"
MISTAKES = ROOT / "tests" / "mistakes"


class NotFoundError(Exception):
    """A step or a name that a page asks for does not exist. Its text is a sentence for the page's author."""


@dataclass(frozen=True)
class Step:
    """One step. `name` is that of its folder, `title` the heading of its page, and `lines` are those of its program."""

    number: int
    name: str
    title: str
    lines: tuple[str, ...]
    before: tuple[str, ...]  # the program of the step before

    @property
    def level(self) -> int:
        """1: build the club, 2: make it yours, 3: make it strong, 4: make it big. Its page says so; without one, 0."""
        found = re.search(r"^level: (\d)$", page_of(self.name), re.MULTILINE)
        return int(found[1]) if found else 0

    @property
    def said(self) -> str:
        """What Bo says on the second server, in the picture of a step that has two. Its page tells."""
        found = re.search(r'^said: "(.+)"$', page_of(self.name), re.MULTILINE)
        return found[1] if found else ""

    @property
    def subject(self) -> str:
        """The title as part of a sentence."""
        return self.title.partition(" ")[2].lower()

    @cached_property
    def changes(self) -> list[tuple[str, int, int, int, int]]:
        """What is different from the step before, as the opcodes of `difflib`: they count lines from 0."""
        return [*difflib.SequenceMatcher(None, self.before, self.lines, False).get_opcodes()]

    @property
    def new(self) -> frozenset[int]:
        """The numbers (from 1) of the lines that the step before does not have; blank ones do not count."""
        return frozenset(
            number
            for tag, _, _, start, end in self.changes
            if tag in {"insert", "replace"}
            for number in range(start + 1, end + 1)
            if self.lines[number - 1].strip()
        )

    def find(self, name: str) -> range:
        """The line numbers of one piece, by its name.

        A name is that of a function, a class, a method (`Class.method`), a variable or a called function; `if` is a
        name too, and so is `import`, for all imports. Decorators and the comment above belong to the piece, and the
        class's own line to its first method. Raises `NotFoundError`.
        """
        tree = ast.parse("\n".join(self.lines))
        owner, _, method = name.rpartition(".")
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == owner]
        body: list[ast.stmt] = classes[0].body if classes else tree.body
        found = [node for node in body if (method if classes else name) in names_of(node)]
        if not found:
            raise NotFoundError(f"step {self.name} has nothing that is called {name!r}")
        first = first_line(found[0])
        if classes and found[0] is body[0]:
            first = classes[0].lineno
        while first > 1 and self.lines[first - 2].lstrip().startswith("#"):
            first -= 1
        return range(first, (found[-1].end_lineno or first) + 1)


def first_line(node: ast.stmt) -> int:
    """The number of its first line. Decorators belong to it."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])


def names_of(node: ast.stmt) -> set[str]:
    """The names by which a page can ask for a statement."""
    match node:
        case ast.Import() | ast.ImportFrom():
            return {"import"}
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {node.name}
        case ast.Assign() | ast.AnnAssign():
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            return {ast.unparse(target) for target in targets}
        case ast.If():
            return {"if"}
        case ast.Expr(value=ast.Call(func=function)):
            return {ast.unparse(function)}
    return set()


def program(folder: Path) -> tuple[str, ...]:
    return tuple((folder / "main.py").read_text(encoding="utf-8").splitlines())


@cache
def page_of(name: str) -> str:
    """The text of a step's page; if there are no pages, nothing."""
    page = ROOT / "docs" / "steps" / f"{name}.md"
    return page.read_text(encoding="utf-8") if page.is_file() else ""


def title_of(name: str) -> str:
    """The heading of a step's page; if there are no pages, the name itself."""
    heading = re.search(r"^# (.+)$", page_of(name), re.MULTILINE)
    return heading[1].strip() if heading else name


@cache
def steps() -> dict[str, Step]:
    """All steps by their names, in their order."""
    found, before = dict[str, Step](), tuple[str, ...]()
    for folder in sorted(STEPS.glob("[0-9][0-9]_*")):
        number, lines = int(folder.name[:2]), program(folder)
        found[folder.name] = Step(number, folder.name, title_of(folder.name), lines, before)
        before = lines
    return found


@cache
def ideas() -> dict[str, Step]:
    """Features of one's own, as examples: programs that add something to a step, which is the one before them."""
    before = next((each.lines for each in steps().values() if each.number == IDEAS_ADD_TO), ())
    folders = sorted(STEPS.glob("idea_*"))
    return {each.name: Step(IDEAS_ADD_TO, each.name, each.name, program(each), before) for each in folders}


def judging() -> list[Path]:
    """The files that judge a program: the promises, the words they are told in, and the mistakes. They go wherever
    a program is checked, and need nothing else of ours."""
    tests = ROOT / "tests"
    patterns = ("conftest.py", "test_[0-9]*.py", "suite/*.py", "mistakes/*.toml")
    return [file for pattern in patterns for file in sorted(tests.glob(pattern))]


def numbers(first: int = 1, last: int = 99) -> list[int]:
    """The numbers of the steps from `first` to `last`."""
    return [each.number for each in steps().values() if first <= each.number <= last]


def step_of(line: str) -> int:
    """The step that this line, or one that looks much like it, is first typed in; 0 if there is none."""
    typed = {text.strip(): each.number for each in reversed(steps().values()) for text in each.lines}
    with_gaps = re.compile(re.escape(line.strip()).replace("____", r"\w*"))
    found = [text for text in typed if with_gaps.fullmatch(text)]
    found = found or difflib.get_close_matches(line.strip(), typed, 1, 0.85)
    return typed[found[0]] if found else 0


def step(name: str) -> Step:
    """A step, or an idea. Raises `NotFoundError`."""
    try:
        return (steps() | ideas())[name]
    except KeyError:
        raise NotFoundError(f"there is no step {name!r}") from None
