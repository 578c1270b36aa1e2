"""A program that comes from somebody else, in the page: it is run, and nothing of the reader's is within its reach."""

import json
import socket

import pytest

from club import ladder
from project.bench import Bench
from project.browser import Window, watched
from project.test_in_page import OURS

pytestmark = pytest.mark.slow


def comes_true(page, promise):
    """What this promise gives, once that is neither nothing nor false."""
    for _ in range(150):
        if found := page.evaluate(promise):
            return found
        page.wait_for_timeout(200)
    return pytest.fail(f"This never became true: {promise}")


# It goes along everything that JavaScript lets it reach, and stops if it finds a way to the site's storage, to the
# network or to another worker.
CURIOUS = '''
import pyodide_js
from pyodide.code import run_js

found = run_js("""(...roots) => {
  const WAYS = new RegExp("^(Cache|IDB|Storage|FileSystem|Cookie|Lock|ServiceWorker|Broadcast|XMLHttp|WebSocket|"
    + "WebTransport|EventSource|Request$|Notification|Push)|Navigator|Worker$");
  const DOORS = ["fetch", "importScripts", "createObjectURL", "open", "getDirectory", "requestFileSystem"];
  const seen = new Set([self, ...roots]), found = new Set();
  const tried = (work) => { try { return work(); } catch { return undefined; } };
  const isNative = (each) => tried(() => Function.prototype.toString.call(each))?.includes("[native code]");
  for (const each of seen) {
    const tag = tried(() => Object.prototype.toString.call(each).slice(8, -1));
    if (WAYS.test(tag) && each !== self) found.add(tag);
    const name = isNative(each) && tried(() => each.name);
    if (typeof name === "string" && (WAYS.test(name) || DOORS.includes(name))) found.add(name);
    if (ArrayBuffer.isView(each) || seen.size > 50_000) continue;
    for (const name of tried(() => Reflect.ownKeys(each)) ?? []) {
      const { get, set, value } = tried(() => Reflect.getOwnPropertyDescriptor(each, name)) ?? {};
      for (const one of [get, set, value, tried(() => each[name])]) if (Object(one) === one) seen.add(one);
    }
    const above = tried(() => Reflect.getPrototypeOf(each));
    if (above) seen.add(above);
  }
  const here = ["caches", "indexedDB", "cookieStore", "Worker", "SharedWorker", "BroadcastChannel", "fetch"];
  for (const name of [...here, "postMessage"]) if (name in self) found.add(name);
  for (const name of ["storage", "storageBuckets", "serviceWorker", "locks"]) if (name in navigator) found.add(name);
  return [...found].join(" ") + (seen.size < 500 ? " (a short walk)" : "");
}""")(pyodide_js, pyodide_js._api, pyodide_js._module)
if found:
    raise SystemExit(found)
'''


def test_a_program_finds_no_way_out_of_its_worker(bench):
    """Where it is checked, it runs too."""
    here = bench("01_imports")
    here.writes(CURIOUS + "\n".join([*ladder.step("01_imports").lines, ""]))
    here.press("Run")
    ended = "#bench:is([data-state=running], [data-state=wrong]):has(button.start:enabled)"
    here.page.locator(ended).wait_for(timeout=60_000)
    assert here.box.get_attribute("data-state") == "running", here.terminal.inner_text()
    said = here.check().inner_text()
    assert "Step 1 works!" in said, said


TELLING = """
from pyodide.code import run_js

run_js("import('http://127.0.0.1:{}/what-ada-said.js')").then(print, lambda error: print("It stays here:", error))
"""


def test_a_program_can_import_from_nowhere_else(bench):
    """The address alone could carry away what friends have said."""
    here = bench("01_imports")
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        here.writes(TELLING.format(elsewhere.getsockname()[1]) + "\n".join([*ladder.step("01_imports").lines, ""]))
        here.run()
        here.terminal.get_by_text("It stays here:").wait_for(state="attached")
        elsewhere.settimeout(1)
        with pytest.raises(TimeoutError):
            elsewhere.accept()


# What it could do to what comes after it: to Python's memory, which the next start begins with, and to the page.
LYING = '''
from pyodide.code import run_js
from fastapi import FastAPI
import bridge, json

run_js("""
  self.Response = self.URL = function () { return "secret.json"; };
  const data = { snapshot: new ArrayBuffer(8), keeps: true, files: "secret.json" };
  for (const kind of ["start", "check"])
    self.dispatchEvent(new MessageEvent("message", { data: { kind, ...data } }));
  self.postMessage?.({ kind: "awake", memory: new ArrayBuffer(8) });
""")
for kind in ("awake", "verdict", "started", "checking"):
    bridge.tell(kind, json.dumps({"memory": "x", "headline": "I am right", "ok": True, "stars": 1e9, "goal": 1e9}))
app = FastAPI()
'''


def test_a_program_can_neither_change_what_the_next_start_begins_with_nor_fetch(browser, served):
    context = watched(browser, broken := [])
    here = Bench(Window(context.new_page(), served.address))
    asked = []
    context.on("request", lambda request: asked.append(request.url))
    here.writes(LYING)
    here.press("Run")
    length = (
        "(async () => { for (const name of await caches.keys()) if (name.startsWith('club ')) {"
        "const found = await (await caches.open(name)).match('snapshot');"
        "if (found) return (await found.arrayBuffer()).byteLength; } return 0; })()"
    )
    assert comes_true(here.page, length) > 10_000_000
    here.reloads()
    here.writes(OURS)
    here.run()
    here.says("Ada", "hello")
    here.hears("Bo", "hello")
    assert not [url for url in asked if "secret" in url]
    assert not broken
    context.close()


