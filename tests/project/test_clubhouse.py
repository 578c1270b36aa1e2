"""The clubhouse in a real browser with no internet: what a learner sees at each step."""

import json
import re

import pytest

from project.browser import WAIT_MS
from project.dev import DevServer, learners_folder
from suite.choice import PROGRAMS, STEPS
from suite.program import Process

pytestmark = pytest.mark.slow
# The drops that are seen on a friend's device.
DROPS = (
    "[...document.querySelector('walkie-talkie[name=%s]:not([news])').shadowRoot.querySelectorAll('.rain i')]"
    ".filter((drop) => drop.checkVisibility())"
)
# The doors of the clubhouse, and the steps that build them.
DOORS = re.findall(r'name: "(.+)", step: (\d+)', (STEPS / "clubhouse" / "club.js").read_text(encoding="utf-8"))


@pytest.fixture
def window(club, clubhouse, open_window):
    return open_window(club.address)


@pytest.mark.step(1)
def test_the_light_is_on(window, expect):
    """And the doors that are not built yet say which step builds them."""
    expect(window.page.get_by_role("status").filter(has_text="The club is awake")).to_be_visible()
    assert DOORS
    for door, step in DOORS:
        expect(window.door(door)).to_have_text(re.compile(rf"not built yet: step {step}|in chat|open"))
    # The devices have only what the club can do.
    for door, thing in (("Your rooms", window.room("Ada")), ("Reminders", window.remind("Ada"))):
        expect(thing).to_have_count(int("open" in window.door(door).inner_text()))
    expect(window.page.get_by_role("button", name="Emoji")).to_have_count(0)


@pytest.mark.newest
def test_the_rooms_board_has_its_door(window, expect):
    expect(window.door("Rooms board")).to_contain_text(re.compile(r"\d in chat · \d in news"))


@pytest.mark.newest
def test_nothing_jumps_away_while_the_doors_open(club, open_window, expect):
    """Else a click that is aimed at a button may meet nothing."""
    window = open_window(club.address, "/404.html")
    window.page.route("**/openapi.json", lambda call: None)  # no answer yet
    window.opens()
    expect(window.page.get_by_role("status").filter(has_text="Calling the club…")).to_be_visible()
    add = window.page.get_by_role("button", name="Add a friend")
    before = add.bounding_box()
    window.page.unroute("**/openapi.json")  # and now it comes
    for door, _ in DOORS:
        expect(window.door(door)).to_contain_text(re.compile("open|in chat"))
    expect(window.page.get_by_role("heading", level=1)).to_contain_text("All doors are open")
    assert add.bounding_box() == pytest.approx(before, abs=1)


@pytest.mark.newest
def test_two_windows_and_three_devices_chat(club, open_window, expect):
    here = open_window(club.address)
    here.moves()
    expect(here.lamp("Bo")).to_have_text("connected")  # and so the name is taken
    there = open_window(club.address)
    expect(there.lamp("Dina")).to_have_text("connected")
    here.page.get_by_role("button", name="Add a friend").click()
    devices = [(here, name) for name in ("Ada", "Bo")] + [(there, name) for name in ("Chen", "Dina")]
    for window, name in devices:
        expect(window.lamp(name)).to_have_text("connected")
    here.says("Ada", "Is this thing on?")
    for window, name in devices:
        expect(window.screen(name)).to_contain_text("Is this thing on?")
    there.says("Dina", "Loud and clear.")
    for window, name in devices:
        expect(window.screen(name)).to_contain_text("Loud and clear.")


@pytest.mark.newest
def test_what_a_friend_types_is_never_html(club, window, bo, expect):
    expect(window.lamp("Ada")).to_have_text("connected")
    mischief = "<img src=x onerror=\"document.title='caught'\"><script>document.title='caught'</script>"
    bo.says(mischief)
    expect(window.screen("Ada")).to_contain_text(mischief)
    club.chat("<b>Eve</b>".replace("/", "")).says("hi")
    expect(window.screen("Ada")).to_contain_text("<b>Eve<b>")
    assert window.page.title() == "The clubhouse"


@pytest.mark.newest
def test_a_friend_hangs_up_and_picks_up(window, expect):
    expect(window.lamp("Bo")).to_have_text("connected")
    window.talkie("Bo").get_by_role("button", name="Hang up").click()
    expect(window.lamp("Bo")).to_have_text("hung up")
    expect(window.screen("Ada")).to_contain_text("Bo left the chat")
    window.says("Bo", "Does anyone hear me?")
    expect(window.talkie("Bo").get_by_role("alert")).to_contain_text("Nobody can hear you yet")
    window.talkie("Bo").get_by_role("button", name="Pick up").click()
    expect(window.lamp("Bo")).to_have_text("connected")
    window.talkie("Bo").get_by_role("button", name="Send").click()
    expect(window.screen("Ada")).to_contain_text("Does anyone hear me?")


