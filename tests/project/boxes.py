"""The task boxes of the pages, what is typed into them, and a way to ask the JavaScript that looks at it."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import cache

from club.ladder import ROOT, Step, steps
from club_site import boxes
from project.browser import missing

FIRST = """
import { fill, place, putIn } from "%(page)s/pieces.js";
import { Judge, renamed } from "%(page)s/judge.js";
let text = "";
for await (const part of process.stdin) text += part;
const { given, steps } = JSON.parse(text);
const texts = steps.map(({ ours }) => ours);
const pages = [undefined, ...steps.map(({ boxes }, at) => (
    { ours: texts[at], boxes, before: texts.slice(0, at), later: texts.slice(at + 1) }
))];
"""
ALL = list(steps().values())


@cache
def pages() -> list[dict[str, object]]:
    return [{"ours": text_of(step), "boxes": list(blocks(step))} for step in ALL]


def in_node(script: str, given: object):
    """What the script returns for `given`, with pieces.js, judge.js and the pages of the steps at hand."""
    node = shutil.which("node") or missing("Node.js")
    first = FIRST % {"page": (ROOT / "workbench" / "page").as_uri()}
    code = f"{first}console.log(JSON.stringify((() => {{ {script} }})()));"
    done = subprocess.run(
        [node, "--input-type=module", "-e", code],
        input=json.dumps({"given": given, "steps": pages()}),
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
        if tag == "equal" or not there.intersection(numbers):
            lines = step.before[old:old_end]
            program += zip(numbers if tag == "equal" else [0] * len(lines), lines, strict=True)
            continue
        waiting = waiting_in(step, range(old + 1, old_end + 1), numbers, there)
        for number in numbers:
            below = text_below(step, number)
            if number == below:
                program += [(0, line) for line in waiting.get(number, [])]
            if below in there or (number != below and below in waiting):
                program.append((number, step.lines[number - 1]))
    return program


def waiting_in(step: Step, old: range, new: range, there: set[int]) -> dict[int, list[str]]:
    """The old lines that wait for what will take their place: for the first new line of the same function, these."""
    found = dict[int, list[str]]()
    for at in old:
        name = boxes.function_of(at, step.before)
        same = [each for each in new if step.lines[each - 1].strip() and boxes.function_of(each, step.lines) == name]
        if same and step.before[at - 1].strip() and not there.intersection(same):
            found.setdefault(same[0], []).append(step.before[at - 1])
    return found


def text_below(step: Step, number: int) -> int:
    return next(each for each in range(number, len(step.lines) + 1) if step.lines[each - 1].strip())
