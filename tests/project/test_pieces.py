"""`pieces.js` finds its way in programs that learners write, change and break, and loses none of their lines."""

import ast
import random
import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from functools import cache
from itertools import pairwise
from statistics import median

import pytest

from club.ladder import ROOT, Step
from project.boxes import ALL, blocks, earlier, in_node, text_of, typed

mistakes = pytest.importorskip("club_site.mistakes")

RIGHT = sorted((ROOT / "tests" / "right").glob("*.py"))
OWN = [["# This is mine."], ['print("Hello!")', ""], ["", "def my_own() -> int:", "    return 12"]]
OWN_ROUTE = ["", '@app.get("/biscuits")', "async def count_biscuits() -> int:", "    return 12", ""]


def faults(line: str) -> Iterator[str | None]:
    """What a slip makes of a line. `None`: it is gone."""
    yield None
    yield f" {line}"
    yield line[: len(line) // 2]
    if line.endswith(":"):
        yield line[:-1]
    if found := re.search(r"[)\]}](?!.*[)\]}])", line):
        yield line[: found.start()] + line[found.end() :]
    if '"' in line:
        yield line.replace('"', "", 1)
    if line.startswith("    "):
        yield line[2:]


def places() -> Iterator[tuple[dict, int, int]]:
    """Each block of each page, and a program for it: the right line, and how many lines with text are above it."""
    for step in ALL:
        there = set[int]()
        for block in blocks(step):
            program = [line for _, line in typed(step, there)]
            there |= set(block)
            after = typed(step, there)
            at = next(at for at, (number, _) in enumerate(after) if number in block)
            above = sum(1 for _, line in after[:at] if line.strip())
            yield {"step": step.number, "lines": block, "mine": program}, at + 1, above


PLACE = """
    return given.map(({ step, lines, mine }) => {
        const { ours, before } = pages[step];
        const start = performance.now();
        const found = place(ours, lines, mine.join("\\n"), before);
        return { ...found, took: performance.now() - start };
    });
"""


def test_each_block_finds_the_line_where_it_goes():
    given, lines, _ = zip(*places(), strict=True)
    for case, line, found in zip(given, lines, in_node(PLACE, given), strict=True):
        assert found.get("line") == line, (found, case["lines"], "\n".join(case["mine"]))
        step_line = ALL[case["step"] - 1].lines[case["lines"][0] - 1]
        assert found["indent"] == len(step_line) - len(step_line.lstrip())
        assert len(found["words"]) < 70


def one_fault(how_many: int) -> list[tuple[dict, int]]:
    found = []
    for case, _, above in places():
        mine = case["mine"]
        for at, line in enumerate(mine):
            before = sum(1 for each in mine[:at] if each.strip())
            for fault in faults(line) if line.strip() else ():
                gone = before < above and not (fault or "").strip()
                changed = [*mine[:at], *([] if fault is None else [fault]), *mine[at + 1 :]]
                found.append(({**case, "mine": changed}, above - gone))
    return random.Random(5).sample(found, min(how_many, len(found)))


def share_of_right_places(how_many: int) -> tuple[float, float, list]:
    given, expected = zip(*one_fault(how_many), strict=True)
    wrong = []
    answers = in_node(PLACE, given)
    for case, above, found in zip(given, expected, answers, strict=True):
        if sum(1 for each in case["mine"][: found.get("after", 0)] if each.strip()) != above or "line" not in found:
            wrong.append((found, above, case))
    return 1 - len(wrong) / len(given), median(found["took"] for found in answers), wrong


def test_a_fault_does_not_hide_the_place(record_property):
    share, took, wrong = share_of_right_places(1000)
    record_property("right places", share)
    record_property("one takes, ms", took)
    assert share >= 0.99, [found for found, *_ in wrong]
    assert took < 100


# --- what is put in ------------------------------------------------------------------------------------------


FILL = "return given.map(([step, mine]) => fill(pages[step].ours, mine, pages[step].before));"


def filled(cases: Iterable[tuple[Step, str]]) -> list[str]:
    """Each program with what it lacks of the step beside it."""
    return in_node(FILL, [(step.number, mine) for step, mine in cases])


def lines_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def keeps(text: str, mine: list[str]) -> bool:
    """Are these lines still there, in this order?"""
    rest = iter(lines_of(text))
    return all(line in rest for line in mine)


def straight(line: str) -> str:
    """One space too many or two too few make no difference."""
    return " " * 4 * ((len(line) - len(line.lstrip()) + 2) // 4) + line.lstrip()


@cache
def old(ours: Step) -> set[str]:
    """The lines that a step has replaced."""
    found = set()
    for each in earlier(ours):
        lines = each.splitlines()
        for tag, start, end, _, _ in SequenceMatcher(None, lines, ours.lines, False).get_opcodes():
            found.update(lines[start:end] if tag in {"delete", "replace"} else [])
    return found


def test_what_an_earlier_step_lacks_is_filled_in():
    cases = [(step, mine) for step in ALL for mine in ["", *earlier(step), text_of(step)]]
    assert filled(cases) == [text_of(step) for step, _ in cases]


def spans(text: str) -> list[range]:
    """The line numbers of each piece: a class is one, and so is each of its methods."""
    found = []
    for node in ast.parse(text).body:
        for each in [node, *(node.body[1:] if isinstance(node, ast.ClassDef) else [])]:
            first = min([each.lineno, *(found.lineno for found in getattr(each, "decorator_list", []))])
            found.append(range(first, (each.end_lineno or first) + 1))
    return found


def with_gaps(step: Step, dice: random.Random) -> tuple[list[str], set[str]]:
    """A program with gaps and lines of its own, and these."""
    text = text_of(step)
    pieces = spans(text)
    gone = {number for piece in pieces if dice.random() < 0.2 for number in piece}
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    statements = [node for function in functions for node in ast.walk(function) if isinstance(node, ast.stmt)]
    own: dict[int, list[str]] = {}
    inside = [node.lineno for node in statements if node not in functions and not isinstance(node, ast.ExceptHandler)]
    gone |= {number for number in inside if dice.random() < 0.1}
    for number in inside:
        above = next(each for each in range(number - 1, 0, -1) if step.lines[each - 1].strip())
        if dice.random() < 0.1 and not gone & {number, above} and not step.lines[above - 1].lstrip().startswith("#"):
            margin = re.match(" *", step.lines[number - 1])[0]
            own[number] = [f"{margin}print({number})  # my own"]
    for piece in pieces:
        if dice.random() < 0.1 and step.lines[piece[0] - 1][0] not in " #)":
            own[piece[0]] = [f"{line}  # my own" if line else "" for line in dice.choice([*OWN, OWN_ROUTE])]
    mine = []
    for number, line in enumerate(step.lines, 1):
        mine += own.get(number, [])
        mine += [] if number in gone else [line]
    return mine, {line for each in own.values() for line in each if line}


def test_gaps_are_filled_around_what_is_the_learners_own():
    dice = random.Random(8)
    cases = [(step, *with_gaps(step, dice)) for step in ALL for _ in range(20)]
    texts = filled((step, "\n".join(mine)) for step, mine, _ in cases)
    for (step, mine, own), text in zip(cases, texts, strict=True):
        assert keeps(text, [line for line in mine if line.strip()]), text
        assert [line for line in lines_of(text) if line not in own] == lines_of(text_of(step)), "\n".join(mine)


def test_a_wrong_line_stays_and_nothing_else_gets_lost():
    broken = [(step, mistakes.program_with(mistake, step)) for step in ALL for mistake in mistakes.mistakes_of(step)]
    cases = broken + [(ALL[-1], mine) for _, mine in broken[::5]]  # held to the last step, one takes ten times longer
    for (ours, mine), text in zip(cases, filled(cases), strict=True):
        stays = [line for line in lines_of(mine) if straight(line) not in old(ours)]
        assert set(stays) <= set(lines_of(text)), text
        # Lines that are ours, too, may stand in another function by now.
        assert keeps(text, [line for line in stays if line not in ours.lines]), text
        assert compiles(text) or not compiles(mine), text


def test_lines_in_another_order_are_neither_moved_nor_doubled():
    step, last = ALL[2], ALL[8]  # in step 10, the chat's endpoint is another one
    first, second = next(pair for pair in pairwise(step.lines) if "joined the chat" in pair[0])

    def swapped(text: str) -> str:
        return text.replace(f"{first}\n{second}", f"{second}\n{first}")

    mine = swapped(text_of(step))
    assert filled([(step, mine), (last, mine)]) == [mine, swapped(text_of(last))]


def compiles(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


STEP_BY_STEP = """
    return given.map(({ step, mine }) => {
        const { ours, boxes, before } = pages[step];
        const states = [];
        boxes.forEach((lines, at) => {
            states.push(new Judge(ours, boxes, mine, { before }).of(at).there);
            mine = putIn(ours, lines, mine, before);
            states.push(new Judge(ours, boxes, mine, { before }).of(at).there);
        });
        return { mine, states };
    });
"""


def test_block_after_block_makes_the_program_of_the_step():
    given = [{"step": step.number, "mine": "\n".join([*step.before, ""][: len(step.before) + 1])} for step in ALL]
    for step, found in zip(ALL, in_node(STEP_BY_STEP, given), strict=True):
        assert found["mine"] == text_of(step)
        assert found["states"] == ["missing", "ours"] * len(list(blocks(step)))


# --- programs that look different ------------------------------------------------------------------------------


def doors(text: str) -> list[str]:
    found = re.findall(r'^\s*@\w+\.(\w+)\(\s*"([^"]+)"', text, re.MULTILINE)
    found += [(call, path) for call, path in re.findall(r'\.add_api_(\w*route)\("([^"]+)"', text)]
    kinds = {"websocket_route": "websocket", "get": "http", "post": "http", "route": "http"}
    return [f"{kinds.get(kind, kind)} {re.sub('{.*?}', '{}', path)}" for kind, path in found]


def test_no_door_is_built_twice():
    texts = [path.read_text(encoding="utf-8") for path in RIGHT]
    cases = [(step, text) for at, text in enumerate(texts) for step in ALL[2 + at % 2 :: 2]]
    for (step, mine), text in zip(cases, filled(cases), strict=True):
        found = doors(text)
        assert sorted(found) == sorted({*found}), text
        assert {*doors(text_of(step))} <= {*found}
        assert keeps(text, [line for line in lines_of(mine) if line not in old(step)])
        ast.parse(text)


def test_line_ends_indents_and_empty_files():
    step = ALL[-1]
    ours = text_of(step)
    windows, tabs = ours.replace("\n", "\r\n"), ours.replace("    ", "\t")
    half = ours[: ours.index("@app.websocket") - 3]  # without a line end
    comment = "# My club, by Ada"
    cases = {
        windows: windows,
        tabs: tabs,
        ours.rstrip(): ours.rstrip(),
        half: ours,
        half.replace("\n", "\r\n"): windows,
        half.replace("    ", "\t"): tabs,
        "\n\n": f"{ours}\n\n",
        comment: f"{ours}\n\n{comment}\n",
    }
    for (mine, wanted), text in zip(cases.items(), filled((step, mine) for mine in cases), strict=True):
        if mine == comment:
            assert lines_of(text) in (lines_of(f"{comment}\n{ours}"), lines_of(wanted))
        else:
            assert text.strip("\n") == wanted.strip("\n"), mine[-40:]
            assert text == wanted or not mine.strip()
