"""Migrations run one process at a time, and no request of the service waits long behind them.

On PostgreSQL an advisory lock lasts as long as a transaction of a connection of its own: one of a session would be left
with the server connections of a PgBouncer. Meanwhile that connection watches whom the migrations wait for. A lock on a
table is waited for half a second only, since everybody who comes later queues up behind; then the migration is rolled
back and, after a pause, begun again. On SQLite the folder of the file is locked, and who writes is waited for.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import sys
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Self

import psycopg
from django.db import DatabaseError, connection
from django.db.backends.postgresql.schema import DatabaseSchemaEditor
from psycopg import IsolationLevel

from domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection

KEY = int.from_bytes(b"goatfish")  # of the advisory lock
TABLE_LOCK_TIMEOUT = "500ms"
PAUSE = 1.0  # seconds between two attempts, in which those who wait have their turn
LOOK = 0.1  # seconds between two looks at whom the migrations wait for
PRIMARY_CODE = 0xFF  # the part of SQLite's codes that says what kind of error it is
RETRIED = {"55P03", "40P01"}  # SQLSTATEs: no lock in time, deadlock

_LIMITS = """
    SELECT set_config(name, '0', true) FROM pg_settings
    WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')
"""
_SESSIONS = """
    SELECT waited.pid, usename, application_name, state, to_char(state_change AT TIME ZONE 'UTC', {format})
    FROM ({pids}) AS waited (pid) LEFT JOIN pg_stat_activity USING (pid) ORDER BY waited.pid
"""
_FORMAT = '\'YYYY-MM-DD"T"HH24:MI:SS"Z"\''
_HOLDERS = _SESSIONS.format(
    format=_FORMAT,
    pids="""
        SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database AND datname = current_database()
        WHERE locktype = 'advisory' AND (classid::int8 << 32 | objid::int8) = %s AND objsubid = 1 AND granted
    """,
)
_WAITED_FOR = """
    SELECT string_agg(DISTINCT coalesce('table ' || relation::regclass::text, locktype), ', ')
    FROM pg_locks WHERE pid = %s AND NOT granted
