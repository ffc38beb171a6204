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

from adapters.django_orm.sql.fair_shares import Shares

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[Any]

IDLE_MAX = 300.0
"""Seconds after which a connection that nobody needed is closed: what lies between may have forgotten it."""


class ConnectionPool:
    """At most ``size`` connections, made by ``connect`` and lent by name: ``Shares`` says to whom, and when.

    Belongs to the event loop that uses it first.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]], *, size: int, timeout: float) -> None:
        self._connect = connect
        self._shares = Shares(size, timeout=timeout)
        # There is never more than one for each place that is lent, beside those that are idle.
        self._made: set[Connection] = set()
        self._idle: deque[tuple[float, Connection]] = deque()

    def idle(self, name: str) -> Connection | None:
        """A connection that nobody uses, where there is one that this name may have. It has to be given back."""
        if not self._idle or not self._shares.take_now(name):
            return None
        connection = self._last_used()
        if connection is None:
            self._shares.give(name)
        return connection

    async def take(self, name: str) -> Connection:
        """A connection, which has to be given back. Raises ``TimeoutError``, and what connecting raises."""
        await self._shares.take(name)
        try:
            return self._last_used() or await self._new()
        except BaseException:
            self._shares.give(name)
            raise

    def give(self, connection: Connection, name: str) -> None:
        """Takes it back, by the name it was lent to, for the next who waits."""
        now = monotonic()
        self._idle.append((now, connection))
        while self._idle and now - self._idle[0][0] > IDLE_MAX:
            self._drop(self._idle.popleft()[1])
        self._shares.give(name)

    async def close(self, within: float) -> None:
        """Closes every connection; one that is not given back within so many seconds is cut."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._shares.returned()
                while self._idle:
                    await self._idle[-1][1].close()
                    self._made.discard(self._idle.pop()[1])
        for connection in self._made:
            connection.terminate()
        self._idle.clear()

    async def _new(self) -> Connection:
        connection = await self._connect()
        self._made.add(connection)
        return connection

    def _last_used(self) -> Connection | None:
        """One of those that are idle: such as are not needed stay at the bottom."""
        now = monotonic()
        while self._idle:
            since, connection = self._idle.pop()
            if now - since < IDLE_MAX and not connection.is_closed():
                return connection
            self._drop(connection)
        return None

    def _drop(self, connection: Connection) -> None:
        connection.terminate()
        self._made.discard(connection)
