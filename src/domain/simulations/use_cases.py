"""All that can be done with simulations, a method each."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Unpack
from uuid import UUID

from domain.paging import Page, PageRequest
from domain.simulations.ports import SimulationRepository
from domain.simulations.simulation import Simulation, SimulationFields
from domain.tenancy import Cause, Guard, OwnerId, unguarded


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulations:
    """The use cases of one owner's simulations. A foreign or unknown id raises ``NotFound``."""

    repository: SimulationRepository
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]

    async def create(self, owner: OwnerId, cause: Cause, **fields: Unpack[SimulationFields]) -> Simulation:
        """Makes and stores a simulation. Raises ``Invalid``."""
        simulation = Simulation.create(id=self.new_id(), owner_id=owner, now=self.now(), **fields)
        await self.repository.of(owner).add(simulation, cause)
        return simulation

    async def get(self, owner: OwnerId, id: UUID) -> Simulation:
        return await self.repository.of(owner).get(id)

    async def list(self, owner: OwnerId, request: PageRequest) -> Page[Simulation]:
        return await self.repository.of(owner).page(request)

    async def update(
        self, owner: OwnerId, id: UUID, cause: Cause, guard: Guard = unguarded, **fields: Unpack[SimulationFields]
    ) -> Simulation:
        """Changes the fields given and no other. What is wrong in itself is ``Invalid`` before anything is loaded."""
        fields, now = Simulation.checked(fields), self.now()

        def updated(stored: Simulation) -> Simulation:
            guard(stored)
            return stored.update(now=now, **fields)

        return await self.repository.of(owner).change(id, updated, cause)

    async def delete(self, owner: OwnerId, id: UUID, cause: Cause, guard: Guard = unguarded) -> None:
        await self.repository.of(owner).remove(id, cause, guard)
