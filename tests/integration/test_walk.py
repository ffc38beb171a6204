"""A walk while others add, rename, move and delete: nothing that stayed in its place is missed or comes twice.

``WALK_ROWS=10000 ./run test postgres -k test_walk`` walks over more than the suite does.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from django.db import connections
from uuid_utils.compat import uuid7

from adapters.django_orm.tenant_data import bulk_insert
from domain.entity import sort_value, update
from domain.errors import NotFound
from domain.paging import PageRequest, Position, Sort
from domain.repository import OwnedRepository, OwnerId
from domain.simulations.simulation import Simulation
from tests.contracts.cases import admitted
from tests.contracts.owned_simulations import every_sort
from tests.factories import CONTEXT, NOW
from tests.integration.conftest import VENDOR, MakeStorage, opened

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker

ROWS = int(os.environ.get("WALK_ROWS", "1500"))
PAGE = 7
WRITERS = 3


@dataclass
class Others:
    """Those who write meanwhile. ``restless`` may be changed or deleted; ``moved`` is what was."""

    repository: OwnedRepository[Simulation]
    owner: OwnerId
    restless: list[UUID]
    random: random.Random
    moved: set[UUID] = field(default_factory=set)
    added: set[UUID] = field(default_factory=set)
    done: bool = False

    async def write(self) -> None:
        while not self.done:
            await self.random.choice([self.add, self.change, self.change, self.remove])()
            await asyncio.sleep(0.001)

    async def add(self) -> None:
        simulation = made(self.owner, self.random)
        self.added.add(simulation.id)
        await self.repository.add(simulation, CONTEXT)
        self.restless.append(simulation.id)

    async def change(self) -> None:
        id = self.random.choice(self.restless)
        self.moved.add(id)
        start, end = days(self.random)
        name = str(self.random.random())
        with suppress(NotFound):
            await self.repository.change(
                id, lambda stored: update(stored, now=NOW, name=name, start_date=start, end_date=end), CONTEXT
            )

    async def remove(self) -> None:
        if len(self.restless) > 1:
            id = self.restless.pop(self.random.randrange(len(self.restless)))
            self.moved.add(id)
            with suppress(NotFound):
                await self.repository.remove(id, CONTEXT)


def days(random: random.Random) -> tuple[date, date]:
    start = date(2026, 1, 1) + timedelta(days=random.randrange(100))
    return start, start + timedelta(days=random.randrange(30))


def made(owner: OwnerId, random: random.Random) -> Simulation:
    """A simulation that shares its place in every order with some others."""
    start, end = days(random)
    at = NOW + timedelta(seconds=random.randrange(300))
    name = f"{random.choice('aAÄäßﬃ🐐')} {random.randrange(60)}"
    return Simulation(
        id=uuid7(), owner_id=owner, name=name, start_date=start, end_date=end, created_at=at, updated_at=at
    )


@pytest.fixture
def committing(request: pytest.FixtureRequest) -> MakeStorage:
    """Storage as it is in service: several threads on SQLite, the native pool on PostgreSQL."""
    make: MakeStorage = request.getfixturevalue({"sqlite": "on_threads", "postgresql": "on_pool"}[VENDOR or ""])
    return make


@every_sort
async def test_a_walk_among_writers_misses_and_repeats_nothing_that_stayed(
    committing: MakeStorage, django_db_blocker: DjangoDbBlocker, sort: Sort
) -> None:
    chance = random.Random(f"{sort}")
    async with opened(committing()) as storage:
        owner = await admitted(storage)
        simulations = [made(owner, chance) for _ in range(ROWS)]
        with django_db_blocker.unblock():
            await asyncio.to_thread(_store, simulations)
        repository = storage.repository(Simulation).of(owner)
        others = Others(repository, owner, [each.id for each in simulations[::3]], chance)
        writers = [asyncio.create_task(others.write()) for _ in range(WRITERS)]
        seen: list[Simulation] = []
        after: Position | None = None
        while True:
            page = await repository.page(PageRequest(limit=PAGE, sort=sort, after=after))
            seen += page.items
            if page.next is None:
                break
            after = page.next
        others.done = True
        await asyncio.gather(*writers)
    assert others.moved
    assert others.added
    times = Counter(each.id for each in seen)
    stayed = {each.id for each in simulations} - others.moved
    assert {id: times[id] for id in stayed if times[id] != 1} == {}
    assert {id for id, count in times.items() if count > 1} <= others.moved
    assert set(times) <= stayed | others.moved | others.added
    places = [(sort_value(each, sort.by), each.id) for each in seen]
    assert places == sorted(places, reverse=sort.descending)


def _store(simulations: list[Simulation]) -> None:
    try:
        for _ in bulk_insert.insert_entities(Simulation, simulations):
            pass
    finally:
        connections.close_all()
