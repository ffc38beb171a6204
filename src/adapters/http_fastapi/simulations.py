"""Simulations over HTTP: their schemas and routes."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Security
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from adapters.http_fastapi.caller import Door, cause
from adapters.http_fastapi.cursors import Cursor, Cursors
from adapters.http_fastapi.lists import ListQuery, list_answer
from adapters.http_fastapi.openapi import refusals
from adapters.http_fastapi.operation import Operation
from adapters.http_fastapi.problems import register_not_found
from adapters.http_fastapi.schemas import Day, Moment, PageShown, Sent, SentChanges, Shown, created, shown, some_of
from domain.access.key import Scope
from domain.access.use_cases import Caller
from domain.paging import PageRequest
from domain.simulations.simulation import Simulation
from domain.simulations.use_cases import Simulations
from domain.tenancy import Cause

register_not_found(Simulation.KIND)


class SimulationSent(Sent):
    """A whole simulation, as its client writes it."""

    name: Annotated[str, Field(min_length=1, description="trimmed; no control characters", examples=["Wing flutter"])]
    start_date: Annotated[Day, Field(description="first day", examples=["2026-01-05"])]
    end_date: Annotated[Day, Field(description="last day, not before the first", examples=["2026-02-01"])]


@some_of(SimulationSent)
class SimulationChanges(SentChanges):
    """Some members of a simulation."""


class SimulationShown(Shown):
    """A simulation."""

    id: UUID
    name: str = Field(max_length=Simulation.NAME_MAX)
    start_date: Day
    end_date: Day
    created_at: Moment
    updated_at: Moment


def simulation_routes(simulations: Simulations, door: Door, cursors: Cursors) -> APIRouter:
    """The routes of simulations, on these use cases."""
    routes = APIRouter(prefix="/api/v1/simulations", tags=["simulations"], route_class=Operation)
    reads: Any = Security(door, scopes=[Scope.SIMULATIONS_READ])
    writes: Any = Security(door, scopes=[Scope.SIMULATIONS_WRITE])
    because: Any = Depends(cause)
    place: Any = Depends(cursors.sent)
    queried: Any = Query()
    show = SimulationShown.of

    @routes.get("", response_model=PageShown[SimulationShown], responses=refusals(400, 401, 403, 422))
    async def list_simulations(
        request: Request, caller: Caller = reads, cursor: Cursor | None = place, query: ListQuery = queried
    ) -> Response:
        """One page of the owner's simulations, newest first."""
        owner = caller.owner.id
        after = cursors.position(cursor, owner, "simulations")
        page = await simulations.list(owner, PageRequest(limit=query.limit, after=after))
        return list_answer(request, page, show, cursors.seal(page.next, owner, "simulations"))

    @routes.post("", status_code=201, response_model=SimulationShown, responses=refusals(400, 401, 403, 413, 415, 422))
    async def create_simulation(
        request: Request, body: SimulationSent, caller: Caller = writes, cause: Cause = because
    ) -> Response:
        """Makes a simulation."""
        simulation = await simulations.create(caller.owner.id, cause, **body.fields())
        return created(request, show(simulation), simulation)

    @routes.get("/{id}", response_model=SimulationShown, responses=refusals(401, 403, 404))
    async def get_simulation(request: Request, id: UUID, caller: Caller = reads) -> Response:
        """One simulation."""
        simulation = await simulations.get(caller.owner.id, id)
        return shown(request, show(simulation), simulation)

    @routes.put("/{id}", response_model=SimulationShown, responses=refusals(400, 401, 403, 404, 413, 415, 422))
    async def replace_simulation(
        request: Request, id: UUID, body: SimulationSent, caller: Caller = writes, cause: Cause = because
    ) -> Response:
        """Replaces everything that a client writes; never makes a simulation."""
        return await changed(request, id, body, caller, cause)

    @routes.patch("/{id}", response_model=SimulationShown, responses=refusals(400, 401, 403, 404, 413, 415, 422))
    async def update_simulation(
        request: Request, id: UUID, body: SimulationChanges, caller: Caller = writes, cause: Cause = because
    ) -> Response:
        """Changes only the members that are sent."""
        return await changed(request, id, body, caller, cause)

    @routes.post("/{id}", response_model=SimulationShown, responses=refusals(400, 401, 403, 404, 413, 415, 422))
    async def amend_simulation(
        request: Request, id: UUID, body: SimulationChanges, caller: Caller = writes, cause: Cause = because
    ) -> Response:
        """Changes only the members that are sent: the same as PATCH."""
        return await changed(request, id, body, caller, cause)

    @routes.delete("/{id}", status_code=204, responses=refusals(401, 403, 404))
    async def delete_simulation(id: UUID, caller: Caller = writes, cause: Cause = because) -> Response:
        """Deletes a simulation."""
        await simulations.delete(caller.owner.id, id, cause)
        return Response(status_code=204)

    async def changed(
        request: Request, id: UUID, body: SimulationSent | SentChanges, caller: Caller, cause: Cause
    ) -> Response:
        simulation = await simulations.update(caller.owner.id, id, cause, **body.fields())
        return shown(request, show(simulation), simulation)

    return routes
