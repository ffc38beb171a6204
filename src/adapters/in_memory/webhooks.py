"""Webhooks in memory: with each its cursor, and the deliveries to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from adapters.in_memory.pages import page_of
from adapters.in_memory.records import IdempotencyRecords, Revisions
from adapters.in_memory.repository import OwnedRepository, Repository
from domain.paging import Page, PageRequest
from domain.repository import OwnerId, or_not_found
from domain.webhooks.delivery import Cursor, Delivery
from domain.webhooks.ports import Standing, Waiting
from domain.webhooks.webhook import Webhook
from domain.write_context import WriteContext


@dataclass(slots=True)
class _Lease:
    """A cursor, and who has leased it until when."""

    cursor: Cursor
    is_active: bool
    holder: UUID | None = None
    until: datetime | None = None

    def is_free(self, now: datetime) -> bool:
        return self.until is None or self.until <= now


class Deliveries:
    """The cursors and deliveries of all owners."""

    def __init__(self, revisions: Revisions) -> None:
        self._revisions = revisions
        self.cursors: dict[tuple[OwnerId, UUID], _Lease] = {}
        self.made: dict[OwnerId, list[Delivery]] = {}

    def of(self, owner: OwnerId) -> OwnedDeliveries:
        return OwnedDeliveries(self, owner)

    async def waiting(self, now: datetime) -> Sequence[Waiting]:
        found = [
            (lease.cursor.next_attempt_at, Waiting(owner, id))
            for (owner, id), lease in self.cursors.items()
            if lease.is_free(now)
            and (lease.cursor.requested or (lease.cursor.next_attempt_at <= now and self._is_behind(owner, lease)))
        ]
        return [waiting for _, waiting in sorted(found)]

    def _is_behind(self, owner: OwnerId, lease: _Lease) -> bool:
        return lease.is_active and lease.cursor.number != self._revisions.of(owner).last

    async def standing(self) -> Standing:
        behind = [
            self._revisions.of(owner).last - lease.cursor.number
            for (owner, _), lease in self.cursors.items()
            if self._is_behind(owner, lease)
        ]
        failing = [each.cursor.failing_since for each in self.cursors.values() if each.is_active]
        since = [each for each in failing if each is not None]
        disabled = sum(not each.is_active for each in self.cursors.values())
        return Standing(len(behind), max(behind, default=0), len(since), min(since, default=None), disabled)

    async def all(self) -> Sequence[tuple[OwnerId, UUID]]:
        return [*self.cursors]

    async def purge(self, before: datetime) -> int:
        old = sum(each.created_at < before for made in self.made.values() for each in made)
        self.made = {owner: [each for each in made if each.created_at >= before] for owner, made in self.made.items()}
        return old


@dataclass(frozen=True, slots=True)
class OwnedDeliveries:
    """One owner's cursors and deliveries."""

    all: Deliveries
    owner: OwnerId

    async def claim(self, id: UUID, holder: UUID, now: datetime, until: datetime) -> Cursor | None:
        lease = self.all.cursors.get((self.owner, id))
        if lease is None or not lease.is_free(now):
            return None
        lease.holder, lease.until = holder, until
        return lease.cursor

    async def save(
        self, id: UUID, holder: UUID, cursor: Cursor, until: datetime | None, deliveries: Sequence[Delivery]
    ) -> bool:
        lease = self.all.cursors.get((self.owner, id))
        if lease is None or lease.holder != holder:
            return False
        lease.cursor = replace(cursor, requested=lease.cursor.requested)
        lease.holder, lease.until = holder if until else None, until
        self.all.made.setdefault(self.owner, []).extend(deliveries)
        return True

    async def request(self, id: UUID, requested: UUID) -> bool:
        lease = self.all.cursors.get((self.owner, id))
        if lease is None or lease.cursor.requested is not None:
            return False
        lease.cursor = replace(lease.cursor, requested=requested)
        return True

    async def fulfil(self, id: UUID, requested: UUID) -> None:
        lease = self.all.cursors.get((self.owner, id))
        if lease is not None and lease.cursor.requested == requested:
            lease.cursor = replace(lease.cursor, requested=None)

    async def page(self, request: PageRequest) -> Page[Delivery]:
        return page_of(self.all.made.get(self.owner, ()), request)


class Webhooks(Repository[Webhook]):
    """All owners' webhooks, each with its cursor."""

    def __init__(self, idempotency_records: IdempotencyRecords, revisions: Revisions, deliveries: Deliveries) -> None:
        super().__init__(Webhook, idempotency_records, revisions)
        self.deliveries = deliveries

    def of(self, owner: OwnerId) -> _OwnedWebhooks:
        return _OwnedWebhooks(self, owner)


class _OwnedWebhooks(OwnedRepository[Webhook]):
    """One owner's webhooks."""

    _table: Webhooks

    def _save(self, before: Webhook | None, after: Webhook | None, context: WriteContext) -> None:
        super()._save(before, after, context)
        cursors, webhook = self._table.deliveries.cursors, or_not_found(before if after is None else after, "webhook")
        known = cursors.pop((webhook.owner_id, webhook.id), None)
        if after is None:
            return
        number = self._revisions.last if known is None else known.cursor.number
        requested = None if known is None else known.cursor.requested
        cursor = Cursor(number=number, next_attempt_at=context.at, requested=requested)
        cursors[after.owner_id, after.id] = _Lease(cursor, after.enabled)
