"""The programs that are on the air while the tests run, and who is around them."""

import itertools
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from suite.choice import first_step
from suite.friends import Club
from suite.world import PROGRAM, START, HungUpError, NotKept, Program, Start, fail, looks

QUIET_S = 1  # how long a program gets, after a test, to return to how it was before
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows the program's terminal."""
    report = yield
    if report.failed and (program := item.stash.get(PROGRAM, None)):
        item.stash[FAILED] = True
        report.sections.append(("the program's terminal", program.terminal()[-3000:]))
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
    request.node.stash[PROGRAM] = program
    # A slip in the board, which comes with step 2, takes no star away from step 1.
    board = "/rooms" if (first_step(request.node) or 2) > 1 else ""
    before = state(program, board, programs.patience)
    club = Club(program, programs.patience)
    yield club
    club.empties()
    if (
        main_py in programs.untidy
        or request.node.stash.get(FAILED, False)
        or not is_again(before, program, board, programs.patience)
    ):
        programs.untidy.add(main_py)
        programs.stop(program)
    if request.node.get_closest_marker("traceback_allowed") is None and "Traceback" in club.terminal():
        fail("traceback", "The terminal shows an error.")


def state(program: Program, board: str, patience: float) -> tuple[int, str] | None:
    """What a test must leave as it was: the tasks, and the rooms board, if there is one. None if it does not answer."""
    try:
        return program.tasks(), program.ask("GET", board, patience).text if board else ""
    except (TimeoutError, HungUpError):
        return None


def is_again(before: tuple[int, str] | None, program: Program, board: str, patience: float) -> bool:
    """Is the program back to how it was, so that the next test can use it? It gets a moment for that."""
    for _ in looks(QUIET_S) if before else ():
        now = state(program, board, patience)
        if now == before:
            return True
        if not now:
            break
    return False
