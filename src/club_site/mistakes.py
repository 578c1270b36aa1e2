"""The mistakes of `tests/mistakes/`, made in the programs of the steps.

A mistake is what a beginner changed in our program (`old` and `new`, and more such pairs in `also`), or a whole
`program`, perhaps with a file `beside` it. `what` describes it, `oops` is the cause that the verdict must name (`or`
is as good, where luck decides which of two troubles comes first), and `line` is the code that it must point to. The
check begins with its own step, or with the step `start`.
"""

import tomllib
from typing import Any

from club.ladder import MISTAKES, Step

Mistake = dict[str, Any]


def mistakes_of(step: Step) -> list[Mistake]:
    told = tomllib.loads((MISTAKES / f"{step.name}.toml").read_text(encoding="utf-8"))
    return list(told.get("mistake", []))


def program_with(mistake: Mistake, step: Step) -> str:
    """The wrong program. Raises `ValueError` if the step's program has no such place, or more than one."""
    if "program" in mistake:
        return str(mistake["program"])
    source = "\n".join([*step.lines, ""])
    for old, new in [(mistake["old"], mistake["new"]), *mistake.get("also", [])]:
        if source.count(old) != 1:
            raise ValueError(f"step {step.name} has no such place, or more than one: {old}")
        source = source.replace(old, new)
    return source
