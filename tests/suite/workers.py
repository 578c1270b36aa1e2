"""Several workers share a whole run of the tests (pytest-xdist). If one is lost, the run fails and says so."""

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

WORKERS = 4  # most of a test is waiting
SILENCE_S = 400  # so long no test begins or ends; a single one gets `faulthandler_timeout`, which is less


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Who names no test asks for all of them. That is work for several."""
    how = config.option
    one_program = getattr(how, "app", None) or getattr(how, "step", None)
    asks_for_all = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not one_program
    is_worker = hasattr(config, "workerinput")  # it must not hire more of them
    if asks_for_all and not is_worker and getattr(how, "numprocesses", 0) is None and not getattr(how, "usepdb", False):
        how.numprocesses = WORKERS


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Together stay the promises that a step makes, those that it keeps, and any other file: they share work."""
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped] # noqa: PLC0415

    class Together(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            program = re.search(r"\[((\d\d)_\w+)", nodeid)
            if "/project/" in file or not program:
                return file
            return f"{program[1]} itself" if f"test_{program[2]}" in file else program[1]

    config.option.loadscopereorder = False  # what comes first takes longest
    return Together(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first: what says so itself, and then the last steps, which keep the most promises."""

    def turn(item: pytest.Item) -> tuple[bool, int]:
        program = re.search(r"\[(\d\d)_", item.nodeid)
        return item.get_closest_marker("slow") is None, -int(program[1]) if program else 0

    items.sort(key=turn)


class Watchdog:
    """Ends a run in which nothing happens any more after its first test, and names the tests that were running."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.running: set[str] = set()
        self.timer: threading.Timer | None = None

    def look(self) -> None:
        if self.timer:
            self.timer.cancel()
        self.timer = threading.Timer(self.seconds, self.give_up)
        self.timer.daemon = True
        self.timer.start()

    def give_up(self) -> None:
        import psutil  # noqa: PLC0415 - a browser has none

        print(f"\nNo test has begun or ended for {self.seconds:g} seconds. Lost:", *sorted(self.running), sep="\n")
        sys.stdout.flush()
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                process.kill()
        os._exit(pytest.ExitCode.INTERNAL_ERROR)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.running.add(nodeid)
        self.look()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.running.discard(nodeid)
        self.look()

    def pytest_unconfigure(self) -> None:
        if self.timer:
            self.timer.cancel()


@pytest.hookimpl(wrapper=True)
def pytest_sessionstart(session: pytest.Session) -> Iterator[None]:
    yield
    if getattr(session.config.option, "numprocesses", None):  # in the process that gives the workers their tests
        session.config.pluginmanager.register(Watchdog(SILENCE_S))
