"""What is kept of a class, in one file: enough to go on after a crash, and no more.

That is a nickname, a hash of the cookie, the step, the stars, the last cause of trouble, and the program. What anybody
says, addresses, devices and real names never get here.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FIELDS = ("nickname", "cookie", "step", "stars", "oops", "since", "tries", "text", "marked")


@dataclass
class Record:
    """A pupil, as far as they are kept."""

    nickname: str
    cookie: str = ""  # its hash; without one, the teacher has to let this pupil in
    step: int = 0
    stars: list[int] = field(default_factory=list)
    oops: str = ""
    since: float | None = None  # when this cause came up first, in seconds since 1970
    tries: int = 0  # how often it has come up since
    text: str = ""
    marked: dict[str, int | str] | None = None  # the board's own verdict: `stars`, `oops`


class Book:
    """Every change is written at once, so nothing is lost when the class is killed."""

    def __init__(self, path: Path | str = ":memory:") -> None:
        """Raises `sqlite3.DatabaseError` if there is something else in the file."""
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.executescript(f"""
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = NORMAL;
            CREATE TABLE IF NOT EXISTS pupils ({", ".join(FIELDS)}, PRIMARY KEY (nickname));
        """)

    def __iter__(self) -> Iterator[Record]:
        """In the order in which they came."""
        for row in self.database.execute(f"SELECT {', '.join(FIELDS)} FROM pupils ORDER BY rowid"):
            record = Record(*row)
            record.stars, record.marked = json.loads(row[3]), json.loads(row[8])
            yield record

    def write(self, record: Record, *names: str) -> None:
        """Write these fields; if none are named, all of them, as a new row."""
        values = {name: getattr(record, name) for name in names or FIELDS}
        for name in values.keys() & {"stars", "marked"}:
            values[name] = json.dumps(values[name])
        if names:
            columns = ", ".join(f"{name} = ?" for name in values)
            self.database.execute(
                f"UPDATE pupils SET {columns} WHERE nickname = ?", [*values.values(), record.nickname]
            )
        else:
            marks = ", ".join("?" * len(values))
            self.database.execute(f"INSERT OR REPLACE INTO pupils VALUES ({marks})", [*values.values()])

    def erase(self, record: Record) -> None:
        self.database.execute("DELETE FROM pupils WHERE nickname = ?", [record.nickname])

    def close(self) -> None:
        self.database.close()


def forget(path: Path) -> bool:
    """Delete a class, with the files that SQLite keeps beside it. Returns whether there was one."""
    files = [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))]
    was_there = any(file.exists() for file in files)
    for file in files:
        file.unlink(missing_ok=True)
    return was_there
