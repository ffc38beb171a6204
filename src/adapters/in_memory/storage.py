"""The storage ports over dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from adapters.in_memory.records import IdempotencyRecords, Revisions
from adapters.in_memory.repository import Repository
from adapters.in_memory.run_reports import RunReports
from adapters.in_memory.webhooks import Deliveries, Webhooks
from domain.access.api_key import ApiKey
from domain.access.owner import Owner
from domain.errors import Conflict
from domain.registry import ENTITIES
from domain.repository import E, Owned, OwnerId
from domain.runs.run import Run
from domain.write_context import WriteContext


class OwnerDirectory:
    """All owners, and the keys by which they are found."""

    def __init__(self, keys: Repository[ApiKey], idempotency_records: IdempotencyRecords, revisions: Revisions) -> None:
        self._keys = keys
        self._owners = Repository(Owner, idempotency_records, revisions)

    async def add(self, owner: Owner, context: WriteContext) -> None:
        if await self.find(owner.name) is not None:
            raise Conflict("owner_name_taken", f"An owner named {owner.name!r} exists.")
        await self._owners.of(owner.id).add(owner, context)

    async def change(self, id: OwnerId, fn: Callable[[Owner], Owner], context: WriteContext) -> Owner:
        return await self._owners.of(id).change(id, fn, context)

    async def find(self, name_or_id: str | UUID) -> Owner | None:
        return next((owner for owner in self._owners if name_or_id in {owner.id, owner.name}), None)

    async def all(self) -> list[Owner]:
        return sorted(self._owners, key=lambda owner: owner.name)

    async def is_active(self, id: OwnerId) -> bool:
        owner = self._owners.rows(id).get(id)
        return owner is not None and owner.deactivated_at is None

    async def holder(self, public_id: str, sent: Callable[[], None] | None = None) -> tuple[Owner, ApiKey] | None:
        if sent is not None:
            sent()
        key = next((key for key in self._keys if key.public_id == public_id), None)
        return None if key is None else (self._owners.rows(key.owner_id)[key.owner_id], key)


class Storage:
    """All storage ports; the data lives as long as the process."""

    def __init__(self, entities: Sequence[type[Owned]] | None = None) -> None:
        self.idempotency_records = IdempotencyRecords()
        self.revisions = Revisions()
        kinds: dict[str, Repository[Any]] = {}
        self._repositories: dict[type[Owned], Repository[Any]] = {
            entity: Repository(entity, self.idempotency_records, self.revisions, kinds)
            for entity in (ENTITIES if entities is None else entities)
        }
        kinds |= {entity.KIND: repository for entity, repository in self._repositories.items()}
        self.keys = Repository(ApiKey, self.idempotency_records, self.revisions)
        self.deliveries = Deliveries(self.revisions)
        self.webhooks = Webhooks(self.idempotency_records, self.revisions, self.deliveries)
        self.owners = OwnerDirectory(self.keys, self.idempotency_records, self.revisions)

    @property
    def pools(self) -> Mapping[str, Any]:
        """None: nothing is waited for."""
        return {}

    @property
    def standby_reads(self) -> Mapping[str, int]:
        """None: there are no standbys."""
        return {}

    def repository(self, entity: type[E]) -> Repository[E]:
        return self._repositories[entity]

    @property
    def run_reports(self) -> RunReports:
        return RunReports(self.repository(Run))

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def check(self) -> None:
        """Always ready."""
