"""SQLite, the command line and rollback tests: Django's own connection, always used in the thread that owns it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import IntegrityError, InterfaceError, OperationalError, connections, transaction

from adapters.django_orm.statements import Chain, Codec, Rows, Statement, Values
from domain.errors import Conflict, Unavailable

if TYPE_CHECKING:
    from django.db import models
    from django.db.backends.base.base import BaseDatabaseWrapper


T = TypeVar("T")


class ThreadExecutor:
    """Runs statements on a few threads, each with a Django connection of its own.

    Writers of this process wait for each other here, in order, because SQLite has one writer at a time and lets the
    others poll. An SQLite file that is removed or replaced is noticed: what was connected to it is dropped, and a file
    that is not there is not made.

    ``lent`` is a connection to be used in place of the threads' own, and is left open: a test sees through it what runs
    in its own, unfinished transaction.
    """

    def __init__(self, alias: str = "default", *, size: int = 1, lent: BaseDatabaseWrapper | None = None) -> None:
        self.alias = alias
        self._lent = lent
        self._threads = ThreadPoolExecutor(1 if lent else size, thread_name_prefix="goatfish-db", initializer=self._own)
        self._writing = asyncio.Lock()
        self._owned: list[BaseDatabaseWrapper] = []
        self._here = threading.local()  # its ``file`` is what the thread's connection has opened

    def _own(self) -> None:
        if self._lent is not None:
            connections[self.alias] = self._lent
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
        self._threads.shutdown()
        for connection in self._owned:
            connection.close()

    def codec(self, field: models.Field[Any, Any]) -> Codec:
        connection = connections[self.alias]
        column = field.get_col(field.model._meta.db_table)
        converters = connection.ops.get_db_converters(column) + column.get_db_converters(connection)

        def encode(value: Any) -> Any:
            return field.get_db_prep_value(value, connection)

        def decode(value: Any) -> Any:
            for converter in converters:
                value = converter(value, column, connection)
            return value

        return encode, decode if converters else None

    def dialect(self, sql: str, fields: Sequence[models.Field[Any, Any] | None]) -> str:
        return sql

    async def fetch(self, name: str, statement: Statement, values: Values) -> Rows:
        return await self._in_thread(lambda: self._execute(name, statement, values))

    async def write(self, name: str, chain: Chain, values: Values) -> int:
        def run() -> int:
            rows: Rows = ()
            with transaction.atomic(self.alias):
                for statement in chain:
                    rows = self._execute(name, statement, values)
                    if not rows:
                        break
            return len(rows)

        async with self._writing:
            return await self._in_thread(run)

    def _execute(self, name: str, statement: Statement, values: Values) -> Rows:
        with connections[self.alias].cursor() as cursor:
            if self._lent is None and self._file() != self._here.file:
                raise OperationalError("The file of the database is not the one that was opened.")
            cursor.execute(statement.sql, statement.arguments(name, values))
            return statement.decoded(cursor.fetchall())

    async def _in_thread(self, run: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._guarded, run)

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

    def _guarded(self, run: Callable[[], T]) -> T:
        keep = self._lent is not None or connections[self.alias].vendor == "sqlite"
        try:
            if self._lent is None and connections[self.alias].connection is None:
                self._here.file = self._file()  # before connecting, which would make a file where there is none
            return run()
        except IntegrityError as error:
            if "unique" not in str(error).lower():
                raise
            raise Conflict("already_exists", "This exists already.") from error
        except (OperationalError, InterfaceError) as error:
            keep = self._lent is not None
            raise Unavailable(f"The database cannot be used: {' '.join(str(error).split())}") from error
        finally:
            if not keep:
                connections[self.alias].close()
