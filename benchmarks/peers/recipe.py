"""The original recipe: FastAPI in front, its endpoints plain functions on threads, and Django's ORM behind them.

Served by uvicorn with uvloop and httptools, as its standard extra installs it.
"""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.db.models import Q
from fastapi import Depends, FastAPI, Header, HTTPException, Query, Response, Security
from fastapi.security import APIKeyHeader
from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

import benchmarks.peers.tables.ready  # noqa: F401 -- Django has to be set up before its models are imported
from benchmarks.peers.cursors import decoded, encoded
from benchmarks.peers.tables.models import ApiKey, Owner, Simulation, digest

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class SimulationIn(BaseModel):
    name: Name
    start_date: date
    end_date: date

    @model_validator(mode="after")
    def ends_after_start(self) -> "SimulationIn":
        if self.end_date < self.start_date:
            raise ValueError("it ends before it starts")
        return self


class SimulationPatch(BaseModel):
    name: Name = None
    start_date: date = None
    end_date: date = None


class SimulationOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    start_date: date
    end_date: date
    created_at: datetime
    updated_at: datetime


class SimulationPage(BaseModel):
    items: list[SimulationOut]
    next_cursor: str | None


app = FastAPI()


def caller(text: Annotated[str | None, Security(APIKeyHeader(name="X-API-Key", auto_error=False))]) -> Owner:
    key = ApiKey.objects.select_related("owner").filter(digest=digest(text)).first() if text else None
    if key is None or not key.opens:
        raise HTTPException(401, headers={"WWW-Authenticate": "ApiKey"})
    return key.owner


Caller = Annotated[Owner, Depends(caller)]


def one(owner: Owner, id: UUID) -> Simulation:
    simulation = Simulation.objects.filter(owner_id=owner.id, id=id).first()
    if simulation is None:
        raise HTTPException(404)
    return simulation


@app.get("/simulations", response_model=SimulationPage)
def list_simulations(
    owner: Caller,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: str | None = None,
    name: Annotated[str | None, Query(max_length=300)] = None,
    start_date_from: date | None = None,
) -> Any:
    rows = Simulation.objects.filter(owner_id=owner.id)
    if name is not None:
        rows = rows.filter(name__icontains=name)
    if start_date_from is not None:
        rows = rows.filter(start_date__gte=start_date_from)
    if cursor is not None:
        at, id = decoded(cursor)
        rows = rows.filter(Q(created_at__lte=at), Q(created_at__lt=at) | Q(id__lt=id))
    found = list(rows.order_by("-created_at", "-id")[: limit + 1])
    items = found[:limit]
    more = len(found) > limit
    return {"items": items, "next_cursor": encoded(items[-1].created_at, items[-1].id) if more else None}


@app.post("/simulations", status_code=201, response_model=SimulationOut)
def create_simulation(owner: Caller, sent: SimulationIn) -> Any:
    return Simulation.objects.create(owner_id=owner.id, **sent.model_dump())


@app.get("/simulations/{id}", response_model=SimulationOut)
def get_simulation(
    owner: Caller, id: UUID, response: Response, if_none_match: Annotated[str | None, Header()] = None
) -> Any:
    simulation = one(owner, id)
    if if_none_match == simulation.etag:
        return Response(status_code=304, headers={"ETag": simulation.etag})
    response.headers["ETag"] = simulation.etag
    return simulation


@app.patch("/simulations/{id}", response_model=SimulationOut)
def update_simulation(owner: Caller, id: UUID, sent: SimulationPatch) -> Any:
    simulation = one(owner, id)
    for name, value in sent.model_dump(exclude_unset=True).items():
        setattr(simulation, name, value)
    if simulation.end_date < simulation.start_date:
        raise HTTPException(422, "it ends before it starts")
    simulation.version += 1
    simulation.save()
    return simulation


@app.delete("/simulations/{id}", status_code=204)
def delete_simulation(owner: Caller, id: UUID) -> None:
    one(owner, id).delete()
