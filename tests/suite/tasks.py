"""The tasks of a program, seen from outside."""

import asyncio
import traceback
from pathlib import Path
from typing import Any


class Tasks:
    """What the program has asked its loop to do, and what went wrong in the lines of this file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.loop: asyncio.AbstractEventLoop | None = None
        self.failed: list[tuple[asyncio.Task[Any], BaseException]] = []

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
        if any(frame.f_code.co_filename == str(self.path) for frame, _ in frames):
            self.failed = [*self.failed[-9:], (task, error)]

    def count(self) -> int:
        return len(asyncio.all_tasks(self.loop)) if self.loop else 0

    def tell(self) -> None:
        """Print what went wrong if nobody else has heard of it: the program has not asked that task."""
        for task, error in self.failed:
            if getattr(task, "_log_traceback", True):
                traceback.print_exception(error)
