"""Finds every table with rows of an owner from the models, so that a new table needs no edit here."""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from django.db import connection

from adapters.django_orm.apps import owned_models
from adapters.django_orm.columns import references_in
from adapters.django_orm.models import OwnerRow

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from django.db import models


@dataclass(frozen=True, slots=True)
class TenantTable:
    """A table with rows of owners. ``order`` are the columns by which an index has the rows of one owner in order."""

    model: type[models.Model]
    owner: str
    order: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.model._meta.db_table

    @property
    def fields(self) -> list[models.Field[Any, Any]]:
        return list(self.model._meta.concrete_fields)

    @property
    def refers_to_itself(self) -> bool:
        """Whether its rows may refer to one another."""
        return self.name in _referred(self.model)

    @property
    def of_owner(self) -> str:
        """FROM and WHERE for the rows of one owner."""
        quote = connection.ops.quote_name
        return f"FROM {quote(self.name)} WHERE {quote(self.owner)} = %s"

    @property
    def place(self) -> str:
        """The columns of ``order``, as SQL."""
        return ", ".join(map(connection.ops.quote_name, self.order))

    def key(self, owner: UUID) -> Any:
        """The owner's id as the database has it."""
        (field,) = (field for field in self.fields if field.attname == self.owner)
        return field.get_db_prep_value(owner, connection)

    def count(self, owner: UUID) -> int:
        """How many rows the owner has."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) {self.of_owner}", [self.key(owner)])
            return int(cursor.fetchone()[0])


def tenant_tables() -> list[TenantTable]:
    """The owners themselves, then every other table in the order of the models, after those that it refers to.

    Raises ``CycleError`` where kinds refer to each other in a circle; rows of one kind may refer to one another.
    """
    models = {model._meta.db_table: model for model in owned_models()}
    sorter = TopologicalSorter({name: _referred(model) - {name} for name, model in models.items()})
    owned = [TenantTable(models[name], "owner_id", _order(models[name])) for name in sorter.static_order()]
    return [TenantTable(OwnerRow, "id", ()), *owned]


def count_rows(owner: UUID) -> dict[str, int]:
    """How many rows of each table are the owner's."""
    return {table.name: table.count(owner) for table in tenant_tables()}


def _referred(model: type[models.Model]) -> set[str]:
    return {field.to for field in references_in(model)}


def _order(model: type[models.Model]) -> tuple[str, ...]:
    """The columns after ``owner_id`` of an index that has each row in a place of its own, none of which is empty."""
    meta = model._meta
    if meta.pk.attname == "owner_id":
        return ()
    columns = {field.name: field for field in meta.concrete_fields}
    indexes = [index.fields for index in meta.indexes if index.fields and index.fields[-1] == meta.pk.name]
    for names in [*(constraint.fields for constraint in meta.total_unique_constraints), *indexes]:
        first, *others = (columns[name.removeprefix("-")] for name in names)
        if first.attname == "owner_id" and not any(field.null for field in others):
            return tuple(field.attname for field in others)
    raise TypeError(f"{model.__name__} needs an index that begins with owner_id and ends with its primary key.")
