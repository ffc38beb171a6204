"""Simulations, parents and runs that many clients make, delete and restore at once, and batches that collide."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from adapters.django_orm.storage import Storage
from domain.errors import Conflict, DomainError
from domain.history import History
from domain.paging import PageRequest, Position
from domain.repository import OwnerId
from domain.runs.run import Run
from domain.runs.status import RunStatus
from domain.simulations.simulation import Simulation
from tests.contracts.cases import admitted, everything
from tests.contracts.specimens import use_cases
from tests.factories import CONTEXT, SimulationFactory
from tests.integration.conftest import COMMITTING, VENDOR, MakeStorage, opened
from tests.restartable import PATIENCE

if TYPE_CHECKING:
    from domain.repository import Owned

SIZE, CLIENTS = 10, 9
"""As many clients, and one that follows, as one owner's share of so many connections and as may always wait for one."""
OPERATIONS = 600 if VENDOR == "postgresql" else 120
RECENT = 8
"""The clients choose among the latest objects, so that they meet."""


@pytest.fixture
def committing(request: pytest.FixtureRequest) -> MakeStorage:
    make: MakeStorage = request.getfixturevalue(COMMITTING)
    return make


@pytest.fixture
async def storage(committing: MakeStorage) -> AsyncIterator[Storage]:
    async with opened(committing(size=SIZE, acquire_timeout=PATIENCE, statement_timeout=PATIENCE)) as storage:
        yield storage


class Clients:
    """Clients of one owner."""

    def __init__(self, storage: Storage, owner: OwnerId) -> None:
        self.owner, self._chance = owner, random.Random(12)
        self._simulations, self._runs = use_cases(storage, Simulation), use_cases(storage, Run)
        self._made: dict[str, list[UUID]] = {Simulation.KIND: [], Run.KIND: []}
        self.done, self.refused = Counter[str](), Counter[str]()

    def _recent_id(self, entity: type[Owned]) -> UUID:
        made = self._made[entity.KIND][-RECENT:]
        return self._chance.choice(made) if made else UUID(int=0)

    async def make_simulation(self) -> None:
        one = SimulationFactory.build()
        values: dict[str, Any] = {"name": one.name, "start_date": one.start_date, "end_date": one.end_date}
        made = await self._simulations.create(self.owner, CONTEXT, **values)
        self._made[Simulation.KIND].append(made.id)

    async def make_run(self) -> None:
        await self._make_run(None)

    async def make_child(self) -> None:
        await self._make_run(self._recent_id(Run))

    async def _make_run(self, parent: UUID | None) -> None:
        simulation = self._recent_id(Simulation)
        made = await self._runs.create(self.owner, CONTEXT, simulation_id=simulation, parent_id=parent)
        self._made[Run.KIND].append(made.id)

    async def move_run(self) -> None:
        await self._runs.update(self.owner, self._recent_id(Run), CONTEXT, simulation_id=self._recent_id(Simulation))

    async def start_run(self) -> None:
        await self._runs.update(self.owner, self._recent_id(Run), CONTEXT, status=RunStatus.RUNNING)

    async def delete_simulation(self) -> None:
        await self._simulations.delete(self.owner, self._recent_id(Simulation), CONTEXT)

    async def delete_run(self) -> None:
        await self._runs.delete(self.owner, self._recent_id(Run), CONTEXT)

    async def restore_simulation(self) -> None:
        await self._simulations.restore(self.owner, self._recent_id(Simulation), CONTEXT, version=1)

    async def restore_run(self) -> None:
        await self._runs.restore(self.owner, self._recent_id(Run), CONTEXT, version=1)

    WORK: tuple[Callable[[Clients], Awaitable[None]], ...] = (
        *(make_simulation, make_run, make_child, move_run, start_run),
        *(delete_simulation, delete_run, restore_simulation, restore_run),
    )

    CONFLICTS = frozenset({"simulation_has_runs", "run_has_children", "validation_failed"})

    @property
    def has_seen_everything(self) -> bool:
        """Whether each operation has succeeded, and each of the conflicts has refused one."""
        return len(self.done) == len(self.WORK) and self.refused.keys() >= self.CONFLICTS

    async def work_until(self, ends: float) -> None:
        """One client, until all of them have done or been refused enough."""
        now = asyncio.get_running_loop().time
        while (self.done.total() < OPERATIONS or not self.has_seen_everything) and now() < ends:
            one = self._chance.choice(self.WORK)
            try:
                await one(self)
                self.done[one.__name__] += 1
            except DomainError as error:
                self.refused[error.code] += 1