@pytest.mark.newest
def test_a_friend_takes_another_name(window, expect):
    expect(window.lamp("Bo")).to_have_text("connected")
    name = window.talkie("Bo").get_by_role("textbox", name="Name")
    name.fill("a/b")
    name.press("Enter")
    expect(window.talkie("Bo").get_by_role("alert")).to_contain_text("A name cannot have /")
    name.fill("Robin & Co?")
    name.press("Enter")
    expect(window.lamp("Robin & Co?")).to_have_text("connected")
    expect(window.screen("Ada")).to_contain_text("Robin & Co? joined the chat")


@pytest.mark.newest
def test_a_device_has_a_window_of_its_own(club, window, expect):
    expect(window.lamp("Bo")).to_have_text("connected")
    with window.page.context.expect_page() as opened:
        window.talkie("Bo").get_by_role("link", name="Own window").click()
    own = type(window)(opened.value, club.address)
    expect(own.lamp("Bo")).to_have_text("connected")
    expect(window.talkie("Bo")).to_have_count(0)
    own.says("Bo", "I moved out")
    expect(window.screen("Ada")).to_contain_text("I moved out")
    own.opens("/?friend=Bo&room=a/b")
    expect(own.lamp("Bo")).to_have_text("connected")
    own.opens("/?friend=Bo&room=dragons")
    expect(own.room("Bo")).to_have_value("dragons")
    expect(own.lamp("Bo")).to_have_text("connected")


@pytest.mark.newest
def test_the_x_ray_shows_each_frame_as_it_is(window, expect):
    expect(window.lamp("Ada")).to_have_text("connected")
    window.page.get_by_role("button", name="X-ray").click()
    window.says("Ada", "hello")
    rows = window.page.get_by_role("region", name="Frames").get_by_role("row")
    sent = rows.filter(has_text="Ada → club")
    expect(sent).to_contain_text("5 bytes")
    expect(sent.get_by_role("cell").last).to_have_text("hello")
    heard = rows.filter(has_text="club → Ada").filter(has_text="hello").get_by_role("cell").last
    expect(heard).to_contain_text('"client_id"')
    assert json.loads(heard.inner_text())["message"] == "hello"


@pytest.mark.newest
def test_a_busy_room_stays_calm(window, bo, expect):
    """A thousand messages in one go: the screen changes once for each painting, and keeps what a friend can read."""
    expect(window.lamp("Ada")).to_have_text("connected")
    window.page.get_by_role("button", name="X-ray").click()
    counted = window.counts_paintings_and_changes("Ada")
    for number in range(1, 1001):
        bo.says(f"message {number}")
    expect(window.screen("Ada")).to_contain_text("message 1000", timeout=4 * WAIT_MS)
    expect(window.screen("Ada").get_by_text("message 1000", exact=True)).to_be_in_viewport()
    assert window.screen("Ada").locator("p").count() <= 100
    assert window.page.get_by_role("region", name="Frames").get_by_role("row").count() <= 201
    # A screen that changes for each message by itself keeps the page from everything else.
    paintings, changes = counted()
    assert changes <= paintings + 1, f"{changes} changes for {paintings} paintings"


@pytest.mark.newest
def test_a_long_message_does_not_stop_the_page(window, bo, expect):
    expect(window.lamp("Ada")).to_have_text("connected")
    bo.says("o" * 5_000_000)
    expect(window.screen("Ada")).to_contain_text("(and much more)")
    bo.says("short again")
    expect(window.screen("Ada")).to_contain_text("short again")


@pytest.mark.newest
@pytest.mark.clock
def test_private_news_arrives(club, window, expect):
    bo = club.news("Bo")
    expect(window.lamp("Ada's news")).to_have_text("listening")
    club.seconds_pass(5)
    expect(window.screen("Ada's news")).to_contain_text("New notification for Ada")
    bo.hears("New notification for Bo")
    expect(window.screen("Ada's news")).not_to_contain_text("Bo")
    expect(window.screen("Ada")).not_to_contain_text("notification")


@pytest.mark.newest(6)
def test_a_room_is_a_door_in_the_tree(club, window, expect):
    cara = club.room("dragons", "Cara")
    window.goes_into("dragons", "Ada")
    cara.hears("joined the chat", by="Ada")
    tree = window.page.get_by_role("list", name="Rooms in the tree")
    expect(tree).to_have_text("dragons · 2")
    window.says("Ada", "{Is this thing on?}")
    cara.hears("{Is this thing on?}", by="Ada")
    expect(window.screen("Ada")).to_contain_text("{Is this thing on?}")
    expect(window.screen("Bo")).not_to_contain_text("Is this thing on?")
    window.room("Ada").fill("a/b")
    window.room("Ada").press("Enter")
    expect(window.talkie("Ada").get_by_role("alert")).to_contain_text("a room cannot have /")
    cara.hangs_up()
    expect(tree).to_have_text("dragons · 1")
    window.goes_into("", "Ada")
    expect(window.screen("Bo")).to_contain_text("Ada joined the chat")
    expect(tree).to_have_count(0)


