"""The shared suite in the page: the tests of `uv run club check`, and a learner's own, on the learner's program."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bridge
import pytest

from club.check import NOT_NEEDED, PATIENCE_S, check
from club.ladder import ROOT, numbers

sys.path.insert(0, str(ROOT / "tests"))

from in_page import Program

from suite.world import START


class World:
    """A plugin of pytest: programs are put on the air here."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[START] = Program


bridge.TURN = PATIENCE_S


def verdict(source: str, goal: int, names: list[str], progress: Callable[[int], None]) -> str:
    """Hold this program to the steps up to the goal. Returns what the page shows, as JSON."""
    main = Path(bridge.MAIN)
    main.parent.mkdir(parents=True, exist_ok=True)
    main.write_text(source, encoding="utf-8")
    found = check(main, goal, progress, world=[World()])
    told = {
        "oops": found.oops,
        "stars": found.stars,
        "goal": len(numbers(last=goal)),
        "headline": found.headline(names),
    }
    if found.oops:
        told |= {"means": found.means, "wanted": f"{found.wanted}.", "instead": found.instead}
        told |= {"line": found.line, "code": found.code, "missing": found.missing, "hints": found.hints}
    return json.dumps(told)


class Report:
    """A plugin of pytest: what came of each test."""

    def __init__(self) -> None:
        self.tests: list[dict[str, str]] = []

    def pytest_exception_interact(self, node: Any, call: Any) -> None:
        error = call.excinfo.value
        at = [each.lineno + 1 for each in call.excinfo.traceback if Path(str(each.path)).name == OWN.name]
        words = getattr(error, "sentence", None) or call.excinfo.exconly().strip().splitlines()[-1]
        name = getattr(node, "originalname", node.name)
        self.tests.append({"name": name, "words": f"{words} (line {at[-1]})" if at else words})

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" and report.passed:
            self.tests.append({"name": report.nodeid.partition("::")[2].partition("[")[0], "words": ""})


OWN = ROOT / "tests" / "test_mine.py"
OPTIONS = ["-s", "-W", "ignore", "--assert", "plain", *(f"-pno:{plugin}" for plugin in NOT_NEEDED)]
OPTIONS += ["--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"), "-o", "addopts=--import-mode=importlib"]


def own_test(source: str, test: str) -> str:
    """Try a learner's own tests on their program. Returns what the page shows, as JSON."""
    main = Path(bridge.MAIN)
    main.parent.mkdir(parents=True, exist_ok=True)
    main.write_text(source, encoding="utf-8")
    OWN.write_text(test, encoding="utf-8")
    report = Report()
    os.environ |= {"PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    pytest.main([*OPTIONS, "--patience", str(PATIENCE_S), "--app", str(main), str(OWN)], plugins=[report, World()])
    failed, all_ = sum(bool(each["words"]) for each in report.tests), len(report.tests)
    headline = f"{failed} of your {all_} tests failed." if failed else "Your tests pass!"
    if all_ < 2:
        headline = "Your test failed." if failed else "Your test passes!"
    if not all_:
        headline = "There is no test yet. Its name must start with test_."
    return json.dumps({"headline": headline, "tests": report.tests})
