"""The class's doors. What they let through goes to `room.py`, which knows the rules."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import quote, unquote

import segno
from fastapi import APIRouter, Cookie, Depends, FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.exceptions import WebSocketException
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import FileResponse, RedirectResponse, StreamingResponse

from club.causes import causes
from club.classroom import wire
from club.classroom.collect import class_table, programs
from club.classroom.guard import INERT, OnlyOwnPages, OwnNames, bearer, is_secret, refusal, this_computer_only
from club.classroom.lines import RELAYED_A_SECOND, RELAYED_AT_ONCE, Line, Pace, first_of, texts
from club.classroom.pages import FOREVER, VISIT, Pages
from club.classroom.room import Classroom, JoinError, Pupil
from club.ladder import steps

COOKIE_AGE_S = 200 * 24 * 3600
ANSWER_S = 5  # that a pupil's program has to let a guest in, or to answer
SECRET_S = 10  # that a board has to say the secret
WRONG_S = 1  # that a wrong one costs
AT_ONCE = 4  # pages that fetch Python
TURN_S = 30  # for that, at most
MOST_BYTES = 16_000  # of what is posted to join; no nickname is so long
GIVE_UP_BYTES = 50_000_000
BOARD = Path(__file__).parent / "board"
NO_LEAKS = {
    "cache-control": "no-store",
    # The data and the blobs are for Python's start: its worker is under this policy, too.
    "content-security-policy": "default-src 'self'; connect-src 'self' data: blob:; img-src 'self' data:; "
    "worker-src 'self' blob:; script-src 'self' 'wasm-unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
# The programs of pupils that these paths ask for answer with data.
RELAYED = {"openapi.json", "rooms"}

router = APIRouter()
Message = TypeVar("Message")


@dataclass
class Class:
    """What the doors need."""

    room: Classroom
    pages: Pages
    secret: str
    names: OwnNames = field(default_factory=OwnNames)
    every_second: Callable[[], None] = lambda: None
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))


def the_class(connection: HTTPConnection) -> Class:
    found: Class = connection.app.state.the_class
    return found


TheClass = Annotated[Class, Depends(the_class)]
HerCookie = Annotated[str, Cookie(alias="pupil")]


def this_pupil(connection: HTTPConnection, here: TheClass, cookie: HerCookie = "") -> Pupil:
    if pupil := here.room.whose(cookie):
        return pupil
    raise refusal(connection, "Please choose a nickname first.")


ThisPupil = Annotated[Pupil, Depends(this_pupil)]
teachers_only = [Depends(this_computer_only)]


def the_secret(connection: HTTPConnection, here: TheClass) -> None:
    bearer(connection, here.secret)


board_only = [*teachers_only, Depends(the_secret)]


# Pupils


class Join(BaseModel):
    nickname: str


async def small_body(request: Request) -> bytes:
    """What is posted. The rest of what is far too long is read, or the caller would not hear the answer."""
    body, length = b"", 0
    with suppress(ClientDisconnect):  # that somebody has gone in the middle is no news for the teacher
        async for chunk in request.stream():
            length += len(chunk)
            body = body + chunk if length <= MOST_BYTES else b""
            if length > GIVE_UP_BYTES:
                break
    return body


@router.post("/class/join")
async def join(
    here: TheClass, response: Response, body: Annotated[bytes, Depends(small_body)], cookie: HerCookie = ""
) -> dict[str, str]:
    try:
        pupil, new = here.room.join(Join.model_validate_json(body).nickname, cookie)
    except ValidationError as error:
        raise HTTPException(422, "That is no nickname.") from error
    except JoinError as error:
        response.status_code = error.status
        return {"detail": str(error)}
    if new:
        response.set_cookie("pupil", new, COOKIE_AGE_S, httponly=True, samesite="strict")
    return {"nickname": pupil.nickname}


@router.get("/class/me")
async def me(here: TheClass, response: Response, cookie: HerCookie = "") -> dict[str, str | None]:
    """Who this browser is, if the class knows it, and the program that the class has kept."""
    response.headers["cache-control"] = "no-store"
    pupil = here.room.whose(cookie)
    return {"nickname": pupil.nickname, "text": pupil.text} if pupil else {"nickname": None}


@router.get("/class/turn")
async def turn(here: TheClass) -> StreamingResponse:
    """Answers when this page may fetch Python, and waits until the page is done and hangs up.

    The Wi-Fi is shared: of thirty who fetch ten megabytes at once, all are done last.
    """

    async def take() -> AsyncIterator[bytes]:
        with suppress(TimeoutError):
            async with here.turns, asyncio.timeout(TURN_S):
                yield b"Your turn.\n"
                await asyncio.sleep(TURN_S)

    return StreamingResponse(take(), headers={"cache-control": "no-store"})


@router.websocket("/class/pupil")
async def pupil_line(websocket: WebSocket, here: TheClass, pupil: ThisPupil) -> None:
    await websocket.accept()
    line, pace, relays = Line(), Pace(), Pace(RELAYED_A_SECOND, RELAYED_AT_ONCE)
    window = here.room.arrive(pupil, line)

    async def listen() -> None:
        async for text in texts(websocket):
            message = understood(wire.from_pupil.validate_json, text)
            if not (relays if isinstance(message, wire.AboutVisit) else pace).allows():
                raise WebSocketException(1008, "Slowly, please.")
            here.room.hear(pupil, window, message)

    try:
        await first_of(listen(), line.empty(websocket))
    finally:
        here.room.leave(pupil, window)


def understood(read: Callable[[str], Message], text: str) -> Message:
    try:
        return read(text)
    except ValidationError:
        raise WebSocketException(1008, "The class does not understand this.") from None


# Visits


class Guest(Line):
    """The line of a friend who visits. It is accepted when the club lets them in."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = asyncio.Event()
        self.is_welcome = False

    def accept(self) -> None:
        self.is_welcome = True
        self.answered.set()

    def hang_up(self, code: int = 1000, reason: str = "") -> None:
        super().hang_up(code, reason)
        self.answered.set()

    async def empty(self, websocket: WebSocket) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                await self.answered.wait()
        if not self.answered.is_set():
            self.hang_up(1011, "The club does not answer.")
        if self.is_welcome:
            await websocket.accept()
        await super().empty(websocket)


