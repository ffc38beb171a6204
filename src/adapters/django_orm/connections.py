"""A few connections to PostgreSQL that many tasks take turns with; what has broken is replaced when it is needed.

asyncpg's own pool guards what it lends by a proxy, a task and a shield. Here every statement is a transaction by itself
and nothing sets the state of a session, so a connection is as good after a statement as before, and none of that is
needed: lending takes some 1 µs beside the 15 of a statement, not 29 (docs/decisions/0002).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[Any]

IDLE_MAX = 300.0
"""Seconds after which a connection that nobody needed is closed: what lies between may have forgotten it."""


class Connections:
    """At most ``size`` connections, made by ``connect``; whoever waits longer than ``timeout`` seconds gets none.

    Those who wait take turns by name, so that whoever asks a thousand times at once is served no sooner than whoever
    asks once. Belongs to the event loop that uses it first.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]], *, size: int, timeout: float) -> None:
        self._connect, self._size, self._timeout = connect, size, timeout
        self._made: set[Connection] = set()
        self._unmade = size
        self._idle: deque[tuple[float, Connection]] = deque()
        self._waiting: dict[str, deque[asyncio.Future[Connection | None]]] = {}  # the next to have a turn comes first
        self._given: asyncio.Event | None = None

    def idle(self) -> Connection | None:
        """A connection that nobody uses, where there is one. It has to be given back."""
        now = monotonic()
        while self._idle:
            since, connection = self._idle.pop()  # the last one used: those that are not needed stay at the bottom
            if now - since < IDLE_MAX and not connection.is_closed():
                return connection
            self._drop(connection)
        return None

    async def take(self, name: str) -> Connection:
        """A connection, which has to be given back. Raises ``TimeoutError``, and what connecting raises."""
        connection = self.idle()
        if connection is None and self._unmade:
            self._unmade -= 1
        elif connection is None:
            connection = await self._wait(name)
        return connection or await self._new()

    def give(self, connection: Connection | None) -> None:
        """Takes it back, for the next who waits; None in its place is leave to make another."""
        if self._waiting:
            if connection is not None and connection.is_closed():
                self._made.discard(connection)
                connection = None
            if self._handed_on(connection):
                return
        if connection is None:
            self._unmade += 1
        else:
            now = monotonic()
            self._idle.append((now, connection))
            while self._idle and now - self._idle[0][0] > IDLE_MAX:
                self._drop(self._idle.popleft()[1])
        if self._given is not None:
            self._given.set()

    async def close(self, within: float) -> None:
        """Closes every connection; one that is not given back within so many seconds is cut."""
        self._given = asyncio.Event()
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while len(self._idle) + self._unmade < self._size:
                    self._given.clear()
                    await self._given.wait()
                while self._idle:
                    await self._idle[-1][1].close()
                    self._made.discard(self._idle.pop()[1])
        for connection in self._made:
            connection.terminate()
        self._idle.clear()

    async def _new(self) -> Connection:
        try:
            connection = await self._connect()
        except BaseException:
            self.give(None)
            raise
        self._made.add(connection)
        return connection

    async def _wait(self, name: str) -> Connection | None:
        """What somebody gives back; None where one may be made in its place."""
        waiter: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(name, deque()).append(waiter)
        try:
            async with asyncio.timeout(self._timeout):
                return await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():  # it came too late
                self.give(waiter.result())
            raise

    def _handed_on(self, connection: Connection | None) -> bool:
        while self._waiting:
            name = next(iter(self._waiting))
            queue = self._waiting.pop(name)
            waiter = queue.popleft()
            if queue:
                self._waiting[name] = queue
            if not waiter.done():
                waiter.set_result(connection)
                return True
        return False

    def _drop(self, connection: Connection) -> None:
        connection.terminate()
        self._made.discard(connection)
        self._unmade += 1
