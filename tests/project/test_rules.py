"""The rules of the house that no other file holds: tables, and the words that learners read.

All rules together take a minute: uv run --all-groups pytest -m rules tests/project
"""

import re
from html import unescape

import markdown
import pytest

from club.causes import Failure, causes
from club.ladder import ROOT, judging

pytestmark = pytest.mark.rules
DOCS = ROOT / "docs"
EXTENSIONS = ["admonition", "attr_list", "club_site.pages", "md_in_html", "tables", "pymdownx.superfences"]
MOST_WORDS = 18  # in the name of a promise, which the checker shows as what was "Wanted"
# What no teacher says to a class. See also the tests of the pages' words in test_site.py.
NOBODY_SAYS = re.compile(
    r"\b(shall|all of the room|take out what is there|does not find back|all hear all|somebody not in|"
    r"who takes a wrong turn)\b|^(what is no|of \w+ who)\b",
    re.IGNORECASE,
)
PROMISES = [
    Failure(name, int(file.name[5:7]), "", "").promise
    for file in judging()
    if file.name.startswith("test_")
    for marks, name in re.findall(r"^((?:@.+\n)*)def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    if "beyond" not in marks
]


def rows(table: str) -> list[list[str]]:
    cell = re.compile(r"<t[dh][^>]*>(.*?)</t[dh]>", re.DOTALL)
    return [cell.findall(row) for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)]


@pytest.mark.parametrize("page", sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")))
def test_no_table_shows_a_raw_bar_or_backtick(page):
    html = markdown.markdown((DOCS / page).read_text(encoding="utf-8"), extensions=EXTENSIONS)
    for table in re.findall(r"<table>.*?</table>", html, re.DOTALL):
        found = rows(table)
        assert {len(row) for row in found} == {len(found[0])}, f"{page}: a bar splits a cell. Say it without the bar."
        for cell in (cell for row in found for cell in row):
            text = unescape(unescape(re.sub("<.+?>", "", cell)))
            assert not re.search("[`|]", text), f"{page}: this cell shows a raw ` or |. Use other words: {text}"


@pytest.mark.parametrize("promise", PROMISES)
def test_what_is_wanted_is_a_sentence_that_a_teacher_would_say(promise):
    advice = f"Learners read the name of this test as what was wanted. Say it as you would to a class: {promise!r}"
    assert not NOBODY_SAYS.search(promise), advice
    assert len(promise.split()) <= MOST_WORDS, f"{advice} At most {MOST_WORDS} words."


@pytest.mark.parametrize("cause", causes().values(), ids=causes().keys())
def test_the_words_of_a_cause_are_those_of_a_teacher(cause):
    for words in (cause.means, *cause.hints, cause.do):
        assert not NOBODY_SAYS.search(words), f"{cause.id}: nobody says this to a class: {words!r}"
