"""What stands in `steps/more`: pages and robots of one's own, tried out as their page tells it."""

import itertools
import re
import shutil
import subprocess
import sys

import pytest

from club.ladder import ROOT, STEPS, step
from suite.friends import Club
from suite.program import Process

files = pytest.importorskip("club_site.files", reason="the pages need: uv run --all-groups pytest")

PAGES = ROOT / "docs" / "things-to-build"
BUILT = "".join((PAGES / f"{name}.md").read_text(encoding="utf-8") for name in ("walkie-talkie", "what-gets-lost"))
FOLDER = files.MORE / "walkie_talkie"
PATIENCE_S = 20  # on a busy machine
NO_CHANCE = "let calls = 0; Math.random = () => ++calls / 1000"  # the wait is short, and each number comes once


@pytest.fixture
def club_of(tmp_path):
    """Put a program on the air as in a learner's folder, perhaps with a page of their own in the clubhouse."""
    running = []

    def club_of(program, page=None):
        steps = tmp_path / "steps"
        shutil.copytree(STEPS / "clubhouse", steps / "clubhouse")
        if page:
            shutil.copy(FOLDER / page, steps / "clubhouse" / "mine.html")
        main = steps / "my_club" / "main.py"
        main.parent.mkdir()
        main.write_text(program, encoding="utf-8")
        running.append(Process(main, tmp_path / "notes"))
        return Club(running[0], PATIENCE_S)

    yield club_of
    for process in running:
        terminal = process.terminal()
        process.stop()
        assert "Traceback" not in terminal


def program_of(name):
    return "\n".join([*step(name).lines, ""])


def talk(page):
    return page.locator("#talk li")


def says(page, words):
    page.get_by_role("textbox").fill(words)
    page.get_by_role("button", name="Send").click()


def hears(page, *lines):
    """These lines are on the page, in this order, and none of them is there twice."""
    talk(page).get_by_text(lines[-1], exact=True).wait_for()
    wanted = [line for line in talk(page).all_inner_texts() if line in lines]
    assert wanted == list(lines)


# --- a page of one's own -------------------------------------------------------------------------------------


def test_a_page_of_ones_own_hears(club_of, open_window):
    club = club_of(program_of("03_chat"), "1_hear.html")
    ada = club.chat("Ada")
    page = open_window(club.address, "/mine.html").page
    ada.hears("joined the chat", by="Dina")
    ada.says("<b>hello</b>")
    hears(page, "Ada: <b>hello</b>")


def test_a_page_of_ones_own_talks(club_of, open_window):
    club = club_of(program_of("03_chat"), "2_talk.html")
    ada = club.chat("Ada")
    page = open_window(club.address, "/mine.html").page
    ada.hears("joined the chat", by="Dina")
    says(page, "hello")
    ada.hears("hello", by="Dina")
    hears(page, "Dina: hello")


def test_a_page_of_ones_own_calls_again(club_of, open_window):
    club = club_of(program_of("03_chat"), "3_call_again.html")
    ada = club.chat("Ada")
    page = open_window(club.address, "/404.html").page
    page.add_init_script(NO_CHANCE)
    page.goto(f"http://{club.address}/mine.html")
    for _ in range(2):
        ada.hears("joined the chat", by="Dina")
        page.evaluate("socket.close()")
        ada.hears("left the chat", by="Dina")
    ada.hears("joined the chat", by="Dina")
    says(page, "I am back")
    ada.hears("I am back", by="Dina")


def test_a_page_waits_longer_each_time_and_never_as_long_as_the_others(club_of, open_window):
    club = club_of(program_of("03_chat"), "3_call_again.html")
    page = open_window(club.address, "/mine.html").page
    waits = page.evaluate(
        """() => {
            const waits = [];
            globalThis.setTimeout = (job, ms) => waits.push(ms);
            wait = 1;
            for (let n = 0; n < 8; n++) callLater();
            return waits;
        }"""
    )
    for number, (milliseconds, longest) in enumerate(zip(waits, [1, 2, 4, 8, 16, 30, 30, 30], strict=True)):
        assert longest / 2 <= milliseconds / 1000 <= longest, number
    assert len(set(waits[5:])) > 1


def test_a_page_of_ones_own_misses_nothing(club_of, open_window):
    club = club_of(program_of("11_history"), "4_missed.html")
    ada = club.room("clues", "Ada")
    page = open_window(club.address, "/404.html").page
    page.add_init_script(NO_CHANCE)
    page.goto(f"http://{club.address}/mine.html")
    ada.hears("joined the chat", by="Dina")
    ada.says("one")
    hears(page, "Ada: one")
    page.evaluate("socket.close()")
    ada.hears("left the chat", by="Dina")
    ada.says("two")
    ada.hears("joined the chat", by="Dina")
    ada.says("three")
    hears(page, "Ada: one", "Ada: two", "Ada: three")


