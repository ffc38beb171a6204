"""Long work on the event loop in slices, between which everybody else gets a turn."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from types import TracebackType
from typing import ClassVar, TypeVar

from domain.paging import LIMIT_DEFAULT

T = TypeVar("T")
R = TypeVar("R")

SLICE = 0.004
"""Seconds for which all long work of the process together holds the event loop between two turns of others."""
FEW = LIMIT_DEFAULT + 1
"""Objects that are worked on at once: those of a page of the default limit, with the one that says that it has more."""
PART = 5
"""Objects of a larger page that are worked on between two pauses."""


class Turns:
    """Long work that is entered as a context and calls ``pause`` often, after each piece of some 100 µs.

    Two that go on at the same time have half the time each, so their number does not delay other requests.
    """

    _going_on: ClassVar[int] = 0

    def __enter__(self) -> "Turns":
        Turns._going_on += 1
        self._until = monotonic() + SLICE / Turns._going_on
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        Turns._going_on -= 1

    async def pause(self, *, now: bool = False) -> None:
        """Lets others run if a slice is over, or ``now``: next to a piece of some milliseconds, which cannot be cut."""
        if now or monotonic() >= self._until:
            await asyncio.sleep(0)
            self._until = monotonic() + SLICE / Turns._going_on


async def in_parts(work: Callable[[Sequence[T]], Iterable[R]], items: Sequence[T]) -> list[R]:
    """What ``work`` makes of the items of a page, some at a time, with turns for others in between."""
    if len(items) <= FEW:
        return [*work(items)]
    made: list[R] = []
    with Turns() as turns:
        for start in range(0, len(items), PART):
            made += work(items[start : start + PART])
            await turns.pause()
    return made
