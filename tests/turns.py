"""Lets processes that run tests begin in turn: those that take longest first, so that none goes on alone at the end."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Condition
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GATHERED = 0.5
"""Seconds after the first has come in which all others come."""


class Turns:
    """``size`` turns at a time, for names in the order of ``longest_first``; others come last."""

    def __init__(self, size: int, longest_first: Sequence[str]) -> None:
        self._free, self._order = size, longest_first
        self._waiting: list[int] = []
        self._opens_at = 0.0
        self._changed = Condition()

    @contextmanager
    def take(self, name: str) -> Iterator[None]:
        rank = self._order.index(name) if name in self._order else len(self._order)
        with self._changed:
            self._opens_at = self._opens_at or monotonic() + GATHERED
            self._waiting.append(rank)
            while not (self._free and rank == min(self._waiting) and monotonic() >= self._opens_at):
                self._changed.wait(max(self._opens_at - monotonic(), 0) or None)
            self._waiting.remove(rank)
            self._free -= 1
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()