@pytest.mark.newest(7)
def test_emoji_rain_and_who_is_typing(club, window, expect):
    window.moves()
    window.goes_into("dragons", "Ada", "Bo")
    page = window.page
    page.get_by_role("button", name="X-ray").click()
    window.talkie("Bo").get_by_role("textbox", name="Message").press_sequentially("Hmm", delay=20)
    expect(window.talkie("Ada")).to_contain_text("Bo is typing…")
    expect(window.talkie("Bo")).not_to_contain_text("typing…")
    window.says("Bo", '{"Hmm"')
    expect(window.screen("Ada")).to_contain_text('{"Hmm"')
    assert "typing…" not in window.talkie("Ada").locator(".typing").inner_text(), "what is said is typed no more"
    rows = page.get_by_role("region", name="Frames").get_by_role("row")
    assert rows.filter(has_text="Bo → club").filter(has_text='"typing"').count() < 4, "a frame for each letter"
    it_rains = window.glimpses(f"{DROPS % 'Ada'}[1]?.getAnimations().length && {DROPS % 'Bo'}.length > 1")
    window.talkie("Ada").get_by_role("button", name="Emoji: party").click()
    for name in ("Ada", "Bo"):
        expect(window.screen(name)).to_contain_text("🎉")
    it_rains()
    expect(rows.filter(has_text="Ada → club").first.locator(".type")).to_have_text('"emoji"')
    expect(window.rain("Ada")).to_have_count(0)
    page.emulate_media(reduced_motion="reduce")
    is_still = window.glimpses(f"((drops) => drops.length === 1 && !drops[0].getAnimations().length)({DROPS % 'Bo'})")
    window.talkie("Ada").get_by_role("button", name="Emoji: heart").click()
    is_still()


@pytest.mark.newest(8)
@pytest.mark.clock
def test_the_radio_counts_down_and_rings(club, window, expect):
    window.moves()
    radio = window.talkie("Ada's news")
    expect(window.lamp("Ada's news")).to_have_text("listening")
    radio.get_by_role("textbox", name="Remind me of").fill("pizza")
    radio.get_by_role("spinbutton", name="Seconds").fill("60")
    window.remind("Ada").click()
    countdown = radio.get_by_role("list", name="Reminders to come")
    expect(countdown).to_have_text(re.compile(r"pizza in (60|5\d) s"))
    expect(countdown).not_to_have_text("pizza in 60 s")
    it_rings = window.glimpses("document.querySelectorAll('walkie-talkie[ringing]').length === 1")
    club.seconds_pass(60)
    expect(window.screen("Ada's news")).to_contain_text("Reminder: pizza")
    it_rings()
    expect(countdown).to_be_empty()
    expect(window.page.locator("walkie-talkie[ringing]")).to_have_count(0)


@pytest.mark.newest(9)
def test_a_whisper_is_for_one_friend(club, window, expect):
    page = window.page
    cara = club.room("dragons", "Cara")
    page.get_by_role("button", name="Add a friend").click()
    expect(window.lamp("Chen")).to_have_text("connected")  # only then has the new friend taken the focus
    window.goes_into("dragons", "Ada", "Bo", "Chen")
    to = window.talkie("Ada").get_by_role("combobox", name="Who hears it")
    expect(to.get_by_role("option")).to_have_text(["everyone", "Cara", "Bo", "Chen"])
    to.select_option("Bo")
    window.says("Ada", "It was Chen.")
    for name in ("Ada", "Bo"):
        expect(window.screen(name).locator(".whisper")).to_contain_text("Ada whispers to Bo: It was Chen.")
    to.select_option("Cara")
    cara.hangs_up()
    expect(window.screen("Ada")).to_contain_text("Cara left the chat")
    window.says("Ada", "Are you there?")
    expect(window.talkie("Ada").get_by_role("alert")).to_contain_text("Bo")
    expect(window.screen("Bo")).not_to_contain_text("Are you there?")
    expect(window.screen("Chen")).not_to_contain_text("It was Chen")


@pytest.mark.newest(9)
def test_a_name_that_is_taken(club, open_window, expect):
    window = open_window(club.address, reduced_motion="reduce")  # special, since its clock will not be right again
    window.goes_into("dragons", "Ada", "Bo")
    page = window.page
    page.clock.install()
    window.talkie("Bo").get_by_role("textbox", name="Name").fill("Ada")
    window.talkie("Bo").get_by_role("textbox", name="Name").press("Enter")
    second = page.locator("walkie-talkie[name=Ada]:not([news])").nth(1)
    expect(second.get_by_role("status")).to_have_text("name is taken")
    expect(second).to_contain_text("Take another name, or wait")
    page.locator("walkie-talkie[name=Ada]:not([news])").first.get_by_role("button", name="Hang up").click()
    page.wait_for_timeout(300)
    expect(second.get_by_role("status")).to_have_text("name is taken")
    page.clock.fast_forward(10_000)
    expect(second.get_by_role("status")).to_have_text("connected")