@pytest.mark.parametrize("lost", ["on the way to the club", "on the way back"])
def test_what_is_sent_again_is_heard_once(lost, club_of, open_window):
    """The line breaks before the club has a message, or after it: the page cannot tell one from the other."""
    club = club_of(files.program_with("walkie_talkie/send_again"), "5_send_again.html")
    ada, breaks = club.room("clues", "Ada"), [True]
    page = open_window(club.address, "/404.html").page
    page.add_init_script(NO_CHANCE)

    def line(line):
        server = line.connect_to_server()

        def up(text):
            if breaks and lost == "on the way to the club":
                breaks.clear()
                server.close()
                line.close()
            else:
                server.send(text)

        def down(text):
            if breaks and '"one"' in text and '"key"' in text:
                breaks.clear()
                server.close()
                line.close()
            else:
                line.send(text)

        line.on_message(up)
        server.on_message(down)

    page.route_web_socket("**/ws/rooms/**", line)
    page.goto(f"http://{club.address}/mine.html")
    ada.hears("joined the chat", by="Dina")
    says(page, "one")
    hears(page, "Dina: one")
    assert not breaks
    says(page, "two")
    hears(page, "Dina: one", "Dina: two")
    again = ["left the chat", "joined the chat"]
    ada.hears_in_order([*again, "one", "two"] if lost == "on the way to the club" else ["one", *again, "two"])
    assert page.evaluate("onTheirWay.size") == 0


def test_two_friends_may_have_the_same_key_and_one_without_a_key_may_repeat_themselves(club_of):
    club = club_of(files.program_with("walkie_talkie/send_again"))
    ada, bo = club.room("clues", "Ada"), club.room("clues", "Bo")
    ada.hears("joined the chat", by="Bo")
    for friend in (ada, bo, ada):
        friend.sends(type="chat", message=f"I am {friend.name}", key="1")
        friend.says(f"from {friend.name}")
        ada.hears(f"from {friend.name}")
    for _ in range(2):
        ada.says("hello")
    ada.sends(type="chat", message="long", key="1" * 41)
    bo.hears_in_order(["I am Ada", "from Ada", "I am Bo", "from Bo", "from Ada", "hello", "hello"])
    bo.has_heard()


# --- robots --------------------------------------------------------------------------------------------------


@pytest.fixture
def robot():
    """Start a robot as the page says; only the port is another one."""
    running = []

    def robot(name, club):
        program = (FOLDER / name).read_text(encoding="utf-8").replace("127.0.0.1:8000", club.address)
        running.append(subprocess.Popen([sys.executable, "-c", program]))

    yield robot
    for process in running:
        process.kill()
        process.wait(5)


def test_the_robot_answers_to_its_name(club_of, robot):
    club = club_of(program_of("03_chat"))
    ada = club.chat("Ada")
    robot("robot.py", club)
    ada.hears("joined the chat", by="Robo")
    ada.says("hello, everyone")
    ada.says("hello, Robo")
    ada.hears_in_order(["hello, everyone", "hello, Robo", "Beep! Hello Ada!"])
    club.chat("Robofan").says("Robo!")
    ada.hears("Beep! Hello Robofan!", by="Robo")
    ada.has_heard()


def test_the_helper_whispers_to_each_newcomer(club_of, robot):
    club = club_of(program_of("09_whispers"))
    ada = club.room("clues", "Ada", "whisper")
    robot("helper.py", club)
    ada.hears("joined the chat", by="Robo")
    bo = club.room("clues", "Bo", "whisper")
    bo.hears("Welcome! Say !dice to roll the dice.", by="Robo").has(type="whisper", to="Bo")
    ada.hears("joined the chat", by="Bo")
    ada.has_heard()


# --- what the page shows -------------------------------------------------------------------------------------


def test_every_new_line_of_a_page_is_in_one_box():
    names = sorted(path.name for path in FOLDER.glob("[1-9]*.html"))
    for before, name in itertools.pairwise(names):
        blocks = files.new_blocks(f"walkie_talkie/{name}", f"walkie_talkie/{before}")
        lines, old = files.lines_of(f"walkie_talkie/{name}"), files.lines_of(f"walkie_talkie/{before}")
        boxes = re.findall(rf"\[\[new walkie_talkie/{name} walkie_talkie/{before} (.+)\]\]", BUILT)
        shown = [
            block
            for words in boxes
            for block in blocks
            if any(word in "\n".join(lines[at] for at in block) for word in words.split())
        ]
        assert sorted(map(str, shown)) == sorted(map(str, blocks)), name
        assert max(sum(bool(lines[at].strip()) and lines[at] not in old for at in block) for block in blocks) <= 10
    changes = re.findall(r"\[\[change walkie_talkie/send_again (.+)\]\]", BUILT)
    assert sorted(" ".join(changes).split()) == sorted(
        each["name"] for each in files.idea("walkie_talkie/send_again")["change"]
    )
