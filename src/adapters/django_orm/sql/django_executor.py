"""SQLite, the command line and rollback tests: Django's own connection, always used in the thread that owns it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from django.db import IntegrityError, InterfaceError, OperationalError, connections, transaction

from adapters.django_orm.sql.compiler import (
    Codec,
    ConstraintViolated,
    Rows,
    Statement,
    Values,
    WriteBatch,
)
from adapters.django_orm.sql.fair_shares import Shares
from adapters.django_orm.sqlite.base import DatabaseWrapper
from domain.errors import ListTimeout, Unavailable

if TYPE_CHECKING:
    from django.db import models
    from django.db.backends.base.base import BaseDatabaseWrapper


T = TypeVar("T")

_SQLITE_TAKEN = {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}
_POSTGRESQL_VIOLATED = {"23503", "23505"}  # foreign_key_violation, unique_violation


class _Job:
    """Work that a thread does: its statement is ended when its time is over, or nobody waits for it any more."""

    __slots__ = ("_deadline", "_given_up")

    def __init__(self) -> None:
        self._deadline, self._given_up = float("inf"), False

    def allow(self, seconds: float | None) -> None:
        self._deadline = float("inf") if seconds is None else monotonic() + seconds

    def give_up(self) -> None:
        self._given_up = True

    def overdue(self) -> bool:
        return self._given_up or monotonic() > self._deadline


Work: TypeAlias = Callable[[_Job], T]


@dataclass(frozen=True, slots=True)
class _Lane:
    """Some threads, and who has how many of them."""

    threads: ThreadPoolExecutor
    shares: Shares


class DjangoExecutor:
    """Runs statements on a few threads, each with a Django connection of its own.

    ``size`` of them read, as ``Shares`` lends them. Where there are several, another one writes: SQLite has one writer
    at a time and lets the others poll, so those of this process take turns here. All seconds are SQLite's alone:
    ``acquire_timeout`` for a thread, ``list_timeout`` for a list with conditions, ``statement_timeout`` for any other
    statement; without them there is no limit.

    An SQLite file that is removed or replaced is noticed: what was connected to it is dropped, and a file that is not
    there is not made.

    ``lent`` is a connection to be used in place of the threads' own, and is left open: a test sees through it what runs
    in its own, unfinished transaction.
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
        self._readers = self._lane(1 if shared_connection else size)
        self._writer = self._readers if shared_connection or size == 1 else self._lane(1)
        self._owned: list[BaseDatabaseWrapper] = []
        self._here = threading.local()  # its ``file`` is what the thread's connection has opened

    def _lane(self, size: int) -> _Lane:
        threads = ThreadPoolExecutor(size, thread_name_prefix="goatfish-db", initializer=self._own)
        return _Lane(threads, Shares(size, timeout=self._acquire_timeout))

    def _own(self) -> None:
        if self._shared_connection is not None:
            connections[self.alias] = self._shared_connection
        else:
            connection = connections[self.alias]
            connection.inc_thread_sharing()  # so that close() may end it from another thread, once this one is done
            self._owned.append(connection)

    async def open(self) -> None:
        """Nothing to open: a thread connects when it is first used."""

    async def close(self) -> None:
        """Waits for the threads and closes their connections."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        for lane in (self._readers, self._writer):
            lane.threads.shutdown()
        for connection in self._owned:
            connection.close()

    def codec(self, field: models.Field[Any, Any]) -> Codec:
        connection = connections[self.alias]

        def encode(value: Any) -> Any:
            return field.get_db_prep_value(value, connection)

        if not hasattr(field, "model"):  # it is of no column, and only sent
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
        self, name: str, statement: Statement, values: Values, sent: Callable[[], None] | None = None
    ) -> Rows:
        def run(job: _Job) -> Rows:
            if sent is not None:
                sent()
            return self._execute(job, name, statement, values)

        return await self._in_thread(self._readers, statement.system or name, run)

    async def write(self, name: str, chain: WriteBatch, values: Values) -> int:
        def run(job: _Job) -> int:
            rows: Rows = ()
            with transaction.atomic(self.alias):
                for statement in chain:
                    rows = self._execute(job, name, statement, values)
                    if not rows:
                        break
            return len(rows)

        return await self._in_thread(self._writer, chain[0].system or name, run)

    def _execute(self, job: _Job, name: str, statement: Statement, values: Values) -> Rows:
        with connections[self.alias].cursor() as cursor:
            if self._shared_connection is None and self._file() != self._here.file:
                raise OperationalError("The file of the database is not the one that was opened.")
            job.allow(self._list_timeout if statement.searches else self._statement_timeout)
            try:
                cursor.execute(statement.sql, statement.arguments(name, values))
                rows = cursor.fetchall()
            except OperationalError as error:
                if statement.searches and job.overdue():
                    raise ListTimeout(f"The list took longer than {self._list_timeout:g} seconds.") from error
                raise
            job.allow(None)
            return statement.decoded(rows)

    async def _in_thread(self, lane: _Lane, lent_to: str, run: Work[T]) -> T:
        try:
            await lane.shares.take(lent_to)
        except TimeoutError as error:
            raise Unavailable("The database cannot be used: no thread is free in time, it is overloaded.") from error
        job = _Job()
        work: Future[T] | None = None
        try:
            work = lane.threads.submit(self._guarded, run, job)
            return await asyncio.wrap_future(work)
        finally:
            if work is None or work.done():
                lane.shares.give(lent_to)
            else:  # nobody waits any more, and the thread goes on until it notices
                job.give_up()
                give = partial(_call_in, asyncio.get_running_loop(), lane.shares.give, lent_to)
                work.add_done_callback(lambda _: give())

    def _file(self) -> tuple[int, int] | None:
        """The file at SQLite's path now. Its device and inode are no other's while a connection has it open."""
        connection = connections[self.alias]
        if connection.vendor != "sqlite":
            return None
        try:
            status = Path(connection.settings_dict["NAME"]).stat()
        except OSError as error:
            raise OperationalError(str(error)) from error
        return status.st_dev, status.st_ino

    def _guarded(self, run: Work[T], job: _Job) -> T:
        connection = connections[self.alias]
        keep = self._shared_connection is not None or connection.vendor == "sqlite"
        try:
            if self._shared_connection is None:
                if connection.connection is None:
                    self._here.file = self._file()  # before connecting, which would make a file where there is none
                if isinstance(connection, DatabaseWrapper):
                    connection.overdue = job.overdue
            return run(job)
        except IntegrityError as error:
            cause: Any = error.__cause__
            if getattr(cause, "sqlite_errorname", None) in _SQLITE_TAKEN:
                raise ConstraintViolated(None) from error
            if getattr(cause, "sqlstate", None) in _POSTGRESQL_VIOLATED:
                raise ConstraintViolated(cause.diag.constraint_name) from error
            raise
        except (OperationalError, InterfaceError) as error:
            keep = self._shared_connection is not None
            raise Unavailable(f"The database cannot be used: {' '.join(str(error).split())}") from error
        finally:
            if isinstance(connection, DatabaseWrapper):
                connection.overdue = None
            if not keep:
                connection.close()


def _call_in(loop: asyncio.AbstractEventLoop, function: Callable[[str], None], name: str) -> None:
    """Calls it on that loop, unless that has ended and nobody is left to care."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(function, name)
