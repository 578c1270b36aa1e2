"""What a call to a club behind a proxy says when something is wrong: each row of the page's table, seen here."""

import importlib.util
import os
import shutil
import subprocess
from contextlib import contextmanager, suppress
from socket import create_connection

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.exceptions import WebSocketException
from fastapi.websockets import WebSocketDisconnect
from websockets.exceptions import InvalidStatus

from club.ladder import STEPS
from club.machine import free_port
from suite.world import looks

spec = importlib.util.spec_from_file_location("live", STEPS / "more" / "testing" / "live.py")
live = importlib.util.module_from_spec(spec)
spec.loader.exec_module(live)

app = FastAPI()


@app.websocket("/ws")
async def echo(websocket: WebSocket):
    await websocket.accept()
    with suppress(WebSocketDisconnect):
        while True:
            await websocket.send_text(await websocket.receive_text())


@app.websocket("/refuses")
async def refuses(websocket: WebSocket):
    raise WebSocketException(1008, "not today")


@app.websocket("/own-page")
async def own_page(websocket: WebSocket):
    await websocket.accept()
    if websocket.headers["origin"].partition("://")[2] != websocket.headers["host"]:
        raise WebSocketException(1008, "Only the club's own page may call.")
    await websocket.send_text("welcome")


@pytest.fixture(scope="module")
def server():
    with live.serving(app) as server:
        yield server


def find(proxy):
    if not (found := shutil.which(proxy)):
        sentence = f"The way through a proxy needs {proxy}. See “The tests” in CONTRIBUTING.md."
        (pytest.fail if os.environ.get("CI") else pytest.skip)(sentence)
    return found


@contextmanager
def running(command, port, folder):
    environment = os.environ | {"XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in looks(20):
            with suppress(OSError):
                create_connection(("127.0.0.1", port), 1).close()
                break
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


NGINX = """
daemon off; {user} pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; root {folder}; {rules} }}
}}
"""
RIGHT = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"
HOST = "proxy_set_header Host $http_host;"


@contextmanager
def nginx(folder, rules):
    program, port = find("nginx"), free_port()
    user = "user root;" if os.name == "posix" and os.geteuid() == 0 else ""  # it may read pytest's folder
    (folder / "index.html").write_text("the page", encoding="utf-8")
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, rules=rules, user=user), encoding="utf-8")
    with running([program, "-p", str(folder), "-c", str(folder / "nginx.conf")], port, folder) as address:
        yield address


@contextmanager
def caddy(folder, rules):
    program, port = find("caddy"), free_port()
    text = f"{{\n admin off\n}}\nhttp://127.0.0.1:{port} {{\n{rules}\n}}\n"
    (folder / "Caddyfile").write_text(text, encoding="utf-8")
    with running([program, "run", "--config", str(folder / "Caddyfile")], port, folder) as address:
        yield address


def answer(address, path, **options):
    """What the call says: the status of a refused handshake, or the close code."""
    try:
        with live.calling(address, path, **options) as line:
            return line.is_closed()
    except InvalidStatus as refused:
        return refused.response.status_code


def is_well(address, path="/ws"):
    with live.calling(address, path) as line:
        line.says("hello")
        return line.hears() == "hello"


# --- each row of the table -----------------------------------------------------------------------------------


def test_with_these_lines_it_works(server, tmp_path):
    with nginx(tmp_path, f"location / {{ proxy_pass http://{server}; {RIGHT} {HOST} }}") as address:
        assert is_well(address)
        with live.calling(address, "/own-page", origin=f"http://{address}") as line:
            assert line.hears() == "welcome"
    with caddy(tmp_path, f"reverse_proxy {server}") as address:
        assert is_well(address)
        with live.calling(address, "/own-page", origin=f"http://{address}") as line:
            assert line.hears() == "welcome"


def test_404_when_the_upgrade_is_not_handed_on(server, tmp_path):
    with nginx(tmp_path, f"location / {{ proxy_pass http://{server}; }}") as address:
        assert answer(address, "/ws") == 404


def test_403_when_the_app_refuses_or_has_no_such_door(server, tmp_path):
    with nginx(tmp_path, f"location / {{ proxy_pass http://{server}; {RIGHT} }}") as address:
        assert answer(address, "/refuses") == 403
        assert answer(address, "/nowhere") == 403
        assert answer(address, "/club/ws") == 403
    with nginx(tmp_path, f"location /club/ {{ proxy_pass http://{server}/; {RIGHT} }}") as address:
        assert is_well(address, "/club/ws")
    with caddy(tmp_path, f"handle /club/* {{\nreverse_proxy {server}\n}}") as address:
        assert answer(address, "/club/ws") == 403
    with caddy(tmp_path, f"handle_path /club/* {{\nreverse_proxy {server}\n}}") as address:
        assert is_well(address, "/club/ws")


def test_200_when_the_proxy_serves_a_page_in_its_place(server, tmp_path):
    with nginx(tmp_path, "location / { try_files $uri /index.html; }") as address:
        assert answer(address, "/ws") == 200
    with caddy(tmp_path, f"root * {tmp_path}\ntry_files {{path}} /index.html\nfile_server") as address:
        assert answer(address, "/ws") == 200


def test_502_when_nobody_is_behind_the_proxy(tmp_path):
    rules = f"location / {{ proxy_pass http://127.0.0.1:{free_port()}; {RIGHT} }}"
    with nginx(tmp_path, rules) as address:
        assert answer(address, "/ws") == 502
    with caddy(tmp_path, f"reverse_proxy 127.0.0.1:{free_port()}") as address:
        assert answer(address, "/ws") == 502


def test_1006_when_the_proxy_ends_a_silent_line(server, tmp_path):
    with nginx(tmp_path, f"location / {{ proxy_pass http://{server}; {RIGHT} proxy_read_timeout 1s; }}") as address:
        assert answer(address, "/ws", ping_interval=None) == (1006, "")


def test_1008_when_the_host_is_not_handed_on(server, tmp_path):
    with nginx(tmp_path, f"location / {{ proxy_pass http://{server}; {RIGHT} }}") as address:
        closed = answer(address, "/own-page", origin=f"http://{address}")
        assert closed == (1008, "Only the club's own page may call.")


@pytest.mark.parametrize("proxy", [nginx, caddy])
def test_1012_when_the_app_starts_again(proxy, tmp_path):
    with live.serving(app) as server:
        rules = f"reverse_proxy {server}" if proxy is caddy else f"location / {{ proxy_pass http://{server}; {RIGHT} }}"
        way = proxy(tmp_path, rules)
        address = way.__enter__()
        calling = live.calling(address, "/ws")
        line = calling.__enter__()
        line.says("hello")
        assert line.hears() == "hello"
    assert line.is_closed()[0] == 1012
    calling.__exit__(None, None, None)
    way.__exit__(None, None, None)
