"""What the pages say of errors is what the screens say, and the words are easy. See also `test_check.py`."""

import re

import pytest

from club.causes import Failure, causes
from club.ladder import STEPS
from project.dev import DevServer, learners_folder
from suite.program import Process

CHAT = """
from pathlib import Path

from fastapi import FastAPI, WebSocket

app = FastAPI()
app.frontend("/", directory=Path(__file__).parent.parent / "clubhouse")


@app.websocket("/ws/{client_id}")
async def websocket_endpoint(websocket: WebSocket, client_id: str) -> None:
"""
ON_THE_PAGE = {
    "not-built": CHAT.partition("@")[0],
    "rings": CHAT + "    await websocket.receive()\n    await websocket.receive()\n",
    "hangs-up": CHAT + "    await websocket.accept()\n",
    "nothing-back": CHAT + "    await websocket.accept()\n    async for _ in websocket.iter_text():\n        pass\n",
}


@pytest.mark.parametrize("oops", ON_THE_PAGE)
def test_the_page_says_so(oops, tmp_path, open_window):
    mine = learners_folder(STEPS / "01_imports" / "main.py", tmp_path)
    mine.write_text(ON_THE_PAGE[oops], encoding="utf-8")
    program = Process(mine, tmp_path)
    try:
        window = open_window(f"127.0.0.1:{program.port}")
        if oops == "nothing-back":
            window.lamp("Ada").get_by_text("connected").wait_for()
            window.says("Ada", "hello?")
        window.talkie("Ada").get_by_text(causes()[oops].says).first.wait_for(timeout=15_000)
    finally:
        program.stop()


def test_the_page_says_that_the_club_is_asleep(tmp_path, open_window):
    program = Process(STEPS / "03_chat" / "main.py", tmp_path)
    window = open_window(f"127.0.0.1:{program.port}")
    program.stop()
    window.page.get_by_text(causes()["page-asleep"].says).first.wait_for()


def test_the_terminal_says_that_the_port_is_in_use(tmp_path):
    first = DevServer(STEPS / "01_imports", tmp_path / "first.txt")
    second = DevServer(STEPS / "01_imports", tmp_path / "second.txt", port=first.port)
    try:
        second.waits_for(causes()["port-in-use"].says)
    finally:
        second.stop()
        first.stop()


def test_the_terminal_says_that_there_is_no_main(tmp_path):
    with pytest.raises(TimeoutError):
        DevServer(tmp_path, tmp_path / "terminal.txt")
    assert causes()["no-main"].says in (tmp_path / "terminal.txt").read_text(encoding="utf-8")


@pytest.mark.rules
def test_each_error_is_made_to_happen():
    """In the checker by a mistake in `mistakes/`, elsewhere by a test above, or on machines that we do not have."""
    elsewhere = {oops.id for oops in causes().values() if not oops.can_be_checked}
    not_here = {"https-typed", "onedrive", "port-in-use-windows", "scripts-disabled", "unknown-issuer"}
    not_here |= {"https-on-the-page", "still-counted", "waiting-to-close"}
    assert elsewhere - not_here == {"port-in-use", "no-main", "page-asleep", "not-built"}
    on_the_page = {oops.id for oops in causes().values() if oops.at == "page"}
    assert on_the_page - not_here == {*ON_THE_PAGE, "page-asleep"}


@pytest.mark.parametrize("oops", causes().values(), ids=causes().keys())
@pytest.mark.rules
def test_what_the_page_quotes_is_what_the_checker_looks_for(oops):
    """Where the page leaves lines out, it shows three dots; `closes-again` is known by the lines between."""
    if oops.at == "terminal" and oops.can_be_checked and oops.id not in {"crash", "closes-again"}:
        says = oops.says.replace("{name}", "x").replace(" … ", "\n")
        assert re.search(oops.terminal or "Error", "\n" + says, re.MULTILINE) or re.search(
            oops.terminal or "Error", "\n" + oops.says.replace("{name}", "x"), re.MULTILINE
        )


def plain(text):
    return re.sub(r"`[^`]*`|(?<= )'[^']*'|\{[^}]*\}|/\S+", "code", text)


@pytest.mark.parametrize("oops", causes().values(), ids=causes().keys())
@pytest.mark.rules
def test_a_verdict_is_easy_to_read(oops, textstat):
    """Our words of it; what Python says is not ours."""
    wanted = Failure(oops.tests[0] if oops.tests else "", 1, "", "").promise
    verdict = plain(f"{oops.means} {wanted}. {oops.says if oops.at != 'terminal' else ''}")
    assert textstat.flesch_kincaid_grade(verdict) <= 5, verdict


@pytest.mark.rules
def test_all_words_about_errors_are_easy(textstat):
    words = "\n".join(plain("\n".join([oops.means, *oops.hints, oops.do])) for oops in causes().values())
    assert textstat.flesch_kincaid_grade(words) <= 4.3
