"""A few connections to PostgreSQL that many tasks take turns with; what has broken is replaced when it is needed.

asyncpg's own pool guards what it lends by a proxy, a task and a shield. Here every statement is a transaction by itself
and nothing sets the state of a session, so a connection is as good after a statement as before, and none of that is
needed: lending takes some 3 µs beside the 15 of a statement, not 29 (docs/decisions/0002).
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
        self._connect, self._timeout = connect, timeout
        self._unmade = size
        self._idle: deque[tuple[float, Connection]] = deque()
        self._lent: set[Connection] = set()
        self._waiting: dict[str, deque[asyncio.Future[Connection | None]]] = {}  # the next to have a turn comes first
        self._all_back: asyncio.Event | None = None

    async def take(self, name: str) -> Connection:
        """A connection, which has to be given back. Raises ``TimeoutError``, and what connecting raises."""
        now = monotonic()
        while self._idle:
            since, connection = self._idle.pop()  # the last one used: those that are not needed stay at the bottom
            if now - since < IDLE_MAX and not connection.is_closed():
                self._lent.add(connection)
                return connection
            self._drop(connection)
        if self._unmade:
            self._unmade -= 1
            return await self._made()
        return await self._wait(name) or await self._made()

    def give(self, connection: Connection) -> None:
        """Takes it back."""
        self._lent.discard(connection)
        if connection.is_closed():
            self._pass_on(None)
            return
        self._pass_on(connection)
        now = monotonic()
        while self._idle and now - self._idle[0][0] > IDLE_MAX:
            self._drop(self._idle.popleft()[1])

    async def close(self, within: float) -> None:
        """Closes every connection; one that is not given back within so many seconds is cut."""
        self._all_back = asyncio.Event()
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while self._lent:
                    self._all_back.clear()
                    await self._all_back.wait()
                while self._idle:
                    await self._idle[-1][1].close()
                    self._idle.pop()
        for connection in [*self._lent, *(connection for _, connection in self._idle)]:
            connection.terminate()
        self._idle.clear()

    async def _made(self) -> Connection:
        try:
            connection = await self._connect()
        except BaseException:
            self._pass_on(None)
            raise
        self._lent.add(connection)
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
                connection = waiter.result()
                if connection is not None:
                    self._lent.discard(connection)
                self._pass_on(connection)
            raise

    def _pass_on(self, connection: Connection | None) -> None:
        while self._waiting:
            name = next(iter(self._waiting))
            queue = self._waiting.pop(name)
            waiter = queue.popleft()
            if queue:
                self._waiting[name] = queue
            if not waiter.done():
                if connection is not None:
                    self._lent.add(connection)
                waiter.set_result(connection)
                return
        if connection is None:
            self._unmade += 1
        else:
            self._idle.append((monotonic(), connection))
        if self._all_back is not None:
            self._all_back.set()

    def _drop(self, connection: Connection) -> None:
        connection.terminate()
        self._unmade += 1
