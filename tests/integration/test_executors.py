"""What every executor promises of its transactions, beneath the ports."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from django.db import DataError
from django.db.migrations.recorder import MigrationRecorder

from adapters.django_orm.storage import Storage
from domain.errors import Conflict, NotFound, Unavailable
from tests.contracts.cases import admitted
from tests.factories import CAUSE, KeyFactory, SimulationFactory
from tests.integration.conftest import MakeStorage, opened

if TYPE_CHECKING:
    from adapters.django_orm.statements import Work


class Interrupted(Exception):
    """Raised by a test in the middle of a transaction."""


async def test_a_transaction_that_raises_after_writing_leaves_nothing(storage: Storage) -> None:
    owner = await admitted(storage)
    simulation = SimulationFactory.build(owner_id=owner)
    table = storage.simulations

    def work() -> Work[None]:
        yield table.insert, table.values(simulation)
        raise Interrupted

    with pytest.raises(Interrupted):
        await storage.executor.transact(owner, work())
    with pytest.raises(NotFound):
        await table.of(owner).get(simulation.id)
    await table.of(owner).add(simulation, CAUSE)


async def test_all_steps_of_a_transaction_are_undone_when_one_conflicts(storage: Storage) -> None:
    owner = await admitted(storage)
    first, second = SimulationFactory.build_batch(2, owner_id=owner)
    table = storage.simulations
    await table.of(owner).add(first, CAUSE)

    def work() -> Work[None]:
        yield table.insert, table.values(second)
        yield table.insert, table.values(first)

    with pytest.raises(Conflict):
        await storage.executor.transact(owner, work())
    with pytest.raises(NotFound):
        await table.of(owner).get(second.id)


async def test_a_transaction_returns_what_its_work_returns(storage: Storage) -> None:
    owner = await admitted(storage)
    simulation = SimulationFactory.build(owner_id=owner)
    table = storage.simulations

    def work() -> Work[Any]:
        yield table.insert, table.values(simulation)
        rows = yield table.get, {"owner_id": owner, "id": simulation.id}
        return table.load(rows[0])

    assert await storage.executor.transact(owner, work()) == simulation


async def test_a_public_id_is_taken_once(storage: Storage) -> None:
    owner = await admitted(storage)
    key = KeyFactory.build(owner_id=owner)
    await storage.keys.of(owner).add(key, CAUSE)
    with pytest.raises(Conflict):
        await storage.keys.of(owner).add(KeyFactory.build(owner_id=owner, public_id=key.public_id), CAUSE)


async def test_a_number_that_no_column_holds_is_our_own_fault(storage: Storage) -> None:
    owner = await admitted(storage)
    with pytest.raises((OverflowError, DataError, asyncpg.DataError), match=r"out of|too large"):
        await storage.simulations.of(owner).add(SimulationFactory.build(owner_id=owner, version=2**63), CAUSE)


async def test_statements_run_side_by_side_without_mixing_their_rows(storage: Storage) -> None:
    owners = [await admitted(storage) for _ in range(3)]
    simulations = [SimulationFactory.build(owner_id=owners[number % 3]) for number in range(30)]
    await asyncio.gather(*(storage.simulations.of(each.owner_id).add(each, CAUSE) for each in simulations))
    read = await asyncio.gather(*(storage.simulations.of(each.owner_id).get(each.id) for each in simulations))
    assert read == simulations


async def test_a_migrated_database_is_ready(storage: Storage) -> None:
    await storage.check()


def test_a_database_that_lacks_a_migration_is_not_ready(lend: MakeStorage) -> None:
    MigrationRecorder.Migration.objects.filter(app="goatfish", name="0001_initial").delete()

    async def check() -> None:
        async with opened(lend()) as storage:
            with pytest.raises(Unavailable, match="1 migration"):
                await storage.check()

    asyncio.run(check())
