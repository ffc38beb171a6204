"""Reads on a PostgreSQL standby, which may lag behind its primary, be away, or stop being one at any moment."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from adapters.django_orm.sql.asyncpg_executor import CANCEL_TIMEOUT, AsyncpgExecutor
from config.postgres_urls import read_url
from domain.errors import ListTimeout
from domain.turns import in_parts

if TYPE_CHECKING:
    from adapters.django_orm.sql.connection_pool import Connection, ConnectionPool
    from adapters.django_orm.sql.statement import Rows, Statement, Values
    from config.postgres import Server

WAIT_MAX = 1.0
"""Seconds to wait at most for a connection: the primary can do the work too."""
ANSWER_MAX = 0.5
"""Seconds in which a standby has to say what it has; from one that does not, requests stay away."""
_log = logging.getLogger("goatfish.database")
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"


class StandbyAnswer(NamedTuple):
    """The rows, if a standby has answered.

    Otherwise it is ``behind`` the last change, or has ``failed`` in what the primary may succeed in nevertheless.
    """

    outcome: Literal["standby", "behind", "failed"]
    rows: Rows | None = None


_FAILED = StandbyAnswer("failed")


class Standby(AsyncpgExecutor):
    """Runs statements on the standbys that ``url`` names; the other parameters are those of ``AsyncpgExecutor``.

    They are not used before somebody has looked at them and called ``use``, nor after a failure until the next look.
    """

    def __init__(self, url: str, *, acquire_timeout: float, **options: Any) -> None:
        super().__init__(url, acquire_timeout=min(acquire_timeout, WAIT_MAX), **options)
        self._close_timeout = ANSWER_MAX  # a stop does not wait for what the primary could have answered
        self.is_used = False
        self._fault = ""

    def use(self) -> None:
        """Lets statements come here."""
        if not self.is_used:
            _log.info("Standbys answer lists and reports.")
        self.is_used, self._fault = True, ""

    def avoid(self, fault: str) -> None:
        """Keeps statements away, because of this fault; the next connection may lead to another host."""
        if fault != self._fault:
            _log.warning("GOATFISH_REPLICA_DATABASE_URL: the primary answers lists and reports. %s", fault)
        self.is_used, self._fault = False, fault
        if self._connections is not None:
            self._connections.forget_idle()

    def _server(self) -> Server:
        return read_url(self._url, os.environ, standbys=True)

    async def fetch_as_of(
        self,
        principal: str,
        state: Statement,
        expected: list[tuple[Any, ...]],
        statement: Statement,
        values: Values,
    ) -> StandbyAnswer:
        """Runs the statement where ``state`` returns what is expected, both in one snapshot. Raises ``ListTimeout``."""
        connections = self._connections
        if connections is None or (connection := await self._connection(connections, principal)) is None:
            return _FAILED
        rows: Rows | None = None
        is_current = False
        try:
            async with asyncio.timeout(ANSWER_MAX):
                await connection.execute(_BEGIN)
                found = await connection.fetch(state.sql, *state.arguments(principal, values))
            is_current = [*map(tuple, found)] == expected
            if is_current:
                arguments = statement.arguments(principal, values)
                rows = await connection.fetch(statement.sql, *arguments, timeout=self._list_timeout)
            await connection.execute("COMMIT", timeout=ANSWER_MAX)
        except Exception as error:  # of any kind: the primary may succeed, and is where a bug of ours is seen
            if isinstance(error, TimeoutError) and not is_current:
                connection.terminate()
            works = await _is_rolled_back(connection)
            if isinstance(error, OSError) and not works:
                self._leave(error)
            # Where others have left the standby meanwhile, it was not the list that took the time.
            if isinstance(error, TimeoutError) and statement.searches and rows is None and self.is_used:
                raise ListTimeout(f"The list took longer than {self._list_timeout:g} seconds.") from error
            # Otherwise mostly a conflict with recovery: the primary has removed what was read. It may end the session.
            return _FAILED
        except BaseException:  # mostly the end of the request
            await _is_rolled_back(connection)
            raise
        finally:
            connections.release(connection, principal)
        if rows is None:
            return StandbyAnswer("behind")
        return StandbyAnswer("standby", await in_parts(statement.decoded, rows))

    async def _connection(self, connections: ConnectionPool, name: str) -> Connection | None:
        try:
            return connections.acquire_nowait(name) or await connections.acquire(name)
        except TimeoutError:  # perhaps all of them are busy
            return None
        except Exception as error:  # as above
            self._leave(error)
            return None

    def _leave(self, error: Exception) -> None:
        self.avoid(f"A standby failed: {str(error) or 'it does not answer'}")


async def _is_rolled_back(connection: Connection) -> bool:
    """Ends the transaction once what runs in it is cancelled; terminates the connection where that cannot be done."""
    works = False
    try:
        with suppress(Exception):
            async with asyncio.timeout(CANCEL_TIMEOUT):
                await connection.execute("ROLLBACK")
                works = True
    finally:
        if not works:
            connection.terminate()
    return works
