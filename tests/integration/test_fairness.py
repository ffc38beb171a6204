"""Fairness: one owner's slow requests do not delay other owners, the readiness probe or key lookups."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
import pytest

from adapters.django_orm.sql.statement import RlsContext, Statement
from domain.entity import update
from domain.errors import PoolTimeout, Unavailable
from domain.paging import PageRequest
from domain.simulations.simulation import Simulation
from tests.contracts.cases import admitted
from tests.factories import CONTEXT, NOW, SimulationFactory
from tests.integration.conftest import COMMITTING, VENDOR, MakeStorage, opened
from tests.integration.waiting import until_available
from tests.restartable import PATIENCE

if TYPE_CHECKING:
    from adapters.django_orm.storage import Storage
    from domain.repository import OwnerId

SLOW_SQL: str = {
    "postgresql": f"SELECT pg_sleep({2 * PATIENCE})",
    "sqlite": "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT count(*) FROM n",
}[VENDOR or ""]
SLOW = Statement(SLOW_SQL, (), (None,), rls=RlsContext.OWNER)
PATIENT = {"acquire_timeout": 2 * PATIENCE, "statement_timeout": 2 * PATIENCE}
"""What waits for slow statements waits for longer than a test."""


@pytest.fixture
def make(request: pytest.FixtureRequest) -> MakeStorage:
    storage: MakeStorage = request.getfixturevalue(COMMITTING)
    return storage


async def stored_simulation(storage: Storage) -> Simulation:
    """A stored simulation of a new owner."""
    simulation = SimulationFactory.build(owner_id=await admitted(storage))
    await storage.repository(Simulation).of(simulation.owner_id).add(simulation, CONTEXT)
    return simulation


@asynccontextmanager
async def running(tasks: Sequence[asyncio.Task[object]]) -> AsyncIterator[None]:
    """Keeps these tasks running inside the block; fails if one of them ends before it."""
    await asyncio.sleep(0.2)
    try:
        yield
        assert not any(task.done() for task in tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def expect_answers(storage: Storage, other: Simulation) -> None:
    """The probe, a key lookup and another owner's read and write are answered, concurrently, three times in a row."""
    simulations = storage.repository(Simulation).of(other.owner_id)
    for _ in range(3):
        await answered(
            storage.check(),
            storage.owners.holder("nobody"),
            simulations.get(other.id),
            simulations.add(SimulationFactory.build(owner_id=other.owner_id), CONTEXT),
        )


async def answered(*awaited: Awaitable[object]) -> None:
    """Awaits these concurrently; slow statements take longer than the patience."""
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*awaited)


def slow_tasks(storage: Storage, owner: OwnerId, times: int = 20) -> list[asyncio.Task[object]]:
    return [asyncio.create_task(storage.executor.fetch(str(owner), SLOW, {})) for _ in range(times)]


@pytest.mark.parametrize("size", [3, 10])
async def test_slow_statements_of_one_owner_do_not_delay_others(make: MakeStorage, size: int) -> None:
    async with opened(make(size=size, **PATIENT)) as storage:
        other, busy_owner = await stored_simulation(storage), await admitted(storage)
        async with running(slow_tasks(storage, busy_owner)):
            await expect_answers(storage, other)


async def test_the_probe_and_key_lookups_are_served_while_all_owners_are_stuck(make: MakeStorage) -> None:
    async with opened(make(size=5, **PATIENT)) as storage:
        owners = [await admitted(storage) for _ in range(5)]
        async with running([task for owner in owners for task in slow_tasks(storage, owner, 3)]):
            for _ in range(3):
                await answered(storage.check(), *(storage.owners.holder("nobody") for _ in range(5)))


async def test_a_cancelled_statement_releases_its_connection(make: MakeStorage) -> None:
    async with opened(make(size=1, **PATIENT)) as storage:
        other, busy_owner = await stored_simulation(storage), await admitted(storage)
        async with running(slow_tasks(storage, busy_owner)):
            pass
        await expect_answers(storage, other)


async def test_a_statement_beyond_its_timeout_is_cancelled(make: MakeStorage) -> None:
    async with opened(make(size=1, statement_timeout=0.3)) as storage:
        for _ in range(2):
            with pytest.raises(Unavailable):
                await storage.executor.fetch("owner", SLOW, {})
        await until_available(storage.check)


async def test_waiting_for_a_connection_times_out_as_unavailable(make: MakeStorage) -> None:
    async with opened(make(size=3, acquire_timeout=0.3)) as storage:
        owner = await admitted(storage)
        async with running(slow_tasks(storage, owner, 1)):
            page = asyncio.create_task(storage.repository(Simulation).of(owner).page(PageRequest()))
            await asyncio.sleep(0)
            pool = next(iter(storage.pools.values()))
            assert (pool.size, pool.in_use, pool.waiting) == (3, 1, 1)
            with pytest.raises(PoolTimeout):
                await page
            assert pool.waiting == 0


@pytest.mark.parametrize("size", [1, 4] if VENDOR == "sqlite" else [1])  # SQLite has one writer whatever the size
async def test_writes_of_owners_alternate(make: MakeStorage, size: int) -> None:
    async with opened(make(size=size)) as storage:
        one, other = await stored_simulation(storage), await stored_simulation(storage)
        done: list[OwnerId] = []

        async def write(owner: OwnerId) -> None:
            await storage.repository(Simulation).of(owner).add(SimulationFactory.build(owner_id=owner), CONTEXT)
            done.append(owner)

        owners = [one.owner_id] * 50 + [other.owner_id]
        await asyncio.gather(*map(write, owners))
        assert done.index(other.owner_id) <= 4


if VENDOR == "postgresql":

    async def test_writers_of_a_locked_row_do_not_delay_others(make: MakeStorage, operator_url: str) -> None:
        async with opened(make(size=10, **PATIENT)) as storage:
            other, locked = await stored_simulation(storage), await stored_simulation(storage)
            operator = await asyncpg.connect(operator_url)
            try:
                await operator.execute("BEGIN")
                await operator.execute("SELECT FROM simulation WHERE id = $1 FOR UPDATE", locked.id)
                async with running([asyncio.create_task(_renamed(storage, locked, str(n))) for n in range(20)]):
                    await expect_answers(storage, other)
            finally:
                await operator.close()
            await _renamed(storage, locked, "afterwards")

    async def _renamed(storage: Storage, simulation: Simulation, name: str) -> object:
        simulations = storage.repository(Simulation).of(simulation.owner_id)
        return await simulations.change(simulation.id, lambda stored: update(stored, now=NOW, name=name), CONTEXT)
