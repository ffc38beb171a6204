"""Runs statements on PostgreSQL by asyncpg, with a connection pool that recovers when the server was away."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, date, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

import asyncpg
from django.db import models

from adapters.django_orm.sql.asyncpg_connector import Connector
from adapters.django_orm.sql.asyncpg_errors import FAILURES, UNAVAILABLE, meaning_of, reason_of
from adapters.django_orm.sql.connection_pool import ConnectionPool
from adapters.django_orm.sql.failures import AnswerLost, OutOfReach, may_repeat, outcome_unknown, refused_session
from adapters.django_orm.sql.fair_semaphore import LOOKUPS, FairSemaphore
from adapters.django_orm.sql.limits import LOCK_TIMEOUT
from adapters.django_orm.sql.many import EncodeText, ManyValues
from adapters.django_orm.sql.statement import Codec, Rows, Statement, Values, WriteBatch
from config.postgres import GRACE, session_limits
from config.postgres_urls import read_url
from domain.errors import ListTimeout, PoolTimeout, Unavailable
from domain.turns import FEW, in_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from config.postgres import Server

CANCEL_TIMEOUT = 2.0
"""Seconds to wait until the server has cancelled a statement; nobody's answer waits for that."""
CLOSE_TIMEOUT = 2.0
"""Seconds in which connections are closed at the stop, which comes after all requests: then they are broken off."""
CONNECT_TIMEOUT = 3.0
"""Seconds in which a connection has to be made, on whichever host."""
SYSTEM_TIMEOUT = 2.0
"""Seconds that the lookup of a key and a probe may take, so that a server that is frozen is soon noticed.

The lookup of a key does not wait for a connection for longer either. It is opened all the same, for the next one.
"""
PREPARED_MAX = 100
"""Statements that a connection keeps prepared."""

# asyncpg encodes the first and last date or time of the calendar as infinity, which Django cannot read, and decodes
# them without a time zone. So dates and times are sent as intervals since an epoch, which is faster than text.
_DAY, _MOMENT = date(1970, 1, 1), datetime(1970, 1, 1, tzinfo=UTC)


def _since_day(day: date | None) -> timedelta | None:
    return None if day is None else day - _DAY


def _since_moment(moment: datetime | None) -> timedelta | None:
    return None if moment is None else moment - _MOMENT


def _placeholder(number: int, field: models.Field[Any, Any] | None) -> str:
    if isinstance(field, models.DateTimeField):
        return f"timezone('UTC', '{_DAY}'::timestamp + ${number}::interval)"
    return f"('{_DAY}'::date + ${number}::interval)::date" if isinstance(field, models.DateField) else f"${number}"


def _custom_method(field: models.Field[Any, Any], name: str) -> Any:
    """The field's own conversion method; None where it only inherits Django's."""
    method = getattr(field, name, None)
    return None if getattr(method, "__module__", "django.").startswith("django.") else method


async def _is_cancelled(connection: asyncpg.Connection[Any]) -> bool:
    """Waits until the server has cancelled the last statement; otherwise terminates the connection."""
    try:
        async with asyncio.timeout(CANCEL_TIMEOUT):
            await connection.execute("SELECT")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()
        return False
    except BaseException:
        connection.terminate()
        raise
    return True


