"""What one owner asks for holds up nobody else: neither other owners, nor the probe, nor the lookup of keys."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
import pytest

from adapters.django_orm.sql.compiler import RlsContext, Statement
from domain.entity import update
from domain.errors import Unavailable
from domain.paging import PageRequest
from domain.simulations.simulation import Simulation
from tests.contracts.cases import admitted
from tests.factories import CONTEXT, NOW, SimulationFactory
from tests.integration.conftest import COMMITTING, VENDOR, MakeStorage, opened

if TYPE_CHECKING:
    from adapters.django_orm.storage import Storage
    from domain.repository import OwnerId

ENDLESS: str = {
    "postgresql": "SELECT pg_sleep(60)",
    "sqlite": "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT count(*) FROM n",
}[VENDOR or ""]
STUCK = Statement(ENDLESS, (), (None,), rls=RlsContext.OWNER)
SOON = 4.0
"""Seconds within which everybody else is answered; whoever waits for a place in vain does so for five."""


@pytest.fixture
def make(request: pytest.FixtureRequest) -> MakeStorage:
    storage: MakeStorage = request.getfixturevalue(COMMITTING)
    return storage


async def kept(storage: Storage) -> Simulation:
    """A simulation of an owner of its own."""
    simulation = SimulationFactory.build(owner_id=await admitted(storage))
    await storage.repository(Simulation).of(simulation.owner_id).add(simulation, CONTEXT)
    return simulation


@asynccontextmanager
async def crowded(tasks: Sequence[asyncio.Task[object]]) -> AsyncIterator[None]:
    """Meanwhile these are under way; none of them is done before."""
    await asyncio.sleep(0.2)
    try:
        yield
        assert not any(task.done() for task in tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def seconds_to_answer(storage: Storage, other: Simulation) -> float:
    """How long the probe, a lookup of a key and another owner's read and write take at once, three times over."""
    simulations = storage.repository(Simulation).of(other.owner_id)
    return sum(
        [
            await seconds_of(
                storage.check(),
                storage.owners.holder("nobody"),
                simulations.get(other.id),
                simulations.add(SimulationFactory.build(owner_id=other.owner_id), CONTEXT),
            )
            for _ in range(3)
        ]
    )


async def seconds_of(*awaited: Awaitable[object]) -> float:
    """How long these take that are under way at once."""
    began = time.monotonic()
    await asyncio.gather(*awaited)
    return time.monotonic() - began


def stuck(storage: Storage, owner: OwnerId, times: int = 20) -> list[asyncio.Task[object]]:
    return [asyncio.create_task(storage.executor.fetch(str(owner), STUCK, {})) for _ in range(times)]


@pytest.mark.parametrize("size", [3, 10])
async def test_what_one_owner_waits_for_holds_up_nobody_else(make: MakeStorage, size: int) -> None:
    async with opened(make(size=size)) as storage:
        other, crowd = await kept(storage), await admitted(storage)
        async with crowded(stuck(storage, crowd)):
            assert await seconds_to_answer(storage, other) < SOON


async def test_the_probe_and_keys_are_served_while_all_owners_are_stuck(make: MakeStorage) -> None:
    async with opened(make(size=5)) as storage:
        owners = [await admitted(storage) for _ in range(5)]
        async with crowded([task for owner in owners for task in stuck(storage, owner, 3)]):
            seconds = 0.0
            for _ in range(3):
                seconds += await seconds_of(storage.check(), *(storage.owners.holder("nobody") for _ in range(5)))
            assert seconds < SOON


async def test_what_nobody_waits_for_any_more_is_ended_and_its_place_free(make: MakeStorage) -> None:
    async with opened(make(size=1)) as storage:
        other, crowd = await kept(storage), await admitted(storage)
        async with crowded(stuck(storage, crowd)):
            pass
        assert await seconds_to_answer(storage, other) < SOON


async def test_a_statement_that_takes_too_long_is_ended(make: MakeStorage) -> None:
    async with opened(make(size=1, statement_timeout=0.3)) as storage:
        for _ in range(2):
            with pytest.raises(Unavailable):
                await storage.executor.fetch("owner", STUCK, {})
        await storage.check()


async def test_who_waits_for_a_place_in_vain_is_unavailable(make: MakeStorage) -> None:
    async with opened(make(size=3, acquire_timeout=0.3)) as storage:
        owner = await admitted(storage)
        async with crowded(stuck(storage, owner, 1)):
            with pytest.raises(Unavailable):
                await storage.repository(Simulation).of(owner).page(PageRequest())


@pytest.mark.parametrize("size", [1, 4] if VENDOR == "sqlite" else [1])  # there, writes have one place of any
async def test_writes_take_turns_by_owner(make: MakeStorage, size: int) -> None:
    async with opened(make(size=size)) as storage:
        one, other = await kept(storage), await kept(storage)
        done: list[OwnerId] = []

        async def write(owner: OwnerId) -> None:
            await storage.repository(Simulation).of(owner).add(SimulationFactory.build(owner_id=owner), CONTEXT)
            done.append(owner)

        owners = [one.owner_id] * 50 + [other.owner_id]
        await asyncio.gather(*map(write, owners))
        assert done.index(other.owner_id) <= 4


if VENDOR == "postgresql":

    async def test_writers_on_a_locked_row_hold_up_nobody_else(make: MakeStorage, operator_url: str) -> None:
        async with opened(make(size=10)) as storage:
            other, locked = await kept(storage), await kept(storage)
            operator = await asyncpg.connect(operator_url)
            try:
                await operator.execute("BEGIN")
                await operator.execute("SELECT FROM simulation WHERE id = $1 FOR UPDATE", locked.id)
                async with crowded([asyncio.create_task(_renamed(storage, locked, str(n))) for n in range(20)]):
                    assert await seconds_to_answer(storage, other) < SOON
            finally:
                await operator.close()
            await _renamed(storage, locked, "afterwards")

    async def _renamed(storage: Storage, simulation: Simulation, name: str) -> object:
        simulations = storage.repository(Simulation).of(simulation.owner_id)
        return await simulations.change(simulation.id, lambda stored: update(stored, now=NOW, name=name), CONTEXT)
