"""What writes record beside entities, in memory: idempotency records and revisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Any
from uuid import UUID

from adapters.in_memory.pages import page_of
from domain.idempotency import IDEMPOTENCY_TTL, DuplicateRequest, IdempotencyRecord
from domain.paging import Page, PageRequest
from domain.repository import E, Owned, OwnerId
from domain.revisions import Revision, RevisionRange, is_recorded, without_secrets
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

    async def find_many(
        self, idempotency_key: IdempotencyKey, entity: type[E], since: datetime
    ) -> IdempotencyRecord[Sequence[E]] | None:
        found: IdempotencyRecord[Any] | None = await self.find(idempotency_key, entity, since)
        return found

    def require_new(self, idempotency_key: IdempotencyKey, at: datetime) -> None:
        """Raises ``DuplicateRequest`` where the key has a record that has not expired."""
        known = self.recorded.get((self.owner, idempotency_key.operation, idempotency_key.key))
        if known is not None and known[0] >= at - IDEMPOTENCY_TTL:
            raise DuplicateRequest

    def record(self, idempotency_key: IdempotencyKey, entity: Owned, at: datetime) -> None:
        """Adds a record, in place of one that has expired."""
        self._record(idempotency_key, without_secrets(entity), at)

    def record_many(self, idempotency_key: IdempotencyKey, entities: Sequence[Owned], at: datetime) -> None:
        """The same of many that are made at once."""
        self._record(idempotency_key, tuple(map(without_secrets, entities)), at)

    def _record(self, idempotency_key: IdempotencyKey, created: object, at: datetime) -> None:
        place = (self.owner, idempotency_key.operation, idempotency_key.key)
        self.recorded[place] = (at, IdempotencyRecord(idempotency_key.fingerprint, created))


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


class OwnedRevisions:
    """One owner's revisions, in order."""

    def __init__(self) -> None:
        self._kept: list[Revision[Any]] = []
        self._span = RevisionRange(0, 0)

    async def page(self, request: PageRequest) -> Page[Revision[Any]]:
        return page_of(self._kept, request)

    async def span(self) -> RevisionRange:
        return self._span

    @property
    def last(self) -> int:
        """The number of the latest revision."""
        return self._span.last

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
