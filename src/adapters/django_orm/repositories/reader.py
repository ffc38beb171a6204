"""Reads of an entity's rows: the only place that says whose rows a statement may touch."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic

from django.db.models import F

from adapters.django_orm.entity_models import column_reader, sort_column
from adapters.django_orm.sql.compiler import Compiler
from adapters.django_orm.sql.contains import Contains
from adapters.django_orm.sql.expressions import ColumnCondition, KeysetAfter, Param, param
from adapters.django_orm.sql.membership import AnyOf, Has
from adapters.django_orm.sql.statement import Executor, Statement
from domain.entity import sort_value
from domain.entity_spec import spec_of
from domain.paging import Comparison, Page, PageRequest, Position, Sort
from domain.repository import E, OwnerId

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db import models

PURGED_AT_ONCE = 1000
"""Rows that one transaction purges, short enough for other writers to wait for."""
LISTS_MAX = 500
"""Statements of lists that are remembered: each order, set of conditions and limit has its own."""
_LOOKUPS = {
    Comparison.EQUAL: "exact",
    Comparison.AT_LEAST: "gte",
    Comparison.AT_MOST: "lte",
}
_CONDITIONS: Mapping[Comparison, type[ColumnCondition]] = {
    Comparison.CONTAINS: Contains,
    Comparison.ANY_OF: AnyOf,
    Comparison.HAS: Has,
}
_COMPARED = attrgetter("attribute", "comparison")


class Reader(Generic[E]):
    """An entity beside the model that keeps it: columns and attributes go by the same names.

    The statements are compiled when they are first needed, and then once and for all.
    """

    OWNER = "owner_id"
    """The column that says whose a row is."""

    def __init__(self, entity: type[E], model: type[models.Model], executor: Executor) -> None:
        self.entity, self.model, self.executor = entity, model, executor
        self.names = tuple(field.name for field in dataclasses.fields(entity))
        self.columns = tuple(field.attname for field in model._meta.concrete_fields)
        self._sorted = {field.name: sort_column(field) for field in spec_of(entity).fields.values()}
        self._row = column_reader(entity, self.columns)
        self._compile = Compiler(executor)
        self._lists = lru_cache(LISTS_MAX)(self._list)
        # A class with the same slots that is not frozen: its instances are filled in a quarter of the time, and can
        # become entities if the entity has slots and no base class.
        self._unfrozen = dataclasses.make_dataclass("_Unfrozen", self.names, slots=True)

    def load(self, row: Sequence[Any]) -> E:
        """The entity as it was stored; it was valid then, and is not validated again."""
        unfrozen: Any = self._unfrozen(*row)
        unfrozen.__class__ = self.entity
        entity: E = unfrozen
        return entity

    def row(self, entity: E) -> dict[str, Any]:
        """What the columns hold of this entity."""
        return dict(zip(self.columns, self._row(entity), strict=True))

    def _param(self, column: str, name: str | None = None) -> Param:
        return param(self.model, column, name)

    @property
    def _owned_rows(self) -> models.QuerySet[Any, Any]:
        """The rows of one owner: the owner condition of every statement on owned rows."""
        return self.model._default_manager.filter((self.OWNER, self._param(self.OWNER, "owner_id")))

    async def page(self, owner: OwnerId, request: PageRequest) -> Page[E]:
        """One page of what is the owner's."""
        values: dict[str, Any] = {"owner_id": owner, "limit": request.limit + 1}
        for place, condition in enumerate(request.conditions):
            values[f"condition_{place}"] = condition.value
        if request.after is not None:
            values |= {"after_value": request.after.value, "after_id": request.after.id}
        rows = await self.executor.fetch(str(owner), self.listing(request), values)
        items = tuple(map(self.load, rows[: request.limit]))
        more = len(rows) > request.limit
        return Page(items, Position(sort_value(items[-1], request.sort.by), items[-1].id) if more else None)

    def listing(self, request: PageRequest) -> Statement:
        """The statement that reads a page like this one."""
        compared = tuple(map(_COMPARED, request.conditions))
        # PostgreSQL keeps one plan where the limit is written out, and plans anew where it is a parameter, as it should
        # where another plan may be better for other conditions.
        limit = None if compared else request.limit + 1
        return self._lists(request.sort, compared, request.after is not None, limit)

    def _list(
        self, sort: Sort, compared: Sequence[tuple[str, Comparison]], goes_on: bool, limit: int | None
    ) -> Statement:
        rows, by = self._owned_rows, self._sorted.get(sort.by, sort.by)
        for place, (attribute, comparison) in enumerate(compared):
            column = self._sorted[attribute] if comparison is Comparison.CONTAINS else attribute
            value = self._param(column, f"condition_{place}")
            if comparison in _CONDITIONS:
                rows = rows.filter(_CONDITIONS[comparison](column, value))
            else:
                rows = rows.filter((f"{column}__{_LOOKUPS[comparison]}", value))
        if goes_on:
            there = (self._param(by, "after_value"), self._param("id", "after_id"))
            rows = rows.filter(KeysetAfter(F(by), F("id"), *there, descending=sort.descending))
        sign = "-" if sort.descending else ""
        ordered = rows.order_by(f"{sign}{by}", f"{sign}id")
        limited = limit or self._param("version", "limit")
        # What is equal is found by an index; everything else may have to be looked for.
        searches = any(comparison is not Comparison.EQUAL for _, comparison in compared)
        return self._compile.select(ordered, *self.names, limit=limited, searches=searches)
