"""The contract of idempotency records, as documented in ``domain.idempotency``, for every owned repository."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from uuid_utils.compat import uuid7

from domain.access.api_key import ApiKey
from domain.errors import Conflict, TenantMismatch
from domain.idempotency import IDEMPOTENCY_TTL, DuplicateRequest, IdempotentExecutor
from domain.repository import OwnerId, secrets_of
from domain.simulations.simulation import Simulation
from domain.write_context import IdempotencyKey, WriteContext
from tests.contracts.cases import Case, Entity, OwnerFixtures, every_kind, everything, expect_same
from tests.factories import (
    CONTEXT,
    NOW,
    ApiKeyFactory,
    SimulationFactory,
)

if TYPE_CHECKING:
    from app.storage import Storage

MICROSECOND = timedelta(microseconds=1)
LONG_AGO = NOW - timedelta(days=365)


def idempotency_key(**fields: str) -> IdempotencyKey:
    return IdempotencyKey(**({"operation": "create", "key": "k", "fingerprint": "f"} | fields))


def keyed_context(key: IdempotencyKey | None = None) -> WriteContext:
    return dataclasses.replace(CONTEXT, idempotency_key=key or idempotency_key())


def without_secrets(entity: Entity) -> Entity:
    """The entity as an idempotency record holds it."""
    return dataclasses.replace(entity, **dict.fromkeys(secrets_of(type(entity)), ""))


class IdempotencyRecordsContract(OwnerFixtures):
    """Subclass and provide a ``storage`` fixture."""

    @every_kind
    async def test_record_is_found_by_its_key_without_secrets(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        repository, records = case.repository(storage).of(owner), storage.idempotency_records.of(owner)
        for number, fields in enumerate(case.edges):
            entity, key = case.make(owner, **fields), idempotency_key(key=f"k{number}")
            await repository.add(entity, keyed_context(key))
            outcome = await records.find(key, type(entity), entity.created_at - IDEMPOTENCY_TTL)
            assert outcome is not None
            assert outcome.fingerprint == "f"
            expect_same(outcome.entity, without_secrets(entity))
            assert await repository.get(entity.id) == entity

    async def test_record_contains_no_secret(self, storage: Storage, owner: OwnerId) -> None:
        key: ApiKey = ApiKeyFactory.build(owner_id=owner)
        await storage.keys.of(owner).add(key, keyed_context())
        outcome = await storage.idempotency_records.of(owner).find(idempotency_key(), ApiKey, LONG_AGO)
        assert outcome is not None
        assert outcome.entity.digest == ""
        assert key.digest

    @every_kind
    async def test_record_is_unaffected_by_later_changes(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        entity = case.make(owner)
        repository = case.repository(storage).of(owner)
        await repository.add(entity, keyed_context())
        await repository.change(
            entity.id, lambda stored: dataclasses.replace(stored, **case.changes[0], version=2), keyed_context()
        )
        await repository.remove(entity.id, keyed_context())
        outcome = await storage.idempotency_records.of(owner).find(idempotency_key(), type(entity), LONG_AGO)
        assert outcome is not None
        assert outcome.entity == without_secrets(entity)

    @every_kind
    async def test_add_without_idempotency_key_leaves_no_record(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        entity = case.make(owner)
        await case.repository(storage).of(owner).add(entity, CONTEXT)
        assert await storage.idempotency_records.of(owner).find(idempotency_key(), type(entity), LONG_AGO) is None

    @every_kind
    async def test_repeated_key_is_a_duplicate_request(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        first, second = case.make(owner), case.make(owner)
        repository = case.repository(storage).of(owner)
        await repository.add(first, keyed_context())
        for fingerprint in ("f", "g"):
            with pytest.raises(DuplicateRequest):
                await repository.add(second, keyed_context(idempotency_key(fingerprint=fingerprint)))
        assert await everything(repository) == [first]
        outcome = await storage.idempotency_records.of(owner).find(
            idempotency_key(fingerprint="g"), type(first), LONG_AGO
        )
        assert outcome is not None
        assert (outcome.fingerprint, outcome.entity) == ("f", without_secrets(first))

    async def test_records_are_scoped_to_owner_operation_and_key(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId
    ) -> None:
        others = [
            (owner, idempotency_key(operation="create2")),
            (owner, idempotency_key(key="K")),
            (owner, idempotency_key(key="k ")),
            (owner, idempotency_key(key="x" * 255)),
            (owner, idempotency_key(key="ß")),
            (owner, idempotency_key(operation="createk", key="")),
            (stranger, idempotency_key()),
        ]
        first: Simulation = SimulationFactory.build(owner_id=owner)
        await storage.repository(Simulation).of(owner).add(first, keyed_context())
        for whose, other in others:
            assert await storage.idempotency_records.of(whose).find(other, Simulation, LONG_AGO) is None
            entity: Simulation = SimulationFactory.build(owner_id=whose)
            await storage.repository(Simulation).of(whose).add(entity, keyed_context(other))
            outcome = await storage.idempotency_records.of(whose).find(other, Simulation, LONG_AGO)
            assert outcome is not None
            assert outcome.entity == entity
        outcome = await storage.idempotency_records.of(owner).find(idempotency_key(), Simulation, LONG_AGO)
        assert outcome is not None
        assert outcome.entity == first

    async def test_record_is_found_until_it_expires(self, storage: Storage, owner: OwnerId) -> None:
        simulation: Simulation = SimulationFactory.build(owner_id=owner)
        await storage.repository(Simulation).of(owner).add(simulation, keyed_context())
        idempotency_records = storage.idempotency_records.of(owner)
        assert await idempotency_records.find(idempotency_key(), Simulation, NOW) is not None
        assert await idempotency_records.find(idempotency_key(), Simulation, NOW + MICROSECOND) is None

    @every_kind
    async def test_expired_record_is_replaced(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        repository = case.repository(storage).of(owner)
        first = case.make(owner)
        await repository.add(first, keyed_context())
        with pytest.raises(DuplicateRequest):
            await repository.add(case.make(owner, created_at=NOW + IDEMPOTENCY_TTL), keyed_context())
        later = case.make(owner, created_at=NOW + IDEMPOTENCY_TTL + MICROSECOND)
        await repository.add(later, keyed_context(idempotency_key(fingerprint="g")))
        outcome = await storage.idempotency_records.of(owner).find(idempotency_key(), type(first), LONG_AGO)
        assert outcome is not None
        assert (outcome.fingerprint, outcome.entity) == ("g", without_secrets(later))
        assert await everything(repository) == [later, first]

    @every_kind
    async def test_failed_add_leaves_no_record(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, case: Case
    ) -> None:
        repository = case.repository(storage).of(owner)
        taken = case.make(owner)
        await repository.add(taken, CONTEXT)
        with pytest.raises(Conflict):
            await repository.add(case.make(owner, id=taken.id), keyed_context())
        with pytest.raises(TenantMismatch):
            await repository.add(case.make(stranger), keyed_context())
        for whose in (owner, stranger):
            assert await storage.idempotency_records.of(whose).find(idempotency_key(), type(taken), LONG_AGO) is None
        await repository.add(case.make(owner), keyed_context())

    async def test_purge_deletes_only_old_records(self, storage: Storage, owner: OwnerId, stranger: OwnerId) -> None:
        old = NOW.replace(year=1971)
        kept = {}
        for whose, key, at in ((owner, "a", old), (stranger, "b", old), (owner, "c", old + MICROSECOND)):
            kept[key] = SimulationFactory.build(owner_id=whose, created_at=at)
            await storage.repository(Simulation).of(whose).add(kept[key], keyed_context(idempotency_key(key=key)))
        assert await storage.idempotency_records.purge(old + MICROSECOND) >= 2
        assert await storage.idempotency_records.purge(old + MICROSECOND) == 0
        for whose, key, known in ((owner, "a", False), (stranger, "b", False), (owner, "c", True)):
            found = await storage.idempotency_records.of(whose).find(idempotency_key(key=key), Simulation, old)
            assert (found is not None) is known
            assert await storage.repository(Simulation).of(whose).get(kept[key].id) == kept[key]
        await storage.idempotency_records.purge(old + 2 * MICROSECOND)

    @every_kind
    async def test_concurrent_adds_with_one_key_add_one_entity(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        repository = case.repository(storage).of(owner)
        rivals = [case.make(owner) for _ in range(12)]
        adding = (repository.add(rival, keyed_context()) for rival in rivals)
        outcomes = await asyncio.gather(*adding, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes if outcome is not None] == [DuplicateRequest] * 11
        won = rivals[outcomes.index(None)]
        assert await everything(repository) == [won]
        outcome = await storage.idempotency_records.of(owner).find(idempotency_key(), type(won), LONG_AGO)
        assert outcome is not None
        assert outcome.entity == without_secrets(won)


class IdempotentExecutorContract(OwnerFixtures):
    """The contract of ``IdempotentExecutor``. Subclass and provide a ``storage`` fixture."""

    @staticmethod
    def executor(storage: Storage, now: datetime = NOW) -> IdempotentExecutor:
        return IdempotentExecutor(idempotency_records=storage.idempotency_records, now=lambda: now)

    @staticmethod
    def creating(
        storage: Storage, owner: OwnerId, context: WriteContext, made: list[Simulation] | None = None, **fields: Any
    ) -> Callable[[], Awaitable[Simulation]]:
        async def make() -> Simulation:
            simulation: Simulation = SimulationFactory.build(owner_id=owner, **fields)
            await storage.repository(Simulation).of(owner).add(simulation, context)
            if made is not None:
                made.append(simulation)
            return simulation

        return make

    async def test_requests_without_key_are_all_executed(self, storage: Storage, owner: OwnerId) -> None:
        made: list[Simulation] = []
        for _ in range(2):
            make = self.creating(storage, owner, CONTEXT, made)
            given = await self.executor(storage).create_once(owner, CONTEXT, Simulation, make)
            assert given == (made[-1], False)
        assert len(made) == 2

    async def test_repeated_request_is_executed_once(self, storage: Storage, owner: OwnerId) -> None:
        made: list[Simulation] = []
        make = self.creating(storage, owner, keyed_context(), made)
        first = await self.executor(storage).create_once(owner, keyed_context(), Simulation, make)
        again = await self.executor(storage).create_once(owner, keyed_context(), Simulation, make)
        assert (first, again) == ((made[0], False), (made[0], True))
        assert len(made) == 1

    async def test_same_key_with_another_body_is_a_conflict(self, storage: Storage, owner: OwnerId) -> None:
        made: list[Simulation] = []
        await self.executor(storage).create_once(
            owner, keyed_context(), Simulation, self.creating(storage, owner, keyed_context(), made)
        )
        other = keyed_context(idempotency_key(fingerprint="g"))
        with pytest.raises(Conflict) as refused:
            await self.executor(storage).create_once(
                owner, other, Simulation, self.creating(storage, owner, other, made)
            )
        assert refused.value.code == "idempotency_key_reused"
        assert len(made) == 1

    async def test_refused_request_is_not_recorded(self, storage: Storage, owner: OwnerId) -> None:
        async def refuse() -> Simulation:
            raise Conflict("no", "No.")

        with pytest.raises(Conflict):
            await self.executor(storage).create_once(owner, keyed_context(), Simulation, refuse)
        given = await self.executor(storage).create_once(
            owner, keyed_context(), Simulation, self.creating(storage, owner, keyed_context())
        )
        assert given[1] is False

    async def test_record_is_kept_for_a_day(self, storage: Storage, owner: OwnerId) -> None:
        first = await self.executor(storage).create_once(
            owner, keyed_context(), Simulation, self.creating(storage, owner, keyed_context())
        )
        almost, after = NOW + IDEMPOTENCY_TTL, NOW + IDEMPOTENCY_TTL + MICROSECOND
        make = self.creating(storage, owner, keyed_context(), created_at=almost)
        assert await self.executor(storage, almost).create_once(owner, keyed_context(), Simulation, make) == (
            first[0],
            True,
        )
        make = self.creating(storage, owner, keyed_context(), created_at=after)
        second = await self.executor(storage, after).create_once(owner, keyed_context(), Simulation, make)
        assert second[1] is False
        assert second[0].id != first[0].id

    async def test_concurrent_repeats_return_the_same_entity(self, storage: Storage, owner: OwnerId) -> None:
        made: list[Simulation] = []
        context = keyed_context(idempotency_key(key=str(uuid7())))
        executor = self.executor(storage)
        makes = (
            executor.create_once(owner, context, Simulation, self.creating(storage, owner, context, made))
            for _ in range(12)
        )
        given = await asyncio.gather(*makes)
        assert [simulation for simulation, _ in given] == made * 12
        assert sorted(again for _, again in given) == [False] + [True] * 11
