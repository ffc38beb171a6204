"""How many requests are served at once; a few more wait, and all others are refused."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PATIENCE = 5.0
"""Seconds that a request waits for its turn."""

_log = logging.getLogger("goatfish.admin")


class Busy(Exception):
    """Too much is under way; ``retry_after`` is in seconds."""

    def __init__(self, *, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class ConcurrencyLimit:
    """Lets ``at_once`` in, and has ``waiting`` more wait; the log says when it begins to refuse."""

    def __init__(self, what: str, *, at_once: int, waiting: int, retry_after: int = 1) -> None:
        self._what = what
        self._free = asyncio.Semaphore(at_once)
        self._waiting_max = waiting
        self._waiting = 0
        self._retry_after = retry_after
        self._refusing = False

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """One of those under way. Raises ``Busy`` at once where too many wait, or when the turn does not come."""
        await self._enter()
        try:
            yield
        finally:
            self._free.release()

    async def _enter(self) -> None:
        if not self._free.locked():
            self._refusing = False
        elif self._waiting >= self._waiting_max:
            raise self._busy()
        self._waiting += 1
        try:
            async with asyncio.timeout(PATIENCE):
                await self._free.acquire()
        except TimeoutError:
            raise self._busy() from None
        finally:
            self._waiting -= 1

    def _busy(self) -> Busy:
        if not self._refusing:
            _log.warning("Too many %s at once: the next are answered 503 until it is quiet again.", self._what)
        self._refusing = True
        return Busy(retry_after=self._retry_after)
