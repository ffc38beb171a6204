"""The storage ports over dictionaries. Writes never await, so on one event loop each is atomic."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Any, Generic
from uuid import UUID

from domain.access.api_key import ApiKey
from domain.access.owner import Owner
from domain.entity import fulfils, sort_value
from domain.errors import Conflict
from domain.idempotency import KEPT_FOR, DuplicateRequest, IdempotencyRecord
from domain.paging import Page, PageRequest, Position
from domain.registry import ENTITIES
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
from domain.revisions import (
    Revision,
    RevisionRange,
    is_recorded,
    without_secrets,
)
from domain.write_context import IdempotencyKey, WriteContext


@dataclass(frozen=True, slots=True)
class OwnedIdempotencyRecords:
    """One owner's idempotency records, in a dictionary shared by all owners."""

    recorded: dict[tuple[OwnerId, str, str], tuple[datetime, IdempotencyRecord[Any]]]
    owner: OwnerId

    async def find(
        self, idempotency_key: IdempotencyKey, entity: type[E], since: datetime
    ) -> IdempotencyRecord[E] | None:
        at, outcome = self.recorded.get((self.owner, idempotency_key.operation, idempotency_key.key), (since, None))
        return outcome if at >= since else None

    def record(self, idempotency_key: IdempotencyKey, entity: Owned, at: datetime) -> None:
        """Adds a record. Raises ``DuplicateRequest`` where the key has one that has not expired."""
        place = (self.owner, idempotency_key.operation, idempotency_key.key)
        known = self.recorded.get(place)
        if known is not None and known[0] >= at - KEPT_FOR:
            raise DuplicateRequest
        self.recorded[place] = (at, IdempotencyRecord(idempotency_key.fingerprint, without_secrets(entity)))


@dataclass(frozen=True, slots=True)
class IdempotencyRecords:
    """The idempotency records of all owners."""

    recorded: dict[tuple[OwnerId, str, str], tuple[datetime, IdempotencyRecord[Any]]] = field(default_factory=dict)

    def of(self, owner: OwnerId) -> OwnedIdempotencyRecords:
        return OwnedIdempotencyRecords(self.recorded, owner)

    async def purge(self, before: datetime) -> int:
        old = [place for place, (at, _) in self.recorded.items() if at < before]
        for place in old:
            del self.recorded[place]
        return len(old)


def _page(entities: Iterable[E], request: PageRequest) -> Page[E]:
    """The requested page of these entities."""
    sort, after = request.sort, request.after

    def place(entity: E) -> tuple[Any, UUID]:
        return (sort_value(entity, sort.by), entity.id)

    def comes_later(entity: E) -> bool:
        if after is None:
            return True
        here, there = place(entity), (after.value, after.id)
        return here < there if sort.descending else here > there

    listed = [
        entity
        for entity in entities
        if all(fulfils(entity, condition) for condition in request.conditions) and comes_later(entity)
    ]
    listed.sort(key=place, reverse=sort.descending)
    shown = tuple(listed[: request.limit])
    return Page(shown, Position(*place(shown[-1])) if len(listed) > request.limit else None)


class OwnedRevisions:
    """One owner's revisions, in order."""

    def __init__(self) -> None:
        self._kept: list[Revision[Any]] = []
        self._span = RevisionRange(0, 0)

    async def page(self, request: PageRequest) -> Page[Revision[Any]]:
        return _page(self._kept, request)

    async def span(self) -> RevisionRange:
        return self._span

    def record(self, before: E | None, after: E | None, context: WriteContext) -> None:
        if is_recorded(before, after):
            self._span = RevisionRange(self._span.purged_through, self._span.last + 1)
            self._kept.append(Revision.of(before, after, context, number=self._span.last))

    def has(self, id: UUID, version: int) -> bool:
        """Whether the entity of this id has had this version."""
        return any((revision.entity_id, revision.version) == (id, version) for revision in self._kept)

    def purge(self, before: datetime) -> int:
        old = list(takewhile(lambda revision: revision.created_at < before, self._kept))
        if old:
            self._kept = self._kept[len(old) :]
            self._span = RevisionRange(old[-1].number, self._span.last)
        return len(old)


@dataclass(frozen=True, slots=True)
class Revisions:
    """All revisions."""

    owners: dict[OwnerId, OwnedRevisions] = field(default_factory=dict)

    def of(self, owner: OwnerId) -> OwnedRevisions:
        return self.owners.setdefault(owner, OwnedRevisions())

    async def purge(self, before: datetime) -> int:
        return sum(revisions.purge(before) for revisions in self.owners.values())


