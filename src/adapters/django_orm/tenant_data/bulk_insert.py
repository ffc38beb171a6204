"""Inserts rows by the thousand: for imports, and for seeding, which bypasses the ports and records no revisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction

from adapters.django_orm.entity_models import column_reader
from adapters.django_orm.management import translate_database_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db import models

    from domain.repository import Owned

CHUNK = 20_000
"""Rows of one transaction: short enough not to block SQLite's other writers for long."""


def insert_entities(entity: type[Owned], entities: Iterable[Any]) -> Iterator[int]:
    """Inserts new entities of one type, and yields how many after each transaction. Raises ``Unavailable``."""
    model = _model(entity)
    values = column_reader(entity, [field.attname for field in model._meta.concrete_fields])
    remaining = iter(entities)
    while chunk := list(islice(remaining, CHUNK)):
        with translate_database_errors(), transaction.atomic():
            insert_rows(model, [tuple(values(each)) for each in chunk])
        yield len(chunk)


def analyze(entity: type[Owned]) -> None:
    """Updates the query planner's statistics of the entity's table. Raises ``Unavailable``."""
    with translate_database_errors(), connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {connection.ops.quote_name(_model(entity)._meta.db_table)}")


def insert_rows(model: type[models.Model], rows: Sequence[tuple[Any, ...]]) -> None:
    """Inserts validated rows, whose values are in the order of the columns, in the current transaction."""
    connection = connections[DEFAULT_DB_ALIAS]  # Django's proxy for it would double the time per row
    quote, fields = connection.ops.quote_name, model._meta.concrete_fields
    target, columns = quote(model._meta.db_table), ", ".join(quote(field.column) for field in fields)
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            encoders = [partial(field.get_db_prep_value, connection=connection, prepared=True) for field in fields]
            encoded = [[encode(value) for encode, value in zip(encoders, row, strict=True)] for row in rows]
            placeholders = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {target} ({columns}) VALUES ({placeholders})", encoded)  # noqa: S608 -- names of ours
            return
        # PostgreSQL refuses COPY FROM into a table with row-level security, so the rows go through a temporary one.
        cursor.execute(f"CREATE TEMPORARY TABLE bulk_insert (LIKE {target}) ON COMMIT DROP")
        with cursor.copy(f"COPY bulk_insert ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(f"INSERT INTO {target} ({columns}) SELECT {columns} FROM bulk_insert")  # noqa: S608 -- names of ours
        cursor.execute("DROP TABLE bulk_insert")


def _model(entity: type[Owned]) -> type[models.Model]:
    """The model whose table has the name of this kind of entity."""
    return next(model for model in apps.get_app_config("goatfish").get_models() if model._meta.db_table == entity.KIND)
