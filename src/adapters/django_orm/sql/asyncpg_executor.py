"""PostgreSQL in production: asyncpg's connections, by turns; it heals by itself when the server has been away."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import asyncpg
from django.db import models

from adapters.django_orm.sql.compiler import (
    Codec,
    ConstraintViolated,
    LockTimeout,
    Rows,
    Statement,
    Values,
    WriteBatch,
)
from adapters.django_orm.sql.connection_pool import ConnectionPool
from domain.errors import ListTimeout, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SETTLE = 2.0
"""Seconds."""
PREPARED_MAX = 100
"""Statements that a connection keeps prepared."""
_PASSING = (
    OSError,  # TimeoutError is one
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that the server has taken leave of, and that is not yet known as closed
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresConnectionError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.TransactionRollbackError,
    asyncpg.UndefinedTableError,  # not migrated yet
)


# The first and the last moment of the calendar are infinity to asyncpg's encoder: Django cannot read that, and a time
# comes back without its zone. So dates and times travel as what has passed since another, which is quicker than text.
_DAY, _MOMENT = date(1970, 1, 1), datetime(1970, 1, 1, tzinfo=UTC)


def _since_day(day: date | None) -> timedelta | None:
    return None if day is None else day - _DAY


def _since_moment(moment: datetime | None) -> timedelta | None:
    return None if moment is None else moment - _MOMENT


def _place(number: int, field: models.Field[Any, Any] | None) -> str:
    if isinstance(field, models.DateTimeField):
        return f"timezone('UTC', '{_DAY}'::timestamp + ${number}::interval)"
    return f"('{_DAY}'::date + ${number}::interval)::date" if isinstance(field, models.DateField) else f"${number}"


def _hook(field: models.Field[Any, Any], name: str) -> Any:
    """The field's own way in or out; None where it has only Django's."""
    hook = getattr(field, name, None)
    return None if getattr(hook, "__module__", "django.").startswith("django.") else hook


def _words(error: Exception) -> str:
    """Why there is no answer, for people, in one line."""
    if isinstance(error, TimeoutError):
        return "no answer in time, it is out of reach or overloaded"
    if isinstance(error, ConnectionError) and error.errno:
        return os.strerror(error.errno).lower()
    text = error.strerror if isinstance(error, OSError) else None
    return " ".join((text or str(error)).split()) or "no reason is known"


async def _settled(connection: asyncpg.Connection[Any]) -> None:
    """Waits until the server has let go of a statement that nobody waits for any more; or cuts the connection."""
    try:
        async with asyncio.timeout(SETTLE):
            await connection.execute("SELECT")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()
    except BaseException:
        connection.terminate()
        raise


class AsyncpgExecutor:
    """Runs statements on connections of a pool, on the event loop itself.

    ``url`` is a PostgreSQL URL; ``size`` connections at most, made when they are needed; ``acquire_timeout``,
    ``statement_timeout`` and ``list_timeout``, which is that of lists with conditions, are in seconds. Without
    ``prepared_statements`` a connection remembers nothing between two transactions, as a PgBouncer older than 1.21
    wants it.
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
        self._connections: ConnectionPool | None = None

    async def open(self) -> None:
        """Connects to nothing yet."""
        self._connections = ConnectionPool(self._connect, size=self._size, timeout=self._acquire_timeout)

    async def close(self) -> None:
        """Closes every connection; one that does not end within the time of a statement is cut."""
        connections, self._connections = self._connections, None
        if connections is not None:
            await connections.close(self._statement_timeout)

    async def _connect(self) -> asyncpg.Connection[Any]:
        return await asyncpg.connect(
            self._url,
            timeout=self._acquire_timeout,
            command_timeout=self._statement_timeout,
            statement_cache_size=self._prepared,
        )

    def codec(self, field: models.Field[Any, Any]) -> Codec:
        if isinstance(field, models.DateField):
            return _since_moment if isinstance(field, models.DateTimeField) else _since_day, None
        read = _hook(field, "from_db_value")
        return _hook(field, "get_prep_value"), read and (lambda value: read(value, None, None))

    def dialect(self, sql: str, fields: Sequence[models.Field[Any, Any] | None]) -> str:
        return sql % tuple(_place(number, field) for number, field in enumerate(fields, start=1))

    async def fetch(
        self, name: str, statement: Statement, values: Values, sent: Callable[[], None] | None = None
    ) -> Rows:
        connections = self._connections
        if connections is None:
            raise Unavailable("The pool is closed.")
        arguments, lent_to = statement.arguments(name, values), statement.system or name
        try:
            connection = connections.idle(lent_to) or await connections.take(lent_to)
            if sent is not None:
                sent()
            try:
                timeout = self._list_timeout if statement.searches else None
                rows = await connection.fetch(statement.sql, *arguments, timeout=timeout)
            except (asyncio.CancelledError, TimeoutError) as error:
                await _settled(connection)
                if statement.searches and isinstance(error, TimeoutError):
                    raise ListTimeout(f"The list took longer than {self._list_timeout:g} seconds.") from error
                raise
            finally:
                connections.give(connection, lent_to)
        except asyncpg.LockNotAvailableError as error:
            raise LockTimeout from error
        except (asyncpg.UniqueViolationError, asyncpg.ForeignKeyViolationError) as error:
            raise ConstraintViolated(error.constraint_name) from error
        except _PASSING as error:
            raise Unavailable(f"The database cannot be used: {_words(error)}") from error
        return statement.decoded(rows)

    async def write(self, name: str, chain: WriteBatch, values: Values) -> int:
        (statement,) = chain
        return len(await self.fetch(name, statement, values))
