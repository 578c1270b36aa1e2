"""The command `club`: the map, the checker, catching up, a look at the machine, the club for the room, a class."""

import platform
import re
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from club.check import MINE, CannotTryError, Verdict, at_first_sight, check, last_verdict, next_hint, plain, read
from club.ladder import ROOT, NotFoundError, Step, numbers, steps

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)
console = Console(highlight=False)
ROW_LETTERS = 120  # the most in a row: two lines of a narrow terminal
LAST = numbers()[-1]

File = Annotated[Path, typer.Argument(help="Your program.", show_default="steps/my_club/main.py")]
WhichStep = Annotated[int, typer.Option("--step", min=1, max=LAST, help="Check only up to this step.")]


def as_typed(path: Path) -> str:
    """A path as the learner would type it here."""
    path = path.resolve()
    short = (path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path).as_posix()
    return plain(f'"{short}"' if " " in short else short)


def numbered(number: int) -> Step:
    return next(step for step in steps().values() if step.number == number)


def in_words(step: Step) -> str:
    return f"step {step.number}, {step.subject}"


def with_bold_code(text: str) -> Text:
    """Nothing in the text is taken for markup: it may quote what a program has said."""
    parts = re.split("`(.+?)`", text)
    return Text.assemble(*((part, "bold" if at % 2 else "") for at, part in enumerate(parts)))


def page_path(step: Step) -> str:
    return f"docs/steps/{step.name}.md"


def stars(count: int, goal: int) -> str:
    """This many stars, out of those up to the step `goal`."""
    return f"[yellow]{'★ ' * count}[/][dim]{'☆ ' * (len(numbers(last=goal)) - count)}[/]"


def labelled(*pairs: tuple[str, str]) -> Table:
    """Labels and texts side by side; those without a text are left out, and long texts are cut short."""
    grid = Table.grid(padding=(0, 2))
    for label, text in pairs:
        if text:
            grid.add_row(f"  [dim]{label}[/]", Text(text if len(text) <= ROW_LETTERS else f"{text[:ROW_LETTERS]}…"))
    return grid


def check_with_stars(path: Path, step: int, judge: Callable[..., Verdict] = check) -> Verdict:
    """The verdict of `check`, or of `last_verdict`. The stars are shown as they come."""
    with console.status("") as status:

        def progress(number: int) -> None:
            status.update(f"{stars(len(numbers(last=number - 1)), step)} looking at step {number}")

        return judge(path, step, progress)


def print_verdict(verdict: Verdict, path: Path) -> None:
    """The verdict in twelve lines at most."""
    console.print(
        f"{stars(verdict.stars, verdict.goal)} [bold]{escape(as_typed(path))}[/]\n", no_wrap=True, overflow="ellipsis"
    )
    headline = verdict.headline([step.subject for step in steps().values()])
    if not verdict.oops:
        console.print(f"[bold green]{headline}[/]\n")
        if verdict.goal < LAST:
            following = numbered(numbers(verdict.goal + 1)[0])
            console.print(labelled(("Next", in_words(following)), ("Page", page_path(following))))
        return
    step = numbered(verdict.step)
    console.print(Text.assemble((headline, "bold"), " ", with_bold_code(verdict.means), "\n"))
    console.print(
        labelled(
            ("Wanted", f"{verdict.wanted}."),
            ("Instead", verdict.instead),
            ("Look at", f"{verdict.missing} line {verdict.line}: {verdict.code}".strip() if verdict.line else ""),
            ("Page", page_path(step)),
            ("Stuck?", "Add --hint to your command."),
        )
    )


@app.callback(invoke_without_command=True)
def map_(
    context: typer.Context,
    file: Annotated[Path, typer.Option(help="Your program.", show_default="steps/my_club/main.py")] = MINE,
) -> None:
    """Show the map: which steps your club has reached, and what comes next."""
    if context.invoked_subcommand:
        return
    verdict = check_with_stars(file, LAST, last_verdict)
    console.print(f"[bold]{escape(as_typed(file))}[/]\n")
    for step in steps().values():
        mark = "[yellow]★[/]" if not verdict.oops or step.number < verdict.step else "[dim]☆[/]"
        here = "  [bold]← you are here[/]" if step.number == verdict.step else ""
        console.print(f" {mark} {step.title}{here}")
    console.print()
    if verdict.oops:
        step = numbered(verdict.step)
        console.print(
            labelled(
                ("Read", page_path(step)),
                ("Run", "uv run fastapi dev " + as_typed(file)),
                ("Check", "uv run club check"),
            )
        )
    else:
        console.print("Your club is ready. Show it to the room: [bold]uv run club share[/]")


