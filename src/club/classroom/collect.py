"""What the teacher takes home: all programs as a zip, and the table."""

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable
from datetime import datetime

from club.classroom.book import Record

HEAD = ["nickname", "step", "stars", "cause", "since", "times", "checked by"]
FORMULA = "=+-@|%\t\r\n"  # a spreadsheet takes a cell that begins like this for a formula
NOT_IN_PATHS = re.compile(r'[<>:"/\\|?*\x00-\x1f]')


def harmless(text: str) -> str:
    """Text that is text in a spreadsheet, too."""
    first = unicodedata.normalize("NFKC", text.lstrip()[:1])[:1]
    return f"'{text}" if first and first in FORMULA else text


def table(rows: Iterable[Iterable[object]]) -> str:
    """CSV, with the mark by which Excel knows that it is UTF-8."""
    text = io.StringIO("")
    csv.writer(text, lineterminator="\r\n").writerows([harmless(str(cell)) for cell in row] for row in rows)
    return f"\ufeff{text.getvalue()}"


def class_table(pupils: Iterable[Record]) -> str:
    rows: list[list[object]] = [[*HEAD]]
    for each in pupils:
        if each.marked:
            stars, oops = int(each.marked["stars"]), each.marked["oops"]
            # The board marks beyond the step at which a pupil is, and nobody is stuck on what they have not begun.
            rows.append([each.nickname, each.step, stars, oops if stars < each.step else "", "", "", "board"])
            continue
        since = f"{datetime.fromtimestamp(each.since).astimezone():%Y-%m-%d %H:%M}" if each.since else ""
        rows.append([each.nickname, each.step, len(each.stars), each.oops, since, each.tries or "", "their page"])
    return table(rows)


def programs(pupils: Iterable[Record]) -> bytes:
    """A zip with a folder for each pupil. They are numbered, since Windows takes `Mia` and `MIA` for one folder."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as zip_file:
        for number, each in enumerate(pupils, 1):
            if each.text:
                name = NOT_IN_PATHS.sub("_", each.nickname).rstrip(". ")
                zip_file.writestr(f"{number:02} {name}/main.py", each.text)
    return packed.getvalue()
