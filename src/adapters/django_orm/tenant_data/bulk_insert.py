"""Many new rows at once, past the ports and their causes: for demonstrations and measurements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from adapters.django_orm.management import reachable
from adapters.django_orm.models import OwnerRow, SimulationRow
from adapters.django_orm.tenant_data.bulk_copy import copy_rows
from domain.access.owner import Owner
from domain.simulations.simulation import Simulation

if TYPE_CHECKING:
    from django.db import models

_MODELS: dict[type, type[models.Model]] = {Owner: OwnerRow, Simulation: SimulationRow}
CHUNK = 20_000  # rows of one transaction, short enough for SQLite's other writers to wait for


def add_all(entity: type, entities: Iterable[Any]) -> Iterator[int]:
    """Stores new entities of one type, and yields how many after each transaction. Raises ``Unavailable``."""
    model = _MODELS[entity]
    values = attrgetter(*(field.attname for field in model._meta.concrete_fields))
    waiting = iter(entities)
    while chunk := list(islice(waiting, CHUNK)):
        with reachable(), transaction.atomic():
            copy_rows(model, list(map(values, chunk)))
        yield len(chunk)


def analyze(entity: type) -> None:
    """Lets the planner know what has been added. Raises ``Unavailable``."""
    with reachable(), connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {connection.ops.quote_name(_MODELS[entity]._meta.db_table)}")
