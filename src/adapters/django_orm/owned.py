"""One generic repository for every owned entity: the only place that says whose rows a statement may touch."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, cast

from django.db.models import Q

from adapters.django_orm.statements import Compiler, Executor, Param, Statement, Values, Work
from domain.paging import Page, PageRequest, Position
from domain.tenancy import Cause, E, OwnerId, found, must_belong, must_follow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from django.db import models


class Table(Generic[E]):
    """An entity beside the model that keeps it: columns and fields go by the same names.

    The statements are compiled when they are first needed, and then once and for all.
    """

    def __init__(self, entity: type[E], model: type[models.Model], executor: Executor) -> None:
        self.entity, self.model, self.executor = entity, model, executor
        self.names = tuple(field.name for field in dataclasses.fields(entity))
        self._compile = Compiler(executor)

    def of(self, owner: OwnerId) -> OwnedRepository[E]:
        return OwnedRepository(self, owner)

    def load(self, row: Sequence[Any]) -> E:
        return self.entity(**dict(zip(self.names, row, strict=True)))

    def values(self, entity: E) -> Values:
        return {name: getattr(entity, name) for name in self.names}

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
        return self._compile.insert(self.model, self.names)

    @cached_property
    def update(self) -> Statement:
        return self._compile.update(self._one, [name for name in self.names if name not in {"id", "owner_id"}])

    @cached_property
    def delete(self) -> Statement:
        return self._compile.delete(self._one)

    @cached_property
    def first_page(self) -> Statement:
        return self._page(self._mine)

    @cached_property
    def next_page(self) -> Statement:
        # Written so that an index on (owner, created_at, id) serves the first condition as a range.
        at = self._param("created_at", "after_value")
        earlier = Q(created_at__lt=at) | Q(id__lt=self._param("id", "after_id"))
        return self._page(self._mine.filter(Q(created_at__lte=at) & earlier))

    def _page(self, rows: models.QuerySet[Any, Any]) -> Statement:
        return self._compile.select(rows.order_by("-created_at", "-id"), *self.names, suffix=" LIMIT %s")


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
        statement = self._table.first_page
        if request.after is not None:
            statement = self._table.next_page
            values |= {"after_value": request.after.value, "after_id": request.after.id}
        rows = await self._table.executor.fetch(self._owner, statement, values)
        items = tuple(self._table.load(row) for row in rows[: request.limit])
        more = len(rows) > request.limit
        return Page(items, Position(items[-1].created_at, items[-1].id) if more else None)

    async def add(self, entity: E, cause: Cause) -> None:
        must_belong(entity, self._owner)
        await self._table.executor.transact(self._owner, self._commit(None, entity, cause))

    async def change(self, id: UUID, fn: Callable[[E], E], cause: Cause) -> E:
        def work() -> Work[E]:
            before = self._found((yield self._table.lock, self._key(id)))
            after = fn(before)
            if after is not before:
                must_follow(after, before)
                yield from self._commit(before, after, cause)
            return after

        return await self._table.executor.transact(self._owner, work())

    async def remove(self, id: UUID, cause: Cause) -> None:
        def work() -> Work[None]:
            before = self._found((yield self._table.lock, self._key(id)))
            yield from self._commit(before, None, cause)

        await self._table.executor.transact(self._owner, work())

    def _commit(self, before: E | None, after: E | None, cause: Cause) -> Work[None]:
        """The one place that writes: what is recorded beside a row, and its cause, belongs here."""
        if after is None and before is not None:
            yield self._table.delete, self._key(before.id)
        elif after is not None:
            yield self._table.insert if before is None else self._table.update, self._table.values(after)
