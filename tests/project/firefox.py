"""A second kind of browser, controlled over WebDriver BiDi, which needs no driver."""

import itertools
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from project.browser import missing
from suite.program import end_all

USER = """
user_pref("network.dns.localDomains", "teacher.test");  // as in Chromium, a name for this machine that is not its own
user_pref("javascript.options.wasm_optimizingjit", false);  // nothing runs long enough to be worth optimising
"""
PATIENCE = 60  # seconds for anything; nobody knows how busy the machine is


@pytest.fixture
def firefox(tmp_path: Path) -> Iterator["Firefox"]:
    """Firefox, with one empty window."""
    if sys.platform != "linux":
        pytest.skip("Firefox is looked for on Linux only.")
    found = shutil.which("firefox") or shutil.which("firefox-esr") or missing("Firefox")
    profile, said = tmp_path / "profile", tmp_path / "firefox.txt"
    profile.mkdir()
    (profile / "user.js").write_text(USER, encoding="utf-8")
    command = [found, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"]
    with said.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        end = time.monotonic() + PATIENCE
        while not (address := re.search(r"ws://127\.0\.0\.1:\d+", said.read_text(encoding="utf-8", errors="replace"))):
            assert time.monotonic() < end, "Firefox did not start."
            time.sleep(0.1)
        with connect(f"{address[0]}/session", max_size=None, proxy=None) as socket:
            yield Firefox(socket)
    finally:
        end_all([process.pid])
        process.wait(5)


class Firefox:
    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._ask("session.new", capabilities={})
        self._window = self._ask("browsingContext.getTree")["contexts"][0]["context"]

    def opens(self, url: str) -> None:
        self._ask("browsingContext.navigate", context=self._window, url=url, wait="complete")

    def does(self, script: str) -> Any:
        """The value of this JavaScript expression, if it is text, a number or a boolean."""
        answer = self._ask("script.evaluate", expression=script, awaitPromise=True, target={"context": self._window})
        assert answer["type"] == "success", answer
        return answer["result"].get("value")

    def waits_for(self, truth: str) -> None:
        end = time.monotonic() + PATIENCE
        while not self.does(f"Boolean({truth})"):
            assert time.monotonic() < end, f"This never became true: {truth}"
            time.sleep(0.1)

    def _ask(self, method: str, **words: Any) -> Any:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": words}))
        while True:
            answer = json.loads(self._socket.recv(PATIENCE))
            if answer.get("id") == number:
                assert answer["type"] == "success", answer
                return answer["result"]
