"""A limit of concurrent requests with a bounded queue; beyond it requests are refused."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

WAIT_TIMEOUT = 5.0
"""Seconds that a request waits in the queue."""

_log = logging.getLogger("goatfish.admin")


class Busy(Exception):
    """Too many requests are running or waiting; ``retry_after`` is in seconds."""

    def __init__(self, *, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class ConcurrencyLimit:
    """Lets ``at_once`` requests run and ``waiting`` more wait; logs a warning when it starts to refuse."""

    def __init__(self, what: str, *, at_once: int, waiting: int, retry_after: int = 1) -> None:
        self._what = what
        self._free = asyncio.Semaphore(at_once)
        self._waiting_max = waiting
        self._waiting = 0
        self._retry_after = retry_after
        self._refusing = False

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Holds one of the slots. Raises ``Busy`` if the queue is full, or no slot is free in time."""
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
            async with asyncio.timeout(WAIT_TIMEOUT):
                await self._free.acquire()
        except TimeoutError:
            raise self._busy() from None
        finally:
            self._waiting -= 1

    def _busy(self) -> Busy:
        if not self._refusing:
            _log.warning("Too many concurrent %s: further ones get a 503 until a slot is free.", self._what)
        self._refusing = True
        return Busy(retry_after=self._retry_after)