class AsyncpgExecutor:
    """Runs statements on a connection pool, on the event loop itself.

    ``url`` is a PostgreSQL URL; at most ``size`` connections are opened, on demand. All timeouts are in seconds;
    ``list_timeout`` is that of lists with filters. Without ``prepared_statements`` a connection keeps no state between
    transactions, as a PgBouncer older than 1.21 requires.
    """

    def __init__(
        self,
        url: str,
        *,
        size: int,
        acquire_timeout: float,
        statement_timeout: float,
        list_timeout: float,
        prepared_statements: bool = True,
        alias: str = "default",
    ) -> None:
        self.alias = alias
        self._prepared = PREPARED_MAX if prepared_statements else 0
        self._url, self._size = url, size
        self._acquire_timeout, self._statement_timeout = acquire_timeout, statement_timeout
        self._list_timeout = min(list_timeout, statement_timeout)
        self._system_timeout = min(SYSTEM_TIMEOUT, statement_timeout)
        self._close_timeout = CLOSE_TIMEOUT
        self._connections: ConnectionPool | None = None
        self._cancelling: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Creates the pool; connections are opened on demand."""
        connector = Connector(
            self._server(),
            timeout=max(self._acquire_timeout, CONNECT_TIMEOUT),
            limits=session_limits(self._statement_timeout, lock=LOCK_TIMEOUT),
            command_timeout=self._statement_timeout + GRACE,
            statement_cache_size=self._prepared,
        )

        async def connect() -> asyncpg.Connection[Any]:
            try:
                return await connector.connect()
            except asyncpg.PostgresError as error:  # a code means something else where no statement has been sent
                raise refused_session(error.sqlstate, reason_of(error)) from error
            except UNAVAILABLE as error:
                raise OutOfReach(f"The database cannot be used: {reason_of(error)}") from error

        self._connections = ConnectionPool(connect, size=self._size, timeout=self._acquire_timeout)

    @property
    def pools(self) -> Mapping[str, FairSemaphore]:
        """The connections, once they are opened."""
        return {} if self._connections is None else {"connections": self._connections.semaphore}

    def _server(self) -> Server:
        return read_url(self._url, os.environ)

    async def close(self) -> None:
        """Closes every connection; after ``CLOSE_TIMEOUT`` those are terminated that are not closed by then."""
        connections, self._connections = self._connections, None
        if connections is not None:
            await connections.close(self._close_timeout)

    def codec(self, field: models.Field[Any, Any]) -> Codec:
        if isinstance(field, ManyValues):
            return EncodeText(_custom_method(field.of, "get_prep_value")), None
        if isinstance(field, models.DateField):
            return _since_moment if isinstance(field, models.DateTimeField) else _since_day, None
        read = _custom_method(field, "from_db_value")
        return _custom_method(field, "get_prep_value"), read and (lambda value: read(value, None, None))

    def dialect(self, sql: str, fields: Sequence[models.Field[Any, Any] | None]) -> str:
        return sql % tuple(_placeholder(number, field) for number, field in enumerate(fields, start=1))

    async def fetch(
        self, principal: str, statement: Statement, values: Values, sent: Callable[[], None] | None = None
    ) -> Rows:
        connections = self._connections
        if connections is None:
            raise Unavailable("The database is not open: it is to be checked first, or the service stops.")
        share = statement.system_share or principal
        encode = statement.arguments_in_turns if statement.has_many else None
        arguments = await encode(principal, values) if encode else statement.arguments(principal, values)
        rows: Rows | None = None
        attempt = 0
        while rows is None:  # each statement is a transaction of its own, so it can be repeated without anything else
            connection = connections.acquire_nowait(share) or await self._acquired(connections, share)
            if sent is not None:
                sent()
            timeout = self._list_timeout if statement.searches else None
            if statement.system_share:
                timeout = self._system_timeout
            try:
                rows = await connection.fetch(statement.sql, *arguments, timeout=timeout)
            except BaseException as error:
                meaning = self._failed(connections, connection, share, statement, error)
                if meaning is None:
                    raise
                if not await may_repeat(meaning, attempt):
                    raise meaning from error
                attempt += 1
            else:
                connections.release(connection, share)
        if len(rows) <= FEW or not statement.decodes:
            return statement.decoded(rows)
        return await in_parts(statement.decoded, rows)

    async def _acquired(self, connections: ConnectionPool, share: str) -> asyncpg.Connection[Any]:
        try:
            return await connections.acquire(share, self._system_timeout if share == LOOKUPS else None)
        except TimeoutError as error:
            raise PoolTimeout("The database is overloaded: no connection was free in time.") from error

    def _failed(
        self,
        connections: ConnectionPool,
        connection: asyncpg.Connection[Any],
        share: str,
        statement: Statement,
        error: BaseException,
    ) -> Exception | None:
        """What the error means, as ``meaning_of`` says it; releases the connection, once nothing runs on it."""
        if isinstance(error, TimeoutError | asyncio.CancelledError):
            task = asyncio.create_task(self._release_cancelled(connections, connection, share))
            self._cancelling.add(task)
            task.add_done_callback(self._cancelling.discard)
        else:
            if isinstance(error, asyncpg.ReadOnlySQLTransactionError):  # no longer the primary
                connection.terminate()
                connections.forget_idle()
            connections.release(connection, share)
        if not isinstance(error, FAILURES):
            return None
        if statement.searches and isinstance(error, TimeoutError | asyncpg.QueryCanceledError):
            return ListTimeout(f"The list took longer than {self._list_timeout:g} seconds.")
        meaning = meaning_of(error)
        if isinstance(meaning, AnswerLost):
            connections.forget_idle()  # which lead to the same server
        return meaning

    async def _release_cancelled(
        self, connections: ConnectionPool, connection: asyncpg.Connection[Any], share: str
    ) -> None:
        since = monotonic()
        try:
            if not await _is_cancelled(connection):
                connections.lose_server(since)
        finally:
            connections.release(connection, share)

    async def write(self, principal: str, chain: WriteBatch, values: Values) -> int:
        (statement,) = chain
        try:
            return len(await self.fetch(principal, statement, values))
        except AnswerLost as error:
            raise outcome_unknown(error) from error
