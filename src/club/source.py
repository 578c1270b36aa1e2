"""What the text of a program tells, without running it: its doors, its names, and the piece that a line belongs to."""

import ast
import builtins
import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from club.ladder import steps

LIKENESS = 0.85  # from here on, a program was typed from our pages
SLIPS = 3  # places, of those that differ from ours, among which it makes sense to choose

METHODS = {"get", "post", "put", "patch", "delete", "head", "options"}
KINDS = {
    **{method: method.upper() for method in METHODS},
    **dict.fromkeys(["websocket", "websocket_route", "add_websocket_route", "add_api_websocket_route"], "websocket"),
    **dict.fromkeys(["api_route", "route", "add_api_route", "add_route"], "any"),
    "mount": "mount",
}
CONVERTERS = {"path": ".*", "int": "[0-9]+", "float": "[0-9]+([.][0-9]+)?", "uuid": "[0-9a-fA-F-]+"}


@dataclass(frozen=True)
class Door:
    """A path that a program answers. `kind` is the HTTP method, `websocket`, `any` (method) or `mount` (everything)."""

    kind: str
    path: str
    line: int
    owner: str  # the name of the app or the router

    def takes(self, kind: str, called: str) -> bool:
        """Whether this call ends here, unless a door above takes it."""
        if self.kind not in {kind, "mount"} and (self.kind != "any" or kind == "websocket"):
            return False
        pattern = re.sub(
            r"\{\w+(?::(\w+))?\}|[^{]+|\{",
            lambda part: CONVERTERS.get(part[1], "[^/]+") if part[0].endswith("}") else re.escape(part[0]),
            self.path.rstrip("/") if self.kind == "mount" else self.path,
        )
        return re.fullmatch(pattern + ("(/.*)?" if self.kind == "mount" else ""), called) is not None

    @property
    def letters(self) -> int:
        """How many letters of the path are fixed: the more there are, the fewer calls it is made for."""
        return len(re.sub(r"\{.*?\}", "", self.path.rstrip("/")))


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, int]]:
    """All calls at the top of a program and in its decorators, in their order, with their lines."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from ((each, each.lineno) for each in node.decorator_list if isinstance(each, ast.Call))
        elif isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            yield node.value, node.lineno
        elif isinstance(node, ast.If | ast.Try | ast.With | ast.For):
            yield from calls(node)


def text_in(call: ast.Call, place: int, name: str) -> str | None:
    """The text that is given to a call, at this place or by this name; None if it is not plain text."""
    given = [*call.args[place : place + 1], *(each.value for each in call.keywords if each.arg == name)]
    value = given[0].value if given and isinstance(given[0], ast.Constant) else None
    return value if isinstance(value, str) else None


def doors(tree: ast.Module) -> tuple[list[Door], list[Door]]:
    """The doors that the app has, in the order in which they are tried, and those of routers that it never takes in."""
    found: list[Door] = []
    of_routers: dict[str, list[Door]] = {}
    prefixes: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            name = ast.unparse(node.targets[0])
            prefixes[name] = text_in(node.value, 99, "prefix") or ""
            if ast.unparse(node.value.func).endswith("APIRouter"):
                of_routers[name] = []
    taken_in: list[tuple[int, str, str]] = []  # where among the doors, which router, and the prefix
    for call, line in calls(tree):
        if not isinstance(call.func, ast.Attribute):
            continue
        owner, what = ast.unparse(call.func.value), call.func.attr
        if what == "include_router" and call.args:
            taken_in.append((len(found), ast.unparse(call.args[0]), text_in(call, 1, "prefix") or ""))
        elif what in KINDS and (path := text_in(call, 0, "path")) is not None:
            door = Door(KINDS[what], prefixes.get(owner, "") + path, line, owner)
            of_routers.get(owner, found).append(door)
    left_out = of_routers.copy()
    for place, router, prefix in reversed(taken_in):
        inside = left_out.pop(router, [])
        found[place:place] = [replace(each, path=prefix + each.path) for each in inside]
    return found, [door for each in left_out.values() for door in each]


def way_of(source: str, kind: str, called: str) -> dict[str, str]:
    """If a call cannot get to the door that is made for it: which one that is, and what is in its way, as fields."""
    found, left_out = doors(ast.parse(source))
    open_to = [door for door in found if door.takes(kind, called)]
    if open_to:
        first, best = open_to[0], max(open_to, key=lambda door: door.letters)
        if best.letters > first.letters:
            return {"above": first.path, "below": best.path, "above_line": str(first.line)}
        if len(open_to) > 1 and open_to[1].letters == first.letters and open_to[1].kind == first.kind:
            return {"same": open_to[1].path, "same_line": str(open_to[1].line)}
    elif waiting := [door for door in left_out if door.takes(kind, called) or called.endswith(door.path)]:
        return {"router": waiting[0].owner, "router_line": str(waiting[0].line)}
    return {}


def imported(tree: ast.Module) -> Iterator[str]:
    """The top-level names of the modules that a program imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def two_of_one_name(source: str) -> dict[str, str]:
    """If a later function of the same name replaces one: that name and the line of the later one, as fields.

    A function with a decorator may already be in use by the time it is replaced.
    """
    for block in ast.walk(ast.parse(source)):
        seen: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        for node in block.body if isinstance(block, ast.Module | ast.ClassDef) else []:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = seen.setdefault(node.name, node)
                if first is not node and not (first.decorator_list and node.decorator_list):
                    return {"twice": node.name, "twice_line": str(node.lineno)}
    return {}


