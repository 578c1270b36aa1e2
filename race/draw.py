"""What came out of the race: a table for the terminal; tables and pictures for the site."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from club.ladder import page_of, steps

RECORDED = Path(__file__).parents[1] / "docs" / "assets" / "recorded"
HERO = next(  # the step whose page shows the race
    (f"step {step.number}" for step in steps().values() if "[[race one]]" in page_of(step.name)), ""
)
TALKS = {"one": "one talks", "eight": "eight talk"}
# From tokens.css: paper, ink, edge and signal.
LOOKS = {"light": ("#fffaf0", "#1d2433", "#857b69", "#b8430f"), "dark": ("#101828", "#f2ead9", "#7b879d", "#ffb26b")}
WIDTH, ROW, NAMES, END = 360, 20, 170, 50  # points; what a phone's width can show can be read anywhere
POINTS = 72  # in an inch
AS_TEXT: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "",
    "font.size": 12,
    "font.sans-serif": ["DejaVu Sans"],
}

Results = dict[str, Any]
Row = dict[str, Any]


def sizes_of(results: Results) -> list[str]:
    return list(results["rows"][0]["rates"]["one"])


def ratio(results: Results, row: Row, talk: str, size: str) -> float | None:
    """How many times the rate of the first in the table: the middle one of the rounds."""
    first = results["rows"][0]["rates"][talk][size]
    each = [rate / other for rate, other in zip(row["rates"][talk][size], first, strict=False)]
    return median(each) if each else None


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def seconds(results: Results, row: Row) -> str:
    """A silence that had not ended when everyone's patience had is longer than that."""
    return f"> {results['patience']:g} s" if row.get("silence", 0) is None else f"{number(row.get('silence'))} s"


def cells(results: Results, row: Row, sizes: Sequence[str]) -> list[str]:
    return [row["name"], *(number(ratio(results, row, talk, size)) for talk in TALKS for size in sizes)]


def heads(sizes: Sequence[str]) -> list[str]:
    return ["chat", *(f"{words}, {int(size):,} friends" for words in TALKS.values() for size in sizes)]


def caption(results: Results) -> str:
    first, size = results["rows"][0], sizes_of(results)[-1]
    one, eight = (median(first["rates"][talk][size] or [0]) for talk in TALKS)
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    return (
        f"Deliveries per second of the server's processor time. 1.00 is “{first['name']}”: with {int(size):,} friends "
        f"{one:,.0f} when one talks, and {eight:,.0f} when eight talk. “Compressed” is how `fastapi run` starts a "
        "program, and how websockets comes; all others have compression off. Two servers share the friends, and the "
        "time of their Redis is not counted here. The last column is the longest that ten "
        f"friends heard nothing while one more was frozen. Run on {results['date']} ({results['machine']}); each "
        f"figure is the middle one of {results['rounds']} rounds. {versions}. "
        + " ".join(f"{row['name']} dropped out ({row['trouble']})." for row in results["rows"] if "trouble" in row)
    ).strip()


def of_redis(row: Row, size: str) -> list[str]:
    """What a message costs Redis: requests, and microseconds of its processor. The middle one of the rounds."""
    found = [zip(*row["redis"][talk][size], strict=True) for talk in TALKS]
    return [cell for requests, micros in found for cell in (f"{median(requests):.1f}", f"{median(micros):.0f}")]


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---", *["--:"] * (len(head) - 1)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, rule, *rows))


def show(results: Results) -> None:
    sizes = sizes_of(results)
    table = Table("chat", box=SIMPLE, caption=caption(results))
    for head in [*(f"{talk}\n{int(size):,}" for talk in TALKS for size in sizes), "frozen"]:
        table.add_column(head, justify="right")
    for row in results["rows"]:
        table.add_row(*cells(results, row, sizes), seconds(results, row))
    Console().print(table)


def bars(title: str, found: list[tuple[str, float, str]], look: tuple[str, ...]) -> Figure:
    """A bar for each name, and words at its end. Our steps are filled, the others are not; one stands out."""
    paper, ink, edge, signal = look
    height = ROW * (len(found) + 2)
    figure = Figure(figsize=(WIDTH / POINTS, height / POINTS), facecolor=paper)
    axes = figure.add_axes((NAMES / WIDTH, 0, 1 - (NAMES + END) / WIDTH, 1 - 1.5 * ROW / height), frameon=False)
    names, values, words = zip(*found, strict=True)
    colours = [signal if name == HERO else ink for name in names]
    fills = [colour if name.startswith("step") else paper for name, colour in zip(names, colours, strict=True)]
    drawn = axes.barh(range(len(found)), values, 0.6, color=fills, edgecolor=colours, linewidth=1.5)
    axes.set_yticks(range(len(found)), names)
    labels = [*axes.bar_label(drawn, words, padding=4), *axes.get_yticklabels()]
    for label, colour in zip(labels, colours * 2, strict=True):
        label.set_color(colour)
    axes.tick_params(left=False, bottom=False, labelbottom=False)
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.axvline(0, color=edge, linewidth=1.5)
    figure.text(0.02, 1 - ROW / height, title, color=ink, weight="bold")
    return figure


def draw(name: str, title: str, found: list[tuple[str, float, str]], folder: Path) -> None:
    """In the light and in the dark. The words for those who cannot see it go into the file."""
    said = [f"{who} {words}" for who, _, words in found]
    hero = [each for each in said[1:-1] if each.startswith(f"{HERO} ")]
    alt = f"{title}. Bars, from {', '.join([said[0], *hero])} to {said[-1]}."
    about = {"Title": alt, "Date": None, "Creator": None}
    with rc_context(AS_TEXT):
        for scheme, look in LOOKS.items():
            bars(title, found, look).savefig(folder / f"race-{name}-{scheme}.svg", metadata=about)


def everything(results: Results, folder: Path) -> None:
    show(results)
    *smaller, size = sizes_of(results)
    rows = results["rows"]
    biggest = [[*cells(results, row, [size]), seconds(results, row)] for row in rows]
    tables = {"table": markdown([*heads([size]), "longest silence"], biggest) + f"\n{caption(results)}\n"}
    shared = [[row["name"], *of_redis(row, size)] for row in rows if row.get("redis", {}).get("eight", {}).get(size)]
    if shared:
        kinds = ("requests", "µs")
        heads_of = ["chat", *(f"{words}: {kind} a message" for words in TALKS.values() for kind in kinds)]
        tables["redis"] = markdown(heads_of, shared)
    if smaller:
        tables["smaller"] = markdown(heads(smaller), [cells(results, row, smaller) for row in rows])
    for name, text in tables.items():
        (folder / f"race-{name}.txt").write_text(text, encoding="utf-8")
    for talk, words in TALKS.items():
        found = [(row["name"], value, f"{value:.2f}") for row in rows if (value := ratio(results, row, talk, size))]
        found.sort(key=lambda each: -each[1])
        draw(talk, f"{int(size):,} friends, {words}: times the original", found, folder)
    waits = [
        (row["name"], row["silence"] or results["patience"], seconds(results, row)) for row in rows if "silence" in row
    ]
    waits.sort(key=lambda each: each[1])
    draw("frozen", "One friend is frozen: the others' longest silence", waits, folder)
