"""The contract of repository writes for every entity: atomic, for their owner only, and without lost updates."""

from __future__ import annotations

import asyncio
import dataclasses
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING

import pytest
from uuid_utils.compat import uuid7

from domain.errors import Conflict, NotFound, TenantMismatch
from domain.repository import OwnerId
from domain.write_context import IdempotencyKey
from tests.contracts.cases import (
    Case,
    ChangeFailed,
    Entity,
    OwnerFixtures,
    every_kind,
    everything,
    must_not_run,
    next_version,
    recording,
    refusal,
    returning,
)
from tests.factories import CONTEXT

if TYPE_CHECKING:
    from app.storage import Storage


CHANGES = 10
"""At once: more than storage has connections in these tests."""


class OwnedWritingContract(OwnerFixtures):
    """Subclass and provide a ``storage`` fixture."""

    @every_kind
    async def test_change_can_set_any_value(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        repository = case.repository(storage).of(owner)
        for fields in case.edges:
            given = {} if "version" in fields else fields
            entity = case.make(owner)
            await repository.add(entity, CONTEXT)
            changed = await repository.change(entity.id, partial(next_version, fields=given), CONTEXT)
            assert changed == dataclasses.replace(entity, **given, version=2)
            assert await repository.get(entity.id) == changed

    @every_kind
    async def test_entity_of_another_owner_is_not_added(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, case: Case
    ) -> None:
        with pytest.raises(TenantMismatch):
            await case.repository(storage).of(owner).add(case.make(stranger), CONTEXT)
        assert await everything(case.repository(storage).of(owner)) == []
        assert await everything(case.repository(storage).of(stranger)) == []

    @every_kind
    async def test_ids_are_unique_per_owner_and_independent_of_other_owners(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, case: Case
    ) -> None:
        mine, theirs = case.make(owner), case.make(stranger)
        theirs = dataclasses.replace(theirs, id=mine.id)
        for entity in (mine, theirs):
            repository = case.repository(storage).of(entity.owner_id)
            await repository.add(entity, CONTEXT)
            again = case.make(entity.owner_id, id=entity.id)
            assert isinstance(await refusal(repository.add(again, CONTEXT)), Conflict)
        for entity in (mine, theirs):
            assert await everything(case.repository(storage).of(entity.owner_id)) == [entity]
        await case.repository(storage).of(owner).remove(mine.id, CONTEXT)
        assert await case.repository(storage).of(stranger).get(mine.id) == theirs

    @every_kind
    async def test_concurrent_adds_with_one_id_add_one_entity(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        repository = case.repository(storage).of(owner)
        rivals = [case.make(owner, id=id) for id in [uuid7()] * 8]
        outcomes = await asyncio.gather(*(repository.add(rival, CONTEXT) for rival in rivals), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes if outcome is not None] == [Conflict] * 7
        assert await everything(repository) == [rivals[outcomes.index(None)]]

    @every_kind
    async def test_add_accepts_an_idempotency_key(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        idempotency_key = IdempotencyKey(operation="create", key="k", fingerprint="f")
        entity = case.make(owner)
        repository = case.repository(storage).of(owner)
        await repository.add(entity, dataclasses.replace(CONTEXT, idempotency_key=idempotency_key))
        assert await repository.get(entity.id) == entity

    @every_kind
    async def test_change_receives_the_stored_entity_and_returns_the_new_one(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        entity, bystander = case.make(owner), case.make(owner)
        repository = case.repository(storage).of(owner)
        await repository.add(entity, CONTEXT)
        await repository.add(bystander, CONTEXT)
        before = entity
        for fields in case.changes:
            given: list[Entity] = []
            change = recording(given, fields)
            after = await repository.change(entity.id, change, CONTEXT)
            assert given
            assert all(each == before for each in given)
            assert after == dataclasses.replace(before, **fields, version=before.version + 1)
            assert await repository.get(entity.id) == after
            before = after
        assert await repository.get(bystander.id) == bystander

    @every_kind
    async def test_change_that_returns_the_same_entity_changes_nothing(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        entity = case.make(owner)
        repository = case.repository(storage).of(owner)
        await repository.add(entity, CONTEXT)
        assert await repository.change(entity.id, lambda stored: stored, CONTEXT) == entity
        assert await repository.get(entity.id) == entity

    @every_kind
    async def test_change_that_raises_changes_nothing(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        entity = case.make(owner)
        repository = case.repository(storage).of(owner)
        await repository.add(entity, CONTEXT)

        def fail(stored: Entity) -> Entity:
            raise ChangeFailed

        with pytest.raises(ChangeFailed):
            await repository.change(entity.id, fail, CONTEXT)
        assert await repository.get(entity.id) == entity
        after = await repository.change(entity.id, lambda stored: next_version(stored, case.changes[0]), CONTEXT)
        assert after.version == 2

    @every_kind
    async def test_change_of_owner_id_or_version_order_is_refused(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, case: Case
    ) -> None:
        entity, other, foreign = case.make(owner), case.make(owner), case.make(stranger)
        for added in (entity, other, foreign):
            await case.repository(storage).of(added.owner_id).add(added, CONTEXT)
        repository = case.repository(storage).of(owner)
        for result in (
            next_version(foreign, {}),
            next_version(entity, {"owner_id": stranger}),
            next_version(other, {}),
            next_version(entity, {"id": uuid7()}),
            dataclasses.replace(entity, version=1),
            dataclasses.replace(entity, version=3),
            dataclasses.replace(entity, version=0),
        ):
            with pytest.raises(TenantMismatch):
                await repository.change(entity.id, returning(result), CONTEXT)
        kept = sorted(await everything(repository), key=lambda each: each.id)
        assert kept == sorted([entity, other], key=lambda each: each.id)
        assert await everything(case.repository(storage).of(stranger)) == [foreign]

    @every_kind
    async def test_concurrent_changes_of_different_fields_are_all_kept(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        entity = case.make(owner)
        repository = case.repository(storage).of(owner)
        await repository.add(entity, CONTEXT)
        changes = (repository.change(entity.id, recording([], fields), CONTEXT) for fields in case.changes)
        await asyncio.gather(*changes)
        together = {name: value for fields in case.changes for name, value in fields.items()}
        expected = dataclasses.replace(entity, **together, version=1 + len(case.changes))
        assert await repository.get(entity.id) == expected

    @every_kind
    async def test_concurrent_changes_are_all_applied(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        entity = case.make(owner)
        repository = case.repository(storage).of(owner)
        await repository.add(entity, CONTEXT)

        def step(stored: Entity) -> Entity:
            return next_version(stored, case.step(stored))

        expected = list(accumulate(range(CHANGES), lambda stored, _: step(stored), initial=entity))
        given = await asyncio.gather(*(repository.change(entity.id, step, CONTEXT) for _ in range(CHANGES)))
        assert await repository.get(entity.id) == expected[-1]
        assert sorted(given, key=lambda after: after.version) == expected[1:]

    @every_kind
    async def test_remove_deletes_only_that_entity(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        entity, bystander = case.make(owner), case.make(owner)
        repository = case.repository(storage).of(owner)
        await repository.add(entity, CONTEXT)
        await repository.add(bystander, CONTEXT)
        await repository.remove(entity.id, CONTEXT)
        for again in (
            repository.get(entity.id),
            repository.change(entity.id, must_not_run, CONTEXT),
            repository.remove(entity.id, CONTEXT),
        ):
            assert isinstance(await refusal(again), NotFound)
        assert await everything(repository) == [bystander]

    @every_kind
    async def test_concurrent_removes_succeed_once(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        entity = case.make(owner)
        repository = case.repository(storage).of(owner)
        await repository.add(entity, CONTEXT)
        removals = (repository.remove(entity.id, CONTEXT) for _ in range(8))
        outcomes = await asyncio.gather(*removals, return_exceptions=True)
        assert outcomes.count(None) == 1
        assert [type(outcome) for outcome in outcomes if outcome is not None] == [NotFound] * 7

    @every_kind
    async def test_entity_of_another_owner_cannot_be_changed(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, case: Case
    ) -> None:
        entity = case.make(stranger)
        await case.repository(storage).of(stranger).add(entity, CONTEXT)
        refused = await refusal(case.repository(storage).of(owner).change(entity.id, must_not_run, CONTEXT))
        assert isinstance(refused, NotFound)
        assert await case.repository(storage).of(stranger).get(entity.id) == entity

    @every_kind
    async def test_entity_of_another_owner_cannot_be_removed(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, case: Case
    ) -> None:
        entity = case.make(stranger)
        await case.repository(storage).of(stranger).add(entity, CONTEXT)
        assert isinstance(await refusal(case.repository(storage).of(owner).remove(entity.id, CONTEXT)), NotFound)
        assert await case.repository(storage).of(stranger).get(entity.id) == entity