class OwnedRepository(Generic[E]):
    """One owner's entities, in a dictionary shared by all owners."""

    def __init__(
        self,
        entity: type[E],
        rows: dict[UUID, E],
        idempotency_records: OwnedIdempotencyRecords,
        revisions: OwnedRevisions,
    ) -> None:
        self._entity, self._rows, self._outcomes, self._revisions = entity, rows, idempotency_records, revisions
        self._owner = idempotency_records.owner

    def _find(self, id: UUID) -> E:
        entity = self._rows.get(id)
        return or_not_found(
            entity if entity is not None and entity.owner_id == self._owner else None, self._entity.KIND
        )

    async def get(self, id: UUID) -> E:
        return self._find(id)

    async def page(self, request: PageRequest) -> Page[E]:
        return _page((entity for entity in self._rows.values() if entity.owner_id == self._owner), request)

    async def add(self, entity: E, context: WriteContext) -> None:
        must_belong(entity, self._owner)
        came_back = entity.version > 1
        if entity.id in self._rows or (came_back and self._revisions.has(entity.id, entity.version)):
            raise Conflict("already_exists", "This exists already.")
        if context.idempotency_key is not None:
            self._outcomes.record(context.idempotency_key, entity, entity.created_at)
        self._rows[entity.id] = entity
        self._revisions.record(None, entity, context)

    async def change(self, id: UUID, fn: Callable[[E], E], context: WriteContext) -> E:
        before = self._find(id)
        after = fn(before)
        if after is not before:
            must_follow(after, before)
            self._rows[id] = after
            self._revisions.record(before, after, context)
        return after

    async def remove(self, id: UUID, context: WriteContext, precondition: Precondition = no_precondition) -> None:
        before = self._find(id)
        precondition(before)
        del self._rows[id]
        self._revisions.record(before, None, context)


class Repository(Generic[E]):
    """All owners' entities of one kind."""

    def __init__(self, entity: type[E], idempotency_records: IdempotencyRecords, revisions: Revisions) -> None:
        self._entity, self._outcomes, self._revisions = entity, idempotency_records, revisions
        self.rows: dict[UUID, E] = {}

    def of(self, owner: OwnerId) -> OwnedRepository[E]:
        return OwnedRepository(self._entity, self.rows, self._outcomes.of(owner), self._revisions.of(owner))


class OwnerDirectory:
    """All owners, and the keys by which they are found."""

    def __init__(self, keys: dict[UUID, ApiKey], idempotency_records: IdempotencyRecords, revisions: Revisions) -> None:
        self._keys = keys
        self._repository = Repository(Owner, idempotency_records, revisions)
        self._owners = self._repository.rows

    async def add(self, owner: Owner, context: WriteContext) -> None:
        if await self.find(owner.name) is not None:
            raise Conflict("owner_name_taken", f"An owner named {owner.name!r} exists.")
        await self._repository.of(owner.id).add(owner, context)

    async def change(self, id: OwnerId, fn: Callable[[Owner], Owner], context: WriteContext) -> Owner:
        return await self._repository.of(id).change(id, fn, context)

    async def find(self, name_or_id: str | UUID) -> Owner | None:
        return next((owner for owner in self._owners.values() if name_or_id in {owner.id, owner.name}), None)

    async def all(self) -> list[Owner]:
        return sorted(self._owners.values(), key=lambda owner: owner.name)

    async def holder(self, public_id: str, sent: Callable[[], None] | None = None) -> tuple[Owner, ApiKey] | None:
        if sent is not None:
            sent()
        key = next((key for key in self._keys.values() if key.public_id == public_id), None)
        return None if key is None else (self._owners[key.owner_id], key)


class Storage:
    """All storage ports; the data lives as long as the process."""

    def __init__(self) -> None:
        self.idempotency_records = IdempotencyRecords()
        self.revisions = Revisions()
        self._repositories: dict[type[Owned], Repository[Any]] = {
            entity: Repository(entity, self.idempotency_records, self.revisions) for entity in ENTITIES
        }
        self.keys = Repository(ApiKey, self.idempotency_records, self.revisions)
        self.owners = OwnerDirectory(self.keys.rows, self.idempotency_records, self.revisions)

    def repository(self, entity: type[E]) -> Repository[E]:
        return self._repositories[entity]

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def check(self) -> None:
        """Always ready."""
