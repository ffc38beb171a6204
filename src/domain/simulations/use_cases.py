"""All that can be done with simulations, a method each."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Unpack
from uuid import UUID

from domain.errors import NotFound
from domain.paging import Page, PageRequest
from domain.repository import OwnerId, Precondition, no_precondition
from domain.revisions import History, Revision, restoring
from domain.simulations.ports import SimulationRepository
from domain.simulations.simulation import Simulation, SimulationFields
from domain.write_context import WriteContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulations:
    """The use cases of one owner's simulations. A foreign or unknown id raises ``NotFound``."""

    repository: SimulationRepository
    history: History
    new_id: Callable[[], UUID]

    async def create(self, owner: OwnerId, context: WriteContext, **fields: Unpack[SimulationFields]) -> Simulation:
        """Makes and stores a simulation. Raises ``Invalid``."""
        simulation = Simulation.create(id=self.new_id(), owner_id=owner, now=context.at, **fields)
        await self.repository.of(owner).add(simulation, context)
        return simulation

    async def get(self, owner: OwnerId, id: UUID) -> Simulation:
        return await self.repository.of(owner).get(id)

    async def list(self, owner: OwnerId, request: PageRequest) -> Page[Simulation]:
        return await self.repository.of(owner).page(request)

    async def update(
        self,
        owner: OwnerId,
        id: UUID,
        context: WriteContext,
        precondition: Precondition = no_precondition,
        **fields: Unpack[SimulationFields],
    ) -> Simulation:
        """Changes the fields given and no other. What is wrong in itself is ``Invalid`` before anything is loaded."""
        fields = Simulation.validated(fields)

        def updated(stored: Simulation) -> Simulation:
            precondition(stored)
            return stored.update(now=context.at, **fields)

        return await self.repository.of(owner).change(id, updated, context)

    async def delete(
        self, owner: OwnerId, id: UUID, context: WriteContext, precondition: Precondition = no_precondition
    ) -> None:
        await self.repository.of(owner).remove(id, context, precondition)

    async def revisions(self, owner: OwnerId, id: UUID, request: PageRequest) -> Page[Revision[Simulation]]:
        """What has become of one simulation, deleted ones included, the latest first."""
        page = await self.history.of_entity(owner, Simulation, id, request)
        if not page.items and request.after is None:
            await self.get(owner, id)  # one whose revisions are forgotten has none
        return page

    async def restore(
        self,
        owner: OwnerId,
        id: UUID,
        context: WriteContext,
        precondition: Precondition = no_precondition,
        *,
        version: int,
    ) -> Simulation:
        """Brings back the state of an earlier version, as a new version, also of a simulation that is deleted.

        What could not be made today does not come back (``Unfit``). Raises ``Conflict`` where somebody else brings it
        back at the same time.
        """
        wanted = await self._state(owner, id, version)

        def restored(stored: Simulation) -> Simulation:
            precondition(stored)
            with restoring(version):
                return stored.update(now=context.at, **wanted.restorable())

        repository = self.repository.of(owner)
        try:
            return await repository.change(id, restored, context)
        except NotFound:
            precondition(None)
            last = await self.history.latest(owner, Simulation, id)
            with restoring(version):
                made = Simulation.create(id=id, owner_id=owner, now=wanted.created_at, **wanted.restorable())
            changed = max(context.at, last.created_at, made.created_at)
            again = replace(made, version=last.version + 1, updated_at=changed)
            await repository.add(again, context)
            return again

    async def _state(self, owner: OwnerId, id: UUID, version: int) -> Simulation:
        try:
            return await self.history.version(owner, Simulation, id, version)
        except NotFound:
            if not (await self.history.of_entity(owner, Simulation, id, PageRequest(limit=1))).items:
                await self.get(owner, id)
            raise
