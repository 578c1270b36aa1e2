"""The members' club of `steps/more`: who somebody is, and what they may do."""

import json
from contextlib import contextmanager

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from club.ladder import STEPS
from suite.program import Process

PASSWORDS = {"Ada": "apple pie", "Bo": "banana split", "Chen": "cherry cake"}
PATIENCE_S = 20  # on a busy machine
WAYS = ("cookie", "ticket", "protocol")
given: list[str] = []  # what only its owner may know


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    program = Process(STEPS / "more" / "members" / "main.py", tmp_path_factory.mktemp("notes"))
    yield program
    terminal = program.terminal()
    program.stop()
    assert "Traceback" not in terminal
    assert "apple" not in terminal  # nothing secret is in the log
    for secret in given:
        assert secret not in terminal


def log_in(program, kind, name="Ada", password=None):
    secret = {"name": name, "password": PASSWORDS.get(name, "") if password is None else password}
    return httpx2.post(f"http://127.0.0.1:{program.port}/{kind}", json=secret, trust_env=False)


class Member:
    def __init__(self, line):
        self.line = line

    def hears(self, kind):
        """Listen until something of this type comes."""
        while (heard := json.loads(self.line.recv(PATIENCE_S)))["type"] != kind:
            pass
        return heard

    def hears_words(self, message):
        while (heard := self.hears("chat"))["message"] != message:
            pass
        return heard

    def says(self, message):
        self.wants(type="chat", message=message)

    def wants(self, **wish):
        self.line.send(json.dumps(wish))

    def may_not(self, **wish):
        self.wants(**wish)
        assert self.hears("error")["message"] == "You may not do that now."

    def is_sent_away(self, reason):
        with pytest.raises(ConnectionClosed) as closed:
            self.hears("nothing")
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, reason)


@contextmanager
def calling(program, way, secret="", origin=None):
    """Call the door of one of the three ways, with what the log-in gave."""
    with connect(
        f"ws://127.0.0.1:{program.port}/ws/{way}",
        additional_headers={"Cookie": f"member={secret}"} if way == "cookie" else {},
        origin=origin or f"http://127.0.0.1:{program.port}",
        subprotocols=["club", secret or "none"] if way == "protocol" else None,
        open_timeout=PATIENCE_S,
        close_timeout=PATIENCE_S,
        proxy=None,
    ) as line:
        if way == "ticket":
            line.send(secret)
        yield Member(line)


def secret_for(program, way, name):
    if way == "cookie":
        given.append(log_in(program, "cookie", name).cookies["member"])
    else:
        given.append(log_in(program, "ticket", name).json()["ticket"])
    return given[-1]


@contextmanager
def friend(program, name, way="ticket"):
    with calling(program, way, secret_for(program, way, name)) as member:
        member.says("here")
        while member.hears("chat")["client_id"] != name:
            pass
        yield member


@pytest.mark.parametrize("way", WAYS)
def test_a_member_is_who_they_logged_in_as(way, program):
    with friend(program, "Bo") as bo, friend(program, "Ada", way) as ada:
        ada.wants(type="chat", message="hello", client_id="Bo")
        heard = [bo.hears("chat"), bo.hears("chat")][-1]
        assert (heard["client_id"], heard["message"]) == ("Ada", "hello")


@pytest.mark.parametrize("kind", ["cookie", "ticket"])
@pytest.mark.parametrize(("name", "password"), [("Ada", "banana split"), ("Ada", ""), ("Zoe", ""), ("Ada", "ä")])
def test_a_wrong_password_opens_nothing(kind, name, password, program):
    answer = log_in(program, kind, name, password)
    assert answer.status_code == 401
    assert not answer.cookies


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("secret", ["", "made-up"])
def test_without_a_log_in_nobody_comes_in_and_hears_why(way, secret, program):
    with calling(program, way, secret) as stranger:
        stranger.is_sent_away("Please log in first.")


@pytest.mark.parametrize("way", ["ticket", "protocol"])
def test_a_ticket_opens_the_door_once(way, program):
    ticket = secret_for(program, "ticket", "Ada")
    with calling(program, way, ticket) as ada:
        ada.says("hello")
        assert ada.hears("chat")["client_id"] == "Ada"
    with calling(program, way, ticket) as thief:
        thief.is_sent_away("Please log in first.")


