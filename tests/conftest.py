"""One suite for every step, and for your own file.

uv run pytest                       every step is held to its own promises and to those of the steps before it
uv run pytest --step 3              only step 3
uv run pytest --app=my_chat.py      your own file, held to all promises
uv run pytest --app=my_chat.py --step 3     your own file, held to the promises of steps 1 to 3
"""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from suite.browser import Window, browser, watched  # noqa: F401
from suite.friends import Club, Friend
from suite.program import Program, end_marked, get_ready
from suite.site import served, site, sites  # noqa: F401
from suite.words import textstat  # noqa: F401

STEPS = Path(__file__).parent.parent / "steps"
PROGRAMS = {int(main.parent.name[:2]): main for main in sorted(STEPS.glob("[0-9][0-9]_*/main.py"))}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--step", type=int, choices=PROGRAMS, help="hold only this step to its promises")
    parser.addoption("--patience", type=float, default=5, metavar="SECONDS", help="how long a friend waits (5)")
    parser.addoption("--app", type=Path, metavar="FILE", help="hold this file to them, instead of our own steps")


def pytest_configure() -> None:
    # Who is told to end tidies up as after Ctrl+C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    get_ready()


def pytest_sessionfinish() -> None:
    end_marked()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test of the promises on the step that makes it and on every later one."""
    if "main_py" not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker("step")
    assert mark, f"{metafunc.definition.nodeid} must say from which step on it holds: @pytest.mark.step(n)"
    app, step = metafunc.config.getoption("app"), metafunc.config.getoption("step")
    if app and not app.is_file():
        raise pytest.UsageError(f"--app: there is no file {app}")
    programs = {step or max(PROGRAMS): app.resolve()} if app else PROGRAMS
    chosen = {
        path.name if app else path.parent.name: path
        for number, path in programs.items()
        if mark.args[0] <= number and (app or step in (None, number))
    }
    metafunc.parametrize("main_py", chosen.values(), ids=chosen.keys())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that no chosen program is for, and with --step or --app those of the repository."""
    one_program = config.getoption("app") or config.getoption("step")
    wanted, other = [], []
    for item in items:
        chosen = item.callspec.params.get("main_py") if hasattr(item, "callspec") else None
        beyond = config.getoption("app") and item.get_closest_marker("beyond")
        asked = (isinstance(chosen, Path) and not beyond) or not (one_program or "main_py" in item.fixturenames)
        (wanted if asked else other).append(item)
    config.hook.pytest_deselected(items=other)
    items[:] = wanted


@pytest.fixture(scope="session")
def not_started() -> dict[Path, str]:
    """Programs that did not start, and why: nobody has to wait for them again."""
    return {}


@pytest.fixture
def program(request: pytest.FixtureRequest, main_py: Path, tmp_path: Path, not_started) -> Iterator[Program]:
    """This step's program, on the air."""
    turn_the_clock = request.node.get_closest_marker("clock") is not None
    program = None
    if main_py not in not_started:
        try:
            patience = request.config.getoption("patience")
            program = Program(main_py, tmp_path / "terminal.txt", patience, turn_the_clock)
        except RuntimeError as error:
            not_started[main_py] = str(error)
    if program is None:
        pytest.fail(not_started[main_py], pytrace=False)
    request.node.program = program  # whoever tells of a failure may look at its terminal
    yield program
    program.stop()


@pytest.fixture
def club(request: pytest.FixtureRequest, program: Program) -> Iterator[Club]:
    """This step's program with friends around it. Whatever they do, its terminal shows no traceback."""
    club = Club(program)
    yield club
    club.close()
    if request.node.get_closest_marker("traceback_allowed") is None and "Traceback" in club.terminal():
        pytest.fail(f"The terminal shows a traceback:\n\n{club.terminal()[-3000:]}", pytrace=False)


@pytest.fixture
def clubhouse(main_py: Path) -> Path:
    """The ready-made page. A file that stands somewhere else on the disk has none, and need not serve one."""
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


@pytest.fixture
def open_window(browser):  # noqa: F811
    """Open one more window of the browser. A page that breaks, or that asks the internet, fails the test."""
    broken = []
    contexts = [watched(browser, broken)]

    def open_window(address: str, path: str = "/", **how) -> Window:
        if how:
            contexts.append(watched(browser, broken, **how))
        return Window(contexts[-1 if how else 0].new_page(), address).opens(path)

    yield open_window
    for context in contexts:
        context.close()
    assert not broken
