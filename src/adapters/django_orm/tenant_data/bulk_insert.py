"""Many new rows at once, past the ports and their causes: for demonstrations and measurements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from adapters.django_orm.apps import model_of
from adapters.django_orm.entity_models import column_reader
from adapters.django_orm.management import reachable
from adapters.django_orm.tenant_data.bulk_copy import copy_rows

if TYPE_CHECKING:
    from domain.repository import Owned

CHUNK = 20_000  # rows of one transaction, short enough for SQLite's other writers to wait for


def add_all(entity: type[Owned], entities: Iterable[Any]) -> Iterator[int]:
    """Stores new entities of one type, and yields how many after each transaction. Raises ``Unavailable``."""
    model = model_of(entity)
    values = column_reader(entity, [field.attname for field in model._meta.concrete_fields])
    waiting = iter(entities)
    while chunk := list(islice(waiting, CHUNK)):
        with reachable(), transaction.atomic():
            copy_rows(model, [tuple(values(one)) for one in chunk])
        yield len(chunk)


def analyze(entity: type[Owned]) -> None:
    """Lets the planner know what has been added. Raises ``Unavailable``."""
    with reachable(), connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {connection.ops.quote_name(model_of(entity)._meta.db_table)}")