def function_around(source: str, line: int) -> dict[str, str]:
    """The function that this line is in, and the line of its `def`, as fields."""
    around = {
        node.lineno: node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno <= line <= (node.end_lineno or 0)
    }
    return {"inside": around[max(around)], "inside_line": str(max(around))} if around else {}


CLOSES = tuple(")]}")


def starts(lines: list[str], indent: int) -> Iterator[int]:
    """The numbers (from 0) of the lines where something begins that stands this far in; the last one is the end."""
    decorated = False
    for number, line in enumerate(lines):
        text = line.lstrip()
        if not text or text.startswith("#") or len(line) - len(text) > indent:
            continue
        if len(line) - len(text) < indent or not text.startswith((*CLOSES, "except", "finally", "else", "elif")):
            if not decorated:
                yield number
            decorated = text.startswith("@") and len(line) - len(text) == indent
    yield len(lines)


def piece_around(lines: list[str], number: int) -> range:
    """The function, the method or the statement at the top that this line (from 0) is in. The text may be broken."""

    def part(indent: int, within: range) -> range:
        cuts = [within.start + each for each in starts(lines[within.start : within.stop], indent)]
        begin = max((each for each in cuts if each <= number), default=within.start)
        return range(begin, min(each for each in [*cuts, within.stop] if each > begin))

    whole = part(0, range(len(lines)))
    first = next((each for each in whole if not lines[each].startswith("@")), whole.start)
    if not lines[first].startswith("class") or number <= first:
        return whole
    inside = range(first + 1, whole.stop)
    indents = [len(each) - len(each.lstrip()) for each in lines[first + 1 : whole.stop] if each.strip()]
    return part(indents[0], inside) if indents and indents[0] else whole


def without(source: str, line: int) -> str:
    """The program without the piece that this line is in. All other lines keep their numbers."""
    lines = source.splitlines()
    piece = piece_around(lines, min(line, len(lines)) - 1)
    first = lines[piece.start]
    lines[piece.start : piece.stop] = ["" for _ in piece]
    lines[piece.start] = " " * (len(first) - len(first.lstrip())) + "pass"
    return "\n".join([*lines, ""])


def close_name(source: str, name: str) -> str | None:
    """A name in the program that looks like this one."""
    tree = ast.parse(source)
    names = {
        each for node in ast.walk(tree) for field in ("id", "attr", "name", "arg") if (each := getattr(node, field, 0))
    }
    known = sorted(each for each in {*names, *dir(builtins), "__file__", "__init__"} - {name} if isinstance(each, str))
    # Capitals and `_` are what most often goes wrong.
    bare = {each.strip("_").lower(): each for each in reversed(known)}
    close = difflib.get_close_matches(name, known, 3, 0.75)
    own = [each for each in close if re.search(rf"\b(?:def|class) {each}\b|^ *{each}\b.* = ", source, re.MULTILINE)]
    return next(iter([*filter(None, [bare.get(name.strip("_").lower())]), *own, *close]), None)


