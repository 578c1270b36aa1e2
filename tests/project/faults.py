"""Programs with one fault each, made from the programs of the steps: what a hurried hand makes of a line.

`some(2000)` is a fair mix, the same for the same seed: steps take turns, and so do the kinds of a step's faults.

    letter lost, letter doubled, capital       in a name, a keyword or a type
    word lost                                  `await`, `async`, `self`
    symbol lost                                a colon, a bracket, a comma, a quote
    left out, doubled, misplaced, old kept     a whole line, or the line that it should have replaced
    too far in, too far out                    by one space, or by four
    gap                                        a word is still `____`

A fault is not always an error: a line may stand there twice and do no harm, and a name that nobody uses may be any.
"""

import io
import random
import re
import tokenize
from collections.abc import Iterator
from itertools import zip_longest
from keyword import iskeyword
from typing import NamedTuple

from club.ladder import Step, steps

SEED = 25
SYMBOLS = {"colon": ":", "bracket": "()[]{}", "comma": ",", "quote": "\"'"}


class Fault(NamedTuple):
    """A program with one fault. `text` is wrong from its line `first` to `last`, where `step` has its line `number`."""

    kind: str
    step: Step
    number: int
    first: int
    last: int
    text: str

    def is_near(self, line: int | None) -> bool:
        """Is this the line of the fault, or one beside it?"""
        return line is not None and self.first - 1 <= line <= self.last + 1

    def __str__(self) -> str:
        line = self.text.split("\n")[self.first - 1].strip()
        return f"{self.kind}: step {self.step.number}, line {self.first}: {line}"


class Word(NamedTuple):
    text: str
    start: int
    is_name: bool


def words_of(step: Step) -> dict[int, list[Word]]:
    """The words and symbols of each line."""
    found: dict[int, list[Word]] = {}
    for each in tokenize.generate_tokens(io.StringIO("\n".join([*step.lines, ""])).readline):
        if each.string.strip() and each.start[0] == each.end[0] and each.type != tokenize.COMMENT:
            is_name = each.type == tokenize.NAME
            found.setdefault(each.start[0], []).append(Word(each.string, each.start[1], is_name))
    return found


def changed_words(words: list[Word], dice: random.Random) -> Iterator[tuple[str, Word, str]]:
    """For each kind of fault that these words allow: the kind, one of the words, and what comes in its place."""
    names = [word for word in words if word.is_name and len(word.text) > 3]
    if names:
        word = dice.choice(names)
        at = dice.randrange(1, len(word.text))
        yield "letter lost", word, word.text[:at] + word.text[at + 1 :]
        word = dice.choice(names)
        at = dice.randrange(1, len(word.text))
        yield "letter doubled", word, word.text[:at] + word.text[at] + word.text[at:]
        word = dice.choice(names)
        at = dice.choice([at for at, letter in enumerate(word.text) if letter.isalpha()])
        yield "capital", word, word.text[:at] + word.text[at].swapcase() + word.text[at + 1 :]
        if gaps := [word for word in names if not iskeyword(word.text)]:
            yield "gap", dice.choice(gaps), "____"
    for lost in ("await", "async", "self"):
        if found := [word for word in words if word.text == lost]:
            yield f"{lost} lost", dice.choice(found), ""
    for name, symbols in SYMBOLS.items():
        ends = {0, -1} if name == "quote" else {0}
        if found := [word for word in words if any(word.text[end] in symbols for end in ends)]:
            word = found[-1] if name == "colon" else dice.choice(found)
            ends = {0, len(word.text) - 1} if name == "quote" else {0}
            at = dice.choice([at for at in sorted(ends) if word.text[at] in symbols])
            yield f"{name} lost", word, word.text[:at] + word.text[at + 1 :]


def without(line: str, word: Word, new: str) -> str:
    """The line with a word changed. A word that is gone takes what held it to its neighbour along."""
    end = word.start + len(word.text)
    if not new and word.is_name:
        end += len(re.match(r"\s*[.,]?\s*", line[end:])[0])  # type: ignore[index]
    return line[: word.start] + new + line[end:]


def inside(step: Step) -> set[int]:
    """The lines that begin within brackets or within a text: there, spaces do not matter."""
    found, opened = set(), 0
    for each in tokenize.generate_tokens(io.StringIO("\n".join([*step.lines, ""])).readline):
        if each.type == tokenize.OP:
            opened += (each.string in "([{") - (each.string in ")]}")
        if opened:
            found.add(each.start[0] + 1)
        found |= set(range(each.start[0] + 1, each.end[0] + 1))
    return found


def faults_in(step: Step, number: int, dice: random.Random, words: list[Word], is_inside: bool) -> Iterator[Fault]:
    """All kinds of faults that this line of the program can have, one of each."""
    lines = list(step.lines)
    line = lines[number - 1]
    before, after = lines[: number - 1], lines[number:]

    def fault(kind: str, *put: str, first: int = number, last: int = 0) -> Fault:
        return Fault(kind, step, number, first, last or first, "\n".join([*before, *put, *after, ""]))

    for kind, word, new in changed_words(words, dice):
        yield fault(kind, without(line, word, new))
    yield fault("left out")
    yield fault("doubled", line, line, last=number + 1)
    margin = len(line) - len(line.lstrip())
    below = next((each for each in after if each.strip()), "")
    if below and after[0] == below and below != line and "import" not in line:
        after.pop(0)
        yield fault("misplaced", below, line, last=number + 1)
        after.insert(0, below)
    if not is_inside:
        by = dice.choice([1, 4])
        yield fault("too far in", " " * by + line)
        if margin:
            yield fault("too far out", line[dice.choice([1, 4]) :])


def old_kept(step: Step) -> Iterator[Fault]:
    """What a step replaces is still there, below what replaces it."""
    for tag, start, end, first, last in step.changes:
        old = [line for line in step.before[start:end] if line.strip()]
        if tag == "replace" and old and not set(old) <= set(step.lines):
            new = step.lines[first:last]
            text = "\n".join([*step.lines[:last], *old, *step.lines[last:], ""])
            yield Fault("old kept", step, last, first + 1, first + len(new) + len(old), text)


def faults(step: Step, seed: int = SEED) -> list[Fault]:
    """All faults of the lines that are new in a step, a few thousand for the whole ladder."""
    words, within = words_of(step), inside(step)
    found = list(old_kept(step))
    for number in sorted(step.new):
        if number in words:  # no comment
            dice = random.Random(f"{seed} {step.name} {number}")
            found += faults_in(step, number, dice, words[number], number in within)
    right = "\n".join([*step.lines, ""])
    return [each for each in found if each.text != right]


def some(how_many: int, seed: int = SEED) -> list[Fault]:
    """A mix from all steps."""
    decks = []
    for step in steps().values():
        kinds: dict[str, list[Fault]] = {}
        for each in faults(step, seed):
            kinds.setdefault(each.kind, []).append(each)
        dice = random.Random(f"{seed} {step.name}")
        hands = [dice.sample(each, len(each)) for _, each in sorted(kinds.items())]
        decks.append([each for round_ in zip_longest(*hands) for each in round_ if each])
    mixed = [each for round_ in zip_longest(*decks) for each in round_ if each]
    return mixed[:how_many]