def test_a_strangers_page_cannot_use_the_cookie(program):
    with calling(program, "cookie", secret_for(program, "cookie", "Ada"), "https://example.com") as page:
        page.is_sent_away("Only the club's own page may call.")


def test_a_browser_cannot_read_the_cookie_and_sends_it_to_no_other_site(program):
    told = log_in(program, "cookie").headers["set-cookie"].lower()
    assert "httponly" in told
    assert "samesite=strict" in told


def test_who_hangs_up_at_the_door_or_sends_bytes_leaves_no_traceback(program):
    with calling(program, "ticket", b"\xff") as robot:
        robot.is_sent_away("Please log in first.")
    with connect(f"ws://127.0.0.1:{program.port}/ws/ticket", proxy=None):
        pass
    with friend(program, "Ada") as ada:
        for wrong in (b"\xff", "hello", "{", '{"type": "chat"}', '{"type": "put-out", "id": 1}', "[" * 10_000):
            ada.line.send(wrong)
            assert ada.hears("error")["message"].startswith("Try ")


def test_a_bouncer_may_mute(program):
    with friend(program, "Ada") as ada, friend(program, "Bo") as bo:
        ada.wants(type="mute", name="Bo")
        bo.hears("mute")
        bo.may_not(type="chat", message="but")
        ada.wants(type="unmute", name="Bo")
        bo.hears("unmute")
        bo.says("thank you")
        ada.hears_words("thank you")


def test_a_friend_may_take_back_their_own_message_and_a_bouncer_each_one(program):
    with friend(program, "Bo") as bo, friend(program, "Chen") as chen, friend(program, "Ada") as ada:
        said = []
        for who, words in ((bo, "one"), (bo, "two"), (ada, "three")):
            who.says(words)
            said.append(who.hears_words(words)["id"])
        chen.may_not(type="take-back", id=said[0])
        bo.may_not(type="take-back", id=said[2])
        bo.wants(type="take-back", id=said[0])
        assert chen.hears("take-back")["id"] == said[0]
        bo.may_not(type="take-back", id=said[0])  # it is gone
        ada.wants(type="take-back", id=said[1])
        assert chen.hears("take-back")["id"] == said[1]


def test_a_bouncer_may_put_somebody_out_who_cannot_come_back_until_let_in(program):
    reason = "A bouncer has put you out."
    with friend(program, "Ada") as ada, friend(program, "Bo") as bo, friend(program, "Bo", "cookie") as laptop:
        ada.wants(type="put-out", name="Bo")
        for line in (bo, laptop):
            line.is_sent_away(reason)
        for way in WAYS:
            with calling(program, way, secret_for(program, way, "Bo")) as again:
                again.is_sent_away(reason)
        ada.wants(type="let-in", name="Bo")
        ada.hears("let-in")
        with friend(program, "Bo"):
            pass


def test_nobody_else_may_give_orders_and_nobody_may_put_a_bouncer_out(program):
    with friend(program, "Ada") as ada, friend(program, "Bo") as bo:
        for order in ("mute", "unmute", "put-out", "let-in"):
            bo.may_not(type=order, name="Chen")
            ada.may_not(type=order, name="Ada")
            ada.may_not(type=order, name="Zoe")


def test_the_page_lets_a_member_in_talks_and_takes_back(program, open_window):
    page = open_window(f"127.0.0.1:{program.port}").page
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Come in").click()
    page.get_by_text("This name and this password do not fit.").wait_for()
    page.get_by_label("Password").fill(PASSWORDS["Ada"])
    page.get_by_role("button", name="Come in").click()
    page.get_by_text("You are in.").wait_for()
    with friend(program, "Bo") as bo:
        for words in ("hello", "/mute Bo"):
            page.get_by_label("Say something").fill(words)
            page.get_by_role("button", name="Send").click()
        bo.hears("mute")
        bo.may_not(type="chat", message="but")
        line = page.get_by_role("listitem").filter(has_text="Ada: hello")
        line.get_by_role("button", name="Take back").click()
        line.wait_for(state="detached")
        bo.hears("take-back")
        page.get_by_label("Say something").fill("/unmute Bo")
        page.get_by_role("button", name="Send").click()
        bo.hears("unmute")
