"""Backups of SQLite by its online backup: a consistent copy of the file, while others read and write."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from django.db import connection

from domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAGIC = b"SQLite format 3\0"


def back_up(target: Path) -> None:
    """Writes a snapshot to a file, which needs no others beside it. Raises ``Unavailable``."""
    connection.ensure_connection()
    with _sqlite_errors("The backup cannot be made"), closing(sqlite3.connect(target)) as copy:
        connection.connection.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        _check(copy, "The database")


def restore(source: Path) -> None:
    """Restores a backup into a database that is empty, all of it or nothing. Raises ``Unavailable``."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master ORDER BY name LIMIT 1")
        if found := cursor.fetchone():
            raise Unavailable(f"The database is not empty: it has {found[0]}. Restore into a new one.")
    with _opened(source) as backup:
        backup.backup(connection.connection)


def check(source: Path) -> None:
    """Raises ``Unavailable`` unless the file is a backup of Goatfish's tables, whole and undamaged."""
    journal = source.with_name(f"{source.name}-wal")
    if journal.exists() and journal.stat().st_size:
        raise Unavailable(
            f"{source} is not a backup but a database: {journal.name} has changes that it lacks. Use goatfish backup."
        )
    with _opened(source) as backup:
        _check(backup, str(source))


@contextmanager
def _opened(source: Path) -> Iterator[sqlite3.Connection]:
    # A backup has no journal beside it, and none is to be made there.
    uri = f"{source.absolute().as_uri()}?mode=ro&immutable=1"
    with _sqlite_errors(str(source)), closing(sqlite3.connect(uri, uri=True)) as backup:
        yield backup


def _check(copy: sqlite3.Connection, name: str) -> None:
    found = [text for (text,) in copy.execute("PRAGMA quick_check(1)")]
    if found != ["ok"]:
        raise Unavailable(f"{name} is damaged: {' '.join(found[0].split())}")
    if not copy.execute("SELECT count(*) FROM sqlite_master WHERE name = 'django_migrations'").fetchone()[0]:
        raise Unavailable(f"{name} has no tables of Goatfish.")


@contextmanager
def _sqlite_errors(what: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise Unavailable(f"{what}: {error}") from error