@pytest.mark.newest(10)
@pytest.mark.clock
def test_a_secret_room_asks_at_the_door(club, window, expect):
    expect(window.door("Secret rooms")).to_contain_text("open")
    talkie, screen, password = window.talkie("Ada"), window.screen("Ada"), window.password("Ada")
    expect(password).to_have_count(0)
    window.room("Ada").fill("treehouse")
    window.room("Ada").press("Enter")
    expect(window.lamp("Ada")).to_have_text("at the door")
    expect(password).to_be_focused()
    for _ in window.screens():
        assert window.axe_finds() == []
        window.sees(talkie.get_by_role("button", name="Say it"))
    window.page.set_viewport_size({"width": 1280, "height": 720})
    window.page.get_by_role("button", name="X-ray").click()
    window.says("Ada", "hello, treehouse")
    expect(talkie.get_by_role("alert")).to_contain_text("Your words wait here")
    password.fill("Open sesame?")
    password.press("Enter")
    expect(window.lamp("Ada")).to_have_text("not let in")
    expect(talkie.get_by_role("alert")).to_contain_text("That is not the password. Try again, or ask a friend")
    password.fill("open sesame")
    talkie.get_by_role("button", name="Say it").click()
    expect(window.lamp("Ada")).to_have_text("connected")
    expect(screen).to_contain_text("hello, treehouse")
    expect(password).to_have_count(0)
    tree = window.page.get_by_role("list", name="Rooms in the tree")
    expect(tree).to_have_text("treehouse · 1")
    expect(tree.get_by_role("img", name="secret")).to_be_visible()
    assert "sesame" not in window.page.content() + window.page.get_by_role("region", name="Frames").inner_text()
    window.room("Bo").fill("treehouse")
    window.room("Bo").press("Enter")
    expect(window.lamp("Bo")).to_have_text("at the door")
    club.seconds_pass(10)
    expect(window.talkie("Bo").get_by_role("alert")).to_contain_text("nobody said the password")
    window.goes_into("", "Bo")
    expect(window.password("Bo")).to_have_count(0)


@pytest.mark.newest(10)
def test_the_club_says_why_it_does_not_let_somebody_in(window, expect):
    window.room("Ada").fill("chat")
    window.room("Ada").press("Enter")
    expect(window.lamp("Ada")).to_have_text("not let in")
    expect(window.talkie("Ada").get_by_role("alert")).to_contain_text("This is no room. Choose another name.")
    window.goes_into("dragons", "Ada")
    window.talkie("Ada").evaluate(
        "({ shadowRoot }) => { for (const text of 'abcdefghijkl')"
        "{ const box = shadowRoot.querySelector('.message'); box.value = text; box.form.requestSubmit() } }"
    )
    expect(window.talkie("Ada").get_by_role("alert")).to_contain_text("Slow down")
    expect(window.lamp("Ada")).to_have_text("connected")


@pytest.mark.parametrize("number", [10, 11])
def test_a_club_is_killed_in_the_middle_of_a_talk_and_everybody_comes_back(number, tmp_path, open_window, expect):
    """The page of step 11: the club of step 10 has forgotten what was said. The next one tells Bo, once."""
    mine = learners_folder(PROGRAMS[number], tmp_path)
    dev = DevServer(mine.parent, tmp_path / "terminal.txt")
    try:
        window = open_window(dev.address)
        expect(window.door("History")).to_contain_text("open" if number > 10 else "not built yet: step 11")
        window.goes_into("clues", "Ada", "Bo")
        window.says("Ada", "I know who it was.")
        screen, missed = window.screen("Bo"), window.screen("Bo").locator(".missed")
        expect(screen).to_contain_text("I know who it was.")
        window.talkie("Bo").get_by_role("button", name="Hang up").click()
        expect(window.screen("Ada")).to_contain_text("Bo left the chat")
        window.says("Ada", "I saw a bushy tail!")
        window.talkie("Ada").get_by_role("button", name="Emoji: biscuit").click()
        expect(window.screen("Ada")).to_contain_text("🍪")
        dev.stop()
        dev = DevServer(mine.parent, tmp_path / "terminal.txt", port=dev.port)
        expect(window.lamp("Ada")).to_have_text("connected", timeout=15_000)
        window.talkie("Bo").get_by_role("button", name="Pick up").click()
        expect(window.lamp("Bo")).to_have_text("connected")
        window.says("Ada", "It jumped out of the window.")
        expect(screen).to_contain_text("It jumped out of the window.")
        if number == 10:
            expect(screen).not_to_contain_text("tail")
            return
        expect(missed).to_have_text([re.compile("I saw a bushy tail!"), re.compile("🍪")])
        expect(screen.get_by_text("While you were away")).to_have_count(1)
        for words in ("I know who it was.", "I saw a bushy tail!", "It jumped out of the window."):
            expect(screen.get_by_text(words)).to_have_count(1)
        expect(window.screen("Ada").locator(".missed")).to_have_count(0)
        expect(window.rain("Bo")).to_have_count(0)
        window.looks_good_to_all()
        window.page.set_viewport_size({"width": 1280, "height": 720})
        window.goes_into("", "Bo")
        window.says("Ada", "Where is Bo?")
        expect(window.screen("Ada")).to_contain_text("Where is Bo?")
        window.goes_into("clues", "Bo")
        expect(missed).to_have_text([re.compile("Where is Bo?")])
    finally:
        dev.stop()


