"""Three owners do what comes to mind, and the repository never answers otherwise than a plain dictionary would."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule, run_state_machine_as_test

from domain.entity import update
from domain.errors import Conflict, NotFound, TenantMismatch
from domain.simulations.simulation import Simulation
from tests.contracts.cases import admitted, walk
from tests.factories import CONTEXT, NOW, SimulationFactory

if TYPE_CHECKING:
    from app.container import Storage
    from domain.repository import OwnedRepository, OwnerId

T = TypeVar("T")

OWNERS = st.integers(0, 2)
NAMES = st.sampled_from(["", "a", "Æ", "🐐", "%"])


def check(make_storage: Callable[[], Storage], *, examples: int, steps: int) -> None:
    """Runs the machine over storage that is made, opened and closed for each example."""

    class Machine(ThreeOwners):
        def make_storage(self) -> Storage:
            return make_storage()

    run_state_machine_as_test(Machine, settings=settings(max_examples=examples, stateful_step_count=steps))


class ThreeOwners(RuleBasedStateMachine):
    """The model is a dictionary of simulations by owner and id; whatever an owner may not see counts as missing."""

    ids: Bundle[UUID] = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[tuple[OwnerId, UUID], Simulation] = {}
        self.loop = asyncio.Runner()
        self.storage = self.make_storage()
        self.do(self.storage.open())
        self.owners = [self.do(admitted(self.storage)) for _ in range(3)]

    def make_storage(self) -> Storage:
        raise NotImplementedError

    def do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(coroutine)

    def of(self, owner: OwnerId) -> OwnedRepository[Simulation]:
        return self.storage.repository(Simulation).of(owner)

    def expected(self, owner: OwnerId, id: UUID) -> Simulation | None:
        return self.model.get((owner, id))

    @rule(target=ids, index=OWNERS, seconds=st.integers(0, 2), name=NAMES)
    def add(self, index: int, seconds: int, name: str) -> UUID:
        owner = self.owners[index]
        created_at = NOW + timedelta(seconds=seconds)
        simulation: Simulation = SimulationFactory.build(id=uuid4(), owner_id=owner, name=name, created_at=created_at)
        self.do(self.of(owner).add(simulation, CONTEXT))
        self.model[owner, simulation.id] = simulation
        return simulation.id

    @rule(id=ids, index=OWNERS)
    def add_with_an_id_once_used(self, id: UUID, index: int) -> None:
        owner = self.owners[index]
        simulation = SimulationFactory.build(id=id, owner_id=owner)
        if (owner, id) in self.model:
            with pytest.raises(Conflict):
                self.do(self.of(owner).add(simulation, CONTEXT))
        else:
            self.do(self.of(owner).add(simulation, CONTEXT))
            self.model[owner, id] = simulation

    @rule(index=OWNERS, other=st.integers(1, 2))
    def add_for_another(self, index: int, other: int) -> None:
        simulation = SimulationFactory.build(owner_id=self.owners[(index + other) % 3])
        with pytest.raises(TenantMismatch):
            self.do(self.of(self.owners[index]).add(simulation, CONTEXT))

    @rule(id=ids, index=OWNERS)
    def get(self, id: UUID, index: int) -> None:
        owner = self.owners[index]
        expected = self.expected(owner, id)
        if expected is None:
            with pytest.raises(NotFound):
                self.do(self.of(owner).get(id))
        else:
            assert self.do(self.of(owner).get(id)) == expected

    @rule(id=ids, index=OWNERS, name=NAMES)
    def change(self, id: UUID, index: int, name: str) -> None:
        owner = self.owners[index]
        expected = self.expected(owner, id)

        def rename(stored: Simulation) -> Simulation:
            return update(stored, now=NOW, name=f"{name}.")

        if expected is None:
            with pytest.raises(NotFound):
                self.do(self.of(owner).change(id, rename, CONTEXT))
        else:
            self.model[owner, id] = rename(expected)
            assert self.do(self.of(owner).change(id, rename, CONTEXT)) == self.model[owner, id]

    @rule(id=ids, index=OWNERS, other=st.integers(1, 2))
    def change_into_another_owners(self, id: UUID, index: int, other: int) -> None:
        owner, thief = self.owners[index], self.owners[(index + other) % 3]

        def give_away(stored: Simulation) -> Simulation:
            return dataclasses.replace(stored, owner_id=thief, version=stored.version + 1)

        with pytest.raises(NotFound if self.expected(owner, id) is None else TenantMismatch):
            self.do(self.of(owner).change(id, give_away, CONTEXT))

    @rule(id=ids, index=OWNERS)
    def remove(self, id: UUID, index: int) -> None:
        owner = self.owners[index]
        if self.expected(owner, id) is None:
            with pytest.raises(NotFound):
                self.do(self.of(owner).remove(id, CONTEXT))
        else:
            self.do(self.of(owner).remove(id, CONTEXT))
            del self.model[owner, id]

    @rule(index=OWNERS, limit=st.integers(1, 4))
    def walk(self, index: int, limit: int) -> None:
        owner = self.owners[index]
        mine = [simulation for simulation in self.model.values() if simulation.owner_id == owner]
        mine.sort(key=lambda simulation: (simulation.created_at, simulation.id), reverse=True)
        assert self.do(walk(self.of(owner), limit)) == mine

    def teardown(self) -> None:
        try:
            for index in range(3):
                self.walk(index, 100)
        finally:
            self.do(self.storage.close())
            self.loop.close()
