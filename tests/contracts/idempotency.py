"""What recorded outcomes promise: the sentences of ``domain.idempotency`` as tests, over every owned repository."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Mapping
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
from tests.contracts.cases import EDGES, Case, Entity, OfOwners, every_kind, everything
from tests.factories import (
    CONTEXT,
    NOW,
    ApiKeyFactory,
    SimulationFactory,
)

if TYPE_CHECKING:
    from app.container import Storage

MICROSECOND = timedelta(microseconds=1)
LONG_AGO = NOW - timedelta(days=365)


def idempotency_key(**fields: str) -> IdempotencyKey:
    return IdempotencyKey(**({"operation": "create", "key": "k", "fingerprint": "f"} | fields))


def because(promised: IdempotencyKey | None = None) -> WriteContext:
    return dataclasses.replace(CONTEXT, idempotency_key=promised or idempotency_key())


def bare(entity: Entity) -> Entity:
    """The entity as it is recorded."""
    return dataclasses.replace(entity, **dict.fromkeys(secrets_of(type(entity)), ""))


class OutcomesContract(OfOwners):
    """Inherit from it and give a fixture ``storage``."""

    @pytest.mark.parametrize(("case", "fields"), EDGES)
    async def test_what_is_added_with_a_promise_is_found_by_it_without_its_secrets(
        self, storage: Storage, owner: OwnerId, case: Case, fields: Mapping[str, object]
    ) -> None:
        entity = case.make(owner, **fields)
        await case.repository(storage).of(owner).add(entity, because())
        outcome = await storage.idempotency_records.of(owner).find(
            idempotency_key(), type(entity), entity.created_at - IDEMPOTENCY_TTL
        )
        assert outcome is not None
        assert (outcome.fingerprint, outcome.entity) == ("f", bare(entity))
        for field in dataclasses.fields(entity):
            value = getattr(outcome.entity, field.name)
            assert isinstance(value, type(getattr(entity, field.name))), field.name
            if isinstance(value, datetime):
                assert value.tzname() == "UTC", field.name
        assert await case.repository(storage).of(owner).get(entity.id) == entity

    async def test_a_secret_is_not_in_what_is_recorded(self, storage: Storage, owner: OwnerId) -> None:
        key: ApiKey = ApiKeyFactory.build(owner_id=owner)
        await storage.keys.of(owner).add(key, because())
        outcome = await storage.idempotency_records.of(owner).find(idempotency_key(), ApiKey, LONG_AGO)
        assert outcome is not None
        assert outcome.entity.digest == ""
        assert key.digest

    @every_kind
    async def test_an_outcome_stays_as_it_was_recorded(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        entity = case.make(owner)
        repository = case.repository(storage).of(owner)
        await repository.add(entity, because())
        await repository.change(
            entity.id, lambda stored: dataclasses.replace(stored, **case.changes[0], version=2), because()
        )
        await repository.remove(entity.id, because())
        outcome = await storage.idempotency_records.of(owner).find(idempotency_key(), type(entity), LONG_AGO)
        assert outcome is not None
        assert outcome.entity == bare(entity)

    @every_kind
    async def test_without_a_promise_nothing_is_recorded(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        entity = case.make(owner)
        await case.repository(storage).of(owner).add(entity, CONTEXT)
        assert await storage.idempotency_records.of(owner).find(idempotency_key(), type(entity), LONG_AGO) is None

    @every_kind
    async def test_a_promise_is_kept_once(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        first, second = case.make(owner), case.make(owner)
        repository = case.repository(storage).of(owner)
        await repository.add(first, because())
        for fingerprint in ("f", "g"):
            with pytest.raises(DuplicateRequest):
                await repository.add(second, because(idempotency_key(fingerprint=fingerprint)))
        assert await everything(repository) == [first]
        outcome = await storage.idempotency_records.of(owner).find(
            idempotency_key(fingerprint="g"), type(first), LONG_AGO
        )
        assert outcome is not None
        assert (outcome.fingerprint, outcome.entity) == ("f", bare(first))

    async def test_promises_differ_by_owner_operation_and_key(
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
        await storage.repository(Simulation).of(owner).add(first, because())
        for whose, other in others:
            assert await storage.idempotency_records.of(whose).find(other, Simulation, LONG_AGO) is None
            entity: Simulation = SimulationFactory.build(owner_id=whose)
            await storage.repository(Simulation).of(whose).add(entity, because(other))
            outcome = await storage.idempotency_records.of(whose).find(other, Simulation, LONG_AGO)
            assert outcome is not None
            assert outcome.entity == entity
        outcome = await storage.idempotency_records.of(owner).find(idempotency_key(), Simulation, LONG_AGO)
        assert outcome is not None
        assert outcome.entity == first

    async def test_an_outcome_is_found_until_it_is_too_old(self, storage: Storage, owner: OwnerId) -> None:
        simulation: Simulation = SimulationFactory.build(owner_id=owner)
        await storage.repository(Simulation).of(owner).add(simulation, because())
        idempotency_records = storage.idempotency_records.of(owner)
        assert await idempotency_records.find(idempotency_key(), Simulation, NOW) is not None
        assert await idempotency_records.find(idempotency_key(), Simulation, NOW + MICROSECOND) is None

    @every_kind
    async def test_an_outcome_that_is_too_old_is_replaced(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        repository = case.repository(storage).of(owner)
        first = case.make(owner)
        await repository.add(first, because())
        with pytest.raises(DuplicateRequest):
            await repository.add(case.make(owner, created_at=NOW + IDEMPOTENCY_TTL), because())
        later = case.make(owner, created_at=NOW + IDEMPOTENCY_TTL + MICROSECOND)
        await repository.add(later, because(idempotency_key(fingerprint="g")))
        outcome = await storage.idempotency_records.of(owner).find(idempotency_key(), type(first), LONG_AGO)
        assert outcome is not None
        assert (outcome.fingerprint, outcome.entity) == ("g", bare(later))
        assert await everything(repository) == [later, first]

    @every_kind
    async def test_what_cannot_be_added_leaves_no_outcome(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, case: Case
    ) -> None:
        repository = case.repository(storage).of(owner)
        taken = case.make(owner)
        await repository.add(taken, CONTEXT)
        with pytest.raises(Conflict):
            await repository.add(case.make(owner, id=taken.id), because())
        with pytest.raises(TenantMismatch):
            await repository.add(case.make(stranger), because())
        for whose in (owner, stranger):
            assert await storage.idempotency_records.of(whose).find(idempotency_key(), type(taken), LONG_AGO) is None
        await repository.add(case.make(owner), because())

    async def test_what_is_purged_is_forgotten_and_nothing_else(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId
    ) -> None:
        old = NOW.replace(year=1971)
        kept = {}
        for whose, key, at in ((owner, "a", old), (stranger, "b", old), (owner, "c", old + MICROSECOND)):
            kept[key] = SimulationFactory.build(owner_id=whose, created_at=at)
            await storage.repository(Simulation).of(whose).add(kept[key], because(idempotency_key(key=key)))
        assert await storage.idempotency_records.purge(old + MICROSECOND) >= 2
        assert await storage.idempotency_records.purge(old + MICROSECOND) == 0
        for whose, key, known in ((owner, "a", False), (stranger, "b", False), (owner, "c", True)):
            found = await storage.idempotency_records.of(whose).find(idempotency_key(key=key), Simulation, old)
            assert (found is not None) is known
            assert await storage.repository(Simulation).of(whose).get(kept[key].id) == kept[key]
        await storage.idempotency_records.purge(old + 2 * MICROSECOND)

    @every_kind
    async def test_of_many_with_one_promise_one_is_added(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        repository = case.repository(storage).of(owner)
        rivals = [case.make(owner) for _ in range(12)]
        adding = (repository.add(rival, because()) for rival in rivals)
        outcomes = await asyncio.gather(*adding, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes if outcome is not None] == [DuplicateRequest] * 11
        won = rivals[outcomes.index(None)]
        assert await everything(repository) == [won]
        outcome = await storage.idempotency_records.of(owner).find(idempotency_key(), type(won), LONG_AGO)
        assert outcome is not None
        assert outcome.entity == bare(won)


class OnceContract(OfOwners):
    """``IdempotentExecutor``, over the storage of a fixture ``storage``."""

    @staticmethod
    def once(storage: Storage, now: datetime = NOW) -> IdempotentExecutor:
        return IdempotentExecutor(idempotency_records=storage.idempotency_records, now=lambda: now)

    @staticmethod
    def making(
        storage: Storage, owner: OwnerId, context: WriteContext, made: list[Simulation] | None = None, **fields: Any
    ) -> Callable[[], Awaitable[Simulation]]:
        async def make() -> Simulation:
            simulation: Simulation = SimulationFactory.build(owner_id=owner, **fields)
            await storage.repository(Simulation).of(owner).add(simulation, context)
            if made is not None:
                made.append(simulation)
            return simulation

        return make

    async def test_without_a_promise_all_is_made(self, storage: Storage, owner: OwnerId) -> None:
        made: list[Simulation] = []
        for _ in range(2):
            make = self.making(storage, owner, CONTEXT, made)
            given = await self.once(storage).create_once(owner, CONTEXT, Simulation, make)
            assert given == (made[-1], False)
        assert len(made) == 2

    async def test_what_is_promised_is_made_once(self, storage: Storage, owner: OwnerId) -> None:
        made: list[Simulation] = []
        make = self.making(storage, owner, because(), made)
        first = await self.once(storage).create_once(owner, because(), Simulation, make)
        again = await self.once(storage).create_once(owner, because(), Simulation, make)
        assert (first, again) == ((made[0], False), (made[0], True))
        assert len(made) == 1

    async def test_another_body_is_a_conflict_and_makes_nothing(self, storage: Storage, owner: OwnerId) -> None:
        made: list[Simulation] = []
        await self.once(storage).create_once(owner, because(), Simulation, self.making(storage, owner, because(), made))
        other = because(idempotency_key(fingerprint="g"))
        with pytest.raises(Conflict) as refused:
            await self.once(storage).create_once(owner, other, Simulation, self.making(storage, owner, other, made))
        assert refused.value.code == "idempotency_key_reused"
        assert len(made) == 1

    async def test_a_refusal_is_not_remembered(self, storage: Storage, owner: OwnerId) -> None:
        async def refuse() -> Simulation:
            raise Conflict("no", "No.")

        with pytest.raises(Conflict):
            await self.once(storage).create_once(owner, because(), Simulation, refuse)
        given = await self.once(storage).create_once(
            owner, because(), Simulation, self.making(storage, owner, because())
        )
        assert given[1] is False

    async def test_it_is_remembered_for_a_day(self, storage: Storage, owner: OwnerId) -> None:
        first = await self.once(storage).create_once(
            owner, because(), Simulation, self.making(storage, owner, because())
        )
        almost, after = NOW + IDEMPOTENCY_TTL, NOW + IDEMPOTENCY_TTL + MICROSECOND
        make = self.making(storage, owner, because(), created_at=almost)
        assert await self.once(storage, almost).create_once(owner, because(), Simulation, make) == (first[0], True)
        make = self.making(storage, owner, because(), created_at=after)
        second = await self.once(storage, after).create_once(owner, because(), Simulation, make)
        assert second[1] is False
        assert second[0].id != first[0].id

    async def test_of_many_at_once_all_are_given_the_same(self, storage: Storage, owner: OwnerId) -> None:
        made: list[Simulation] = []
        context = because(idempotency_key(key=str(uuid7())))
        once = self.once(storage)
        makes = (
            once.create_once(owner, context, Simulation, self.making(storage, owner, context, made)) for _ in range(12)
        )
        given = await asyncio.gather(*makes)
        assert [simulation for simulation, _ in given] == made * 12
        assert sorted(again for _, again in given) == [False] + [True] * 11
