"""Runs by Litestar with SQLAlchemy: quantities in columns of JSON, beside what ``litestar_sqlalchemy`` has."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec
from advanced_alchemy.extensions.litestar import SQLAlchemyDTO, SQLAlchemyPlugin, base
from litestar import Litestar, Request, Response, get, post
from litestar.dto import DTOConfig
from litestar.exceptions import ClientException, NotFoundException, ValidationException
from litestar.middleware import DefineMiddleware
from litestar.pagination import CursorPagination
from litestar.params import Parameter
from sqlalchemy import String, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from benchmarks.peers.cursors import decoded, encoded
from benchmarks.peers.litestar_sqlalchemy import (
    ApiKey,
    KeyMiddleware,
    Moment,
    Name,
    Owner,
    Simulation,
    alchemy,
    create_simulation,
    delete_simulation,
    get_simulation,
    list_simulations,
    now,
    unprocessable,
    update_simulation,
)

Short = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Json = Annotated[dict[str, Any], mapped_column(JSONB)]


class Status(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Run(base.DefaultBase):
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
    artifacts: Mapped[Annotated[list[Any], mapped_column(JSONB)]] = mapped_column(default=list)
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[Moment] = mapped_column(default=now)
    updated_at: Mapped[Moment] = mapped_column(default=now, onupdate=now)
    version: Mapped[int] = mapped_column(default=1)


class RunShown(SQLAlchemyDTO[Run]):
    config = DTOConfig(exclude={"owner_id", "name_folded", "version"})


class Quantity(msgspec.Struct):
    value: bool | int | float | Annotated[str, msgspec.Meta(max_length=1000)]
    unit: Annotated[str, msgspec.Meta(max_length=32)] | None = None


QuantityName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,99}$")]
Quantities = Annotated[dict[QuantityName, Quantity], msgspec.Meta(max_length=100)]


class RunSent(msgspec.Struct, kw_only=True):
    simulation_id: UUID
    name: Name | None = None
    status: Status = Status.QUEUED
    started_at: datetime | None = None
    finished_at: datetime | None = None
    solver: Short | None = None
    solver_version: Short | None = None
    labels: Annotated[dict[Short, Annotated[str, msgspec.Meta(max_length=255)]], msgspec.Meta(max_length=32)] = {}
    parameters: Quantities = {}
    results: Quantities = {}


@get("/runs", return_dto=RunShown)
async def list_runs(
    request: Request[Owner, ApiKey, Any],
    db_session: AsyncSession,
    limit: Annotated[int, Parameter(ge=1, le=100)] = 20,
    cursor: str | None = None,
    simulation_id: UUID | None = None,
    run_status: Annotated[Status | None, Parameter(query="status")] = None,
    parameter: QuantityName | None = None,
    equals: float | None = None,
    at_least: float | None = None,
) -> CursorPagination[str, Run]:
    rows = select(Run).where(Run.owner_id == request.user.id)
    if simulation_id is not None:
        rows = rows.where(Run.simulation_id == simulation_id)
    if run_status is not None:
        rows = rows.where(Run.status == run_status)
    if parameter is not None:
        value = Run.parameters[parameter]["value"].as_float()
        rows = rows.where(value == equals if equals is not None else value >= at_least)
    if cursor is not None:
        rows = rows.where(tuple_(Run.created_at, Run.id) < decoded(cursor))
    rows = rows.order_by(Run.created_at.desc(), Run.id.desc()).limit(limit + 1)
    found = list(await db_session.scalars(rows))
    items = found[:limit]
    more = len(found) > limit
    following = encoded(items[-1].created_at, items[-1].id) if more else None
    return CursorPagination(items=items, results_per_page=limit, cursor=following)


@post("/runs", return_dto=RunShown)
async def create_run(request: Request[Owner, ApiKey, Any], db_session: AsyncSession, data: RunSent) -> Run:
    mine = select(Simulation.id).where(Simulation.owner_id == request.user.id, Simulation.id == data.simulation_id)
    if await db_session.scalar(mine) is None:
        raise ClientException("no such simulation", status_code=422)
    sent = msgspec.structs.asdict(data)
    quantities = {name: msgspec.to_builtins(sent.pop(name)) for name in ("parameters", "results")}
    folded = data.name.casefold() if data.name else None
    run = Run(
        owner_id=request.user.id,
        name_folded=folded,
        created_by=str(request.user.id),
        artifacts=[],
        **quantities,
        **sent,
    )
    db_session.add(run)
    await db_session.flush()
    return run


@get("/runs/{id:uuid}", return_dto=RunShown)
async def get_run(request: Request[Owner, ApiKey, Any], db_session: AsyncSession, id: UUID) -> Response[Run]:
    run = await db_session.scalar(select(Run).where(Run.owner_id == request.user.id, Run.id == id))
    if run is None:
        raise NotFoundException
    return Response(run, headers={"ETag": f'"{run.version}"'})


app = Litestar(
    [
        list_simulations,
        create_simulation,
        get_simulation,
        update_simulation,
        delete_simulation,
        list_runs,
        create_run,
        get_run,
    ],
    plugins=[SQLAlchemyPlugin(alchemy)],
    middleware=[DefineMiddleware(KeyMiddleware)],
    exception_handlers={ValidationException: unprocessable},
)
