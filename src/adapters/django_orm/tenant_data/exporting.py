"""Writes everything of one owner as lines, as it was at one moment, however long it takes and whoever writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
from django.db import connection, transaction

from adapters.django_orm.management import reachable
from adapters.django_orm.models import OwnerRow
from adapters.django_orm.tenant_data.file_format import (
    FORMAT,
    VERSION,
    Closing,
    Header,
    as_json,
    from_column,
    row_type,
)
from adapters.django_orm.tenant_tables import TenantTable, counted, tenant_tables
from domain.access.owner import Owner
from domain.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Any
    from uuid import UUID

READ_AT_ONCE = 4000
"""Rows that are held at a time."""


@contextmanager
def exporting(owner: UUID, now: datetime) -> Iterator[tuple[int, Iterator[tuple[int, bytes]]]]:
    """How many rows there are, and the lines in parts: how many rows a part has, and its text.

    Raises ``NotFound`` and ``Unavailable``.
    """
    with reachable(), _snapshot():
        found = OwnerRow.objects.filter(id=owner).first()
        if found is None:
            raise NotFound(Owner.KIND)
        counts = counted(owner)
        header = Header(format=FORMAT, version=VERSION, owner=owner, name=found.name, exported_at=now)
        yield sum(counts.values()), _parts(header, counts)


@contextmanager
def _snapshot() -> Iterator[None]:
    if connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
        return
    # What Django begins would be a transaction that writes, and keep all others from writing.
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def _parts(header: Header, counts: dict[str, int]) -> Iterator[tuple[int, bytes]]:
    encoder = msgspec.json.Encoder()
    yield 0, encoder.encode_lines([header])
    for table in tenant_tables():
        line = row_type(table)
        for rows in _rows(table, header.owner):
            yield len(rows), encoder.encode_lines([line(*row) for row in rows])
    yield 0, encoder.encode_lines([Closing(counts)])


def _rows(table: TenantTable, owner: UUID) -> Iterator[list[tuple[object, ...]]]:
    quote = connection.ops.quote_name
    columns = ", ".join(as_json(field, connection.vendor, quote(field.column)) for field in table.fields)
    found = ((place, from_column(field, connection.vendor)) for place, field in enumerate(table.fields))
    converters = [(place, convert) for place, convert in found if convert is not None]
    order = f" ORDER BY {table.place}" if table.order else ""
    with connection.chunked_cursor() as cursor:  # the server's own: rows come as they are asked for
        cursor.execute(f"SELECT {columns} {table.mine}{order}", [table.key(owner)])
        while rows := cursor.fetchmany(READ_AT_ONCE):
            yield [_converted(row, converters) for row in rows] if converters else rows


def _converted(row: tuple[Any, ...], converters: list[tuple[int, Callable[[Any], Any]]]) -> tuple[Any, ...]:
    values = list(row)
    for place, convert in converters:
        values[place] = convert(values[place])
    return tuple(values)
