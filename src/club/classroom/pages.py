"""The built site, as the class serves it: packed once, and with the class's own script in each page."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request, Response

from club.ladder import STEPS

CLASS = b'<script type="module" src="/assets/workbench/class.js"></script></body>'
VISIT = b'<script type="module" src="/assets/workbench/visit.js"></script></body>'
# The names in this folder follow from the content.
FOREVER = "assets/in-page/"
# What a teacher opens, on the projector too, asks for no nickname; the clubhouse in its frame is no pupil of its own.
NO_PUPILS = ("assets/", "slides/", "teaching/")
TEXT = ("text/", "application/json", "application/javascript", "image/svg")
BUILDING = """<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="3">
<title>One moment</title><body style="font: 1.5em system-ui; margin: 3em"><h1>One moment, please.</h1>
<p>The teacher's computer builds the pages. This one comes back by itself.</p></body></html>
"""

mimetypes.add_type("text/javascript", ".js")  # Windows may know another one
mimetypes.add_type("text/javascript", ".mjs")


@dataclass
class File:
    body: bytes
    packed: bytes | None
    kind: str
    tag: str


def files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


class Pages:
    """The files of a folder, each read once."""

    def __init__(self, folder: Path | None = None) -> None:
        # The clubhouse needs no building.
        self.clubhouse = {f"assets/clubhouse/{name}": path for name, path in files(STEPS / "clubhouse").items()}
        self.files = self.clubhouse
        self.read: dict[str, File] = {}
        if folder:
            self.open(folder)

    def open(self, folder: Path) -> None:
        self.files, self.read = self.clubhouse | files(folder), {}

    @property
    def are_built(self) -> bool:
        return len(self.files) > len(self.clubhouse)

    def file(self, path: str, script: bytes = b"") -> File | None:
        """`script` goes into the page."""
        name = f"{path} {script!r}"
        if name not in self.read:
            if path not in self.files:
                return None
            body = self.files[path].read_bytes()
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            if script:
                body = body.replace(b"</body>", script)
            packed = gzip.compress(body, 6, mtime=0) if kind.startswith(TEXT) and len(body) > 500 else None
            self.read[name] = File(body, packed, kind, f'"{hashlib.sha256(body).hexdigest()[:20]}"')
        return self.read[name]

    def answer(self, request: Request, path: str, script: bytes = b"") -> Response:
        if not self.are_built and not path.startswith("assets/clubhouse/"):
            return Response(BUILDING, 503, media_type="text/html", headers={"retry-after": "3"})
        if not (file := self.file(path, script)):
            return Response("There is no such page.\n", 404, media_type="text/plain")
        age = "public, max-age=31536000, immutable" if path.startswith(FOREVER) else "no-cache"
        headers = {
            "cache-control": age,
            "etag": file.tag,
            "vary": "accept-encoding",
            "x-content-type-options": "nosniff",
        }
        if request.headers.get("if-none-match") == file.tag:
            return Response(None, 304, headers)
        if file.packed and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(file.packed, 200, headers | {"content-encoding": "gzip"}, file.kind)
        return Response(file.body, 200, headers, file.kind)

    def page(self, request: Request, path: str) -> Response:
        """A page of the site."""
        path = path or "index.html"
        is_page = path.endswith(".html") and not path.startswith(NO_PUPILS)
        return self.answer(request, path, CLASS if is_page else b"")
