"""New rows by the thousand, as values that have been checked."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.db import DEFAULT_DB_ALIAS, connections

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from django.db import models


def copy_rows(model: type[models.Model], rows: Sequence[tuple[Any, ...]]) -> None:
    """Inserts these rows, whose values are in the order of the columns, in the transaction that is under way."""
    connection = connections[DEFAULT_DB_ALIAS]  # itself: the proxy that Django offers costs as much as the rest
    quote, fields = connection.ops.quote_name, model._meta.concrete_fields
    target, columns = quote(model._meta.db_table), ", ".join(quote(field.column) for field in fields)
    # A column of ours may have its values in another form than the database.
    ours = {place: field for place, field in enumerate(fields) if not type(field).__module__.startswith("django.")}
    encode = {place: partial(field.get_db_prep_value, connection=connection) for place, field in ours.items()}
    if connection.vendor == "sqlite":
        plain = ((place, field) for place, field in enumerate(fields) if place not in ours)
        encode |= {
            place: partial(each.get_db_prep_value, connection=connection, prepared=True) for place, each in plain
        }
    encoded = [_encoded(row, encode) for row in rows] if encode else rows
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            places = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {target} ({columns}) VALUES ({places})", encoded)  # noqa: S608 -- names of ours
            return
        # COPY does not go into a table with row-level security.
        cursor.execute(f"CREATE TEMPORARY TABLE arriving (LIKE {target}) ON COMMIT DROP")
        with cursor.copy(f"COPY arriving ({columns}) FROM STDIN") as copy:
            for row in encoded:
                copy.write_row(row)
        # With RETURNING, without which a distributed PostgreSQL takes no INSERT under row-level security.
        insert = f"INSERT INTO {target} ({columns}) SELECT {columns} FROM arriving RETURNING 1"  # noqa: S608 -- names of ours
        cursor.execute(f"WITH inserted AS ({insert}) SELECT count(*) FROM inserted")  # noqa: S608 -- as above
        cursor.execute("DROP TABLE arriving")


def _encoded(row: tuple[Any, ...], encode: Mapping[int, Callable[[Any], Any]]) -> tuple[Any, ...]:
    values = list(row)
    for place, one in encode.items():
        values[place] = one(values[place])
    return tuple(values)
