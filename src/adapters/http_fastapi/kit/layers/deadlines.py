"""A deadline for each request as a whole: until it passes, an answer has to begin."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias

_PER_TIMEOUT, _INTERVAL_MAX = 20, 1.0
"""How often is looked whose time is over: so many times until it is, and at least so often, in seconds."""
Task: TypeAlias = asyncio.Task[Any]


class Deadlines:
    """Cancels the task of a request that has not begun to answer ``seconds`` after it came, or a twentieth later.

    One timer looks after all requests, which come in the order in which their time is over: a timer for each, which
    is nearly never due, would cost a get one part in a hundred.
    """

    def __init__(self, seconds: float, monotonic: Callable[[], float]) -> None:
        self.seconds = seconds
        self._monotonic = monotonic
        self._interval = min(seconds / _PER_TIMEOUT, _INTERVAL_MAX)
        self._since: dict[Task, float] = {}
        self.overdue: set[Task] = set()  # cancelled, and still on their way to hear of it
        self._looking: asyncio.AbstractEventLoop | None = None

    def begin(self) -> Task:
        """A request has come, in the task that runs."""
        loop = asyncio.get_running_loop()
        task: Task = asyncio.current_task(loop)  # type: ignore[assignment]  # -- whatever awaits runs in one
        self._since[task] = self._monotonic()
        if self._looking is not loop:
            self._looking = loop
            loop.call_later(self._interval, self._look, loop)
        return task

    def answered(self, task: Task) -> None:
        """Its answer has begun, which may take its time: that a client does not read it is the server's to see."""
        self._since.pop(task, None)

    def expired(self, task: Task) -> bool:
        """Whether it was this deadline, and nothing else, that cancelled the task; asked once."""
        if task not in self.overdue:
            return False
        self.overdue.discard(task)
        return task.uncancel() == 0

    def end(self, task: Task) -> None:
        """The request is over."""
        self._since.pop(task, None)
        if task in self.overdue:  # and whatever it waited for has not minded
            self.expired(task)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._looking is not loop:
            return
        over = self._monotonic() - self.seconds
        for task, since in [*self._since.items()]:
            if since > over:
                break
            del self._since[task]
            self.overdue.add(task)
            task.cancel()
        if self._since:
            loop.call_later(self._interval, self._look, loop)
        else:
            self._looking = None
