"""One generic repository for every owned entity: the only place that says whose rows a statement may touch."""

from __future__ import annotations

import dataclasses
from functools import cache, cached_property, lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic

from django.db.models import F

from adapters.django_orm.entity_models import column_reader, sort_column
from adapters.django_orm.sql.compiler import (
    Compiler,
    Executor,
    KeysetAfter,
    LockTimeout,
    Param,
    Statement,
    WriteStep,
    param,
)
from adapters.django_orm.sql.contains import Contains
from domain.entity import sort_value, spec_of
from domain.errors import Unavailable
from domain.idempotency import DuplicateRequest
from domain.paging import Comparison, Page, PageRequest, Position, Sort
from domain.repository import (
    E,
    OwnerId,
    Precondition,
    must_belong,
    must_follow,
    no_precondition,
    or_not_found,
)
from domain.revisions import is_recorded
from domain.write_context import WriteContext

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from django.db import models

    from adapters.django_orm.repositories.write_records import WriteRecords
    from adapters.django_orm.sql.compiler import WriteBatch

ATTEMPTS_MAX = 100
"""Times that a change is tried while others come in between."""
_LOOKUPS = {
    Comparison.EQUAL: "exact",
    Comparison.AT_LEAST: "gte",
    Comparison.AT_MOST: "lte",
}
_COMPARED = attrgetter("attribute", "comparison")
LISTS_MAX = 500
"""Statements of lists that are remembered: each order, set of conditions and limit has its own."""


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
        fields = spec_of(entity).fields.values()
        self._sorted = {field.name: sort_column(field) for field in fields}
        self._values = column_reader(entity, self.columns)
        self._compile = Compiler(executor)
        self._lists = lru_cache(LISTS_MAX)(self._list)
        # Of the same slots, not frozen and without rules: filled in a quarter of the time, and then it is an entity,
        # as long as that is a class with slots and no base.
        self._blank = dataclasses.make_dataclass("_Blank", self.names, slots=True)

    def load(self, row: Sequence[Any]) -> E:
        """The entity as it was stored; what was asked of it then is not asked again."""
        blank: Any = self._blank(*row)
        blank.__class__ = self.entity
        entity: E = blank
        return entity

    def row(self, entity: E) -> dict[str, Any]:
        """What the columns hold of this entity."""
        return dict(zip(self.columns, self._values(entity), strict=True))

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
            if comparison is Comparison.CONTAINS:
                rows = rows.filter(Contains(column, value))
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


class OwnedTable(Reader[E]):
    """The rows of an entity that is written. A column that is no field of the entity keeps a property of it."""

    def __init__(self, entity: type[E], model: type[models.Model], executor: Executor, records: WriteRecords) -> None:
        super().__init__(entity, model, executor)
        self.records = records
        self.write = cache(self._write)

    def of(self, owner: OwnerId) -> OwnedRepository[E]:
        return OwnedRepository(self, owner)

    @property
    def _one(self) -> models.QuerySet[Any, Any]:
        return self._owned_rows.filter(id=self._param("id"))

    @cached_property
    def get(self) -> Statement:
        return self._compile.select(self._one, *self.names)

    def _write(self, before: bool, after: bool, promised: bool, recorded: bool) -> WriteBatch:
        """One write: the row where it is still as it was before, and what is recorded beside it."""
        parts: list[WriteStep] = []
        if not before:
            if promised:
                parts.append(self.records.idempotency_records.insert)
            columns = {name: self._param(name) for name in self.columns}
            parts.append(
                self._compile.insert(self.model, columns, where=self.records.idempotency_records.GO_ON * promised)
            )
        else:
            stored = self._one.filter(version=self._param("version", "version_before"))
            changed = [name for name in self.columns if name not in {"id", "owner_id"}]
            parts.append(self._compile.update(stored, changed) if after else self._compile.delete(stored))
        return self._compile.chain(*parts, *(self.records.revisions.insert if recorded else ()))


class OwnedRepository(Generic[E]):
    """One owner's entities in their table."""

    def __init__(self, table: OwnedTable[E], owner: OwnerId) -> None:
        self._table, self._owner = table, owner

    async def get(self, id: UUID) -> E:
        values = {"owner_id": self._owner, "id": id}
        rows = await self._table.executor.fetch(str(self._owner), self._table.get, values)
        return or_not_found(self._table.load(rows[0]) if rows else None, self._table.entity.KIND)

    async def page(self, request: PageRequest) -> Page[E]:
        return await self._table.page(self._owner, request)

    async def add(self, entity: E, context: WriteContext) -> None:
        must_belong(entity, self._owner)
        try:
            if not await self._commit(None, entity, context):
                raise DuplicateRequest
        except LockTimeout as error:
            raise DuplicateRequest from error

    async def change(self, id: UUID, fn: Callable[[E], E], context: WriteContext) -> E:
        for _ in range(ATTEMPTS_MAX):
            before = await self.get(id)
            after = fn(before)
            if after is before:
                return after
            must_follow(after, before)
            if await self._commit(before, after, context):
                return after
        raise Unavailable(f"{self._table.entity.KIND} {id} is changed by too many at once.")

    async def remove(self, id: UUID, context: WriteContext, precondition: Precondition = no_precondition) -> None:
        for _ in range(ATTEMPTS_MAX):
            before = await self.get(id)
            precondition(before)
            if await self._commit(before, None, context):
                return
        raise Unavailable(f"{self._table.entity.KIND} {id} is changed by too many at once.")

    async def _commit(self, before: E | None, after: E | None, context: WriteContext) -> bool:
        """The one place that writes; False where the row is no longer as before, or its outcome is recorded already."""
        table, idempotency_key = self._table, context.idempotency_key if before is None else None
        recorded = is_recorded(before, after)
        values: dict[str, Any] = {"owner_id": self._owner}
        if after is not None:
            values |= table.row(after)
            if idempotency_key is not None:
                values |= table.records.idempotency_records.values(idempotency_key, after)
        if before is not None:
            values |= {"id": before.id, "version_before": before.version}
        if recorded:
            values |= table.records.revisions.values(before, after, context)
        chain = table.write(before is not None, after is not None, idempotency_key is not None, recorded)
        return bool(await table.executor.write(str(self._owner), chain, values))
