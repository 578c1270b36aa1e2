"""Run the race, and draw what came out.

    uv run --group race python -m race            takes a quarter of an hour; let nothing else run meanwhile
    uv run --group race python -m race --draw     only draws the recorded race again
    uv run --group race python -m race --only original "step 12" mine=my_chat.py --out /tmp/race

The last one races a program of your own, which needs the chat of step 3, and leaves the record as it is.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from math import ceil
from pathlib import Path
from typing import Any

from rich.progress import Progress, TimeElapsedColumn

from race import draw
from race.race import HERE, Contender, Server, allow_many_connections, contenders, of_program

TALKS = {"one": (1, 1), "eight": (8, 16)}  # how many talk, and how many messages each says at a stretch
AWAKE = 10  # friends, while one more is frozen
FROZEN_MESSAGES, FROZEN_SIZE = 2000, 4096  # twice what fits into the buffers on the way to that friend
PACKAGES = ("fastapi", "uvicorn", "uvloop", "websockets", "python-socketio")


def chosen(only: list[str]) -> list[Contender]:
    everyone = {contender.name: contender for contender in contenders()}
    names = [each for each in only if "=" not in each] if only else list(everyone)
    if unknown := set(names) - everyone.keys():
        sys.exit(f"No {', '.join(unknown)} here. Try: {', '.join(everyone)}")
    files = (each.split("=") for each in only if "=" in each)
    own = [contender for name, file in files for contender in of_program(name, Path(file).resolve())]
    return [*(everyone[name] for name in names), *own]


def versions() -> dict[str, str]:
    found = {"Python": platform.python_version()} | {package: version(package) for package in PACKAGES}
    if node := shutil.which("node"):
        said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
        found["Node.js"] = said.strip().removeprefix("v")
        found |= json.loads((HERE / "package.json").read_text(encoding="utf-8"))["dependencies"]
    return found


class Race:
    """Whoever gets into trouble is out of the race; the others go on."""

    def __init__(self, options: argparse.Namespace, progress: Progress, folder: Path) -> None:
        self.options = options
        self.progress = progress
        self.folder = folder
        self.racing = chosen(options.only)
        self.rows: dict[str, dict[str, Any]] = {}
        for each in self.racing:
            rates: dict[str, Any] = {talk: {str(size): [] for size in options.friends} for talk in TALKS}
            self.rows[each.name] = {"name": each.name, "compression": each.compression, "rates": rates}
        turns = 2 + len(options.friends) * (1 + options.rounds * len(TALKS))
        self.task = progress.add_task("", total=turns * len(self.racing))
        self.servers: dict[str, Server] = {}

    def run(self) -> list[dict[str, Any]]:
        """All servers stay up to the last round, so that each has its turn every minute, whatever the machine does."""
        with ExitStack() as stack:
            self.each("start", partial(self.start, stack))
            for size in self.options.friends:
                self.each(f"{size:,} friends come", partial(self.connect, size))
                for number in range(self.options.rounds):
                    for talk in TALKS:
                        self.each(f"{size:,} friends, round {number + 1}", partial(self.measure, size, talk))
        self.each("one friend is frozen", self.freeze)
        return list(self.rows.values())

    def each(self, what: str, do: Callable[[Contender], None]) -> None:
        for contender in self.racing.copy():
            self.progress.update(self.task, description=f"{what}: {contender.name}")
            try:
                do(contender)
            except OSError as error:
                trouble = f"{what}: {str(error) or 'no answer in time'}"
                self.progress.console.print(f"{contender.name} is out of the race. {trouble}")
                self.rows[contender.name]["trouble"] = trouble
                self.racing.remove(contender)
            self.progress.advance(self.task)

    def start(self, stack: ExitStack, contender: Contender) -> None:
        server = Server(contender, self.folder, self.options.patience)
        self.servers[contender.name] = stack.enter_context(closing(server))

    def connect(self, size: int, contender: Contender) -> None:
        if self.servers[contender.name].ask("connect", size) != contender.compression:
            raise OSError("its messages should come " + ("compressed" if contender.compression else "as they are"))

    def measure(self, size: int, talk: str, contender: Contender) -> None:
        server, (talkers, each) = self.servers[contender.name], TALKS[talk]
        times = ceil(self.options.deliveries / (talkers * each * size))
        messages = talkers * each * times
        before, (asked, worked) = server.processor_time(), server.asked_of_redis()
        server.ask("talk", talkers, each, times)
        took = max(server.processor_time() - before, 0.01)  # it is counted in hundredths of a second
        row = self.rows[contender.name]
        row["rates"][talk][str(size)].append(round(messages * size / took))
        if server.redis:
            now_asked, now_worked = server.asked_of_redis()
            redis = row.setdefault("redis", {name: {} for name in TALKS})[talk].setdefault(str(size), [])
            redis.append([round((now_asked - asked) / messages, 2), round((now_worked - worked) / messages * 1e6)])

    def freeze(self, contender: Contender) -> None:
        with closing(Server(contender, self.folder, self.options.patience)) as server:
            server.ask("connect", AWAKE)
            try:
                silence = round(server.ask("longest_silence", FROZEN_MESSAGES, FROZEN_SIZE), 3)
            except TimeoutError:
                silence = None  # longer than anyone's patience
        self.rows[contender.name]["silence"] = silence


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m race")
    parser.add_argument("--draw", action="store_true", help="only draw the recorded race again")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="race these, or NAME=FILE")
    parser.add_argument("--friends", nargs="+", type=int, default=[10, 100, 1000], metavar="N", help="10 100 1000")
    parser.add_argument("--rounds", type=int, default=9, metavar="N", help="9; the middle one counts")
    parser.add_argument("--deliveries", type=int, default=15_000, metavar="N", help="15,000 a round, at least")
    parser.add_argument("--patience", type=float, default=10, metavar="SECONDS", help="10; a longer silence has no end")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="put it there, and leave the record as it is")
    options = parser.parse_args()
    record = (options.out or HERE) / "results.json"
    if not options.draw:
        allow_many_connections()
        columns = (*Progress.get_default_columns(), TimeElapsedColumn())
        with Progress(*columns) as progress, tempfile.TemporaryDirectory() as folder:
            rows = Race(options, progress, Path(folder)).run()
        about = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": f"{platform.system()}, {platform.machine()}, {os.cpu_count()} cores",
            "versions": versions(),
            "patience": options.patience,
            "rounds": options.rounds,
        }
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps(about | {"rows": rows}, indent=1) + "\n", encoding="utf-8")
    draw.everything(json.loads(record.read_text(encoding="utf-8")), options.out or draw.RECORDED)


if __name__ == "__main__":
    main()
