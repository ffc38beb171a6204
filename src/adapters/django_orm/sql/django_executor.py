"""Runs statements on Django's connections, each in its own thread: for SQLite, the command line and rollback tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from django.db import Error, InterfaceError, OperationalError, connections, transaction

from adapters.django_orm.sql.failures import (
    VIOLATED,
    AnswerLost,
    NotMigrated,
    RolledBack,
    may_repeat,
    outcome_unknown,
    unavailable,
)
from adapters.django_orm.sql.fair_semaphore import FairSemaphore
from adapters.django_orm.sql.many import EncodeEach, EncodeText, ManyValues
from adapters.django_orm.sql.statement import (
    Codec,
    ConstraintViolated,
    Rows,
    Statement,
    Values,
    WriteBatch,
)
from adapters.django_orm.sqlite.base import DatabaseWrapper
from domain.errors import ListTimeout, PoolTimeout, Unavailable

if TYPE_CHECKING:
    from django.db import models
    from django.db.backends.base.base import BaseDatabaseWrapper


T = TypeVar("T")

_SQLITE_MISSING = ("no such table: ", "no such column: ")  # which have no code of their own, and no other language
_SQLITE_TAKEN = {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}


class _Cancellation:
    """Tells a thread to interrupt its statement, once its time is over or its caller has been cancelled."""

    __slots__ = ("_cancelled", "_deadline")

    def __init__(self) -> None:
        self._deadline, self._cancelled = float("inf"), False

    def set_timeout(self, seconds: float | None) -> None:
        self._deadline = float("inf") if seconds is None else monotonic() + seconds

    def cancel(self) -> None:
        self._cancelled = True

    def is_cancelled(self) -> bool:
        return self._cancelled or monotonic() > self._deadline


Work: TypeAlias = Callable[[_Cancellation], T]


@dataclass(frozen=True, slots=True)
class _ThreadPool:
    """Threads, and the semaphore that assigns them."""

    threads: ThreadPoolExecutor
    semaphore: FairSemaphore


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
        self._readers = self._thread_pool(1 if shared_connection else size)
        self._writer = self._readers if shared_connection or size == 1 else self._thread_pool(1)
        self._own_connections: list[BaseDatabaseWrapper] = []
        self._local = threading.local()  # ``file`` identifies the file that the thread's connection has opened

    def _thread_pool(self, size: int) -> _ThreadPool:
        threads = ThreadPoolExecutor(size, thread_name_prefix="goatfish-db", initializer=self._register_connection)
        return _ThreadPool(threads, FairSemaphore(size, timeout=self._acquire_timeout))

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
            pool.threads.shutdown()
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
        def run(cancellation: _Cancellation) -> Rows:
            if sent is not None:
                sent()
            return self._execute(cancellation, principal, statement, values)

        return await self._in_thread(self._readers, statement.system_share or principal, run)

    async def write(self, principal: str, chain: WriteBatch, values: Values) -> int:
        def run(cancellation: _Cancellation) -> int:
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
                meaning = _translated(error)
                if ends and isinstance(meaning, AnswerLost):  # that of COMMIT
                    raise outcome_unknown(meaning) from error
                raise
            return len(rows)

        return await self._in_thread(self._writer, chain[0].system_share or principal, run)

    def _execute(self, cancellation: _Cancellation, principal: str, statement: Statement, values: Values) -> Rows:
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

    async def _in_thread(self, pool: _ThreadPool, share: str, run: Work[T]) -> T:
        attempt = 0
        while True:
            try:
                return await self._once_in_thread(pool, share, run)
            except RolledBack as error:
                # A transaction within another's, on the shared connection, cannot be repeated.
                if self._shared_connection is not None or not await may_repeat(error, attempt):
                    raise
                attempt += 1

    async def _once_in_thread(self, pool: _ThreadPool, share: str, run: Work[T]) -> T:
        try:
            await pool.semaphore.acquire(share)
        except TimeoutError as error:
            raise PoolTimeout("The database cannot be used: no thread was free in time, it is overloaded.") from error
        cancellation = _Cancellation()
        work: Future[T] | None = None
        try:
            work = pool.threads.submit(self._run_in_thread, run, cancellation)
            return await asyncio.wrap_future(work)
        finally:
            if work is None or work.done():
                pool.semaphore.release(share)
            else:  # cancelled: the thread keeps its slot until it has noticed
                cancellation.cancel()
                release = partial(_call_in, asyncio.get_running_loop(), pool.semaphore.release, share)
                work.add_done_callback(lambda _: release())

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

    def _run_in_thread(self, run: Work[T], cancellation: _Cancellation) -> T:
        connection = connections[self.alias]
        keep = self._shared_connection is not None or connection.vendor == "sqlite"
        try:
            if self._shared_connection is None:
                if connection.connection is None:
                    self._local.file = self._file()  # before connecting, which would create a missing file
                if isinstance(connection, DatabaseWrapper):
                    connection.should_interrupt = cancellation.is_cancelled
            return run(cancellation)
        except Error as error:
            meaning = _translated(error)
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


def _translated(error: Error) -> Exception | None:
    """What the error means to the service; None where it is a bug."""
    cause: Any = error.__cause__
    if getattr(cause, "sqlite_errorname", None) in _SQLITE_TAKEN:
        return ConstraintViolated(None)
    sqlstate = getattr(cause, "sqlstate", None)
    if sqlstate in VIOLATED:
        return ConstraintViolated(cause.diag.constraint_name)
    return database_unavailable(error)


def database_unavailable(error: Error) -> Unavailable | None:
    """Why the database cannot be used, if this is what the error means."""
    cause: Any = error.__cause__
    if sqlstate := getattr(cause, "sqlstate", None):
        return unavailable(sqlstate, cause.diag.source_function, reason_of(error))
    if str(error).startswith(_SQLITE_MISSING):
        return NotMigrated(reason_of(error))
    if isinstance(error, OperationalError | InterfaceError):
        # Without a code PostgreSQL's driver, unlike SQLite's, has lost the connection.
        lost = cause is not None and not hasattr(cause, "sqlite_errorname")
        return (AnswerLost if lost else Unavailable)(f"The database cannot be used: {reason_of(error)}")
    return None


def reason_of(error: Error) -> str:
    """The reason in one line, without the statement and its values, which psycopg adds."""
    diagnosis = getattr(error.__cause__, "diag", None)
    text = getattr(diagnosis, "message_primary", None) or str(error)
    return " ".join(text.split()) or type(error).__name__


def _call_in(loop: asyncio.AbstractEventLoop, function: Callable[[str], None], name: str) -> None:
    """Calls the function on that event loop, unless it is closed."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(function, name)