@pytest.fixture
def studio(tmp_path):
    """The newest program, with a feature of a learner's own: it passes on what is drawn."""
    mine = learners_folder(PROGRAMS[max(PROGRAMS)], tmp_path)
    drawing = """
class Draw(BaseModel):
    type: Literal["draw"]
    points: list[tuple[float, float]]
    color: str


Message = Annotated[Chat | Draw |"""
    mine.write_text(mine.read_text(encoding="utf-8").replace("\nMessage = Annotated[Chat |", drawing), encoding="utf-8")
    program = Process(mine, tmp_path)
    yield f"127.0.0.1:{program.port}"
    program.stop()


def test_friends_draw_on_a_board_by_hand_and_by_keys(studio, open_window, expect):
    window = open_window(studio)
    window.goes_into("dragons", "Ada", "Bo")
    window.talkie("Ada").get_by_role("button", name="Draw").click()
    mine, theirs = (window.talkie(name).get_by_role("application", name="Drawing board") for name in ("Ada", "Bo"))
    box = mine.bounding_box()
    window.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    window.page.mouse.down()
    window.page.mouse.move(box["x"] + box["width"] / 2 + 20, box["y"] + box["height"] / 2)
    window.page.mouse.up()
    expect(theirs.locator("polyline.blue")).to_have_count(1)
    assert re.match(r"1(49|50|51),(99|100|101) ", theirs.locator("polyline").get_attribute("points"))
    mine.focus()
    for key in ("Space", "ArrowDown", "ArrowDown", "Space", "ArrowUp"):
        window.page.keyboard.press(key)
    expect(theirs.locator("polyline").last).to_have_attribute("points", re.compile(" 150,116$"))
    assert theirs.locator("polyline").nth(1).get_attribute("points").startswith("150,100 150,108")
    window.page.keyboard.press("Tab")
    expect(mine).not_to_be_focused()
    drawn = window.page.evaluate(
        """async () => {
            const { DrawingBoard } = await import("/drawing-board.js");
            const element = document.createElementNS("http://www.w3.org/2000/svg", "svg");
            const board = new DrawingBoard(element, () => {});
            board.draw({ points: "all", color: "blue" });
            board.draw({ points: [["<b>", 1], [NaN, 1], [0.1, 0.1]], color: "url(//x)" });
            return element.querySelector("g").innerHTML;
        }"""
    )
    assert drawn == '<polyline points="30,20" class="black"></polyline>'
    window.dresses("dark", 390)
    assert window.axe_finds() == []


@pytest.mark.newest
def test_a_full_house_stays_calm(club, window, expect):
    """Fifty rooms, and a thousand frames of all types in one of them."""
    for number in range(50):
        club.room(f"room {number}", "Cara")
    window.goes_into("room 7", "Ada", "Bo")
    xray = window.page.get_by_role("button", name="X-ray")
    xray.click()
    crowd = [club.room("room 7", f"Dina {number}") for number in range(125)]  # each says no more than a club allows
    counted = window.counts_paintings_and_changes("Bo")
    window.screen("Bo").evaluate(
        """log => {
            drops = 0;
            const rain = log.getRootNode().querySelector(".rain");
            const count = () => (drops = Math.max(drops, rain.childElementCount));
            new MutationObserver(count).observe(rain, { childList: true });
        }"""
    )
    for number in range(1, 251):
        dina = crowd[number % 125]
        dina.sends(type="typing")
        dina.sends(type="emoji", message="🎉")
        dina.says(f"hello {number}")
        dina.sends(type="whisper", to="Bo", message=f"psst {number}")
    expect(window.screen("Bo")).to_contain_text("psst 250", timeout=4 * WAIT_MS)
    paintings, changes = counted()
    assert changes <= paintings + 1, f"{changes} changes for {paintings} paintings"
    assert window.screen("Bo").locator("p").count() <= 100
    assert window.page.evaluate("drops") == 12
    tree = window.page.get_by_role("list", name="Rooms in the tree")
    expect(tree.get_by_role("listitem")).to_have_count(9)
    expect(tree).to_contain_text("room 7 · 128")
    expect(tree).to_contain_text("and 42 more")
    xray.click()
    window.looks_good_to_all()


