"""The notifier written three ways: what each of them promises, and what the race between them says."""

import http.client
import json
import re
from contextlib import closing

import pytest
from websockets.sync.client import connect

from club.ladder import STEPS
from suite.program import Process

race = pytest.importorskip("club_site.notifiers")

LIMIT_S = 20  # on a busy machine


def heard(way, port, last_id, count):
    """Listen to so many pieces of news, beginning after this one."""
    if way == "websocket":
        with connect(f"ws://127.0.0.1:{port}/news?last_id={last_id}", proxy=None) as club:
            return [club.recv(LIMIT_S) for _ in range(count)]
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)) as club:
        club.request("GET", f"/news?last_id={last_id}", headers={"Last-Event-ID": str(last_id)})
        answer = club.getresponse()
        if way == "plain_http":
            return json.loads(answer.read())
        lines = []
        while len(lines) < count:
            found = answer.readline().decode()
            lines += [json.loads(found[5:])] if found.startswith("data:") else []
        return lines


@pytest.mark.parametrize("way", race.names())
def test_a_listener_hears_what_is_told_and_what_it_has_missed(way, tmp_path):
    program = Process(STEPS / "more" / "notifier" / f"{way}.py", tmp_path / "notes")
    try:
        for words in ("one", "two", "three"):
            assert program.ask("POST", f"/news?message={words}", LIMIT_S).status == 200
        assert heard(way, program.port, 0, 3) == ["one", "two", "three"]
        assert heard(way, program.port, 2, 1) == ["three"]
        assert "Traceback" not in program.terminal()
    finally:
        program.stop()


def test_the_table_says_what_is_measured():
    """Bytes are the same on each machine. Times are not, and of a few messages they may be too short to measure."""
    measured = {name: race.Measured(each.bytes, 1.0) for name, each in race.measure(rounds=1, each=10).items()}
    now, kept = race.table(measured), race.TABLE.read_text(encoding="utf-8")
    columns = [re.findall(r"^\| ([A-Z].+?) \| (\d+) \|", text, re.MULTILINE) for text in (now, kept)]
    assert [way for way, _ in columns[0]] == [way for way, _ in columns[1]]
    for (_, here), (_, there) in zip(*columns, strict=True):
        assert int(here) == pytest.approx(int(there), rel=0.2, abs=1)
