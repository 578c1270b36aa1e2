"""What pages say to the class, as types. Whoever sends something else is hung up on (1008)."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

MOST_BYTES = 256 * 1024  # of a frame
# A program may answer a friend's words with a frame seven times as long, in which every letter is escaped twice.
# That, too, has to fit into one frame of its page.
MOST_LETTERS = 20_000  # of a message to a friend's club

Number = Annotated[int, Field(ge=0, le=99)]  # of a step
Id = Annotated[int, Field(ge=0, lt=2**53)]
Name = Annotated[str, Field(max_length=100)]
Words = Annotated[str, Field(max_length=500)]


class Message(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


# From a pupil's page


class State(Message):
    type: Literal["state"]
    step: Number
    stars: list[Number] = Field(max_length=99)
    text: str | None = None


class Verdict(Message):
    """What *Check me* says: the cause of the trouble, or an empty one if all is right."""

    type: Literal["verdict"]
    oops: Name
    step: Number
    line: Id | None = None


class Hand(Message):
    type: Literal["hand"]
    up: bool


class Door(Message):
    type: Literal["door"]
    open: bool


class Beat(Message):
    """The page is alive. A tab that is frozen still answers the pings of the WebSocket, so its script has to speak."""

    type: Literal["beat"]


class VisitOpened(Message):
    type: Literal["visit.opened"]
    id: Id


class VisitMessage(Message):
    type: Literal["visit.message"]
    id: Id
    data: str


class VisitClosed(Message):
    type: Literal["visit.closed"]
    id: Id
    code: int = 1000
    reason: str = ""


class VisitAnswer(Message):
    """What the pupil's program answers to a `visit.ask`. With status 0 there was none."""

    type: Literal["visit.answer"]
    id: Id
    status: Annotated[int, Field(ge=0, le=599)]
    body: str = ""


AboutVisit = VisitOpened | VisitMessage | VisitClosed | VisitAnswer
FromPupil = State | Verdict | Hand | Door | Beat | AboutVisit
from_pupil: TypeAdapter[FromPupil] = TypeAdapter(Annotated[FromPupil, Field(discriminator="type")])


# From the board


class Pause(Message):
    type: Literal["pause"]
    on: bool


class Hush(Message):
    type: Literal["hush"]
    on: bool


class Say(Message):
    type: Literal["say"]
    text: Words
    to: Name | None = None


class Go(Message):
    """Open a page of the site for everybody. An address of another site does not fit."""

    type: Literal["go"]
    page: Annotated[str, Field(max_length=200, pattern=r"^/?([\w-]+(/[\w-]+)*(\.html|/)?)?(#[\w-]*)?$")]


class HandOut(Message):
    type: Literal["hand-out"]
    to: Name
    step: Annotated[int, Field(ge=1, le=99)]


class Mute(Message):
    type: Literal["mute"]
    to: Name
    on: bool


class Out(Message):
    type: Literal["out"]
    to: Name


class Lower(Message):
    type: Literal["lower"]
    to: Name


class LetIn(Message):
    type: Literal["let-in"]
    to: Name


class Mark(Message):
    """The board has checked the program itself: this is a fact, where a page's verdict is only its word."""

    type: Literal["mark"]
    to: Name
    stars: Number
    oops: Name


class End(Message):
    type: Literal["end"]


FromTeacher = Pause | Hush | Say | Go | HandOut | Mute | Out | Lower | LetIn | Mark | End
from_teacher: TypeAdapter[FromTeacher] = TypeAdapter(Annotated[FromTeacher, Field(discriminator="type")])
