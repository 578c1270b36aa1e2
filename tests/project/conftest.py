"""What the tests of the project need: a browser, the finished site, and how easy words are to read."""

import pytest

from project.browser import Window, browser, forget, watched  # noqa: F401
from project.site import served, site, sites  # noqa: F401
from project.words import textstat  # noqa: F401


@pytest.fixture(scope="session")
def ordinary_windows(browser):  # noqa: F811
    """The windows that need nothing special, and what went wrong in them. They are kept: a new one takes a second."""
    broken = []
    context = watched(browser, broken)
    yield context, broken
    context.close()


@pytest.fixture
def open_window(browser, ordinary_windows):  # noqa: F811
    """Open one more window of the browser. A page that breaks, or that calls the internet, fails the test."""
    ordinary, broken = ordinary_windows
    broken.clear()
    kept = list(ordinary.pages)
    free, special = kept.copy(), []

    def open_window(address: str, path: str = "/", **how) -> Window:
        if how:
            special.append(watched(browser, broken, **how))
        elif not free:
            kept.append(ordinary.new_page())
        page = special[-1].new_page() if how else free.pop(0) if free else kept[-1]
        return Window(page, address).opens(path)

    yield open_window
    for context in special:
        context.close()
    for page in ordinary.pages:
        if page not in kept:  # a page has opened it
            page.close()
        elif page not in free:
            forget(page)
    assert not broken