@app.command("check")
def check_(
    file: File = MINE,
    step: WhichStep = LAST,
    hint: Annotated[bool, typer.Option("--hint", help="Give the next of three hints.")] = False,
    solution: Annotated[bool, typer.Option("--solution", help="Show the piece from our own program.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Check again on every save.")] = False,
) -> None:
    """Is it right? See which steps your program has reached, and what stands between you and the next one.

    It runs the program, as you would, with all that you may do on this computer.
    """
    if file.resolve() != MINE and read(file):
        console.print(f"I run {escape(as_typed(file))}. It can do whatever you can do on this computer.\n")
    if watch:
        keep_checking(file, step)
    if not (hint or solution):
        verdict = check_with_stars(file, step)
        print_verdict(verdict, file)
    else:
        verdict = check_with_stars(file, step, last_verdict)
        if not verdict.oops:
            print_verdict(verdict, file)
        elif hint:
            number, words = next_hint(file, verdict)
            last = "\nThat was the last one. To see our own lines: `--solution`" if number == 3 else ""
            console.print(Text.assemble((f"Hint {number} of 3.", "bold"), " ", with_bold_code(words + last)))
        else:
            show_solution(verdict)
    raise typer.Exit(0 if not verdict.oops else 1)


def show_solution(verdict: Verdict) -> None:
    step = numbered(verdict.step)
    try:
        lines: Iterable[int] = step.find(verdict.cause.piece)
    except NotFoundError:  # this is about the whole step
        lines = sorted(step.new)
    console.print(f"[bold]steps/{step.name}/main.py[/]\n")
    for number in lines:
        console.print(f"[dim]{number:4}[/]  {escape(step.lines[number - 1])}")


def keep_checking(file: Path, step: int) -> None:
    """Check now and on every save, until Ctrl+C."""
    from watchfiles import watch  # noqa: PLC0415

    def look() -> None:
        console.clear()
        try:
            print_verdict(check_with_stars(file, step), file)
        except CannotTryError as error:
            console.print(escape(str(error)))
        console.print("\n[dim]Save your file, and I will look again. Ctrl+C stops me.[/]")

    folder = file.resolve().parent
    saves = watch(folder, recursive=False, raise_interrupt=False, rust_timeout=100, yield_on_timeout=True)
    next(saves, None)  # from here on it watches, so no save is missed while I look
    look()
    for changes in saves:
        if any(changed.endswith(".py") for _, changed in changes):
            look()
    raise typer.Exit


@app.command("catch-up")
def catch_up(step: Annotated[int, typer.Argument(min=1, max=LAST, help="The step to start from.")]) -> None:
    """Put our program for a step into steps/my_club. Your own file is kept beside it."""
    ours = numbered(step)
    new = (ROOT / "steps" / ours.name / "main.py").read_bytes()
    MINE.parent.mkdir(exist_ok=True)
    if MINE.exists() and (old := MINE.read_bytes()) != new:
        kept = MINE.with_name(f"main_before_{datetime.now().astimezone():%Y-%m-%d_%H-%M-%S}.py")
        while kept.exists():
            kept = kept.with_stem(f"{kept.stem}_")
        kept.write_bytes(old)
        console.print(f"Your old file is safe: [bold]{escape(as_typed(kept))}[/]")
    MINE.write_bytes(new)
    console.print(f"[bold]{escape(as_typed(MINE))}[/] is now {in_words(ours)}. Go on from here: {page_path(ours)}")


