"""Django Ninja: synchronous operations as in its tutorial, its schemas, its cursor pagination, its class of API keys.

Served by gunicorn, with one worker of threads, which keeps connections open.
"""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from ninja import FilterLookup, FilterSchema, NinjaAPI, Query, Schema
from ninja.errors import HttpError
from ninja.pagination import CursorPagination, paginate
from ninja.security import APIKeyHeader
from pydantic import Field, StringConstraints, model_validator

from benchmarks.peers.tables.models import ApiKey, Owner, Simulation, digest

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class SimulationIn(Schema):
    name: Name
    start_date: date
    end_date: date

    @model_validator(mode="after")
    def ends_after_start(self) -> "SimulationIn":
        if self.end_date < self.start_date:
            raise ValueError("it ends before it starts")
        return self


class SimulationPatch(Schema):
    name: Name = None
    start_date: date = None
    end_date: date = None


class SimulationOut(Schema):
    id: UUID
    name: str
    start_date: date
    end_date: date
    created_at: datetime
    updated_at: datetime


class SimulationFilter(FilterSchema):
    name: Annotated[str | None, FilterLookup("name__icontains")] = Field(None, max_length=300)
    start_date_from: Annotated[date | None, FilterLookup("start_date__gte")] = None


class KeyHeader(APIKeyHeader):
    param_name = "X-API-Key"

    def authenticate(self, request: Any, key: str | None) -> Owner | None:
        if not key:
            return None
        found = ApiKey.objects.select_related("owner").filter(digest=digest(key)).first()
        return found.owner if found is not None and found.opens else None


api = NinjaAPI(auth=KeyHeader())


@api.get("/simulations", response=list[SimulationOut])
@paginate(CursorPagination, ordering=("-created_at", "-id"), page_size=20, max_page_size=100)
def list_simulations(request: Any, filters: Query[SimulationFilter]) -> Any:
    return filters.filter(Simulation.objects.filter(owner_id=request.auth.id))


@api.post("/simulations", response={201: SimulationOut})
def create_simulation(request: Any, payload: SimulationIn) -> Any:
    return 201, Simulation.objects.create(owner_id=request.auth.id, **payload.dict())


@api.get("/simulations/{uuid:id}", response=SimulationOut)
def get_simulation(request: Any, id: UUID, response: HttpResponse) -> Any:
    simulation = get_object_or_404(Simulation, owner_id=request.auth.id, id=id)
    if request.headers.get("If-None-Match") == simulation.etag:
        return HttpResponse(status=304, headers={"ETag": simulation.etag})
    response["ETag"] = simulation.etag
    return simulation


@api.patch("/simulations/{uuid:id}", response=SimulationOut)
def update_simulation(request: Any, id: UUID, payload: SimulationPatch) -> Any:
    simulation = get_object_or_404(Simulation, owner_id=request.auth.id, id=id)
    for name, value in payload.dict(exclude_unset=True).items():
        setattr(simulation, name, value)
    if simulation.end_date < simulation.start_date:
        raise HttpError(422, "it ends before it starts")
    simulation.version += 1
    simulation.save()
    return simulation


@api.delete("/simulations/{uuid:id}", response={204: None})
def delete_simulation(request: Any, id: UUID) -> Any:
    get_object_or_404(Simulation, owner_id=request.auth.id, id=id).delete()
    return 204, None


urlpatterns = [path("", api.urls)]
