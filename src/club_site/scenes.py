"""The drawings on the pages: the club as it grows from step to step, the working walkie-talkies, and the map."""

import re
from html import escape

from club.ladder import ROOT, STEPS, NotFoundError, step, steps
from club_site.runtime import built

PICTURE = (1180, 768)  # pixels of a recorded picture


def scene_parts() -> dict[str, tuple[str, str]]:
    """For each step whose page has one: the words and the shapes of its part of the picture."""
    found = {}
    for page in sorted((ROOT / "docs" / "steps").glob("*.md")):
        part = re.search(
            r"^\[\[scene .+\]\]\n<desc>(.+)</desc>\n([\s\S]+?)\[\[/scene\]\]",
            page.read_text(encoding="utf-8"),
            re.MULTILINE,
        )
        if part:
            found[page.stem] = (part[1], part[2])
    return found


def scene(name: str) -> str:
    """One drawing for all steps: what is built is drawn, what is new has the signal colour, the rest is left out."""
    parts = {each: part for each, part in scene_parts().items() if each <= step(name).name}
    if name not in parts:
        raise NotFoundError(f"the picture of step {name} must begin with a line <desc>…</desc>")
    words = parts[name][0]
    drawn = "".join(
        f'<g class="{"new" if each == name else "built"}">{shapes}</g>' for each, (_, shapes) in parts.items()
    )
    drawn = re.sub(r"\s*\n\s*", "", drawn)
    opening = (
        '<svg viewBox="0 0 720 300" data-search-exclude role="img" fill="none" stroke-width="2" stroke-linecap="round" '
        f'stroke-linejoin="round" aria-label="{words}">'
    )
    pause = '<button type="button" class="pause" hidden>Pause</button>' if "<animate" in drawn else ""
    return f'<figure class="scene">{opening}{drawn}</svg>{pause}<figcaption>{words}</figcaption></figure>'


def house() -> str:
    """The clubhouse as it stands in its own page."""
    page = (STEPS / "clubhouse" / "index.html").read_text(encoding="utf-8")
    return str(re.findall(r'<p id="hub">\s*(<svg[\s\S]*?</svg>)', page)[0])


def home() -> str:
    """Two walkie-talkies that work. They are drawn by the page's script; without one there is a picture."""
    width, height = PICTURE
    alt = "Ada and Bo each have a walkie-talkie. Ada has said hello, and Bo has heard it."
    return (
        f'<section class="home" data-runtime="{built() or ""}" aria-label="Try it">'
        '<svg id="wires" aria-hidden="true"></svg>'
        f'<div id="hub" aria-hidden="true">{house()}</div><div class="devices"></div><p role="status"></p>'
        f'<noscript><img src="assets/recorded/club-light.webp" width="{width}" height="{height}" alt="{alt}">'
        "</noscript></section>"
    )


def rungs(here: str = "") -> str:
    """All steps as links, on the home page or on that of a step. The page's script lights the stars."""
    folder, current = "" if here else "steps/", ' aria-current="page"'
    links = (
        f'<li><a href="{folder}{each.name}.html" data-rung="{each.number}"{current if each.name == here else ""}>'
        f"<b>{each.number}</b> <span>{escape(each.title.partition(' ')[2])}</span>"
        '<span class="star" role="img" aria-label="no star yet">☆</span></a></li>'
        for each in steps().values()
    )
    how = f'class="map{" small" * bool(here)}" aria-label="All steps" data-search-exclude'
    return f"<nav {how}><ol>{''.join(links)}</ol></nav>"
