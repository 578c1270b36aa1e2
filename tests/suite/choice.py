"""Which test is held against which program."""

import re
from pathlib import Path

import pytest

from suite.world import START, started_here

STEPS = Path(__file__).parents[2] / "steps"
MY_CLUB = STEPS / "my_club" / "main.py"
PROGRAMS = {int(main.parent.name[:2]): main for main in sorted(STEPS.glob("[0-9][0-9]_*/main.py"))}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--step", type=int, choices=PROGRAMS, help="hold only this step to its promises")
    parser.addoption("--patience", type=float, default=5, metavar="SECONDS", help="how long a friend waits (5)")
    parser.addoption("--app", type=Path, metavar="FILE", help="hold this file to them, instead of our own steps")


def first_step(item: pytest.Item | pytest.Function) -> int | None:
    """The step that makes this promise, if it is one of a step: the marker says which, or the name of the file."""
    if mark := item.get_closest_marker("step"):
        return int(mark.args[0])
    found = re.match(r"test_(\d\d)_", item.path.name)
    return int(found[1]) if found else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test of the promises on the step that makes it and on every later one.

    A test that belongs to no step is a learner's own and runs on their club, or it names the program that it is for.
    """
    if "main_py" not in metafunc.fixturenames:
        return
    app, step = metafunc.config.getoption("app"), metafunc.config.getoption("step")
    newest, first = metafunc.definition.get_closest_marker("newest"), first_step(metafunc.definition)
    if named := metafunc.definition.get_closest_marker("program"):
        main = STEPS / named.args[0] / "main.py"
        metafunc.parametrize("main_py", [] if app or step else [main], ids=[named.args[0]] * (not (app or step)))
        return
    if not (newest or first):
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
    wanted: list[pytest.Item] = []
    other: list[pytest.Item] = []
    for item in items:
        chosen = item.callspec.params.get("main_py") if hasattr(item, "callspec") else None
        beyond = config.getoption("app") and item.get_closest_marker("beyond")
        beyond = beyond or (in_a_page and item.get_closest_marker("terminal"))
        asked = (isinstance(chosen, Path) and not beyond) or not (
            one_program or "main_py" in getattr(item, "fixturenames", ())
        )
        (wanted if asked else other).append(item)
    config.hook.pytest_deselected(items=other)
    items[:] = wanted