@app.command()
def doctor() -> None:
    """Check this computer before a lesson: does it have everything that the club needs?"""
    from club.machine import examine  # noqa: PLC0415

    ill = False
    for finding in examine():
        ill |= finding.is_bad
        mark = "[red]✗[/]" if finding.is_bad else "[green]✓[/]"
        console.print(f"{mark} [bold]{finding.what}[/]  {escape(finding.found)}")
        if finding.do:
            console.print(f"    {escape(finding.do)}")
    raise typer.Exit(1 if ill else 0)


@app.command()
def share(
    file: File = MINE,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    host: Annotated[
        str, typer.Option(help="The address to listen on.", show_default="this computer's on the network")
    ] = "",
) -> None:
    """Open your club to the room: it listens on the network until you press Ctrl+C."""
    from club.machine import open_for_the_room  # noqa: PLC0415

    if failure := at_first_sight(file.resolve(), read(file)):
        raise CannotTryError(f"{failure.sentence} Ask `uv run club check` where.")
    raise typer.Exit(open_for_the_room(file, host, port, console))


@app.command("class")
def class_(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8010,
    host: Annotated[
        str, typer.Option(help="The address or name that pupils type.", show_default="this computer's on the network")
    ] = "",
    forget: Annotated[bool, typer.Option("--forget", help="Delete all that is kept of the class.")] = False,
    site: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="A built site.", show_default="site, built when it is old"),
    ] = None,
) -> None:
    """Open a class: pupils come in with a browser, and you see on a board who is where and who is stuck."""
    from club.classroom import command  # noqa: PLC0415

    if forget:
        was_there = command.forget(command.PATH)
        console.print("The class is forgotten." if was_there else "There is nothing to forget here.")
        return
    try:
        command.open_class(host, port, site, console, opens_board=sys.stdout.isatty())
    except command.CannotOpenError as error:
        console.print(escape(str(error)))
        raise typer.Exit(2) from None


@app.command("mark")
def mark_(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="The unpacked programs of a class.")],
    step: WhichStep = LAST,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a table for a spreadsheet.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Check all programs of a class, in a table. It runs them on this computer."""
    from club.classroom import mark  # noqa: PLC0415

    found = [*mark.programs(folder)]
    if not found:
        raise CannotTryError(f"There are no programs in {folder}. It should hold folders such as `07 Mia/main.py`.")
    aside = Console(stderr=True, highlight=False)
    aside.print(f"This runs {len(found)} programs of others on this computer, as if you had started them yourself.")
    if not yes and sys.stdin.isatty() and not typer.confirm("Go on?", err=True):
        raise typer.Exit(2)
    with aside.status("") as status:
        marks: list[mark.Marked] = []
        for each in found:
            status.update(escape(each[0]))
            marks += mark.mark([each], step)
    if as_json or as_csv:
        text = f"{mark.as_json(marks)}\n" if as_json else mark.as_csv(marks)
        sys.stdout.buffer.write(text.encode())  # Windows would change the ends of the lines
        return
    grid = Table("program", "stars", "cause", "line", "what it says", box=None, header_style="dim", pad_edge=False)
    for marked in marks:
        count, line = f"{marked.stars} of {marked.of}", str(marked.line or "")
        grid.add_row(escape(marked.program), count, marked.oops, line, with_bold_code(marked.says))
    console.print(grid)


def keep_fault() -> str:
    """Write down what is being raised, and on what machine. Returns the path of the file."""
    with tempfile.NamedTemporaryFile("w", prefix="club-", suffix=".txt", encoding="utf-8", delete=False) as file:
        file.write(f"{sys.argv}\nPython {sys.version}\n{platform.platform()}\n\n{traceback.format_exc()}")
    return file.name


def main() -> None:
    """Run the command. If it cannot do what it was asked, it says why and exits with 2."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        app()
    except CannotTryError as error:
        console.print(escape(str(error)))
        code = 2
    except KeyboardInterrupt:
        code = 130
    except Exception as error:
        console.print(f"The club command tripped over itself, not over your file: {escape(repr(error))}")
        console.print(
            f"What happened is written down, for somebody who can mend it: {escape(keep_fault())}", soft_wrap=True
        )
        code = 2
    else:
        code = 0
    sys.stdout.flush()
    sys.exit(code)


if __name__ == "__main__":
    main()
