"""One generic repository for every owned entity; each write is one transaction, with what is recorded beside it."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Generic

from adapters.django_orm.columns import ItemsField, ScopesField
from adapters.django_orm.repositories.idempotency import IdempotencyTable
from adapters.django_orm.repositories.integrity import Integrity
from adapters.django_orm.repositories.reader import Reader
from adapters.django_orm.repositories.write_records import BATCHES, ONCE, WriteKind, WriteRecords
from adapters.django_orm.sql.failures import LockTimeout
from adapters.django_orm.sql.many import many
from adapters.django_orm.sql.statement import ConstraintViolated, Executor, ReadExecutor, Statement
from domain.entity_spec import spec_of
from domain.errors import Unavailable
from domain.idempotency import DuplicateRequest
from domain.paging import Page, PageRequest
from domain.repository import (
    E,
    Owned,
    OwnerId,
    Precondition,
    must_belong,
    must_follow,
    no_precondition,
    or_not_found,
)
from domain.turns import Turns
from domain.write_context import WriteContext

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from django.db import models

    from adapters.django_orm.sql.statement import WriteBatch, WriteStep

ATTEMPTS_MAX = 100
"""Times that a change is tried while others come in between."""


class OwnedTable(Reader[E]):
    """The rows of an entity that is written. A column that is no field of the entity keeps a property of it."""

    def __init__(
        self,
        entity: type[E],
        model: type[models.Model],
        executor: Executor,
        records: WriteRecords,
        kinds: Mapping[type[Owned], type[models.Model]] | None = None,
        *,
        reads: ReadExecutor | None = None,
    ) -> None:
        super().__init__(entity, model, executor, reads)
        self.records = records
        self.integrity = Integrity(entity, kinds or {entity: model}, executor)
        self.partly_known = tuple(
            field.attname for field in model._meta.concrete_fields if isinstance(field, ScopesField | ItemsField)
        )
        self.write = cache(self._write)

    def of(self, owner: OwnerId) -> OwnedRepository[E]:
        return OwnedRepository(self, owner)

    @property
    def _one(self) -> models.QuerySet[Any, Any]:
        return self._owned_rows.filter(id=self._param("id"))

    @cached_property
    def get(self) -> Statement:
        return self._compile.select(self._one, *self.names)

    def unchanged(self, before: E | None, after: E | None) -> tuple[str, ...]:
        """The columns that an update does not write: there may be more in them, of a later version, than is known here.

        What it does change in them is lost.
        """
        if before is None or after is None:
            return ()
        return tuple(name for name in self.partly_known if getattr(before, name) == getattr(after, name))

    def _write(self, kind: WriteKind, references: tuple[str, ...] = (), unchanged: tuple[str, ...] = ()) -> WriteBatch:
        """One write in one transaction."""
        return self._compile.chain(*self._steps(kind, references, unchanged))

    def _steps(self, kind: WriteKind, references: tuple[str, ...], unchanged: tuple[str, ...]) -> tuple[WriteStep, ...]:
        """The row where it is still as it was before, after what it refers to; and what is recorded."""
        if kind in BATCHES:
            return *self.integrity.steps_of_all(references), *self.records.beside(kind, self._insert_all(kind))
        if kind in {WriteKind.CREATE, WriteKind.CREATE_ONCE}:
            columns = {name: self._param(name) for name in self.columns}
            where = IdempotencyTable.GO_ON if kind is WriteKind.CREATE_ONCE else ""
            row = self._compile.insert(self.model, columns, where=where)
        else:
            stored = self._one.filter(version=self._param("version", "before.version"))
            changed = [name for name in self.columns if name not in {"id", "owner_id", *unchanged}]
            delete = kind is WriteKind.DELETE
            row = self._compile.delete(stored) if delete else self._compile.update(stored, changed)
        before = self.integrity.steps(
            references, creates=kind in {WriteKind.CREATE, WriteKind.CREATE_ONCE}, deletes=kind is WriteKind.DELETE
        )
        return *before, *self.records.beside(kind, row)

    def _insert_all(self, kind: WriteKind) -> WriteStep:
        columns = {name: many(self.model, name, f"row.{name}") for name in self.columns}
        return self._compile.insert_all(self.model, columns, where=IdempotencyTable.GO_ON if kind in ONCE else "")

    def _turn(self, entity: E) -> tuple[Any, ...]:
        values = (getattr(entity, field.name) for field in spec_of(self.entity).unique)
        return (*((value is not None, value) for value in values), entity.id)

    async def rows(self, entities: Sequence[E]) -> dict[str, Any]:
        """What the columns hold of these entities, each in its row.

        The rows are in one order for all batches: of two that have unique values in common, one waits for the other.
        """
        found: list[Sequence[Any]] = []
        with Turns() as turns:
            for entity in sorted(entities, key=self._turn):
                found.append(self._row(entity))
                await turns.pause()
        return {f"row.{name}": values for name, values in zip(self.columns, zip(*found, strict=True), strict=True)}


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
        for _ in range(ATTEMPTS_MAX):
            try:
                if await self._commit(None, entity, context):
                    return
            except LockTimeout as error:
                if IdempotencyTable.is_in_flight(context, error):
                    raise DuplicateRequest from error
                raise
            if context.idempotency_key is not None:
                raise DuplicateRequest
        raise Unavailable(f"What the {self._table.entity.KIND} refers to is changed by too many at once.")

    async def add_all(self, entities: Sequence[E], context: WriteContext) -> None:
        table, owner = self._table, self._owner
        for entity in entities:
            must_belong(entity, owner)
        kind, values = await table.records.of_all(entities, context)
        references = table.integrity.locked_by_all(entities)
        values |= table.integrity.values_of_all(references) | await table.rows(entities)
        values["owner_id"] = owner
        for _ in range(ATTEMPTS_MAX):
            try:
                if await table.executor.write(str(owner), table.write(kind, tuple(references)), values):
                    return
            except LockTimeout as error:
                if IdempotencyTable.is_in_flight(context, error):
                    raise DuplicateRequest from error
                raise
            except ConstraintViolated as violated:
                await table.integrity.refuse_all_taken(owner, violated.name, entities)
            await table.integrity.refuse_all(owner, entities)
            if context.idempotency_key is not None:
                raise DuplicateRequest
        raise Unavailable(f"What the {table.entity.KIND} refers to is changed by too many at once.")

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
        """The one place that writes; False where the row is no longer as before, or its outcome is recorded already.

        Raises ``UnknownReference`` and ``Conflict`` where the write would break a reference or a unique value.
        """
        table, owner = self._table, self._owner
        kind, values = table.records.of(before, after, context)
        references = table.integrity.locked(before, after)
        values |= table.integrity.values(references, before)
        values["owner_id"] = owner
        if after is not None:
            values |= table.row(after)
        if before is not None:
            values |= {"id": before.id, "before.version": before.version}
        try:
            write = table.write(kind, tuple(references), table.unchanged(before, after))
            written = await table.executor.write(str(owner), write, values)
        except ConstraintViolated as violated:
            await table.integrity.refuse_taken(owner, violated.name, after)
            written = 0
        if not written:
            await table.integrity.refuse(owner, before, after)
        return bool(written)