@pytest.mark.newest(5)
def test_the_promise_of_the_docs_page(club, open_window, expect):
    windows = [open_window(club.address), open_window(club.address)]
    docs = open_window(club.address, "/docs")
    for window, name in zip(windows, ("Ada", "Chen"), strict=True):
        expect(window.lamp(name)).to_have_text("connected")
    assert docs.page.get_by_role("link", name="Open the clubhouse").get_attribute("href") == "/"
    for path, typed, heard_by in (
        ("/broadcast/{channel}", "chat", [(windows[0], "Ada"), (windows[0], "Bo"), (windows[1], "Chen")]),
        ("/send/{client_id}", "Ada", [(windows[0], "Ada's news")]),
    ):
        box = docs.page.locator(".opblock", has_text=path)
        box.get_by_role("button").first.click()
        box.get_by_role("textbox").first.fill(typed)
        ready = box.get_by_role("textbox").last.input_value()
        assert ready
        box.get_by_role("button", name="Execute").click()
        for window, name in heard_by:
            expect(window.screen(name)).to_contain_text(ready)
    expect(windows[1].screen("Chen's news")).not_to_contain_text(ready)


@pytest.mark.newest
def test_docs_opens_with_no_internet(club, open_window, expect):
    docs = open_window(club.address, "/docs")
    expect(docs.page.get_by_role("heading", level=1)).to_be_visible()


@pytest.mark.newest
def test_every_action_is_there_for_the_keyboard(window, expect):
    expect(window.page.get_by_role("status").filter(has_text="awake")).to_be_visible()
    reached = set()
    for _ in range(60):
        window.page.keyboard.press("Tab")
        reached.add(
            window.page.evaluate(
                """() => {
                    let element = document.activeElement;
                    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
                    return element?.textContent.trim() || element?.getAttribute("aria-label");
                }"""
            )
        )
    assert reached >= {
        "Send",
        "Hang up",
        "Own window",
        "Remove",
        "Add a friend",
        "Open another window",
        "X-ray",
    }


@pytest.mark.newest(1)
def test_axe_finds_nothing(club, open_window, expect):
    window = open_window(club.address)
    expect(window.page.get_by_role("status").filter(has_text="awake")).to_be_visible()
    if "open" in window.door("Chat").inner_text():
        expect(window.lamp("Bo")).to_have_text("connected")
        window.says("Bo", "hello")
        expect(window.screen("Ada")).to_contain_text("hello")
    window.page.get_by_role("button", name="X-ray").click()
    window.looks_good_to_all()


@pytest.mark.newest
def test_two_devices_are_in_sight_and_on_a_phone_one(window, expect):
    """Wide, low as beside the editor on the site, and on a phone with the keyboard open or shut."""
    expect(window.lamp("Bo")).to_have_text("connected")
    page = window.page
    for scheme, width, height in (("light", 1366, 768), ("dark", 800, 300), ("light", 390, 560), ("dark", 390, 844)):
        window.dresses(scheme, width, height)
        for name in ("Ada", "Bo") if width > 400 else ("Ada",):
            window.sees(window.talkie(name).get_by_role("button", name="Send"))
            window.sees(window.talkie(name).get_by_label("Name of this friend"))
        window.sees(page.get_by_role("button", name="X-ray"))
        assert (scheme, width, window.axe_finds()) == (scheme, width, [])
    assert page.evaluate("document.documentElement.scrollHeight") <= 2 * 844
    assert page.evaluate("document.documentElement.scrollWidth") == 390

    page.get_by_role("tab", name="Ada", exact=True).focus()
    for key, name, label in (
        ("ArrowRight", "Bo", "Bo"),
        ("End", "Ada's news", "Ada's news"),
        ("ArrowRight", "Ada", "Ada"),
    ):
        page.keyboard.press(key)
        tab = page.get_by_role("tab", name=name, exact=True)
        expect(tab).to_be_focused()
        expect(tab).to_have_attribute("aria-selected", "true")
        expect(page.get_by_role("tabpanel")).to_have_count(1)
        expect(window.talkie(label)).to_be_visible()
    summary = page.locator("summary").filter(has_text=re.compile(rf"\d of {len(DOORS)} doors open"))
    expect(window.door("Chat")).to_have_count(0)
    summary.click()
    expect(window.door("Chat")).to_be_visible()
    assert window.axe_finds() == []


IN_A_PAGE = """() => {
    document.body.innerHTML = "<p style='height: 2000px'>Words</p>";
    const frame = document.createElement("iframe");
    Object.assign(frame, { src: "/", width: 800, height: 320 });
    frame.network = {
        open: (path) => new WebSocket(`ws://${location.host}/${path}`),
        get: (path) => fetch(`/${path}`),
        post: (path) => fetch(`/${path}`, { method: "POST" }),
        isNew: () => false,
    };
    document.body.append(frame);
}"""


