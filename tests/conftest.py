"""One suite for every step, and for your own file.

uv run pytest                       every step is held to its own promises and to those of the steps before it
uv run pytest --step 3              only step 3
uv run pytest --app=my_chat.py      your own file, held to all promises
uv run pytest --app=my_chat.py --step 3     your own file, held to the promises of steps 1 to 3
uv run pytest tests/test_mine.py    your own test, on your own club: its file has no number
"""

import signal
from pathlib import Path

import pytest

from suite.friends import Club, Friend
from suite.world import START, started_here

pytest_plugins = ["suite.choice", "suite.running", "suite.pair", "suite.workers"]


def pytest_configure(config: pytest.Config) -> None:
    if START not in config.stash:
        from suite.serve import get_ready  # noqa: PLC0415

        config.stash[START] = started_here
        # When it is told to end, pytest tidies up as after Ctrl+C, even if the shell has switched Ctrl+C off.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        get_ready()


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.stash[START] is started_here:
        from suite.program import end_marked  # noqa: PLC0415

        end_marked()


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
