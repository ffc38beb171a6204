"""Exports all data of one owner as JSON Lines, from one snapshot of the database."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import msgspec
from django.db import connection, transaction

from adapters.django_orm.management import require_known_data, translate_database_errors
from adapters.django_orm.models import OwnerRow
from adapters.django_orm.tenant_data.file_format import (
    FORMAT,
    VERSION,
    Footer,
    Header,
    as_json,
    from_column,
    row_type,
)
from adapters.django_orm.tenant_tables import TenantTable, count_rows, tenant_tables
from domain.access.owner import Owner
from domain.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from typing import Any
    from uuid import UUID

PART_SIZE = 1_000_000
"""Bytes of a part of the file, and so of the rows in memory: it ends with the row that reaches them."""


@contextmanager
def open_export(owner: UUID, now: datetime) -> Iterator[tuple[int, Iterator[tuple[int, bytes]]]]:
    """How many rows there are, and the file in parts: each with its number of rows and its bytes.

    Raises ``NotFound`` and ``Unavailable``.
    """
    with translate_database_errors(), _snapshot():
        require_known_data()
        found = OwnerRow.objects.filter(id=owner).first()
        if found is None:
            raise NotFound(Owner.KIND)
        counts = count_rows(owner)
        header = Header(format=FORMAT, version=VERSION, owner=owner, name=found.name, exported_at=now)
        with closing(_parts(header, counts)) as parts:
            yield sum(counts.values()), parts


@contextmanager
def _snapshot() -> Iterator[None]:
    if connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
        return
    # Django would begin an IMMEDIATE transaction, which locks out all writers.
    with closing(connection), connection.cursor() as cursor:  # closed, or SQLite's -wal and -shm files may stay
        cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def _parts(header: Header, counts: dict[str, int]) -> Generator[tuple[int, bytes]]:
    encode = msgspec.json.Encoder().encode
    yield 0, encode(header) + b"\n"
    for table in tenant_tables():
        line = row_type(table)
        yield from _joined(encode(line(*row)) for row in _rows(table, header.owner))
    yield 0, encode(Footer(counts)) + b"\n"


def _joined(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines in parts, each with their number."""
    part: list[bytes] = []
    size = 0
    for line in lines:
        part.append(line)
        size += len(line)
        if size >= PART_SIZE:
            yield len(part), b"\n".join(part) + b"\n"
            part, size = [], 0
    if part:
        yield len(part), b"\n".join(part) + b"\n"


def _rows(table: TenantTable, owner: UUID) -> Iterator[Sequence[object]]:
    quote = connection.ops.quote_name
    columns = ", ".join(as_json(field, connection.vendor, quote(field.column)) for field in table.fields)
    found = ((place, from_column(field, connection.vendor)) for place, field in enumerate(table.fields))
    converters = [(place, convert) for place, convert in found if convert is not None]
    order = f" ORDER BY {table.place}" if table.order else ""
    for row in _read(f"SELECT {columns} {table.of_owner}{order}", [table.key(owner)]):
        yield _converted(row, converters) if converters else row


def _read(sql: str, params: list[Any]) -> Iterator[tuple[Any, ...]]:
    """The rows one by one: a number of them might be of any size."""
    with connection.cursor() as cursor, connection.wrap_database_errors:
        if connection.vendor == "postgresql":
            with closing(cursor.stream(sql, params)) as rows:  # psycopg's own, which Django passes on
                yield from rows
        else:
            cursor.execute(sql, params)
            yield from cursor


def _converted(row: tuple[Any, ...], converters: list[tuple[int, Callable[[Any], Any]]]) -> tuple[Any, ...]:
    values = list(row)
    for place, convert in converters:
        values[place] = convert(values[place])
    return tuple(values)
