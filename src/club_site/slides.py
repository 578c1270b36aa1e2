"""Slides for each step, made of its page: the picture, the guess, the boxes, the quiz; and its notes for teachers.

A deck is one page that needs no theme. Without its script it is a document; with it, arrow keys go through it.
"""

import re
from html import escape
from pathlib import Path

from markdown import Markdown

from club.ladder import ROOT, Step, page_of, steps
from club_site.scenes import scene
from club_site.tables import words
from club_site.teaching import guess_of, minutes, notes, quizzes_of, right_of

TEMPLATE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}: slides</title>
<link rel="icon" href="../assets/icon.svg">
<link rel="stylesheet" href="../assets/clubhouse/site.css">
<link rel="stylesheet" href="../assets/slides.css">
<script defer src="../assets/slides.js"></script>
<script type="module" src="../assets/site.js"></script>
</head>
<body>
<main>
<h1>{title}</h1>
{slides}
</main>
<nav aria-label="Slides">
<button type="button" id="back">← Back</button>
<output id="at"></output>
<button type="button" id="next">Next →</button>
<button type="button" id="notes" aria-pressed="false">Notes (N)</button>
<button type="button" id="print">Print</button>
<a href="../steps/{name}.html">The page of this step</a>
</nav>
</body>
</html>
"""
SLIDE = "<!-- slide -->"
NOTES = "<!-- notes -->"


def parts(each: Step) -> list[tuple[str, str]]:
    """The slides of a step in Markdown: what everybody sees, and what the teacher knows."""
    page, told = page_of(each.name), notes(each.name)
    story = re.findall(r"\[\[/scene\]\]\n\n(.+)", page)[0]
    asked, answer = guess_of(each.name)
    tasks = "\n".join(f"1. {title}" for title in re.findall(r'^!!! task "(.+)"', page, re.MULTILINE))
    watch = "\n".join(f"- A learner {what}. Ask: *{ask}*" for what, ask in told.watch)
    learned = re.findall(r"^## You learned\n\n((?:- .+\n)+)", page, re.MULTILINE)[0]
    found = [
        (
            f"{scene(each.name)}\n\n{story}",
            f"{told.aim} About {minutes(each)} minutes for all boxes.",
        ),
        (f"## To start\n\n{told.starter}", "One minute to think, one to tell a neighbour, then hands."),
        (
            f"## Guess first\n\n{asked}\n\n<details><summary>The answer</summary><p>{words(answer)}</p></details>",
            "Everybody says a guess aloud before you open the answer. No guess is wrong.",
        ),
        (f"## Build it\n\n{tasks}", f"Leave this one on the wall. Watch for these:\n\n{watch}"),
    ]
    for told_before, picture in re.findall(r"^(.+)\n\n(\[\[picture .+\]\])", page, re.MULTILINE):
        seen = f"## Try it\n\n{told_before}\n\n{picture}"
        found.append((seen, "Who sees something else has the next thing to find. *Check me* says what it is."))
    for quiz in quizzes_of(each.name):
        shown = f"## Quiz\n\n[[quiz]]\n{quiz}\n[[/quiz]]"
        found.append((shown, f"Hands for each option first, then press it. The right one: {right_of(quiz)}"))
    found.append(
        (
            f"## To end\n\n{told.plenary}\n\nYou learned:\n\n{learned}",
            "Two or three answers, and a clue about the biscuits.",
        )
    )
    return found


def deck(each: Step) -> str:
    # One text, so that its questions are counted through.
    text = f"\n\n{SLIDE}\n\n".join(f"{shown}\n\n{NOTES}\n\n{known}" for shown, known in parts(each))
    html = Markdown(extensions=["attr_list", "md_in_html", "club_site.pages"]).convert(text)
    slides = []
    for at, slide in enumerate(html.split(SLIDE), 1):
        shown, known = slide.split(NOTES)
        aside = f'<aside class="notes" aria-label="Notes for slide {at}">{known.strip()}</aside>'
        slides.append(f'<section class="slide" aria-label="Slide {at}"><div>{shown.strip()}</div>{aside}</section>')
    return TEMPLATE.format(title=escape(each.title), name=each.name, slides="\n".join(slides))


def pack(folder: Path) -> None:
    """A deck for each step that has a page."""
    folder.mkdir(exist_ok=True)
    for each in (each for each in steps().values() if page_of(each.name)):
        (folder / f"{each.name}.html").write_text(deck(each), encoding="utf-8")


if __name__ == "__main__":
    pack(ROOT / "docs" / "slides")
