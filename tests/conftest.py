"""One suite for every step, and for your own file.

uv run pytest                       every step is held to its own promises and to those of the steps before it
uv run --all-groups pytest -n 3     the checker, the command, the site and the clubhouse are tested, too
uv run pytest --step 3              only step 3
uv run pytest --app=my_chat.py      your own file, held to all promises
uv run pytest --app=my_chat.py --step 3     your own file, held to the promises of steps 1 to 3
uv run pytest tests/test_mine.py    your own test, on your own club: its file has no number
"""

import itertools
import re
import signal
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from suite.friends import Club, Friend
from suite.world import START, HungUpError, NotKept, Program, Start, fail, started_here

STEPS = Path(__file__).parent.parent / "steps"
MY_CLUB = STEPS / "my_club" / "main.py"
QUIET_S = 1  # how long a program gets, after a test, to return to how it was before
# A learner's plain `uv run pytest` takes less than a minute, and leaves out what tests the project itself.
HAS_ALL_GROUPS = find_spec("xdist") is not None
collect_ignore = [] if HAS_ALL_GROUPS else ["project"]
SLOW = {
    "test_in_page.py",
    "test_workbench.py",
    "test_clubhouse.py",
    "test_site.py",
    "test_check.py",
}  # these are started first
PROGRAMS = {int(main.parent.name[:2]): main for main in sorted(STEPS.glob("[0-9][0-9]_*/main.py"))}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--step", type=int, choices=PROGRAMS, help="hold only this step to its promises")
    parser.addoption("--patience", type=float, default=5, metavar="SECONDS", help="how long a friend waits (5)")
    parser.addoption("--app", type=Path, metavar="FILE", help="hold this file to them, instead of our own steps")


def pytest_configure(config: pytest.Config) -> None:
    if START not in config.stash:
        from suite.serve import get_ready  # noqa: PLC0415

        config.stash[START] = started_here
        # When it is told to end, pytest tidies up as after Ctrl+C, even if the shell has switched Ctrl+C off.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        get_ready()


def pytest_report_header() -> str:
    return "" if HAS_ALL_GROUPS else "More tests, of the project itself: uv run --all-groups pytest -n 3"


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.stash[START] is started_here:
        from suite.program import end_marked  # noqa: PLC0415

        end_marked()


