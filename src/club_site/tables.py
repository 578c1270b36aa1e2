"""The tables on the pages: what can go wrong, and what learners do wrong."""

import re
from collections.abc import Iterable
from html import escape

from club.causes import causes
from club.ladder import NotFoundError, steps
from club_site.mistakes import mistakes_of

Lines = list[str]


def table(head: str, rows: Iterable[tuple[str, ...]]) -> Lines:
    """As HTML: whatever a cell says, no sign in it can break the table."""
    heads = "".join(f"<th>{escape(each)}</th>" for each in head.split(" | "))
    cells = ("".join(f"<td>{cell}</td>" for cell in row) for row in rows)
    body = "".join(f"<tr>{each}</tr>" for each in cells)
    return [f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>", ""]


def words(text: str) -> str:
    """What a cause says, whatever the names are, with its `code`."""
    general = re.sub(r"\{(?!client_id|channel|room|message)[a-z_]+\}\.?", "…", text.strip())
    return re.sub("`(.+?)`", lambda code: f"<code>{breakable(code[1])}</code>", escape(general, quote=False))


def breakable(code: str) -> str:
    """A long line may go on below where a bracket opens or a name ends, so that a table needs no room of its own."""
    return re.sub(r"(?<=\w)([(\[/])(?=[^\s)\]])|(?<=\w)(?=\.\w)", r"\1<wbr>", code)


def troubles(at: str) -> Lines:
    """The table of what the screen says, what it means and what to do."""
    found = [cause for cause in causes().values() if cause.at == at]
    if not found:
        raise NotFoundError(f"there is no cause that is seen at {at!r}")
    quoted = "“{}”" if at == "page" else "<code>{}</code>"
    look = words if at == "page" else lambda line: breakable(words(line))
    rows = [
        (
            "<br>".join(quoted.format(look(line.replace("`", ""))) for line in cause.says.splitlines()),
            words(cause.means),
            words(cause.do),
        )
        for cause in found
    ]
    return table("The screen says | It means | Do this", rows)


def mistakes() -> Lines:
    """What learners do wrong, what the checker says about it, and a question that helps them find it themselves."""
    out: Lines = []
    for each in steps().values():
        found = [(mistake["what"], causes()[mistake["oops"]]) for mistake in mistakes_of(each)]
        out += [f"### Step {each.number}", ""]
        out += table(
            "The learner | The checker says | Ask",
            [(words(what), words(cause.means), words(cause.hints[0])) for what, cause in found],
        )
    return out
