"""Runs statements on Django's connections, each in its own thread: for SQLite, the command line and rollback tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import Error, InterfaceError, OperationalError, connections, transaction

from adapters.django_orm.sql.django_errors import meaning_of
from adapters.django_orm.sql.failures import AnswerLost, RolledBack, may_repeat, outcome_unknown
from adapters.django_orm.sql.many import EncodeEach, EncodeText, ManyValues
from adapters.django_orm.sql.statement import Codec, Rows, Statement, Values, WriteBatch
from adapters.django_orm.sql.thread_pool import Cancellation, ThreadPool, Work
from adapters.django_orm.sqlite.base import DatabaseWrapper
from domain.errors import ListTimeout, Unavailable

if TYPE_CHECKING:
    from django.db import models
    from django.db.backends.base.base import BaseDatabaseWrapper

    from adapters.django_orm.sql.fair_semaphore import FairSemaphore

T = TypeVar("T")


class DjangoExecutor:
    """Runs statements on a few threads, each with a Django connection of its own.

    ``size`` threads read, assigned by a ``FairSemaphore``. If there are several, one more thread writes: SQLite allows
    one writer at a time and makes others poll, so writers of this process queue here. Timeouts are in seconds, apply to
    SQLite only, and are unlimited by default: ``acquire_timeout`` for a thread, ``list_timeout`` for a list with
    filters, ``statement_timeout`` for any other statement.

    If an SQLite file is removed or replaced, connections to the old file are closed; a missing file is not created.

    ``shared_connection`` is used instead of the threads' own and left open: it lets a test see statements that run in
    the test's unfinished transaction.
    """

    def __init__(
        self,
        alias: str = "default",
        *,
        size: int = 1,
        acquire_timeout: float | None = None,
        statement_timeout: float | None = None,
        list_timeout: float | None = None,
        shared_connection: BaseDatabaseWrapper | None = None,
    ) -> None:
        self.alias = alias
        self._shared_connection = shared_connection
        self._acquire_timeout, self._statement_timeout = acquire_timeout, statement_timeout
        self._list_timeout = min((each for each in (list_timeout, statement_timeout) if each is not None), default=None)
        self._readers = self._threads(1 if shared_connection else size)
        self._writer = self._readers if shared_connection or size == 1 else self._threads(1)
        self._own_connections: list[BaseDatabaseWrapper] = []
        self._local = threading.local()  # ``file`` identifies the file that the thread's connection has opened

    def _threads(self, size: int) -> ThreadPool:
        return ThreadPool(size, timeout=self._acquire_timeout, initializer=self._register_connection)

    def _register_connection(self) -> None:
        if self._shared_connection is not None:
            connections[self.alias] = self._shared_connection
        else:
            connection = connections[self.alias]
            connection.inc_thread_sharing()  # so that close() may close it from another thread
            self._own_connections.append(connection)

    @property
    def pools(self) -> Mapping[str, FairSemaphore]:
        """The threads that read, and the one that writes."""
        return {"readers": self._readers.semaphore, "writer": self._writer.semaphore}

    async def open(self) -> None:
        """Does nothing: each thread connects when it is first used."""

    async def close(self) -> None:
        """Waits for the threads and closes their connections."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        for pool in (self._readers, self._writer):
            pool.shutdown()
        for connection in self._own_connections:
            connection.close()

    def codec(self, field: models.Field[Any, Any]) -> Codec:
        connection = connections[self.alias]
        if isinstance(field, ManyValues):
            encode_many = EncodeText if connection.vendor == "postgresql" else EncodeEach
            return encode_many(self.codec(field.of)[0]), None

        def encode(value: Any) -> Any:
            return field.get_db_prep_value(value, connection)

        if not hasattr(field, "model"):  # a parameter that is no column: it is sent, never read
            return encode, None
        column = field.get_col(field.model._meta.db_table)
        converters = connection.ops.get_db_converters(column) + column.get_db_converters(connection)

        def decode(value: Any) -> Any:
            for converter in converters:
                value = converter(value, column, connection)
            return value

        return encode, decode if converters else None

    def dialect(self, sql: str, fields: Sequence[models.Field[Any, Any] | None]) -> str:
        return sql

    async def fetch(
        self, principal: str, statement: Statement, values: Values, sent: Callable[[], None] | None = None
    ) -> Rows:
        def run(cancellation: Cancellation) -> Rows:
            if sent is not None:
                sent()
            return self._execute(cancellation, principal, statement, values)

        return await self._in_thread(self._readers, statement.system_share or principal, run)

    async def write(self, principal: str, chain: WriteBatch, values: Values) -> int:
        def run(cancellation: Cancellation) -> int:
            rows: Rows = ()
            ends = False
            try:
                with transaction.atomic(self.alias):
                    for statement in chain:
                        rows = self._execute(cancellation, principal, statement, values)
                        if not rows:
                            break
                    ends = True
            except (OperationalError, InterfaceError) as error:
                meaning = meaning_of(error)
                if ends and isinstance(meaning, AnswerLost):  # that of COMMIT
                    raise outcome_unknown(meaning) from error
                raise
            return len(rows)

        return await self._in_thread(self._writer, chain[0].system_share or principal, run)

    def _execute(self, cancellation: Cancellation, principal: str, statement: Statement, values: Values) -> Rows:
        with connections[self.alias].cursor() as cursor:
            if self._shared_connection is None and self._file() != self._local.file:
                raise OperationalError("The database file was replaced.")
            cancellation.set_timeout(self._list_timeout if statement.searches else self._statement_timeout)
            try:
                if statement.repeated:
                    cursor.executemany(statement.sql, [*statement.rows(principal, values)])
                    return [(1,)] * cursor.rowcount
                cursor.execute(statement.sql, statement.arguments(principal, values))
                rows = statement.page(cursor) if statement.sized else cursor.fetchall()
            except OperationalError as error:
                if statement.searches and cancellation.is_cancelled():
                    raise ListTimeout(f"The list took longer than {self._list_timeout:g} seconds.") from error
                raise
            cancellation.set_timeout(None)
            return statement.decoded(rows)

    async def _in_thread(self, pool: ThreadPool, share: str, work: Work[T]) -> T:
        attempt = 0
        while True:
            try:
                return await pool.run(share, partial(self._in_this_thread, work))
            except RolledBack as error:
                # A transaction within another's, on the shared connection, cannot be repeated.
                if self._shared_connection is not None or not await may_repeat(error, attempt):
                    raise
                attempt += 1

    def _file(self) -> tuple[int, int] | None:
        """The device and inode of the file now at SQLite's path: unique while a connection has that file open."""
        connection = connections[self.alias]
        if connection.vendor != "sqlite":
            return None
        try:
            status = Path(connection.settings_dict["NAME"]).stat()
        except OSError as error:
            raise OperationalError(str(error)) from error
        return status.st_dev, status.st_ino

    def _in_this_thread(self, work: Work[T], cancellation: Cancellation) -> T:
        connection = connections[self.alias]
        keep = self._shared_connection is not None or connection.vendor == "sqlite"
        try:
            if self._shared_connection is None:
                if connection.connection is None:
                    self._local.file = self._file()  # before connecting, which would create a missing file
                if isinstance(connection, DatabaseWrapper):
                    connection.should_interrupt = cancellation.is_cancelled
            return work(cancellation)
        except Error as error:
            meaning = meaning_of(error)
            if meaning is None:
                raise
            if isinstance(meaning, Unavailable):
                keep = self._shared_connection is not None
            raise meaning from error
        finally:
            if isinstance(connection, DatabaseWrapper):
                connection.should_interrupt = None
            if not keep:
                connection.close()
