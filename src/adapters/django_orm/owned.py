"""One generic repository for every owned entity: the only place that says whose rows a statement may touch."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, cast

from django.db.models import F

from adapters.django_orm.outcomes import OutcomeTable
from adapters.django_orm.statements import Beyond, Blocked, Compiler, Executor, Param, Statement, Values, Work
from domain.idempotency import Repeated
from domain.paging import Comparison, Page, PageRequest, Position, Sort
from domain.tenancy import Cause, E, Guard, OwnerId, found, must_belong, must_follow, unguarded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from django.db import models

_LOOKUPS = {Comparison.AT_LEAST: "gte", Comparison.AT_MOST: "lte", Comparison.CONTAINS: "contains"}
Shape: TypeAlias = tuple[Sort, tuple[tuple[str, Comparison], ...], bool]
"""What tells one list's SQL from another's: the order, the attributes compared, and whether it goes on from a place."""


class Table(Generic[E]):
    """An entity beside the model that keeps it: columns and attributes go by the same names.

    A column that is no field of the entity keeps a property of it. The statements are compiled when they are first
    needed, and then once and for all.
    """

    def __init__(self, entity: type[E], model: type[models.Model], executor: Executor, outcomes: OutcomeTable) -> None:
        self.entity, self.model, self.executor, self.outcomes = entity, model, executor, outcomes
        self.names = tuple(field.name for field in dataclasses.fields(entity))
        self.columns = tuple(field.attname for field in model._meta.concrete_fields)
        self._compile = Compiler(executor)
        self._lists: dict[Shape, Statement] = {}

    def of(self, owner: OwnerId) -> OwnedRepository[E]:
        return OwnedRepository(self, owner)

    def load(self, row: Sequence[Any]) -> E:
        return self.entity(**dict(zip(self.names, row, strict=True)))

    def values(self, entity: E) -> Values:
        return {name: getattr(entity, name) for name in self.columns}

    def _param(self, column: str, name: str | None = None) -> Param:
        return Param(name or column, cast("models.Field[Any, Any]", self.model._meta.get_field(column)))

    @property
    def _mine(self) -> models.QuerySet[Any, Any]:
        """The rows of one owner: the owner condition of every statement on owned rows."""
        return self.model._default_manager.filter(owner_id=self._param("owner_id"))

    @property
    def _one(self) -> models.QuerySet[Any, Any]:
        return self._mine.filter(id=self._param("id"))

    @cached_property
    def get(self) -> Statement:
        return self._compile.select(self._one, *self.names)

    @cached_property
    def lock(self) -> Statement:
        return self._compile.locked(self._one, *self.names)

    @cached_property
    def insert(self) -> Statement:
        return self._compile.insert(self.model, self.columns)

    @cached_property
    def update(self) -> Statement:
        return self._compile.update(self._one, [name for name in self.columns if name not in {"id", "owner_id"}])

    @cached_property
    def delete(self) -> Statement:
        return self._compile.delete(self._one)

    def page(self, request: PageRequest) -> Statement:
        """The statement that reads a page like this one."""
        compared = tuple((condition.attribute, condition.comparison) for condition in request.conditions)
        shape = (request.sort, compared, request.after is not None)
        statement = self._lists.get(shape)
        if statement is None:
            statement = self._lists[shape] = self._list(*shape)
        return statement

    def _list(self, sort: Sort, compared: Sequence[tuple[str, Comparison]], goes_on: bool) -> Statement:
        rows = self._mine
        for place, (column, comparison) in enumerate(compared):
            rows = rows.filter((f"{column}__{_LOOKUPS[comparison]}", self._param(column, f"condition_{place}")))
        if goes_on:
            there = (self._param(sort.by, "after_value"), self._param("id", "after_id"))
            rows = rows.filter(Beyond(F(sort.by), F("id"), *there, descending=sort.descending))
        sign = "-" if sort.descending else ""
        return self._compile.select(rows.order_by(f"{sign}{sort.by}", f"{sign}id"), *self.names, suffix=" LIMIT %s")


class OwnedRepository(Generic[E]):
    """One owner's entities in their table."""

    def __init__(self, table: Table[E], owner: OwnerId) -> None:
        self._table, self._owner = table, owner

    def _key(self, id: UUID) -> Values:
        return {"owner_id": self._owner, "id": id}

    def _found(self, rows: Sequence[Sequence[Any]]) -> E:
        return found(self._table.load(rows[0]) if rows else None, self._table.entity.KIND)

    async def get(self, id: UUID) -> E:
        return self._found(await self._table.executor.fetch(self._owner, self._table.get, self._key(id)))

    async def page(self, request: PageRequest) -> Page[E]:
        values: dict[str, Any] = {"owner_id": self._owner, "limit": request.limit + 1}
        values |= {f"condition_{place}": condition.value for place, condition in enumerate(request.conditions)}
        if request.after is not None:
            values |= {"after_value": request.after.value, "after_id": request.after.id}
        rows = await self._table.executor.fetch(self._owner, self._table.page(request), values)
        items = tuple(self._table.load(row) for row in rows[: request.limit])
        more = len(rows) > request.limit
        return Page(items, Position(getattr(items[-1], request.sort.by), items[-1].id) if more else None)

    async def add(self, entity: E, cause: Cause) -> None:
        must_belong(entity, self._owner)
        try:
            await self._table.executor.transact(self._owner, self._commit(None, entity, cause))
        except Blocked as error:
            raise Repeated from error

    async def change(self, id: UUID, fn: Callable[[E], E], cause: Cause) -> E:
        def work() -> Work[E]:
            before = self._found((yield self._table.lock, self._key(id)))
            after = fn(before)
            if after is not before:
                must_follow(after, before)
                yield from self._commit(before, after, cause)
            return after

        return await self._table.executor.transact(self._owner, work())

    async def remove(self, id: UUID, cause: Cause, guard: Guard = unguarded) -> None:
        def work() -> Work[None]:
            before = self._found((yield self._table.lock, self._key(id)))
            guard(before)
            yield from self._commit(before, None, cause)

        await self._table.executor.transact(self._owner, work())

    def _commit(self, before: E | None, after: E | None, cause: Cause) -> Work[None]:
        """The one place that writes: the row, and whatever is recorded beside it."""
        if after is None and before is not None:
            yield self._table.delete, self._key(before.id)
        elif after is not None and before is not None:
            yield self._table.update, self._table.values(after)
        elif after is not None:
            if cause.idempotency is not None:
                yield from self._table.outcomes.record(cause.idempotency, after)
            yield self._table.insert, self._table.values(after)