def first_step(item: pytest.Item | pytest.Function) -> int | None:
    """The step that makes this promise, if it is one of a step: the marker says which, or the name of the file."""
    if mark := item.get_closest_marker("step"):
        return int(mark.args[0])
    found = re.match(r"test_(\d\d)_", item.path.name)
    return int(found[1]) if found else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test of the promises on the step that makes it and on every later one.

    A test that belongs to no step runs on the idea that its file is named after, or else it is a learner's own and
    runs on their club.
    """
    if "main_py" not in metafunc.fixturenames:
        return
    app, step = metafunc.config.getoption("app"), metafunc.config.getoption("step")
    newest, first = metafunc.definition.get_closest_marker("newest"), first_step(metafunc.definition)
    if not (newest or first):
        idea = STEPS / metafunc.definition.path.stem.removeprefix("test_") / "main.py"
        if idea.is_file():
            metafunc.parametrize("main_py", [] if app or step else [idea], ids=lambda path: path.parent.name)
            return
        app = app or MY_CLUB
    if app and not app.is_file():
        raise pytest.UsageError(f"--app: there is no file {app}")
    programs = {step or max(PROGRAMS): app.resolve()} if app else PROGRAMS
    wanted = {max(PROGRAMS), *newest.args} if newest else range(first or 1, max(PROGRAMS) + 1)
    chosen = {
        path.name if app else path.parent.name: path
        for number, path in programs.items()
        if number in wanted and (app or step in (None, number))
    }
    metafunc.parametrize("main_py", chosen.values(), ids=chosen.keys())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that are for none of the chosen programs and, with --step or --app, the repository's own."""
    one_program = config.getoption("app") or config.getoption("step")
    in_a_page = config.stash[START] is not started_here
    wanted, other = [], []
    for item in items:
        chosen = item.callspec.params.get("main_py") if hasattr(item, "callspec") else None
        beyond = config.getoption("app") and item.get_closest_marker("beyond")
        beyond = beyond or (in_a_page and item.get_closest_marker("terminal"))
        asked = (isinstance(chosen, Path) and not beyond) or not (one_program or "main_py" in item.fixturenames)
        (wanted if asked else other).append(item)
    config.hook.pytest_deselected(items=other)
    items[:] = sorted(wanted, key=lambda item: item.path.name not in SLOW)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """With several workers, the tests of a file stay together: they share what takes long to make."""
    from xdist.scheduler import LoadFileScheduling  # noqa: PLC0415

    config.option.loadscopereorder = False  # the slow ones stay first
    return LoadFileScheduling(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """A failure shows the program's terminal."""
    report = yield
    if report.failed and hasattr(item, "program"):
        item.program.failed = True
        report.sections.append(("the program's terminal", item.program.terminal()[-3000:]))
    return report


class Programs:
    """The programs that are on the air. One serves many tests, as long as each leaves it as it was."""

    def __init__(self, start: Start, patience: float, notes: Path) -> None:
        self.start = start
        self.patience = patience
        self.notes = (notes / str(number) for number in itertools.count(1))
        self.running: dict[tuple[Path, bool], Program] = {}
        self.not_started: dict[Path, NotKept] = {}  # nobody has to wait for them again
        self.untidy: set[Path] = set()  # these leave something behind, so each test gets a new one

    def get(self, path: Path, turn_the_clock: bool) -> Program:
        """Raises `NotKept` if it does not start."""
        if path in self.not_started:
            raise self.not_started[path]
        program = self.running.get((path, turn_the_clock))
        if program is None or not program.is_running():
            try:
                program = self.start(path, next(self.notes), self.patience, turn_the_clock)
            except NotKept as error:
                self.not_started[path] = error
                raise
            self.running[path, turn_the_clock] = program
        program.begin()
        return program

    def stop(self, program: Program) -> None:
        self.running = {key: each for key, each in self.running.items() if each is not program}
        program.stop()


@pytest.fixture(scope="session")
def programs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    config = request.config
    programs = Programs(config.stash[START], config.getoption("patience"), tmp_path_factory.mktemp("programs"))
    yield programs
    for program in list(programs.running.values()):
        programs.stop(program)


@pytest.fixture
def club(request: pytest.FixtureRequest, main_py: Path, programs: Programs) -> Iterator[Club]:
    """This step's program, on the air, with friends around it. Whatever they do, its terminal shows no traceback."""
    program = programs.get(main_py, request.node.get_closest_marker("clock") is not None)
    request.node.program = program
    before = state(program)
    club = Club(program, programs.patience)
    yield club
    club.empties()
    if main_py in programs.untidy or hasattr(program, "failed") or not is_again(before, program):
        programs.untidy.add(main_py)
        programs.stop(program)
    if request.node.get_closest_marker("traceback_allowed") is None and "Traceback" in club.terminal():
        fail("traceback", "The terminal shows an error.")


def state(program: Program) -> tuple[int, str] | None:
    """What a test must leave as it was: the tasks, and the rooms board, if there is one. None if it does not answer."""
    try:
        return program.tasks(), program.ask("GET", "/rooms", program.patience).text
    except (TimeoutError, HungUpError):
        return None


def is_again(before: tuple[int, str] | None, program: Program) -> bool:
    """Is the program back to how it was, so that the next test can use it? It gets a moment for that."""
    end = time.monotonic() + QUIET_S
    while before and (now := state(program)) and time.monotonic() < end:
        if now == before:
            return True
        time.sleep(0.005)
    return False


@pytest.fixture
def clubhouse(main_py: Path) -> Path:
    """The ready-made page. A file somewhere else on the disk has none, and need not serve one."""
    folder = main_py.parent.parent / "clubhouse"
    if not folder.is_dir():
        pytest.skip(f"There is no folder {folder}, so this program has no clubhouse to serve.")
    return folder


@pytest.fixture
def ada(club: Club) -> Friend:
    return club.chat("Ada")


@pytest.fixture
def bo(ada: Friend, club: Club) -> Friend:
    bo = club.chat("Bo")
    ada.hears("joined the chat", by="Bo")
    return bo