@router.websocket("/visit/{name}/ws/{path:path}")
async def visit(websocket: WebSocket, here: TheClass, guest: ThisPupil, name: str, path: str) -> None:
    """A friend's walkie-talkie. Its address ends with their own nickname, so nobody calls as somebody else."""
    me = path.rpartition("/")[2]
    host = here.room.host_of(name)
    if not host or me != guest.nickname:
        raise WebSocketException(1008)
    line, pace, query = Guest(), Pace(), websocket.url.query
    raw = websocket.scope["raw_path"].decode("ascii").split("/", 3)[3]
    visit = here.room.visits.open(host, line, f"{raw}?{query}" if query else raw, guest.nickname)
    if not visit:
        raise WebSocketException(1008)
    code = 1001

    async def listen() -> None:
        nonlocal code
        await websocket.receive()  # the call itself
        while (event := await websocket.receive())["type"] == "websocket.receive":
            text = event.get("text")
            if not isinstance(text, str) or not pace.allows():
                raise WebSocketException(1008, "Slowly, please." if text else "Please send words, not bytes.")
            if len(text) > wire.MOST_LETTERS:
                raise WebSocketException(1009, f"Please send {wire.MOST_LETTERS} letters at most.")
            if here.room.may_talk(guest):
                here.room.visits.say(visit, text)
        code = event["code"]

    try:
        await first_of(listen(), line.empty(websocket))
    finally:
        here.room.visits.leave(visit, code)


class Answer:
    """What a pupil's program says to a question over HTTP."""

    def __init__(self) -> None:
        self.future: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()

    def answer(self, status: int, body: str) -> None:
        if not self.future.done():
            self.future.set_result((status, body))


@router.get("/visit/{name}/{path}")
async def visit_question(request: Request, here: TheClass, name: str, path: str, cookie: HerCookie = "") -> Response:
    if path not in RELAYED:
        return here.pages.answer(request, f"assets/clubhouse/{path}")
    if not here.room.whose(cookie):
        raise HTTPException(403, "Please choose a nickname first.")
    status, body = 0, ""
    answer = Answer()
    if (host := here.room.host_of(name)) and (question := here.room.visits.ask(host, answer, path)):
        try:
            with suppress(TimeoutError):
                status, body = await asyncio.wait_for(answer.future, ANSWER_S)
        finally:
            here.room.visits.forget(question)
    if status < 200:
        status, body = 503, '{"detail": "The club is asleep."}'
    return Response(body, status, INERT, "application/json")