class Follower:
    """Keeps what the feed of changes says, and nothing else."""

    def __init__(self, storage: Storage, owner: OwnerId) -> None:
        self._history, self._owner = History(revisions=storage.revisions), owner
        self._after: Position | None = None
        self.held: dict[str, dict[UUID, Any]] = {Simulation.KIND: {}, Run.KIND: {}}

    async def catch_up(self) -> None:
        """Reads the changes since the last time."""
        while True:
            request = PageRequest(limit=100, after=self._after)
            items = (await self._history.changes(self._owner, request)).items
            for change in items:
                if self._after is not None:
                    assert change.number == int(str(self._after.value)) + 1, "a change was missed"
                self._after = Position(change.number, change.id)
                if change.kind in self.held:
                    self._apply(change.kind, change.entity_id, change.before, change.after)
            if not items:
                return

    def _apply(self, kind: str, id: UUID, before: Any, after: Any) -> None:
        assert self.held[kind].get(id) == before, "a change does not follow the one before"
        if after is None:
            del self.held[kind][id]
        else:
            self.held[kind][id] = after

    async def follow(self) -> None:
        """Reads until it is cancelled."""
        while True:
            await self.catch_up()
            await asyncio.sleep(0.05)


async def test_no_run_is_without_its_simulation_or_parent_and_the_feed_holds_the_tables(storage: Storage) -> None:
    owner = await admitted(storage)
    clients, follower = Clients(storage, owner), Follower(storage, owner)
    following = asyncio.create_task(follower.follow())
    ends = asyncio.get_running_loop().time() + PATIENCE
    outcomes = await asyncio.gather(*(clients.work_until(ends) for _ in range(CLIENTS)), return_exceptions=True)
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following
    assert [each for each in outcomes if each is not None] == []
    assert clients.has_seen_everything, (clients.done, clients.refused)
    tables = {
        entity.KIND: {one.id: one for one in await everything(storage.repository(entity).of(owner))}
        for entity in (Simulation, Run)
    }
    for run in tables[Run.KIND].values():
        assert run.simulation_id in tables[Simulation.KIND]
        assert run.parent_id is None or run.parent_id in tables[Run.KIND]
    # Read up from where it was: one that read everything anew could not tell what it had missed.
    await follower.catch_up()
    assert follower.held == tables


ROUNDS, BATCHES, RUNS = 3, 4, 1000


async def test_batches_whose_external_ids_cross_wait_for_each_other(storage: Storage) -> None:
    """Written in the order in which they are sent, each may have what the other waits for: a deadlock."""
    owner = await admitted(storage)
    simulation = SimulationFactory.build(owner_id=owner)
    await storage.repository(Simulation).of(owner).add(simulation, CONTEXT)
    runs = use_cases(storage, Run)
    answers: list[Run] = []
    for number in range(ROUNDS):
        names = [f"job {number}.{place}" for place in range(RUNS)]
        sent = [names[:: (-1) ** place] for place in range(BATCHES)]
        items = [[{"simulation_id": simulation.id, "external_id": name} for name in each] for each in sent]
        outcomes = await asyncio.gather(
            *(runs.create_many(owner, CONTEXT, each) for each in items), return_exceptions=True
        )
        made = [place for place, each in enumerate(outcomes) if isinstance(each, list)]
        refused = [each.code for each in outcomes if isinstance(each, Conflict)]
        assert (len(made), refused) == (1, ["external_id_taken"] * (BATCHES - 1)), outcomes
        (answer,) = (each for each in outcomes if isinstance(each, list))
        assert [each.external_id for each in answer] == sent[made[0]]
        answers += answer
    # The revisions too are in the order in which the items were sent.
    changes = (await History(revisions=storage.revisions).changes(owner, PageRequest(limit=100))).items
    followed = [change.after for change in changes if change.kind == Run.KIND]
    assert followed == answers[: len(followed)]
