"""The questions on the pages."""

import re
from html import escape

from club.ladder import NotFoundError


def inline(text: str) -> str:
    return re.sub("`(.+?)`", r"<code>\1</code>", escape(text.strip(), quote=False))


def quiz(lines: list[str], number: int) -> tuple[str, str]:
    """The question as HTML, and its right option.

    Each option is a `<details>` and answers for itself: keyboard, screen reader and print know how to deal with it.
    """
    question = " ".join(line for line in lines if not line.startswith(("- ", "+ ")))
    options, right = "", ""
    for line in lines:
        if not line.startswith(("- ", "+ ")):
            continue
        option, found, answer = line[2:].partition(" :: ")
        if not found:
            raise NotFoundError(f"the option {option!r} has no answer (` :: `)")
        options += f'<details name="quiz-{number}"><summary>{inline(option)}</summary><p>{inline(answer)}</p></details>'
        right = inline(option) if line[0] == "+" else right
    if not right:
        raise NotFoundError(f"the question {question!r} has no right option (`+ `)")
    return f'<section class="quiz" aria-label="Question {number}"><p>{inline(question)}</p>{options}</section>', right
