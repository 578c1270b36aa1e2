"""What teachers get: notes beside the words of a step, and sheets that are made of all steps' pages.

The notes stand under `teach` at the top of a step's page: `aim`, `starter`, `plenary`, and `watch`, the causes of
`tests/mistakes/` to look out for. What must not drift is not written down: the minutes follow from the program, the
mistakes and their questions from the causes, the answers from the pages.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

import yaml

from club.causes import causes
from club.ladder import NotFoundError, Step, page_of, step, steps
from club_site.mistakes import mistakes_of
from club_site.tables import Lines, table, words

LETTERS_A_MINUTE = 45  # what a child types
AROUND = 7  # minutes to guess, to read and to ask the checker
MENDING = 1.4  # for each minute of typing, a part of one for looking and mending


def meta(name: str) -> dict[str, Any]:
    """What stands at the top of a step's page."""
    _, told, _ = page_of(name).split("---\n", 2)
    return dict(yaml.safe_load(told))


@dataclass(frozen=True)
class Notes:
    """What a teacher needs for a step."""

    aim: str
    starter: str
    watch: list[tuple[str, str]]  # what a learner does wrong, and what to ask
    plenary: str


@cache
def notes(name: str) -> Notes:
    told = meta(name).get("teach")
    if not told:
        raise NotFoundError(f"the page of step {name} has no notes for teachers: `teach` at its top")
    found = {mistake["oops"]: mistake["what"] for mistake in reversed(mistakes_of(step(name)))}
    for each in told["watch"]:
        if each not in found:
            raise NotFoundError(f"step {name} has no mistake with the cause {each!r}")
    watch = [(found[each], causes()[each].hints[0]) for each in told["watch"]]
    return Notes(told["aim"], told["starter"], watch, told["plenary"])


def letters(each: Step) -> int:
    """What a learner types in this step, without the spaces that the editor makes."""
    return sum(len(each.lines[number - 1].strip()) for number in each.new)


def minutes(each: Step) -> int:
    """For all of its boxes, typed, in steps of five."""
    return 5 * round((AROUND + MENDING * letters(each) / LETTERS_A_MINUTE) / 5)


def teachers(name: str) -> Lines:
    """The notes of a step, folded, at the end of its page."""
    told, each = notes(name), step(name)
    inside = [
        f"**Aim:** {told.aim} **Time:** about {minutes(each)} minutes, if everything is typed.",
        "",
        f"**To start:** {told.starter}",
        "",
        *table("Watch for a learner who … | Ask", [(words(what), words(ask)) for what, ask in told.watch]),
        f"**To end:** {told.plenary}",
        "",
        f"[Slides with these notes](../slides/{each.name}.html){{ target=_blank }} · "
        f"[all mistakes of step {each.number}](../teaching/mistakes.md#step-{each.number}) · "
        "[plans, games and sheets](../teaching/index.md)",
    ]
    return ['??? info "For teachers"', "", *("    " + line if line else "" for line in inside), ""]


def lessons() -> Lines:
    """What each step teaches, and how long it takes."""
    rows = []
    for each in steps().values():
        told = meta(each.name)
        link = f'<a href="../steps/{each.name}.html">{escape(each.title)}</a>'
        deck = f'<a href="../slides/{each.name}.html" target="_blank">of step {each.number}</a>'
        rows.append(
            (link, words(notes(each.name).aim), str(minutes(each)), deck, words(told["python"]), words(told["web"]))
        )
    return table("Step | Aim | Minutes | Slides | Python | The web", rows)


def signs_of(each: Step) -> list[tuple[str, str]]:
    """The signs that a page explains, and what they mean."""
    return re.findall(r"^ +\| (`.+?`) \| (.+) \|$", page_of(each.name), re.MULTILINE)


def signs(*levels: str) -> Lines:
    """Each sign that the pages of these levels explain, and the first sentence of what they say."""
    out = ""
    for each in steps().values():
        if str(each.level) in levels:
            found = signs_of(each)
            rows = (f"<dt>{words(sign)}</dt><dd>{words(first_sentence(means))}</dd>" for sign, means in found)
            out += f'<section class="signs"><h2>{escape(each.title)}</h2><dl>{"".join(rows)}</dl></section>'
    return [f'<div class="sheet">{out}</div>', ""]


def first_sentence(text: str) -> str:
    return re.split(r"(?<=[.”?])\s+(?=[A-Z`“])|[:;] ", text)[0].rstrip(".")


def guess_of(name: str) -> tuple[str, str]:
    """What a page lets its readers guess first, and the answer."""
    found = re.findall(r'^\?\?\? question "Guess first: (.+)"\n\n    (.+)', page_of(name), re.MULTILINE)
    if not found:
        raise NotFoundError(f"the page of step {name} has nothing to guess")
    asked, answer = found[0]
    return asked[0].upper() + asked[1:], answer


def quizzes_of(name: str) -> list[str]:
    return re.findall(r"^\[\[quiz\]\]\n(.+?)\n\[\[/quiz\]\]", page_of(name), re.DOTALL | re.MULTILINE)


def right_of(quiz: str) -> str:
    return str(re.findall(r"^\+ (.+) :: ", quiz, re.MULTILINE)[0])


def answers() -> Lines:
    """The answers of all pages: to the guess, to the quiz, and to the challenges."""
    out: Lines = []
    for each in steps().values():
        page = page_of(each.name)
        out += [f"### {each.title}", ""]
        out += ["- *{}* {}".format(*guess_of(each.name))]
        out += [f"- *{quiz.splitlines()[0]}* {right_of(quiz)}" for quiz in quizzes_of(each.name)]
        for title, inside in re.findall(r'^!!! (?:mild|medium) "(.+)"\n((?:(?:    .*)?\n)+)', page, re.MULTILINE):
            answer = re.findall(r'success "Answer"\n +(.+)', inside)[0]
            out += [f"- **{title}.** {answer}"]
        out += [""]
    return out


def certificate() -> Lines:
    """A sheet that the page's script fills in: the nickname that is typed, and the stars that this browser keeps."""
    stars = "".join(f'<li value="{each.number}" hidden>{escape(each.subject)}</li>' for each in steps().values())
    return [
        '<section class="certificate" data-search-exclude>'
        '<p class="asked"><label>Nickname <input maxlength="30" autocomplete="off" spellcheck="false"></label> '
        '<button type="button" class="md-button">Print</button></p>'
        '<div class="paper"><p class="club">The radio club in the tree-house</p>'
        '<p class="who">…</p><p class="sum" role="status">There are no stars in this browser yet.</p>'
        f"<ol>{stars}</ol>"
        "<p>For each star, a program has kept all promises of its step, and tests have checked it.</p>"
        '<p class="signed"><span>Date</span><span>Signature</span></p></div></section>',
        "",
    ]


DIRECTIVES: dict[str, Callable[..., Lines]] = {
    "teachers": teachers,
    "lessons": lessons,
    "signs": signs,
    "answers": answers,
    "certificate": certificate,
}