@pytest.mark.newest
def test_in_a_page_of_the_site_it_has_a_docs_desk_of_its_own(club, open_window, expect):
    outside = open_window(club.address, "/404.html")
    outside.page.evaluate(IN_A_PAGE)
    window = outside.frame(1)
    expect(window.lamp("Bo")).to_have_text("connected")
    assert outside.page.evaluate("[scrollY, document.activeElement.tagName]") == [0, "BODY"]
    # A window that was high before may scroll as if it still were, so from here on there is nothing to scroll.
    outside.page.evaluate("document.querySelector('p').remove()")
    expect(window.page.get_by_role("link", name="window")).to_have_count(0)
    window.page.locator("summary").click()
    window.door("Docs desk").get_by_role("button", name="Docs desk").click()
    desk = window.page.get_by_role("dialog", name="Docs desk")
    call = desk.locator("form", has_text="POST /broadcast/{channel}")
    call.get_by_role("textbox", name="channel").fill("no room")
    call.get_by_role("button", name="Execute").click()
    expect(call.get_by_role("status")).to_contain_text(re.compile(r"404 .*no room"))
    call.get_by_role("textbox", name="channel").fill("chat")
    ready = call.get_by_role("textbox", name="message").input_value()
    call.get_by_role("button", name="Execute").click()
    expect(call.get_by_role("status")).to_contain_text('200 {"friends":2}')
    expect(window.screen("Ada")).to_contain_text(ready)
    assert window.axe_finds() == []
    window.page.get_by_role("button", name="Close").press("Escape")
    expect(desk).to_have_count(0)


ALONE = """async () => {
    document.head.insertAdjacentHTML("beforeend", "<style>body { height: 2000px }</style>");
    await import("/walkie-talkie.js");
    for (const name of ["Ada", "Bo"]) {
        const talkie = document.createElement("walkie-talkie");
        talkie.setAttribute("name", name);
        document.body.append(talkie);
        talkie.open = (path) => new WebSocket(`ws://${location.host}/${path}`);
        talkie.words = "Hello! ".repeat(20);
    }
}"""


@pytest.mark.newest
def test_a_device_works_on_any_page_and_keeps_its_size(club, open_window, expect):
    window = open_window(club.address, "/404.html")
    page = window.page
    page.evaluate(ALONE)
    expect(window.talkie("Bo")).to_be_visible()
    places = (
        "[...document.querySelectorAll('walkie-talkie')].map((each) => JSON.stringify(each.getBoundingClientRect()))"
    )
    before = page.evaluate(places)
    window.says("Ada", "I came early")
    expect(window.talkie("Ada").get_by_role("alert")).to_contain_text("Your words wait here")
    assert page.evaluate(places) == before
    page.get_by_role("heading").click()
    page.evaluate("document.querySelectorAll('walkie-talkie').forEach((each) => each.pickUp())")
    expect(window.screen("Ada")).to_contain_text("I came early")
    expect(window.talkie("Ada").get_by_role("textbox", name="Message")).to_have_value("")
    expect(window.talkie("Ada").get_by_role("alert")).to_have_count(0)
    expect(window.lamp("Bo")).to_have_text("connected")
    club.chat("Chen").says("long " * 200)
    expect(window.screen("Bo")).to_contain_text("long long")
    assert page.evaluate("[scrollY, document.activeElement.tagName]") == [0, "BODY"]
    assert page.evaluate(places) == before


@pytest.mark.newest
def test_the_page_is_back_by_itself_after_a_save_and_after_a_nap(main_py, tmp_path, open_window, expect):
    mine = learners_folder(main_py, tmp_path)
    dev = DevServer(mine.parent, tmp_path / "terminal.txt")
    try:
        window = open_window(dev.address)
        awake = window.page.get_by_role("status").filter(has_text="The club is awake")
        expect(awake).to_be_visible()
        expect(window.lamp("Ada")).to_have_text("connected")
        dev.reload_seconds(lambda: mine.write_text(mine.read_text(encoding="utf-8") + "\n# saved\n", encoding="utf-8"))
        for name in ("Ada", "Bo"):
            expect(window.lamp(name)).to_have_text("connected")
        window.says("Ada", "back again")
        expect(window.screen("Bo")).to_contain_text("back again")
        dev.stop()
        asleep = window.page.get_by_role("status").filter(has_text="The club is asleep")
        expect(asleep).to_be_visible(timeout=15_000)
        window.says("Ada", "I waited for you")
        expect(window.talkie("Ada").get_by_role("alert")).to_contain_text("Your words wait here")
        dev = DevServer(mine.parent, tmp_path / "terminal.txt", port=dev.port)
        expect(awake).to_be_visible()
        window.says("Bo", "Anyone?")
        expect(window.screen("Ada")).to_contain_text("Anyone?")
        expect(window.screen("Ada").get_by_text("I waited for you")).to_have_count(1)
    finally:
        dev.stop()


