"""The way to the internet: Caddy, with the file beside the newest step, lets friends in to two servers."""

import copy
import os
import shutil
import subprocess

import pytest

from club.machine import free_port
from suite.friends import Club
from suite.pair import both_are_on_the_air, is_in_the_room, until
from suite.program import end_all
from suite.serve import MARK

pytestmark = [pytest.mark.newest, pytest.mark.terminal, pytest.mark.beyond]
REFUSED = 1008


@pytest.fixture
def door(clubs, main_py):
    if not (caddy := shutil.which("caddy")):
        sentence = "The way to the internet needs Caddy. See “The tests” in CONTRIBUTING.md."
        (pytest.fail if os.environ.get("CI") else pytest.skip)(sentence)
    program = copy.copy(clubs[0].program)
    program.port = free_port()
    servers = " ".join(club.address for club in clubs)
    environment = {"SITE": f"http://127.0.0.1:{program.port}", "SERVERS": servers, MARK: str(os.getpid())}
    command = [caddy, "run", "--config", main_py.with_name("Caddyfile")]
    process = subprocess.Popen(command, env=os.environ | environment, stderr=subprocess.DEVNULL)
    door = Club(program, clubs[0].patience)
    until(door, "The door should be open", lambda: door.chat("Ada"))
    yield door
    end_all([process.pid])
    process.wait(5)


def test_friends_who_come_through_the_door_are_on_both_servers_and_in_one_club(door, clubs, room):
    names = ("Ada", "Bo", "Chen", "Dan")
    friends = [door.room(room, name, "friends") for name in names]
    for friend in friends:
        friend.sees(*names)
    for talker in friends:
        talker.says(f"hello from {talker.name}")
        for friend in friends:
            friend.hears(f"hello from {talker.name}", by=talker.name)
    for club in clubs:
        assert f"/ws/rooms/{room}/" in club.terminal()


def test_the_clubs_own_page_may_call_through_the_door_and_a_strangers_may_not(door, room):
    door.room(room, "Ada", Origin=f"http://{door.address}").says("hello")
    door.room(room, "Bo", Origin="https://example.com").is_sent_away(REFUSED)


def test_who_hangs_up_in_front_of_the_door_is_off_the_list_and_heard_of(door, room):
    ada, bo = is_in_the_room(door, room, "Ada"), door.room(room, "Bo")
    ada.hears("joined the chat", by="Bo")
    bo.vanishes()
    ada.hears("left the chat", by="Bo")


def test_when_a_server_is_killed_the_door_leads_to_the_other(door, clubs, room):
    ada = door.room(room, "Ada")
    ada.says("before")
    ada.hears("before", by="Ada")
    clubs[1].program.crash()
    back = until(door, "Chen should get in", lambda: door.room(room, "Chen", last_id=0))
    back.hears("before", by="Ada")
    clubs[1].program.start_again()
    both_are_on_the_air(clubs)
