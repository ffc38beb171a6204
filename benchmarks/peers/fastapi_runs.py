"""Runs by FastAPI with SQLAlchemy: quantities in columns of JSON, beside what ``fastapi_sqlalchemy`` has."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import HTTPException, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import String, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from benchmarks.peers.cursors import decoded, encoded
from benchmarks.peers.fastapi_sqlalchemy import Base, Caller, Moment, Name, Session, Simulation, app, now

Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Json = Annotated[dict[str, Any], mapped_column(JSONB)]


class Status(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Run(Base):
    __tablename__ = "run"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    owner_id: Mapped[UUID]
    simulation_id: Mapped[UUID]
    name: Mapped[str | None] = mapped_column(String(300))
    name_folded: Mapped[str | None] = mapped_column(String(900))
    status: Mapped[str] = mapped_column(String(9))
    started_at: Mapped[Moment | None]
    finished_at: Mapped[Moment | None]
    solver: Mapped[str | None] = mapped_column(String(100))
    solver_version: Mapped[str | None] = mapped_column(String(100))
    labels: Mapped[Json]
    parameters: Mapped[Json]
    results: Mapped[Json]
    artifacts: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[Moment] = mapped_column(default=now)
    updated_at: Mapped[Moment] = mapped_column(default=now, onupdate=now)
    version: Mapped[int] = mapped_column(default=1)


class Quantity(BaseModel):
    value: bool | int | float | Annotated[str, StringConstraints(max_length=1000)]
    unit: Annotated[str, StringConstraints(max_length=32)] | None = None


QuantityName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,99}$")]
Quantities = Annotated[dict[QuantityName, Quantity], Field(max_length=100)]


class RunIn(BaseModel):
    simulation_id: UUID
    name: Name | None = None
    status: Status = Status.QUEUED
    started_at: datetime | None = None
    finished_at: datetime | None = None
    solver: Short | None = None
    solver_version: Short | None = None
    labels: Annotated[dict[Short, Annotated[str, StringConstraints(max_length=255)]], Field(max_length=32)] = {}
    parameters: Quantities = {}
    results: Quantities = {}


class RunOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    simulation_id: UUID
    name: str | None
    status: str
    started_at: datetime | None
    finished_at: datetime | None
    solver: str | None
    solver_version: str | None
    labels: dict[str, str]
    parameters: dict[str, Quantity]
    results: dict[str, Quantity]
    artifacts: list[Any]
    created_by: str
    created_at: datetime
    updated_at: datetime


class RunPage(BaseModel):
    items: list[RunOut]
    next_cursor: str | None


@app.get("/runs", response_model=RunPage)
async def list_runs(
    session: Session,
    owner: Caller,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: str | None = None,
    simulation_id: UUID | None = None,
    status: Status | None = None,
    parameter: QuantityName | None = None,
    equals: float | None = None,
    at_least: float | None = None,
) -> Any:
    rows = select(Run).where(Run.owner_id == owner.id)
    if simulation_id is not None:
        rows = rows.where(Run.simulation_id == simulation_id)
    if status is not None:
        rows = rows.where(Run.status == status)
    if parameter is not None:
        value = Run.parameters[parameter]["value"].as_float()
        rows = rows.where(value == equals if equals is not None else value >= at_least)
    if cursor is not None:
        rows = rows.where(tuple_(Run.created_at, Run.id) < decoded(cursor))
    rows = rows.order_by(Run.created_at.desc(), Run.id.desc()).limit(limit + 1)
    found = (await session.scalars(rows)).all()
    items = found[:limit]
    more = len(found) > limit
    return {"items": items, "next_cursor": encoded(items[-1].created_at, items[-1].id) if more else None}


@app.post("/runs", status_code=201, response_model=RunOut)
async def create_run(session: Session, owner: Caller, sent: RunIn) -> Any:
    mine = select(Simulation.id).where(Simulation.owner_id == owner.id, Simulation.id == sent.simulation_id)
    if await session.scalar(mine) is None:
        raise HTTPException(422, "no such simulation")
    folded = sent.name.casefold() if sent.name else None
    run = Run(owner_id=owner.id, name_folded=folded, created_by=str(owner.id), **sent.model_dump())
    session.add(run)
    await session.commit()
    return run


@app.get("/runs/{id}", response_model=RunOut)
async def get_run(session: Session, owner: Caller, id: UUID, response: Response) -> Any:
    run = await session.scalar(select(Run).where(Run.owner_id == owner.id, Run.id == id))
    if run is None:
        raise HTTPException(404)
    response.headers["ETag"] = f'"{run.version}"'
    return run
