"""Many new rows at once, past the ports and their causes: for demonstrations and measurements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from adapters.django_orm.models import OwnerRow, SimulationRow
from adapters.django_orm.operations import reachable
from domain.access.owner import Owner
from domain.simulations.simulation import Simulation

if TYPE_CHECKING:
    from django.db import models

_MODELS: dict[type, type[models.Model]] = {Owner: OwnerRow, Simulation: SimulationRow}
CHUNK = 20_000  # rows of one transaction, short enough for SQLite's other writers to wait for


def add_all(entity: type, entities: Iterable[Any]) -> Iterator[int]:
    """Stores new entities of one type, and yields how many after each transaction. Raises ``Unavailable``."""
    model = _MODELS[entity]
    fields = model._meta.concrete_fields
    connection = connections[DEFAULT_DB_ALIAS]  # itself: the proxy that Django offers costs as much as the rest
    encoders = [partial(field.get_db_prep_value, connection=connection, prepared=True) for field in fields]
    values = attrgetter(*(field.attname for field in fields))
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    target = quote(model._meta.db_table)
    waiting = iter(entities)
    while chunk := list(islice(waiting, CHUNK)):
        rows = [[encode(value) for encode, value in zip(encoders, values(one), strict=True)] for one in chunk]
        with reachable(), transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                # COPY leaves tables alone that have row-level security.
                cursor.execute(f"CREATE TEMPORARY TABLE arriving (LIKE {target})")
                with cursor.copy(f"COPY arriving ({columns}) FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
                cursor.execute(f"INSERT INTO {target} ({columns}) SELECT {columns} FROM arriving")  # noqa: S608 -- names of ours
                cursor.execute("DROP TABLE arriving")
            else:
                places = ", ".join(["%s"] * len(fields))
                cursor.executemany(f"INSERT INTO {target} ({columns}) VALUES ({places})", rows)  # noqa: S608 -- names of ours
        yield len(chunk)


def analyze(entity: type) -> None:
    """Lets the planner know what has been added. Raises ``Unavailable``."""
    connection = connections[DEFAULT_DB_ALIAS]
    with reachable(), connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {connection.ops.quote_name(_MODELS[entity]._meta.db_table)}")
