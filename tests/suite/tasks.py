"""The tasks of a program, seen from outside."""

import asyncio
import sys
import traceback
import weakref
from pathlib import Path
from types import FrameType
from typing import Any


class Tasks:
    """What the program has asked its loop to do, and what went wrong in the lines of this file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.loop: asyncio.AbstractEventLoop | None = None
        self.failed: list[tuple[BaseException, weakref.ref[asyncio.Task[Any]]]] = []

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        loop.set_task_factory(self.make)

    def make(self, loop: asyncio.AbstractEventLoop, work: Any, **how: Any) -> asyncio.Task[Any]:
        task = asyncio.Task(work, loop=loop, **how)
        task.add_done_callback(self.note)
        return task

    def note(self, task: asyncio.Task[Any]) -> None:
        error = getattr(task, "_exception", None)  # asking for it the proper way would count as having noticed it
        frames = traceback.walk_tb(error.__traceback__) if error else []
        if error and any(frame.f_code.co_filename == str(self.path) for frame, _ in frames):
            self.failed = [*self.failed[-9:], (error, weakref.ref(task))]

    def count(self) -> int:
        return len(asyncio.all_tasks(self.loop)) if self.loop else 0

    def tell(self) -> None:
        """Print what went wrong, since nobody else may have heard of it. A goodbye that was caught is nothing wrong."""
        for error, task in self.failed:
            if type(error).__name__ != "WebSocketDisconnect" or getattr(task(), "_log_traceback", False):
                traceback.print_exception(error)
        for frame in self.waiting_for_a_lock():
            line = f'  File "{self.path}", line {frame.f_lineno}, in {frame.f_code.co_name}'
            print(line, "It waits for a lock here.", sep="\n", file=sys.stderr)

    def waiting_for_a_lock(self) -> list[FrameType]:
        """Where lines of the file wait for a lock. Nowhere, if that may only be for a friend who is slow."""
        found = []
        for task in asyncio.all_tasks(self.loop) if self.loop else ():
            frames = frames_of(task)
            names = [frame.f_code.co_qualname for frame in frames]
            if "WebSocket.send" in names:
                return []
            if names and names[-1] == "Lock.acquire":
                found += [frame for frame in frames if frame.f_code.co_filename == str(self.path)][-1:]
        return found


def frames_of(task: asyncio.Task[Any]) -> list[FrameType]:
    """What a task is doing: its frames, from the outermost to the one that waits."""
    found = []
    inner: Any = task.get_coro()
    while inner is not None:
        found += [frame for kind in ("cr", "ag", "gi") if (frame := getattr(inner, f"{kind}_frame", None))]
        waits = (getattr(inner, name, None) for name in ("cr_await", "ag_await", "gi_yieldfrom"))
        inner = next(filter(None, waits), None)
    return found
