"""Reports on all runs of a simulation over HTTP: their summary, and their table as CSV."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Annotated, Any
from weakref import WeakValueDictionary

from fastapi import APIRouter, Query, Security
from pydantic import BaseModel, ConfigDict, Field, create_model
from starlette.requests import Request
from starlette.responses import Response

from adapters.http_fastapi.kit.authentication import authenticate
from adapters.http_fastapi.kit.context import KEY, RequestContext
from adapters.http_fastapi.kit.csv import CsvResponse, Table, csv_parts
from adapters.http_fastapi.kit.entities.field_queries import conditions_parameter, parameter
from adapters.http_fastapi.kit.entities.resource import Resource, annotate
from adapters.http_fastapi.kit.object_id import ObjectId
from adapters.http_fastapi.kit.openapi import headers, refusals
from adapters.http_fastapi.kit.problem_types import ProblemType, register
from adapters.http_fastapi.kit.responses import json_response
from adapters.http_fastapi.kit.routes.route import router
from adapters.http_fastapi.kit.schemas import QueryModel
from domain.access.authentication import Caller
from domain.entity import conditions_of
from domain.entity_spec import spec_of
from domain.paging import Condition
from domain.repository import OwnerId
from domain.runs.run import Run
from domain.runs.status import RunStatus
from domain.runs.table import RunRow, RunTable
from domain.runs.use_cases import TOO_MANY_MEMBERS, TOO_MANY_RUNS, RunUseCases

EXPORTS_AT_ONCE = 4
"""Exports of one owner that are written at once; others wait for their turn."""
_REFUSED = ("simulation_not_found", "missing_scope", TOO_MANY_MEMBERS.code)
_EXAMPLE = (
    "id,simulation_id,name,status,…,labels.mesh,parameters.alpha [deg],results.cl\r\n"
    '0199f3c2-7a10-7000-8000-000000000002,0199f3c2-7a10-7000-8000-000000000001,"mesh 3, 12 degrees",succeeded,…,fine,'
    "12,1.21\r\n"
)


class ResultSummary(BaseModel):
    """Statistics of one result over the runs of a simulation."""

    model_config = ConfigDict(extra="forbid")

    count: int = Field(description="runs that have a number here; texts and booleans do not count", examples=[118])
    min: float = Field(description="the least of them", examples=[0.98])
    max: float = Field(description="the greatest of them", examples=[1.31])
    mean: float = Field(description="the mean of exact decimals, rounded once", examples=[1.21])
    unit: str | None = Field(description="their unit; null where they have none, or not all the same", examples=[None])


class RunsSummary(BaseModel):
    """The runs of a simulation in numbers."""

    model_config = ConfigDict(extra="forbid")

    runs: int = Field(description="all runs of the simulation", examples=[120])
    by_status: dict[RunStatus, int] = Field(
        description="runs by status; a status that no run has is left out", examples=[{"succeeded": 118, "failed": 2}]
    )
    results: dict[str, ResultSummary] = Field(description="by name; results without any number are left out")


class ExportQuery(QueryModel):
    """The query of an export: the filters of the list of runs, except the simulation's."""

    def conditions(self) -> tuple[Condition, ...]:
        """What is asked of each run."""
        return conditions_of(Run, **{name: getattr(self, name) for name in self.model_fields_set})


def run_report_routes(runs: Resource, use_cases: RunUseCases) -> APIRouter:
    """The routes of the reports."""
    routes = router(runs.plural, "/api/v1/simulations/{id}")
    for each in (TOO_MANY_MEMBERS, TOO_MANY_RUNS):
        register(ProblemType(each.code, 409, each.title, each.meaning))
    _add_summary(routes, runs, use_cases)
    _add_export(routes, runs, use_cases)
    return routes


def _add_summary(routes: APIRouter, runs: Resource, use_cases: RunUseCases) -> None:
    Reader = Annotated[Caller, Security(authenticate, scopes=[runs.reads])]  # noqa: N806  # -- a type

    @routes.get(
        "/summary",
        name="summarize_simulation",
        summary="Summarize the runs of a simulation",
        response_model=RunsSummary,
        responses=refusals(*_REFUSED, TOO_MANY_RUNS.code),
    )
    async def summarize(id: ObjectId, caller: Reader) -> Response:
        """Counts the runs of a simulation by status, and shows the range and the mean of each numeric result."""
        return json_response(await use_cases.summary(caller.owner.id, id))


def _add_export(routes: APIRouter, runs: Resource, use_cases: RunUseCases) -> None:
    Reader = Annotated[Caller, Security(authenticate, scopes=[runs.reads])]  # noqa: N806  # -- a type
    exports = WeakValueDictionary[OwnerId, asyncio.Semaphore]()

    @routes.get(
        "/runs.csv",
        name="export_runs",
        summary="Export the runs of a simulation",
        response_class=CsvResponse,
        responses={
            200: {
                "content": {"text/csv": {"schema": {"type": "string"}, "example": _EXAMPLE}},
                **headers("Content-Disposition"),
            },
            **refusals(*_REFUSED),
        },
    )
    @annotate(query=Annotated[_export_query(), Query()])
    async def export(request: Request, id: ObjectId, caller: Reader, query: ExportQuery) -> Response:
        """Returns all runs of a simulation that fulfil the filters as a CSV file, newest first.

        The file is streamed, in UTF-8 with CRLF and a header line (RFC 4180). Its columns are the plain members of a
        run in their order, without artifacts, and then `labels.K`, `parameters.K` and `results.K`, sorted by name, for
        each name that one of these runs has. The header shows the unit, as in `parameters.alpha [deg]`, if all these
        runs that have the member agree on one; if they differ, a column `parameters.alpha.unit` follows, or
        `parameters.alpha [unit]` if a parameter is called `alpha.unit`. What a run lacks is an empty cell. An
        apostrophe stands in a text wherever a spreadsheet would run what follows as a formula: at its beginning, and
        after a semicolon, a tab or a line break.

        A file without the end that HTTP marks (a chunk of length zero) is incomplete: request it again. A run that is
        created meanwhile may be in it, without columns for what it alone has.
        """
        context: RequestContext = request.scope[KEY]

        async def opened() -> Table:
            members, pages = await use_cases.export(caller.owner.id, id, query.conditions())
            table = RunTable(members, runs.view.CONVERTED)
            return table.header, _no_pages() if context.is_head else _cells(table, pages)

        permitted = exports.setdefault(caller.owner.id, asyncio.Semaphore(EXPORTS_AT_ONCE))
        return CsvResponse(csv_parts(opened, permitted), f"runs-{id}.csv")


async def _cells(table: RunTable, pages: AsyncIterator[Iterable[RunRow]]) -> AsyncIterator[Iterable[list[Any]]]:
    async for page in pages:
        yield map(table.cells, page)


async def _no_pages() -> AsyncIterator[Iterable[list[Any]]]:
    pages: tuple[Iterable[list[Any]], ...] = ()
    for page in pages:
        yield page


def _export_query() -> type[ExportQuery]:
    """The query with a parameter for each filter of the list."""
    spec = spec_of(Run)
    members: dict[str, Any] = {name: (parameter(each), None) for name, each in spec.filters.items()}
    members |= {name: (conditions_parameter(each), None) for name, each in spec.parsed_filters.items()}
    del members["simulation_id"]
    query = create_model("ExportQuery", __base__=ExportQuery, __doc__=ExportQuery.__doc__, **members)
    query.REPEATED = frozenset(spec.parsed_filters)
    return query
