"""Repositories over dictionaries. Writes never await, so on one event loop each is atomic."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Generic
from uuid import UUID

from adapters.in_memory.pages import page_of
from adapters.in_memory.records import IdempotencyRecords, Revisions
from domain.batches import require_distinct, taken_in
from domain.entity import too_many
from domain.entity_spec import spec_of
from domain.errors import Conflict
from domain.paging import Page, PageRequest
from domain.references import (
    Link,
    UnknownReference,
    links_to,
    new_references,
    referred_kind,
    require_references,
    taken,
    values_of_references,
)
from domain.repository import (
    E,
    OwnerId,
    Precondition,
    must_belong,
    must_follow,
    no_precondition,
    or_not_found,
    owned_max,
)
from domain.write_context import WriteContext


class Repository(Generic[E]):
    """All owners' entities of one kind. ``kinds`` has those of every kind that may refer to another, by its name."""

    def __init__(
        self,
        entity: type[E],
        idempotency_records: IdempotencyRecords,
        revisions: Revisions,
        kinds: Mapping[str, Repository[Any]] | None = None,
    ) -> None:
        self.entity, self.idempotency_records, self.revisions = entity, idempotency_records, revisions
        self.owners: dict[OwnerId, dict[UUID, E]] = {}
        self.taken: dict[tuple[OwnerId, str, Any], UUID] = {}
        """The entity that has a unique value, by its owner, the field and the value."""
        self.kinds = {} if kinds is None else kinds

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """The fields that refer to entities of this kind."""
        return links_to(self.entity, (each.entity for each in self.kinds.values()))

    def of(self, owner: OwnerId) -> OwnedRepository[E]:
        return OwnedRepository(self, owner)

    def rows(self, owner: OwnerId) -> dict[UUID, E]:
        """The owner's entities by their ids."""
        return self.owners.setdefault(owner, {})

    def __iter__(self) -> Iterator[E]:
        return (entity for rows in self.owners.values() for entity in rows.values())


class OwnedRepository(Generic[E]):
    """One owner's entities, in a dictionary of their own."""

    def __init__(self, table: Repository[E], owner: OwnerId) -> None:
        self._table, self._owner, self._rows = table, owner, table.rows(owner)
        self._idempotency_records = table.idempotency_records.of(owner)
        self._revisions = table.revisions.of(owner)

    def _find(self, id: UUID) -> E:
        return or_not_found(self._rows.get(id), self._table.entity.KIND)

    async def get(self, id: UUID) -> E:
        return self._find(id)

    async def page(self, request: PageRequest) -> Page[E]:
        return page_of(self._rows.values(), request)

    async def add(self, entity: E, context: WriteContext) -> None:
        must_belong(entity, self._owner)
        key = context.idempotency_key
        if key is not None:
            self._idempotency_records.require_new(key, entity.created_at)
        self._require_known(None, entity)
        came_back = entity.version > 1
        if entity.id in self._rows or (came_back and self._revisions.has(entity.id, entity.version)):
            raise Conflict("already_exists", "This exists already.")
        self._require_free(entity)
        if len(self._rows) == owned_max(self._table.entity):
            raise too_many(self._table.entity)
        if key is not None:
            self._idempotency_records.record(key, entity, entity.created_at)
        self._save(None, entity, context)

    async def add_all(self, entities: Sequence[E], context: WriteContext) -> None:
        for entity in entities:
            must_belong(entity, self._owner)
        key = context.idempotency_key
        if key is not None:
            self._idempotency_records.require_new(key, entities[0].created_at)
        self._require_all_known(entities)
        if any(entity.id in self._rows for entity in entities) or len({each.id for each in entities}) < len(entities):
            raise Conflict("already_exists", "This exists already.")
        self._require_all_free(entities)
        if key is not None:
            self._idempotency_records.record_many(key, entities, entities[0].created_at)
        for entity in entities:
            self._save(None, entity, context)

    async def change(self, id: UUID, fn: Callable[[E], E], context: WriteContext) -> E:
        before = self._find(id)
        after = fn(before)
        if after is not before:
            must_follow(after, before)
            self._require_known(before, after)
            self._require_free(after)
            self._save(before, after, context)
        return after

    async def remove(self, id: UUID, context: WriteContext, precondition: Precondition = no_precondition) -> None:
        before = self._find(id)
        precondition(before)
        self._require_unused(before)
        self._save(before, None, context)

    def _save(self, before: E | None, after: E | None, context: WriteContext) -> None:
        if before is not None:
            del self._rows[before.id]
            for place in self._unique_places(before):
                self._table.taken.pop(place, None)
        if after is not None:
            self._rows[after.id] = after
            self._table.taken.update(dict.fromkeys(self._unique_places(after), after.id))
        self._revisions.record(before, after, context)

    def _unique_places(self, entity: E) -> list[tuple[OwnerId, str, Any]]:
        return [(self._owner, each.name, getattr(entity, each.name)) for each in spec_of(self._table.entity).unique]

    def _require_free(self, entity: E) -> None:
        """Raises ``Conflict`` where another entity has one of its unique values."""
        for field in spec_of(self._table.entity).unique:
            value = getattr(entity, field.name)
            holder = self._table.taken.get((self._owner, field.name, value), entity.id)
            if value is not None and holder != entity.id:
                raise taken(self._table.entity, field)

    def _require_known(self, before: E | None, after: E) -> None:
        """Raises ``UnknownReference`` where it would refer to what the owner does not have."""
        new, kinds = new_references(before, after), self._table.kinds
        to = {name: referred_kind(self._table.entity, name) for name in new}
        unknown = [name for name, id in new.items() if id not in kinds[to[name]].rows(self._owner)]
        if unknown:
            raise UnknownReference(self._table.entity, unknown)

    def _require_all_known(self, entities: Sequence[E]) -> None:
        """Raises ``Unfit`` where one of a batch would refer to what the owner does not have."""
        fields = spec_of(self._table.entity).references
        kinds = {field.name: self._table.kinds[referred_kind(self._table.entity, field.name)] for field in fields}
        require_references(entities, {name: kind.rows(self._owner) for name, kind in kinds.items()})

    def _require_all_free(self, entities: Sequence[E]) -> None:
        """Raises ``Conflict`` where another entity, or two of a batch, have a unique value of one."""
        require_distinct(entities)
        for field in spec_of(self._table.entity).unique:
            values = (getattr(entity, field.name) for entity in entities)
            held = [value for value in values if (self._owner, field.name, value) in self._table.taken]
            if held := [value for value in held if value is not None]:
                raise taken_in(entities, field.name, held)

    def _require_unused(self, entity: E) -> None:
        """Raises ``Conflict`` where another entity refers to it."""
        for link in self._table.links:
            others = self._table.kinds[link.child.KIND].rows(self._owner).values()
            if any(
                values_of_references(each).get(link.field.name) == entity.id for each in others if each is not entity
            ):
                raise link.in_use(self._table.entity)
