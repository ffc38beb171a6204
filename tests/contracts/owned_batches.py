"""The contract of repositories for entities that are added together: all of them, or none."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from uuid_utils.compat import uuid7

from domain.errors import Conflict, TenantMismatch
from domain.idempotency import IDEMPOTENCY_TTL, DuplicateRequest
from domain.paging import PageRequest
from domain.repository import OwnerId, secrets_of
from domain.revisions import IN_ORDER
from domain.write_context import IdempotencyKey
from tests.contracts.cases import Case, OwnerFixtures, every_kind, everything
from tests.factories import CONTEXT

if TYPE_CHECKING:
    from app.storage import Storage

KEY = IdempotencyKey(operation="create_many", key="k", fingerprint="f")
KEYED = dataclasses.replace(CONTEXT, idempotency_key=KEY)


async def numbered(storage: Storage, owner: OwnerId, case: Case) -> list[tuple[int, Any]]:
    """The numbers and the entities of the owner's revisions of this kind."""
    page = await storage.revisions.of(owner).page(PageRequest(limit=100, sort=IN_ORDER))
    return [(revision.number, revision.after) for revision in page.items if revision.kind == case.kind]


class OwnedBatchesContract(OwnerFixtures):
    """Subclass and provide a ``storage`` fixture."""

    @every_kind
    async def test_entities_are_stored_with_any_values(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        repository = case.repository(storage).of(owner)
        for fields in case.edges:
            entities = [case.make(owner), case.make(owner, **fields), case.make(owner)]
            await repository.add_all(entities, CONTEXT)
            assert [await repository.get(entity.id) for entity in entities] == entities

    @every_kind
    async def test_revisions_are_numbered_in_the_order_of_the_entities(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        repository = case.repository(storage).of(owner)
        await repository.add(case.make(owner), CONTEXT)
        entities = [case.make(owner) for _ in range(20)][::-1]
        await repository.add_all(entities, CONTEXT)
        await repository.add(case.make(owner), CONTEXT)
        found = await numbered(storage, owner, case)
        first = found[0][0]
        assert [number for number, _ in found] == [*range(first, first + 22)]
        secrets = dict.fromkeys(secrets_of(type(entities[0])), "")
        kept = [dataclasses.replace(entity, **secrets) for entity in entities]
        assert [after for _, after in found[1:-1]] == kept

    @every_kind
    async def test_entity_of_another_owner_leaves_nothing(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, case: Case
    ) -> None:
        repository = case.repository(storage).of(owner)
        with pytest.raises(TenantMismatch):
            await repository.add_all([case.make(owner), case.make(stranger)], CONTEXT)
        assert await everything(repository) == []
        assert await numbered(storage, owner, case) == []

    @every_kind
    async def test_taken_id_leaves_nothing(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        repository = case.repository(storage).of(owner)
        known, new = case.make(owner), case.make(owner)
        await repository.add(known, CONTEXT)
        for entities in ([case.make(owner), case.make(owner, id=known.id)], [new, case.make(owner, id=new.id)]):
            with pytest.raises(Conflict):
                await repository.add_all(entities, KEYED)
            assert await everything(repository) == [known]
        assert len(await numbered(storage, owner, case)) == 1

    @every_kind
    async def test_batch_with_a_recorded_key_is_not_added(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, case: Case
    ) -> None:
        repository = case.repository(storage).of(owner)
        first = [case.make(owner) for _ in range(3)]
        await repository.add_all(first, KEYED)
        with pytest.raises(DuplicateRequest):
            await repository.add_all([case.make(owner)], KEYED)
        assert len(await everything(repository)) == 3
        records = storage.idempotency_records
        since = first[0].created_at - IDEMPOTENCY_TTL
        record = await records.of(owner).find_many(KEY, type(first[0]), since)
        assert record is not None
        assert (record.fingerprint, [entity.id for entity in record.entity]) == ("f", [each.id for each in first])
        assert await records.of(stranger).find_many(KEY, type(first[0]), since) is None
        await case.repository(storage).of(stranger).add_all([case.make(stranger)], KEYED)

    @every_kind
    async def test_concurrent_batches_with_one_key_are_added_once(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        repository = case.repository(storage).of(owner)
        key = dataclasses.replace(KEY, key=str(uuid7()))
        context = dataclasses.replace(CONTEXT, idempotency_key=key)
        batches = [[case.make(owner) for _ in range(5)] for _ in range(4)]
        outcomes = await asyncio.gather(
            *(repository.add_all(entities, context) for entities in batches), return_exceptions=True
        )
        assert outcomes.count(None) == 1
        assert all(isinstance(outcome, DuplicateRequest) for outcome in outcomes if outcome is not None)
        assert len(await everything(repository)) == 5
