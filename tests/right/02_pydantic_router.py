# Step 2 with a typed response, a router, and state from the lifespan.
"""Club server, step 2: typed response, router, and state from the lifespan."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, TypedDict

from fastapi import APIRouter, Depends, FastAPI, Request, WebSocket
from pydantic import BaseModel, Field

CLUBHOUSE = Path(__file__).parent.parent / "clubhouse"


class Occupancy(BaseModel):
    chat: int = Field(0, ge=0, description="Friends connected to the chat")
    notifications: int = Field(0, ge=0, description="Friends waiting for news")


class Lobby:
    def __init__(self) -> None:
        self.rooms: dict[str, set[WebSocket]] = {
            field: set() for field in Occupancy.model_fields
        }

    def occupancy(self) -> Occupancy:
        return Occupancy(**{name: len(sockets) for name, sockets in self.rooms.items()})


class State(TypedDict):
    lobby: Lobby


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    yield {"lobby": Lobby()}


def get_lobby(request: Request) -> Lobby:
    return request.state.lobby


router = APIRouter(tags=["rooms"])


@router.get("/rooms")
async def rooms(lobby: Annotated[Lobby, Depends(get_lobby)]) -> Occupancy:
    return lobby.occupancy()


app = FastAPI(
    title="Club",
    description="The server of the club. Go to the [clubhouse](/).",
    lifespan=lifespan,
)
app.include_router(router)
if CLUBHOUSE.is_dir():
    app.frontend("/", directory=CLUBHOUSE)
