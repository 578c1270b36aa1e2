"""The tables on the pages: what each step teaches, what can go wrong, and what learners do wrong."""

from collections.abc import Iterable

import yaml

from club.causes import causes
from club.ladder import ROOT, NotFoundError, steps
from club_site.mistakes import mistakes_of

Lines = list[str]


def table(head: str, rows: Iterable[tuple[str, ...]]) -> Lines:
    cells = [
        [cell.replace("{name}.", "…").replace("{name}", "…").replace("|", "&#124;") for cell in row] for row in rows
    ]
    columns = head.split(" | ")
    return [f"| {head} |", "|---" * len(columns) + "|", *(f"| {' | '.join(row)} |" for row in cells), ""]


def lessons() -> Lines:
    """What each step teaches."""
    rows = []
    for each in steps().values():
        _, meta, _ = (ROOT / "docs" / "steps" / f"{each.name}.md").read_text(encoding="utf-8").split("---\n", 2)
        told = yaml.safe_load(meta)
        rows.append((str(each.number), told["python"], told["web"]))
    return table("Step | Python | The web", rows)


def troubles(at: str) -> Lines:
    """The table of what the screen says, what it means and what to do."""
    found = [cause for cause in causes().values() if cause.at == at]
    if not found:
        raise NotFoundError(f"there is no cause that is seen at {at!r}")
    quoted = "“{}”" if at == "page" else "`{}`"
    rows = [
        ("<br>".join(quoted.format(line) for line in cause.says.splitlines()), cause.means, cause.do) for cause in found
    ]
    return table("The screen says | It means | Do this", rows)


def mistakes() -> Lines:
    """What learners do wrong, what the checker says about it, and a question that helps them find it themselves."""
    out: Lines = []
    for each in steps().values():
        found = [(mistake["what"], causes()[mistake["oops"]]) for mistake in mistakes_of(each)]
        out += [f"### Step {each.number}", ""]
        out += table(
            "The learner | The checker says | Ask", [(what, cause.means, cause.hints[0]) for what, cause in found]
        )
    return out
