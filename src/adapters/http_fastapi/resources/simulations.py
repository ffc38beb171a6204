"""Simulations over HTTP: what is sent, what is shown and what can be asked of their list."""

from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from adapters.http_fastapi.kit.authentication import Authenticator
from adapters.http_fastapi.kit.cursors import Cursors
from adapters.http_fastapi.kit.pagination import ListQuery
from adapters.http_fastapi.kit.resource import Resource, UseCases, resource_routes
from adapters.http_fastapi.kit.revisions import add_revision_routes
from adapters.http_fastapi.kit.schemas import (
    PLAIN,
    CreateBody,
    Day,
    Moment,
    PatchBody,
    View,
    name_field,
    partial,
)
from domain.access.scopes import Scope
from domain.idempotency import IdempotentExecutor
from domain.paging import PageRequest, Sort
from domain.simulations.simulation import Simulation, filters
from domain.simulations.use_cases import Simulations
from domain.validation import has_control_characters


class SimulationCreate(CreateBody):
    """A whole simulation, as its client writes it."""

    name: Annotated[str, name_field(Simulation.NAME_MAX, "Wing flutter, run 3")]
    start_date: Annotated[Day, Field(description="first day", examples=["2026-01-05"])]
    end_date: Annotated[Day, Field(description="last day, not before the first", examples=["2026-02-01"])]


@partial(SimulationCreate)
class SimulationPatch(PatchBody):
    """Some members of a simulation."""


class SimulationView(View):
    """A simulation."""

    id: UUID
    name: str
    start_date: Day
    end_date: Day
    created_at: Moment
    updated_at: Moment


def _part_of_name(value: str | None) -> str | None:
    if value and (has_control_characters(value) or len(value) > Simulation.NAME_MAX):
        raise PydanticCustomError("name", "This is part of no name: it is too long or holds control characters.")
    return value


Order = Literal["created_at", "-created_at", "start_date", "-start_date", "end_date", "-end_date", "name", "-name"]


class SimulationQuery(ListQuery):
    """What can be asked of the list of simulations; both ends of a span count."""

    NARROWER: ClassVar = {"name": "a longer part of the name"}
    sort: Annotated[Order, Field(description="a leading `-` turns it round; ties go by id")] = "-created_at"
    name: Annotated[
        str | None,
        AfterValidator(_part_of_name),
        Field(
            description="a part of the name, in any case",
            json_schema_extra={"minLength": 1, "maxLength": Simulation.NAME_MAX, "pattern": f"^{PLAIN}+$"},
        ),
    ] = None
    active_on: Annotated[Day | None, Field(description="a day between the first and the last")] = None
    start_date_from: Annotated[Day | None, Field(description="first day, at the earliest")] = None
    start_date_to: Annotated[Day | None, Field(description="first day, at the latest")] = None
    end_date_from: Annotated[Day | None, Field(description="last day, at the earliest")] = None
    end_date_to: Annotated[Day | None, Field(description="last day, at the latest")] = None

    def request(self) -> PageRequest:
        asked = self.model_fields_set & FILTERS
        conditions = filters(**{name: getattr(self, name) for name in asked}) if asked else ()
        return PageRequest(limit=self.limit, sort=_SORTS[self.sort], conditions=conditions)


_SORTS = {
    f"{sign}{name}": Sort(attribute, descending=bool(sign))
    for name, attribute in Simulation.SORTS.items()
    for sign in ("", "-")
}
FILTERS = SimulationQuery.model_fields.keys() - ListQuery.model_fields.keys() - {"sort"}
SIMULATIONS = Resource(
    entity=Simulation,
    plural="simulations",
    create=SimulationCreate,
    patch=SimulationPatch,
    view=SimulationView,
    query=SimulationQuery,
    reads=Scope.SIMULATIONS_READ,
    writes=Scope.SIMULATIONS_WRITE,
)


def simulation_routes(
    simulations: Simulations, authenticator: Authenticator, cursors: Cursors, once: IdempotentExecutor
) -> APIRouter:
    """The routes of simulations, on these use cases."""
    # The fields of a simulation are typed; those of any kind of object cannot be.
    use_cases: UseCases[Any] = simulations  # type: ignore[assignment]  # -- see above
    routes = resource_routes(SIMULATIONS, use_cases, authenticator, cursors, once)
    add_revision_routes(routes, SIMULATIONS, use_cases, authenticator, cursors)
    return routes