@router.get("/visit/{name}/")
async def visit_page(request: Request, here: TheClass) -> Response:
    return here.pages.answer(request, "assets/clubhouse/index.html", VISIT)


@router.get("/visit/{name}")
async def visit_page_without_its_slash(name: str) -> Response:
    return RedirectResponse(f"/visit/{quote(name)}/")


@router.get("/visit/{name}/{path:path}")
async def visit_file(request: Request, here: TheClass, path: str) -> Response:
    return here.pages.answer(request, f"assets/clubhouse/{path}")


# The teacher


@router.websocket("/class/teacher", dependencies=teachers_only)
async def teacher_line(websocket: WebSocket, here: TheClass) -> None:
    await websocket.accept()
    line, heard = Line(), texts(websocket)
    try:
        first = await asyncio.wait_for(anext(heard), SECRET_S)
    except StopAsyncIteration:
        return  # they have hung up
    except TimeoutError:
        raise WebSocketException(1008, "The secret comes first.") from None
    if not is_secret(first.strip().strip('"'), here.secret):
        await asyncio.sleep(WRONG_S)
        raise WebSocketException(1008, "This is not the secret of this class.")
    await board_line(websocket, here, line)


async def board_line(websocket: WebSocket, here: Class, line: Line) -> None:
    here.room.watch(line)

    async def listen() -> None:
        async for text in texts(websocket):
            here.room.act(understood(wire.from_teacher.validate_json, text))

    try:
        await first_of(listen(), line.empty(websocket))
    finally:
        here.room.boards.remove(line)


@router.get("/class/board", dependencies=teachers_only)
async def board() -> Response:
    return FileResponse(BOARD / "board.html", headers=NO_LEAKS)


@router.get("/class/causes.json", dependencies=teachers_only)
async def what_the_board_knows() -> dict[str, Any]:
    """The causes of trouble that *Check me* finds, with the hints to give; and the steps."""
    return {
        "causes": {
            each.id: {"step": each.step, "says": each.says, "means": each.means, "hints": [*each.hints, each.do]}
            for each in causes().values()
        },
        "steps": [
            {"number": each.number, "title": each.title, "page": f"steps/{each.name}.html"} for each in steps().values()
        ],
    }


@router.get("/class/runtime.json", dependencies=teachers_only)
async def which_python(here: TheClass) -> dict[str, str]:
    """The folder of Python for the browser."""
    return {"runtime": next((path.split("/")[2] for path in here.pages.files if path.startswith(FOREVER)), "")}


@router.get("/class/picture.svg", dependencies=teachers_only)
async def picture(request: Request) -> Response:
    """An address for the cameras of phones."""
    drawn = segno.make(unquote(request.url.query)[:200]).svg_inline(border=2, omitsize=True)
    return Response(drawn, headers=NO_LEAKS, media_type="image/svg+xml")


def download(body: bytes | str, name: str, kind: str) -> Response:
    disposition = f'attachment; filename="{name}"'
    return Response(body, headers=NO_LEAKS | {"content-disposition": disposition}, media_type=kind)


@router.get("/class/collect.zip", dependencies=board_only)
async def collect(here: TheClass) -> Response:
    return download(programs(here.room.pupils.values()), "class.zip", "application/zip")


@router.get("/class/class.csv", dependencies=board_only)
async def collect_table(here: TheClass) -> Response:
    return download(class_table(here.room.pupils.values()), "class.csv", "text/csv")


@router.get("/class/programs.json", dependencies=board_only)
async def collect_for_marking(here: TheClass) -> Response:
    found = {pupil.nickname: pupil.text for pupil in here.room.pupils.values() if pupil.text}
    return Response(json.dumps(found), headers=NO_LEAKS, media_type="application/json")


@router.get("/class/{file}", dependencies=teachers_only)
async def board_file(file: str) -> Response:
    if file not in {each.name for each in BOARD.iterdir()}:
        raise HTTPException(404)
    return FileResponse(BOARD / file, headers=NO_LEAKS)


# The site


@router.get("/{path:path}")
async def site(request: Request, here: TheClass, path: str) -> Response:
    return here.pages.page(request, path)


def make_app(here: Class) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async def sweep() -> None:
            while True:
                await asyncio.sleep(1)
                here.room.sweep()
                here.every_second()

        sweeping = asyncio.create_task(sweep())
        yield
        sweeping.cancel()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.the_class = here
    app.include_router(router)
    app.add_middleware(OnlyOwnPages, names=here.names)
    return app
