"""The race of `race/`: it counts what every friend has really heard, and the pages show its last run."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from club.ladder import ROOT, NotFoundError

pages = pytest.importorskip("club_site.pages")
pytest.importorskip("matplotlib")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="The race is for Linux and macOS.")

FORGETS = """
from fastapi import FastAPI, WebSocket

app = FastAPI()
websockets: list[WebSocket] = []


@app.websocket("/ws/{client_id}")
async def chat(websocket: WebSocket) -> None:
    await websocket.accept()
    websockets.append(websocket)
    while True:
        text = await websocket.receive_text()
        for friend in websockets[: 1 + len(websockets) // 2]:
            await friend.send_text(text)
"""


def race(*words: str) -> str:
    command = [sys.executable, "-m", "race", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def titles(folder: Path) -> dict[str, str]:
    """The words that each picture has for those who cannot see it."""
    pictures = sorted(folder.glob("race-*.svg"))
    return {file.name: ElementTree.parse(file).findtext("{http://www.w3.org/2000/svg}title") for file in pictures}


def test_a_small_race(tmp_path):
    forgets = tmp_path / "forgets.py"
    forgets.write_text(FORGETS, encoding="utf-8")
    small = ["--friends", "10", "--rounds", "1", "--deliveries", "2000", "--patience", "2"]
    said = race("--only", "original", "step 12", f"forgets={forgets}", *small, "--out", str(tmp_path))

    original, step_12, forgets = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["rows"]
    for row in (original, step_12):
        assert all(rate > 0 for talk in ("one", "eight") for rate in row["rates"][talk]["10"])
    assert original["silence"] is None
    assert 0 < step_12["silence"] < 2
    assert "forgets is out of the race. 10 friends come" in said
    assert forgets["rates"]["one"]["10"] == []

    assert re.search(r"original +1\.00 +1\.00 +> 2 s", said)
    assert re.search(
        r"\| step 12 \| \d+\.\d\d \| \d+\.\d\d \| \d\.\d\d s \|", (tmp_path / "race-table.txt").read_text()
    )
    drawn = titles(tmp_path)
    assert drawn.keys() == {
        f"race-{what}-{look}.svg" for what in ("one", "eight", "frozen") for look in ("light", "dark")
    }
    assert all("original" in title for title in drawn.values())


def test_the_pages_show_the_recorded_race(tmp_path):
    shutil.copy(ROOT / "race" / "results.json", tmp_path)
    race("--draw", "--out", str(tmp_path))
    recorded = pages.ASSETS / "recorded"
    assert titles(recorded) == titles(tmp_path)
    for table in ("table", "smaller", "redis"):
        text = (tmp_path / f"race-{table}.txt").read_text(encoding="utf-8")
        assert (recorded / f"race-{table}.txt").read_text(encoding="utf-8") == text
        assert pages.race(table) == [*text.splitlines(), ""]
    light, dark, _ = pages.race("one")
    alt = titles(recorded)["race-one-light.svg"]
    assert light.startswith(f"![{alt}](../assets/recorded/race-one-light.svg#only-light){{ loading=lazy width=360 ")
    assert "race-one-dark.svg#only-dark" in dark
    with pytest.raises(NotFoundError, match="race has no twelve"):
        pages.race("twelve")