def no_type(source: str) -> dict[str, str]:
    """The first value in a class whose type is a name that nothing makes: that name and the line, as fields.

    From Python 3.14 on, nothing happens in that line. The trouble comes later, in a line that is right.
    """
    tree = ast.parse(source)
    made = {*names_made(tree)}
    known = {*dir(builtins), *made}
    for plan in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        for value in (node for node in plan.body if isinstance(node, ast.AnnAssign)):
            names = [node.id for node in ast.walk(value.annotation) if isinstance(node, ast.Name)]
            if strange := [name for name in names if name not in known and "*" not in known and set(name) != {"_"}]:
                other = [each for each in made if each.lower() == strange[0].lower()]
                found = {"no_type": strange[0], "no_type_line": str(value.lineno)}
                return found | ({"no_type_other": other[0]} if other else {})
    return {}


def gap(source: str) -> dict[str, str]:
    """The line of the first gap that is left as the page prints it, as a field."""
    for node in ast.walk(ast.parse(source)) if "____" in source else ():
        parts = (getattr(node, field, "") for field in ("id", "attr", "name", "arg", "value"))
        if any(isinstance(part, str) and re.search(r"(?<!\w)____(?!\w)", part) for part in parts):
            return {"gap_line": str(getattr(node, "lineno", 1))}
    return {}


def names_made(tree: ast.AST) -> Iterator[str]:
    """The names that a program makes, but for those inside its functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif name := getattr(node, "name", ""):  # of a function, a class, or a type that stands for any
            yield name
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from names_made(node)


def plain(lines: Sequence[str]) -> dict[int, str]:
    """The lines that count, by their numbers (from 1): without comments, and without what is blank."""
    found = {number: re.sub(r"\s*#[^\"']*$", "", line).rstrip() for number, line in enumerate(lines, 1)}
    return {number: line for number, line in found.items() if line}


@dataclass(frozen=True)
class Place:
    """Where a program differs from ours: the lines (from 1). Lines of ours may be missing above or below them."""

    lines: range
    missing: str = ""  # above or below
    is_slip: bool = False  # only the spaces at their starts differ, or they were ours before this step


def like_ours(source: str) -> list[Place]:
    """Where a program that was typed from our pages differs from ours. Empty if it is of somebody's own making."""
    mine = plain(source.splitlines())
    numbers, typed = [*mine], [*mine.values()]
    match, best, ours = None, LIKENESS, dict[int, str]()
    old, before = set[str](), set[str]()
    for step in steps().values():
        theirs = plain(step.lines)
        each = difflib.SequenceMatcher(None, typed, [*theirs.values()], autojunk=False)
        if each.real_quick_ratio() > best and each.quick_ratio() > best and each.ratio() > best:
            match, best, ours, old = each, each.ratio(), theirs, before - {*theirs.values()}
        before |= {*theirs.values()}
    places, ours_at = [], [*ours]
    for tag, first, last, start, end in match.get_opcodes() if match else []:
        if tag in {"delete", "replace"}:
            wanted = [ours[number].strip() for number in ours_at[start:end]]
            astray = [line.strip() for line in typed[first:last]] == wanted
            is_old = old.issuperset(typed[first:last])
            places.append(Place(range(numbers[first], numbers[last - 1] + 1), is_slip=astray or is_old))
        elif tag == "insert":
            # A line that opens a block belongs to what is below, any other one to what is above.
            opens = first < len(numbers) and (not first or ours_at[start] - ours_at[start - 1] > 1)
            opens = opens and end < len(ours_at) and ours_at[end] - ours_at[end - 1] == 1
            line = numbers[first if opens else first - 1]
            places.append(Place(range(line, line + 1), "above" if opens else "below"))
    return places


def place_of_slip(source: str, line: int | None) -> tuple[int | None, str]:
    """The line to look at, and whether something is missing above or below it. `line` is where the trouble shows.

    In a program that was typed from our pages, a line that is ours, word for word, is not to blame. A line beside it
    that is not may be as it is on purpose, but not in a wrong column, and not if it should have been replaced.
    """
    places = like_ours(source)
    near = [each for each in places if line and each.lines.start - 1 <= line <= each.lines.stop]
    if len(near) == 1 and near[0].is_slip and line not in near[0].lines and len(places) <= SLIPS:
        return near[0].lines.start, ""
    if not places or len(places) > SLIPS or any(not each.missing for each in near):
        return line, ""
    before = [each for each in places if line and each.lines.start <= line]
    place = (near or before or places)[-1 if near or before else 0]
    return place.lines.start, place.missing
