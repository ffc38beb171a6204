"""Paging through a list during concurrent writes: unchanged rows are neither skipped nor repeated.

``WALK_ROWS=10000 ./run test postgres -k test_walk`` uses a larger table.
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

ROWS = int(os.environ.get("WALK_ROWS", "700"))
PAGE = 7
WRITERS = 3


@dataclass
class Writers:
    """Concurrent writers. ``changeable``: ids that they may change or delete; ``changed``: those that they did."""

    repository: OwnedRepository[Simulation]
    owner: OwnerId
    changeable: list[UUID]
    random: random.Random
    changed: set[UUID] = field(default_factory=set)
    added: set[UUID] = field(default_factory=set)
    done: bool = False

    async def write(self) -> None:
        while not self.done:
            await self.random.choice([self.add, self.change, self.change, self.remove])()
            await asyncio.sleep(0.001)

    async def add(self) -> None:
        simulation = new_simulation(self.owner, self.random)
        self.added.add(simulation.id)
        await self.repository.add(simulation, CONTEXT)
        self.changeable.append(simulation.id)

    async def change(self) -> None:
        id = self.random.choice(self.changeable)
        self.changed.add(id)
        start, end = random_dates(self.random)
        name = str(self.random.random())
        with suppress(NotFound):
            await self.repository.change(
                id, lambda stored: update(stored, now=NOW, name=name, start_date=start, end_date=end), CONTEXT
            )

    async def remove(self) -> None:
        if len(self.changeable) > 1:
            id = self.changeable.pop(self.random.randrange(len(self.changeable)))
            self.changed.add(id)
            with suppress(NotFound):
                await self.repository.remove(id, CONTEXT)


def random_dates(random: random.Random) -> tuple[date, date]:
    start = date(2026, 1, 1) + timedelta(days=random.randrange(100))
    return start, start + timedelta(days=random.randrange(30))


def new_simulation(owner: OwnerId, random: random.Random) -> Simulation:
    """A simulation that ties with others in every sort."""
    start, end = random_dates(random)
    at = NOW + timedelta(seconds=random.randrange(300))
    name = f"{random.choice('aAÄäßﬃ🐐')} {random.randrange(60)}"
    return Simulation(
        id=uuid7(), owner_id=owner, name=name, start_date=start, end_date=end, created_at=at, updated_at=at
    )


@pytest.fixture
def committing(request: pytest.FixtureRequest) -> MakeStorage:
    """Storage as in production: threads on SQLite, the asyncpg pool on PostgreSQL."""
    make: MakeStorage = request.getfixturevalue({"sqlite": "on_threads", "postgresql": "on_pool"}[VENDOR or ""])
    return make


@every_sort
async def test_paging_during_writes_skips_and_repeats_no_unchanged_row(
    committing: MakeStorage, django_db_blocker: DjangoDbBlocker, sort: Sort
) -> None:
    chance = random.Random(f"{sort}")
    async with opened(committing()) as storage:
        owner = await admitted(storage)
        simulations = [new_simulation(owner, chance) for _ in range(ROWS)]
        with django_db_blocker.unblock():
            await asyncio.to_thread(_store, simulations)
        repository = storage.repository(Simulation).of(owner)
        concurrent = Writers(repository, owner, [each.id for each in simulations[::3]], chance)
        writers = [asyncio.create_task(concurrent.write()) for _ in range(WRITERS)]
        seen: list[Simulation] = []
        after: Position | None = None
        while True:
            page = await repository.page(PageRequest(limit=PAGE, sort=sort, after=after))
            seen += page.items
            if page.next is None:
                break
            after = page.next
        concurrent.done = True
        await asyncio.gather(*writers)
    assert concurrent.changed
    assert concurrent.added
    times = Counter(each.id for each in seen)
    unchanged = {each.id for each in simulations} - concurrent.changed
    assert {id: times[id] for id in unchanged if times[id] != 1} == {}
    assert {id for id, count in times.items() if count > 1} <= concurrent.changed
    assert set(times) <= unchanged | concurrent.changed | concurrent.added
    sort_keys = [(sort_value(each, sort.by), each.id) for each in seen]
    assert sort_keys == sorted(sort_keys, reverse=sort.descending)


def _store(simulations: list[Simulation]) -> None:
    try:
        for _ in bulk_insert.insert_entities(Simulation, simulations):
            pass
    finally:
        connections.close_all()
