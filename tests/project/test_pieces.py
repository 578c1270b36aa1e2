"""`pieces.js` finds its way in programs that learners write, change and break, and loses none of their lines."""

import ast
import json
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import cache
from itertools import pairwise
from statistics import median

import pytest

from club.ladder import ROOT, Step, steps
from club_site import boxes
from project.browser import missing

mistakes = pytest.importorskip("club_site.mistakes")

FIRST = """
import { fill, pieces, place, putIn, state } from "%(page)s/pieces.js";
import { mended, slip } from "%(page)s/slips.js";
let text = "";
for await (const part of process.stdin) text += part;
const given = JSON.parse(text);
"""
ALL = list(steps().values())
RIGHT = sorted((ROOT / "tests" / "right").glob("*.py"))
OWN = [["# This is mine."], ['print("Hello!")', ""], ["", "def my_own() -> int:", "    return 12"]]
OWN_ROUTE = ["", '@app.get("/biscuits")', "async def count_biscuits() -> int:", "    return 12", ""]


def in_node(script: str, given: object):
    """What the script returns for `given`, with all of pieces.js at hand."""
    node = shutil.which("node") or missing("Node.js")
    first = FIRST % {"page": (ROOT / "workbench" / "page").as_uri()}
    code = f"{first}console.log(JSON.stringify((() => {{ {script} }})()));"
    done = subprocess.run(
        [node, "--input-type=module", "-e", code],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def text_of(step: Step) -> str:
    return "\n".join([*step.lines, ""])


def earlier(step: Step) -> list[str]:
    """The programs of the steps before."""
    return [text_of(each) for each in ALL if each.number < step.number]


def blocks(step: Step) -> Iterator[list[int]]:
    """The numbers of the new lines in each block of code in the boxes of a page, in order."""
    page = (ROOT / "docs" / "steps" / f"{step.name}.md").read_text(encoding="utf-8")
    for words in re.findall(r"\[\[box \w+ (.+)\]\]", page):
        yield from boxes.blocks(boxes.box_lines(step, words.split()))


def typed(step: Step, there: set[int]) -> list[tuple[int, str]]:
    """The program of the step before with these new lines of the step: for each line, its number in the step, or 0."""
    program = []
    for tag, old, old_end, new, new_end in SequenceMatcher(None, step.before, step.lines, False).get_opcodes():
        numbers = range(new + 1, new_end + 1)
        if tag != "equal":
            empty = [each for each in numbers if not step.lines[each - 1].strip() and text_below(step, each) in there]
            numbers = sorted({*empty, *there.intersection(numbers)})
        if not numbers:
            program += [(0, line) for line in step.before[old:old_end]]
        program += [(number, step.lines[number - 1]) for number in numbers]
    return program


def text_below(step: Step, number: int) -> int:
    return next(each for each in range(number, len(step.lines) + 1) if step.lines[each - 1].strip())


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
            yield {"ours": text_of(step), "lines": block, "mine": program, "before": earlier(step)}, at + 1, above


PLACE = """
    return given.map(({ ours, lines, mine, before }) => {
        const start = performance.now();
        const found = place(ours, lines, mine.join("\\n"), before);
        return { ...found, took: performance.now() - start };
    });
"""


def test_each_block_finds_the_line_where_it_goes():
    given, lines, _ = zip(*places(), strict=True)
    for case, line, found in zip(given, lines, in_node(PLACE, given), strict=True):
        assert found.get("line") == line, (found, case["lines"], "\n".join(case["mine"]))
        step_line = case["ours"].splitlines()[case["lines"][0] - 1]
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


FILL = "return given.map(({ ours, mine, before }) => fill(ours, mine, before));"


def lines_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def keeps(text: str, mine: list[str]) -> bool:
    """Are these lines still there, in this order?"""
    rest = iter(lines_of(text))
    return all(line in rest for line in mine)


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
    pairs = [("", step) for step in ALL] + [(mine, step) for step in ALL for mine in [*earlier(step), text_of(step)]]
    given = [{"ours": text_of(step), "mine": mine, "before": earlier(step)} for mine, step in pairs]
    assert in_node(FILL, given) == [text_of(step) for _, step in pairs]


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
    cases = [(step, *with_gaps(step, dice)) for step in ALL for _ in range(40)]
    given = [{"ours": text_of(step), "mine": "\n".join(mine), "before": earlier(step)} for step, mine, _ in cases]
    for (step, mine, own), text in zip(cases, in_node(FILL, given), strict=True):
        assert keeps(text, [line for line in mine if line.strip()]), text
        assert [line for line in lines_of(text) if line not in own] == lines_of(text_of(step)), "\n".join(mine)


def test_a_wrong_line_stays_and_nothing_else_gets_lost():
    cases = [
        (mistakes.program_with(mistake, step), other)
        for step in ALL
        for mistake in mistakes.mistakes_of(step)
        for other in {step.number: step, ALL[-1].number: ALL[-1]}.values()
    ]
    given = [{"ours": text_of(ours), "mine": mine, "before": earlier(ours)} for mine, ours in cases]
    for (mine, ours), text in zip(cases, in_node(FILL, given), strict=True):
        stays = [line for line in lines_of(mine) if line not in old(ours)]
        assert set(stays) <= set(lines_of(text)), text
        # Lines that are ours, too, may stand in another function by now.
        assert keeps(text, [line for line in stays if line not in ours.lines]), text
        assert compiles(text) or not compiles(mine), text


def test_lines_in_another_order_are_neither_moved_nor_doubled():
    step, last = ALL[2], ALL[8]  # in step 10, the chat's endpoint is another one
    first, second = next(pair for pair in pairwise(step.lines) if "joined the chat" in pair[0])

    def swapped(text: str) -> str:
        return text.replace(f"{first}\n{second}", f"{second}\n{first}")

    given = [{"ours": text_of(each), "mine": swapped(text_of(step)), "before": earlier(each)} for each in (step, last)]
    assert in_node(FILL, given) == [swapped(text_of(step)), swapped(text_of(last))]


def compiles(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


STEP_BY_STEP = """
    return given.map(({ ours, blocks, mine, before }) => {
        const states = [];
        for (const lines of blocks) {
            states.push(state(ours, lines, mine, before));
            mine = putIn(ours, lines, mine, before);
            states.push(state(ours, lines, mine, before));
        }
        return { mine, states };
    });
"""


def test_block_after_block_makes_the_program_of_the_step():
    given = [
        {
            "ours": text_of(step),
            "blocks": list(blocks(step)),
            "mine": "\n".join([*step.before, ""][: len(step.before) + 1]),
        }
        | {"before": earlier(step)}
        for step in ALL
    ]
    for step, case, found in zip(ALL, given, in_node(STEP_BY_STEP, given), strict=True):
        assert found["mine"] == text_of(step)
        assert found["states"] == ["missing", "ours"] * len(case["blocks"])


STATE = "return given.map(({ ours, lines, mine, before }) => state(ours, lines, mine, before));"


def test_a_line_with_a_fault_is_there_and_a_line_of_ones_own_is_not_ours():
    given, expected = [], []
    for step in ALL:
        there = set[int]()
        for block in blocks(step):
            case = {"ours": text_of(step), "lines": block, "before": earlier(step)}
            lines = [line for _, line in typed(step, there)]
            there |= set(block)
            program = typed(step, there)
            at = next(at for at, (number, _) in enumerate(program) if number in block)
            margin = re.match(" *", program[at][1])[0]
            before, after = (
                [lines[:at], lines[at:]] if lines[:at] == [line for _, line in program[:at]] else [[], lines]
            )
            if not program[at - 1][1].lstrip().startswith("@"):  # between it and its function, nothing can stand
                given.append({**case, "mine": "\n".join([*before, f"{margin}print()  # mine", *after])})
                expected.append("missing")
            lines = [line for _, line in program]
            cut = lines[at].partition("  #")[0][:-1]
            for fault in [cut, f"{lines[at]}  # mine", f" {lines[at]}"]:
                given.append({**case, "mine": "\n".join([*lines[:at], fault, *lines[at + 1 :]])})
                expected.append("yours" if fault == cut else "ours")
    found = in_node(STATE, given)
    for case, each, wanted in zip(given, found, expected, strict=True):
        is_split = (each, wanted) == ("part", "yours")  # of a box with many pieces, the one with the fault is not there
        assert each == wanted or is_split, (case["lines"], case["mine"])


# --- slips ---------------------------------------------------------------------------------------------------


SLIPS = """
    return given.map((case_) => {
        const { ours, lines, mine, before } = case_;
        return [slip(ours, lines, mine, before)?.words ?? "", mended(ours, lines, mine, before)];
    });
"""


def slips(line: str, rest: list[str]) -> Iterator[list[str]]:
    """What a hurried hand makes of a line, and of the lines below it: nothing that Python can read."""
    if line.endswith(":"):
        yield [line[:-1], *rest]
    if re.match(r" *(except|finally)\b", line):
        yield [f"    {line}", *rest]
    if " import " in line and len(line) > 60:
        yield [*line.rsplit(" ", 1), *rest]
    if re.match(" +def ", line) and rest[0]:
        yield [f"    {line}", f"    {rest[0]}", *rest[1:]]


def test_a_slip_is_found_and_mended():
    given, expected = [], []
    for step in ALL:
        there = set[int]()
        for block in blocks(step):
            there |= set(block)
            program = typed(step, there)
            lines = [line for _, line in program]
            for at, (number, line) in enumerate(program):
                for wrong in slips(line, lines[at + 1 :]) if number in block else ():
                    mine = "\n".join([*lines[:at], *wrong, ""])
                    given.append({"ours": text_of(step), "lines": block, "mine": mine, "before": earlier(step)})
                    expected.append("\n".join([*lines, ""]))
    found = in_node(SLIPS, given)
    for case, (words, text), right in zip(given, found, expected, strict=True):
        assert words, case["mine"]
        assert text == right, (words, case["mine"])


def test_a_broken_place_is_found_and_mended():
    """The class below the line that needs it, an old line that was to be replaced, and a job inside another."""
    manager, desk = ALL[1], ALL[4]
    ours = text_of(manager)
    before, made, after = ours.partition("\n\nmanager = ConnectionManager()\n")
    top, plan, rest = before.partition("\n\nclass ")
    below = f"{top}{made}{plan}{rest}{after}"
    app = desk.lines.index(")") + 1
    doubled = "\n".join([*desk.lines[:app], "app = FastAPI()", *desk.lines[app:], ""])
    box = [number for number, line in enumerate(desk.lines[:app], 1) if line.startswith(("app", "    title", ")"))]
    head = [number for number, line in enumerate(manager.lines, 1) if line.startswith("class") or "__init__" in line]
    given = [
        {"ours": ours, "lines": head, "mine": below, "before": earlier(manager)},
        {"ours": text_of(desk), "lines": box, "mine": doubled, "before": earlier(desk)},
    ]
    (above, moved), (old, without) = in_node(SLIPS, given)
    assert above.startswith("It must be above your line ")
    assert lines_of(moved) == lines_of(ours)
    assert old == f"Delete your line {app + 1}. It is the old one."
    assert without == text_of(desk)


def test_a_right_program_has_no_slips():
    programs = [*(path.read_text(encoding="utf-8") for path in RIGHT), *map(text_of, ALL)]
    given = [
        {"ours": text_of(step), "lines": block, "mine": mine, "before": earlier(step)}
        for step in ALL
        for block in blocks(step)
        for mine in programs
    ]
    script = "return given.map(({ ours, lines, mine, before }) => slip(ours, lines, mine, before)?.words);"
    for case, words in zip(given, in_node(script, given), strict=True):
        assert words is None, (words, case["mine"])


# --- programs that look different ------------------------------------------------------------------------------


def doors(text: str) -> list[str]:
    found = re.findall(r'^\s*@\w+\.(\w+)\(\s*"([^"]+)"', text, re.MULTILINE)
    found += [(call, path) for call, path in re.findall(r'\.add_api_(\w*route)\("([^"]+)"', text)]
    kinds = {"websocket_route": "websocket", "get": "http", "post": "http", "route": "http"}
    return [f"{kinds.get(kind, kind)} {re.sub('{.*?}', '{}', path)}" for kind, path in found]


def test_no_door_is_built_twice():
    cases = [(path.read_text(encoding="utf-8"), step) for path in RIGHT for step in ALL[2:]]
    given = [{"ours": text_of(step), "mine": mine, "before": earlier(step)} for mine, step in cases]
    for (mine, step), text in zip(cases, in_node(FILL, given), strict=True):
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
    filled = in_node(FILL, [{"ours": ours, "mine": mine, "before": earlier(step)} for mine in cases])
    for (mine, wanted), text in zip(cases.items(), filled, strict=True):
        if mine == comment:
            assert lines_of(text) in (lines_of(f"{comment}\n{ours}"), lines_of(wanted))
        else:
            assert text.strip("\n") == wanted.strip("\n"), mine[-40:]
            assert text == wanted or not mine.strip()
