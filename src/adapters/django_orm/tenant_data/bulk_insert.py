"""Inserts rows by the thousand: for imports, and for seeding, which bypasses the ports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction

from adapters.django_orm.apps import model_of
from adapters.django_orm.entity_models import column_reader
from adapters.django_orm.management import translate_database_errors
from adapters.django_orm.models import ChangeCountRow, RevisionRow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from domain.repository import Owned, OwnerId

CHUNK = 20_000
"""Rows of one transaction: short enough not to block SQLite's other writers for long."""


def insert_entities(entity: type[Owned], entities: Iterable[Any]) -> Iterator[int]:
    """Inserts new entities of one type, and yields how many after each transaction. Raises ``Unavailable``."""
    model = model_of(entity)
    values = column_reader(entity, [field.attname for field in model._meta.concrete_fields])
    remaining = iter(entities)
    while chunk := list(islice(remaining, CHUNK)):
        with translate_database_errors(), transaction.atomic():
            insert_rows(model, [tuple(values(each)) for each in chunk])
        yield len(chunk)


def insert_revisions(owner: OwnerId, revisions: Iterable[dict[str, Any]]) -> Iterator[int]:
    """Inserts revisions of an owner, as the values of their columns, with the numbers that follow.

    Otherwise like ``insert_entities``.
    """
    fields = [field.attname for field in RevisionRow._meta.concrete_fields]
    remaining = iter(revisions)
    while chunk := list(islice(remaining, CHUNK)):
        with translate_database_errors(), transaction.atomic():
            ChangeCountRow.objects.get_or_create(owner_id=owner, defaults={"last": 0, "purged_through": 0})
            count = ChangeCountRow.objects.select_for_update().get(owner_id=owner)  # until the commit, as every writer
            rows = ({**values, "number": number} for number, values in enumerate(chunk, count.last + 1))
            insert_rows(RevisionRow, [tuple(map(values.__getitem__, fields)) for values in rows])
            count.last += len(chunk)
            count.save()
        yield len(chunk)


def analyze(entity: type[Owned]) -> None:
    """Updates the query planner's statistics of the entity's table. Raises ``Unavailable``."""
    with translate_database_errors(), connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {connection.ops.quote_name(model_of(entity)._meta.db_table)}")


def insert_rows(model: type[models.Model], rows: Sequence[tuple[Any, ...]]) -> None:
    """Inserts validated rows, whose values are in the order of the columns, in the current transaction."""
    connection = connections[DEFAULT_DB_ALIAS]  # Django's proxy for it would double the time per row
    quote, fields = connection.ops.quote_name, model._meta.concrete_fields
    target, columns = quote(model._meta.db_table), ", ".join(quote(field.column) for field in fields)
    # A column of our own may store its values in another form.
    ours = {place: field for place, field in enumerate(fields) if not type(field).__module__.startswith("django.")}
    encoders = {place: partial(field.get_db_prep_value, connection=connection) for place, field in ours.items()}
    if connection.vendor == "sqlite":
        encoders |= {
            place: partial(field.get_db_prep_value, connection=connection, prepared=True)
            for place, field in enumerate(fields)
            if place not in ours and type(field).get_db_prep_value is not models.Field.get_db_prep_value
        }
    encoded = [_encoded(row, encoders) for row in rows] if encoders else rows
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            placeholders = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {target} ({columns}) VALUES ({placeholders})", encoded)  # noqa: S608 -- names of ours
            return
        # PostgreSQL refuses COPY FROM into a table with row-level security, so the rows go through a temporary one.
        cursor.execute(f"CREATE TEMPORARY TABLE bulk_insert (LIKE {target}) ON COMMIT DROP")
        with cursor.copy(f"COPY bulk_insert ({columns}) FROM STDIN") as copy:
            for row in encoded:
                copy.write_row(row)
        # A distributed PostgreSQL accepts INSERT ... SELECT under row-level security with RETURNING only.
        insert = f"INSERT INTO {target} ({columns}) SELECT {columns} FROM bulk_insert RETURNING 1"  # noqa: S608 -- names of ours
        cursor.execute(f"WITH inserted AS ({insert}) SELECT count(*) FROM inserted")  # noqa: S608 -- as above
        cursor.execute("DROP TABLE bulk_insert")


def _encoded(row: tuple[Any, ...], encoders: Mapping[int, Callable[[Any], Any]]) -> tuple[Any, ...]:
    values = list(row)
    for place, encode in encoders.items():
        values[place] = encode(values[place])
    return tuple(values)