def test_starting_over_drops_what_was_kept_and_comes_back_in_one_press(browser, served):
    """An older version of this site let programs reach what it keeps for the time without a network."""
    context = watched(browser, broken := [])
    here = Bench(Window(context.new_page(), served.address)).run().edit()
    runtime = here.page.locator(".run").get_attribute("data-runtime")
    kept = (
        "(async () => { for (const name of await caches.keys()) if (name.startsWith('site ')) {"
        "const cache = await caches.open(name); const all = await cache.keys();"
        "const found = all.filter(({ url }) => url.includes('editor.js'));"
        "return Promise.all(found.map(async (each) => (await cache.match(each)).text())); } return []; })()"
    )
    comes_true(here.page, f"{kept}.then(({{ length }}) => length)")
    comes_true(here.page, "caches.match(new URL('../toolbox/words.html', location)).then(Boolean)")
    comes_true(here.page, "Boolean(navigator.serviceWorker.controller)")
    clean = here.page.evaluate(kept)
    here.page.evaluate(
        "async (address) => { for (const name of await caches.keys()) if (name.startsWith('site ')) {"
        "const cache = await caches.open(name);"
        "for (const query of ['', '?more'])"
        "await cache.put(new URL(address + query, location), new Response('stolen')); } }",
        f"../assets/in-page/{runtime}/editor.js",
    )
    assert here.page.evaluate(kept) != clean
    here.writes(OURS)
    mine = here.shown
    here.starts_over()
    here.status.get_by_text("You have started over.").wait_for()
    assert here.shown != mine
    assert not here.page.evaluate("caches.keys().then((names) => names.filter((name) => name.startsWith('club ')))")
    comes_true(here.page, f"{kept}.then((found) => found.join() === {json.dumps(clean[0])})")
    here.press("Undo")
    assert here.shown == mine
    here.run()
    assert not broken
    context.close()


FULL = (
    "let text = 'x'.repeat(1 << 20), at = 0;"
    "while (text) try { localStorage.setItem(`other ${at++}`, text) } catch { text = text.slice(text.length / 2 + 1) }"
)
EMPTY = "for (const key of Object.keys(localStorage)) if (key.startsWith('other')) localStorage.removeItem(key)"
ONLY_MEMORY = "Press “Keep”, then “Take it home”."


def test_what_has_no_room_stays_in_the_window_and_the_learner_is_told(bench):
    here = bench(runs=False)
    here.writes("# one\n" + OURS)
    here.page.wait_for_timeout(1200)
    here.page.evaluate(FULL)
    here.writes("# two\n" + 2 * OURS)
    here.status.get_by_text(ONLY_MEMORY).wait_for()
    assert ONLY_MEMORY in here.box.locator(".notice").inner_text()
    here.page.get_by_role("link", name="4. The news messenger").first.click()
    here.page.get_by_role("heading", level=1, name="4. The news messenger").wait_for()
    assert here.shown == "# two\n" + 2 * OURS
    here.press("Keep")
    assert "# one" in here.page.locator("dialog .versions").inner_text()
    here.page.keyboard.press("Escape")
    here.page.evaluate(EMPTY)
    here.writes("# three\n" + OURS)
    here.page.wait_for_function("!document.querySelector('#bench .notice').textContent.includes('Keep')")
    here.reloads()
    assert here.shown == "# three\n" + OURS


def test_the_oldest_versions_make_room_for_the_program(bench):
    here = bench(runs=False)
    for number in range(6):
        here.writes(f"# {number}\n" + "".join(f"# {number} {line}\n" for line in range(2000)))
        here.page.wait_for_timeout(1100)
    here.page.evaluate(FULL)
    here.writes(text := "# new\n" * 4000)
    here.page.wait_for_timeout(500)
    here.reloads()
    assert here.shown == text
    here.press("Keep")
    assert "# 5" in here.page.locator("dialog .versions").inner_text()


def test_two_windows_without_room_keep_what_the_other_has_written(bench):
    one, other = bench(runs=False), bench(runs=False)
    one.writes("# one\n" + OURS)
    one.page.wait_for_timeout(1200)
    one.page.evaluate(FULL)
    one.writes("# one more\n" + 3 * OURS)
    one.status.get_by_text(ONLY_MEMORY).wait_for()
    other.edit()
    other.writes("# other\n")
    one.page.wait_for_function("document.querySelector('#bench .cm-content').textContent.startsWith('# other')")
    one.press("Keep")
    versions = one.page.locator("dialog .versions")
    assert "# one more" in versions.inner_text()


def test_blocked_storage_is_told_too(browser, served):
    context = watched(browser, [])  # the theme trips over it
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError') } })"
    )
    here = Bench(Window(context.new_page(), served.address))
    here.writes("# mine\n")
    here.status.get_by_text("This browser keeps nothing for this site.").wait_for()
    assert here.shown == "# mine\n"
    context.close()