def test_a_door_lights_up_after_a_save_in_the_same_window(tmp_path, open_window, expect):
    """The reward of every step: type it, save it, and its door opens before your eyes."""
    mine = learners_folder(PROGRAMS[1], tmp_path)
    dev = DevServer(mine.parent, tmp_path / "terminal.txt")
    try:
        window = open_window(dev.address)
        expect(window.door("Rooms board")).to_contain_text("not built yet")
        for label in ("Ada", "Ada's news"):
            expect(window.talkie(label)).to_contain_text("Built it already? Read the last line in the terminal.")
        dev.reload_seconds(lambda: mine.write_bytes(PROGRAMS[max(PROGRAMS)].read_bytes()))
        for door in [door for door, step in DOORS if int(step) <= max(PROGRAMS)]:
            expect(window.door(door)).to_contain_text("new!", timeout=20_000)
        expect(window.lamp("Bo")).to_have_text("connected")
        expect(window.lamp("Ada's news")).to_have_text("listening")
        rooms = next(door for door, step in DOORS if step == "6")
        for number, says in ((5, "not built yet"), (max(PROGRAMS), "open")):
            dev.reload_seconds(lambda number=number: mine.write_bytes(PROGRAMS[number].read_bytes()))
            expect(window.door(rooms)).to_contain_text(says, timeout=20_000)
        assert "new!" not in window.door(rooms).inner_text(), "a door that was open before is not new"
    finally:
        dev.stop()


def test_a_room_in_the_list_is_on_the_board(tmp_path, open_window, expect):
    mine = learners_folder(PROGRAMS[2], tmp_path)
    with_garden = mine.read_text(encoding="utf-8").replace('"chat": [],', '"chat": [],\n            "garden": [],')
    mine.write_text(with_garden, encoding="utf-8")
    program = Process(mine, tmp_path)
    try:
        window = open_window(f"127.0.0.1:{program.port}")
        expect(window.door("Rooms board")).to_contain_text("0 in chat · 0 in garden · 0 in news")
    finally:
        program.stop()


HALF_WRITTEN = """
from pathlib import Path
from fastapi import FastAPI, WebSocket

app = FastAPI()
app.frontend("/", directory=Path(__file__).parent.parent / "clubhouse")


@app.websocket("/ws/{client_id}")
async def chat(websocket: WebSocket, client_id: str):
    if client_id == "Bo":
        return await websocket.close()
    await websocket.accept()
    for frame in ODD_FRAMES:
        await websocket.send_text(frame)
    async for text in websocket.iter_text():
        pass
"""

ODD_FRAMES = [
    "no JSON at all",
    "null",
    "[1, 2]",
    '{"message": 5}',
    '{"message": "odd time", "timestamp": {"toString": 1, "valueOf": 1}}',
    '{"message": "no time", "timestamp": null}',
    '{"client_id": ["x"], "message": "odd name"}',
    '{"client_id": "Eve", "message": "the last one"}',
]


@pytest.fixture
def half_written(tmp_path, open_window):
    """A window on a program that refuses Bo, sends odd frames to the others, and answers nothing."""
    mine = learners_folder(PROGRAMS[1], tmp_path)
    mine.write_text(f"ODD_FRAMES = {ODD_FRAMES!r}\n{HALF_WRITTEN}", encoding="utf-8")
    program = Process(mine, tmp_path)
    yield open_window(f"127.0.0.1:{program.port}")
    program.stop()


def test_odd_frames_are_shown_as_they_are(half_written, expect):
    for words in (
        "no JSON at all",
        "null",
        "[1, 2]",
        '{"message": 5}',
        "odd time",
        "no time",
        "odd name",
        "the last one",
    ):
        expect(half_written.screen("Ada")).to_contain_text(words)


def test_one_refused_friend_does_not_shut_the_door(half_written, expect):
    expect(half_written.lamp("Ada")).to_have_text("connected")
    expect(half_written.talkie("Bo")).to_contain_text("did not let this friend in")
    expect(half_written.door("Chat")).to_contain_text("open")


def test_words_that_do_not_come_back_are_noticed(half_written, expect):
    expect(half_written.screen("Ada")).to_contain_text("the last one")  # none of the frames may pass for an answer
    half_written.says("Ada", "hello?")
    expect(half_written.talkie("Ada").get_by_role("alert")).to_contain_text("nothing came back")


def test_each_wire_leads_to_a_walkie_talkie(half_written, expect):
    wires = half_written.page.locator("#wires path")
    expect(wires).to_have_count(3)
    half_written.talkie("Bo").get_by_role("button", name="Remove").click()
    expect(wires).to_have_count(2)
    tips = half_written.page.evaluate(
        """() => [...document.querySelectorAll("walkie-talkie")].map(({ tip }) => Math.round(tip.x))"""
    )
    ends = half_written.page.evaluate(
        """() => {
            const left = document.querySelector("#air").getBoundingClientRect().left;
            return [...document.querySelectorAll("#wires path")]
                .map((path) => Math.round(left + path.getPointAtLength(path.getTotalLength()).x));
        }"""
    )
    assert sorted(ends) == sorted(tips)
