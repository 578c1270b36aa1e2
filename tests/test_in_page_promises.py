"""What holds on the learner's machine holds in the page too: the same tests, with the program in a browser."""

import importlib
import types
from pathlib import Path

import pytest

from suite.friends import Friend
from suite.in_page import PageProgram, front  # noqa: F401


@pytest.fixture
def program(request, main_py, front, monkeypatch):  # noqa: F811
    clock = request.node.get_closest_marker("clock") is not None
    program = PageProgram(front, main_py.read_text(encoding="utf-8"), clock)
    has_heard = Friend.has_heard

    def when_settled(friend, *messages):
        program.settle()
        has_heard(friend, *messages)

    monkeypatch.setattr(Friend, "has_heard", when_settled)
    yield program
    program.stop()


def promises():
    for file in sorted(Path(__file__).parent.glob("test_0*.py")):
        module = importlib.import_module(file.stem)
        marks = module.pytestmark if isinstance(module.pytestmark, list) else [module.pytestmark]
        for name, test in list(vars(module).items()):
            if not name.startswith("test_"):
                continue
            promise = types.FunctionType(test.__code__, test.__globals__, name, test.__defaults__, test.__closure__)
            promise.__dict__ = vars(test).copy()
            for mark in [*marks, pytest.mark.beyond]:
                promise = mark(promise)
            yield name, promise


globals().update(promises())