"""
_BLOCKERS = _SESSIONS.format(format=_FORMAT, pids="SELECT DISTINCT unnest(pg_blocking_pids(%s))")


class Patience:
    """How long to wait for others altogether, and where to say whom for."""

    def __init__(self, seconds: float, report: Callable[[str], object]) -> None:
        self._seconds, self._report = seconds, report
        self._deadline: float | None = None
        self._last = ""

    def notice(self, whom: str) -> bool:
        """Reports whom the migrations wait for, unless that is known. Returns whether the time is over."""
        if whom != self._last:
            self._report(f"Waiting for {whom}.")
            self._last = whom
        if self._deadline is None:  # work before the first wait does not count
            self._deadline = time.monotonic() + self._seconds
        return time.monotonic() > self._deadline

    def wait(self) -> None:
        """Pauses before another attempt. Raises ``Unavailable`` once the time is over."""
        if self.notice(self._last or "other sessions"):
            raise self.gave_up()
        time.sleep(PAUSE)

    def gave_up(self) -> Unavailable:
        """The error once the time is over."""
        return Unavailable(
            f"Gave up after {self._seconds:g} s of waiting for {self._last}. Run again: goatfish migrate"
        )


@contextmanager
def one_at_a_time(patience: Patience) -> Iterator[Callable[[Callable[[], object]], None]]:
    """Waits until nobody else migrates. Gives the function that carries out work, as often as locks make it necessary.

    Raises ``Unavailable``.
    """
    with connection.wrap_database_errors, ExitStack() as held:
        if connection.vendor == "sqlite":
            file = Path(connection.settings_dict["NAME"]).resolve()
            held.enter_context(_locked_folder(file.parent, patience))
            if not connection.in_atomic_block:  # else it is this process that writes
                _wait_for_writers(file, patience)
            yield _once
        else:
            guard = held.enter_context(_advisory_lock(patience))
            yield lambda work: _persist(work, guard, patience)


def _once(work: Callable[[], object]) -> None:
    work()


@contextmanager
def _locked_folder(folder: Path, patience: Patience) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                patience.notice(f"another goatfish migrate in {folder}")
            patience.wait()
        yield
    finally:
        os.close(descriptor)


def _wait_for_writers(file: Path, patience: Patience) -> None:
    """Waits until nobody writes to an SQLite database. Raises ``Unavailable``."""
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as probe:
        while True:
            try:
                probe.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE != sqlite3.SQLITE_BUSY:
                    return  # the migrations find it as well
            else:
                return
            patience.notice("another process, which writes to the database")
            patience.wait()


@contextmanager
def _advisory_lock(patience: Patience) -> Iterator[Connection[Any]]:
    """A connection in a transaction that holds the lock."""
    guard: Connection[Any] = connection.get_new_connection(connection.get_connection_params())
    guard.isolation_level = IsolationLevel.READ_COMMITTED  # keeps no snapshot, for which others would wait
    with guard:
        while not guard.execute("SELECT pg_try_advisory_xact_lock(%s)", [KEY]).fetchall()[0][0]:
            patience.notice("another goatfish migrate: " + _sessions(guard, _HOLDERS, KEY))
            guard.rollback()  # a PgBouncer may have no more connections than this
            patience.wait()
        guard.execute(_LIMITS)
        yield guard


def _persist(work: Callable[[], object], guard: Connection[Any], patience: Patience) -> None:
    """Carries out the work, again where a lock on a table could not be had in time."""
    while True:
        guard.execute("SELECT 1")  # the lock is still held
        cancelled = Event()
        try:
            with _watched(guard, patience, cancelled):
                work()
        except (DatabaseError, Unavailable) as error:
            if cancelled.is_set():
                raise patience.gave_up() from error
            if getattr(error.__cause__, "sqlstate", None) not in RETRIED:
                raise
        else:
            return
        patience.wait()


@contextmanager
def _watched(guard: Connection[Any], patience: Patience, cancelled: Event) -> Iterator[None]:
    """Reports whom migrations wait for, which wait for no lock for longer than they should.

    What has no time limit, since it is in no transaction, is cancelled once the time is over; then the event is set.
    """
    done = Event()
    connection.ensure_connection()
    migrating = [connection.connection.info.backend_pid]

    class SchemaEditor(DatabaseSchemaEditor):
        def __enter__(self) -> Self:
            entered = super().__enter__()
            with self.connection.cursor() as cursor:
                # Both hold for this transaction: behind a PgBouncer the next one may have another process.
                cursor.execute("SELECT set_config('lock_timeout', %s, true), pg_backend_pid()", [TABLE_LOCK_TIMEOUT])
                migrating[0] = cursor.fetchall()[0][1]
            return entered

        def __exit__(self, *error: Any) -> None:
            try:
                super().__exit__(*error)
            except DatabaseError:
                if self.connection.in_atomic_block:  # Django leaves it open where a deferred statement fails
                    self.atomic.__exit__(*sys.exc_info())
                raise

    def watch() -> None:
        with suppress(psycopg.Error):  # a lost lock is noticed by those who need it
            while not done.wait(LOOK):
                whom = _blockers(guard, migrating[0])
                if whom and patience.notice(whom):
                    cancelled.set()
                    guard.execute("SELECT pg_cancel_backend(%s)", migrating)

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    connection.SchemaEditorClass = SchemaEditor
    try:
        yield
    finally:
        del connection.SchemaEditorClass
        done.set()
        watcher.join()


def _blockers(guard: Connection[Any], pid: int) -> str:
    """Whom and what this process waits for; empty if it does not."""
    guard.execute("SELECT pg_stat_clear_snapshot()")
    sessions = _sessions(guard, _BLOCKERS, pid)
    ((locks,),) = guard.execute(_WAITED_FOR, [pid]).fetchall()
    return f"{sessions}, to unlock {locks}" if sessions and locks else ""


def _sessions(guard: Connection[Any], query: str, of: int) -> str:
    """The sessions that a query finds, with what this role may know of them."""
    return ", ".join(_session(*row) for row in guard.execute(query, [of]).fetchall())


def _session(pid: int, role: str | None, application: str | None, state: str | None, since: str | None) -> str:
    if pid == 0:
        return "a prepared transaction"
    who = ", ".join(filter(None, [application, role and f"role {role}"]))
    doing = f"{state} since {since}" if state else "whose state this role may not see"
    return f"process {pid} ({who}), {doing}"
