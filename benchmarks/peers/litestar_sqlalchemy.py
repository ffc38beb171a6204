"""Litestar with its SQLAlchemy plugin: the plugin's session, its DTO for answers, structs for what is sent.

Served by uvicorn with uvloop and httptools, as its standard extra installs it.
"""

import hashlib
import os
import uuid
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from advanced_alchemy.extensions.litestar import (
    AsyncSessionConfig,
    EngineConfig,
    SQLAlchemyAsyncConfig,
    SQLAlchemyDTO,
    SQLAlchemyPlugin,
    base,
)
from litestar import Litestar, Request, Response, delete, get, patch, post
from litestar.connection import ASGIConnection
from litestar.dto import DTOConfig
from litestar.exceptions import ClientException, NotAuthorizedException, NotFoundException, ValidationException
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult, DefineMiddleware
from litestar.pagination import CursorPagination
from litestar.params import Parameter
from sqlalchemy import DateTime, ForeignKey, String, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from benchmarks.peers.cursors import decoded, encoded

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]


def now() -> datetime:
    return datetime.now(UTC)


class Owner(base.DefaultBase):
    __tablename__ = "owner"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[Moment]
    deactivated_at: Mapped[Moment | None]


class ApiKey(base.DefaultBase):
    __tablename__ = "api_key"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owner.id"))
    owner: Mapped[Owner] = relationship()
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment | None]
    revoked_at: Mapped[Moment | None]

    @property
    def opens(self) -> bool:
        expired = self.expires_at is not None and self.expires_at <= now()
        return self.revoked_at is None and not expired and self.owner.deactivated_at is None


class Simulation(base.DefaultBase):
    __tablename__ = "simulation"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    owner_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(300))
    name_folded: Mapped[str] = mapped_column(String(900))
    start_date: Mapped[date]
    end_date: Mapped[date]
    created_at: Mapped[Moment] = mapped_column(default=now)
    updated_at: Mapped[Moment] = mapped_column(default=now, onupdate=now)
    version: Mapped[int] = mapped_column(default=1)

    @property
    def etag(self) -> str:
        return f'"{self.version}"'


class SimulationShown(SQLAlchemyDTO[Simulation]):
    config = DTOConfig(exclude={"owner_id", "name_folded", "version", "etag"})


class SimulationOut(msgspec.Struct):
    id: UUID
    name: str
    start_date: date
    end_date: date
    created_at: datetime
    updated_at: datetime


class SimulationSent(msgspec.Struct):
    name: Name
    start_date: date
    end_date: date

    def __post_init__(self) -> None:
        self.name = stripped(self.name)
        if self.end_date < self.start_date:
            raise ValueError("it ends before it starts")


class SimulationPatch(msgspec.Struct):
    name: Name | msgspec.UnsetType = msgspec.UNSET
    start_date: date | msgspec.UnsetType = msgspec.UNSET
    end_date: date | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        if self.name is not msgspec.UNSET:
            self.name = stripped(self.name)


def stripped(name: str) -> str:
    if not (bare := name.strip()):
        raise ValueError("a name is not blank")
    return bare


alchemy = SQLAlchemyAsyncConfig(
    connection_string=os.environ["BENCH_DATABASE_URL"].replace("://", "+asyncpg://", 1),
    before_send_handler="autocommit",
    session_config=AsyncSessionConfig(expire_on_commit=False),
    engine_config=EngineConfig(pool_size=10),
)


class KeyMiddleware(AbstractAuthenticationMiddleware):
    async def authenticate_request(self, connection: ASGIConnection) -> AuthenticationResult:
        digest = hashlib.sha256(connection.headers.get("X-API-Key", "").encode()).hexdigest()
        session = alchemy.provide_session(connection.app.state, connection.scope)
        key = await session.scalar(select(ApiKey).where(ApiKey.digest == digest).options(joinedload(ApiKey.owner)))
        if key is None or not key.opens:
            raise NotAuthorizedException(headers={"WWW-Authenticate": "ApiKey"})
        return AuthenticationResult(user=key.owner, auth=key)


async def one(session: AsyncSession, owner: Owner, id: UUID) -> Simulation:
    simulation = await session.scalar(select(Simulation).where(Simulation.owner_id == owner.id, Simulation.id == id))
    if simulation is None:
        raise NotFoundException
    return simulation


@get("/simulations", return_dto=SimulationShown)
async def list_simulations(
    request: Request[Owner, ApiKey, Any],
    db_session: AsyncSession,
    limit: Annotated[int, Parameter(ge=1, le=100)] = 20,
    cursor: str | None = None,
    name: Annotated[str | None, Parameter(max_length=300)] = None,
    start_date_from: date | None = None,
) -> CursorPagination[str, Simulation]:
    rows = select(Simulation).where(Simulation.owner_id == request.user.id)
    if name is not None:
        rows = rows.where(Simulation.name.icontains(name, autoescape=True))
    if start_date_from is not None:
        rows = rows.where(Simulation.start_date >= start_date_from)
    if cursor is not None:
        rows = rows.where(tuple_(Simulation.created_at, Simulation.id) < decoded(cursor))
    rows = rows.order_by(Simulation.created_at.desc(), Simulation.id.desc()).limit(limit + 1)
    found = list(await db_session.scalars(rows))
    items = found[:limit]
    more = len(found) > limit
    following = encoded(items[-1].created_at, items[-1].id) if more else None
    return CursorPagination(items=items, results_per_page=limit, cursor=following)


@post("/simulations", return_dto=SimulationShown)
async def create_simulation(
    request: Request[Owner, ApiKey, Any], db_session: AsyncSession, data: SimulationSent
) -> Simulation:
    folded = data.name.casefold()
    simulation = Simulation(owner_id=request.user.id, name_folded=folded, **msgspec.structs.asdict(data))
    db_session.add(simulation)
    await db_session.flush()
    return simulation


@get("/simulations/{id:uuid}")
async def get_simulation(
    request: Request[Owner, ApiKey, Any],
    db_session: AsyncSession,
    id: UUID,
    if_none_match: Annotated[str | None, Parameter(header="If-None-Match")] = None,
) -> Response[SimulationOut | None]:
    simulation = await one(db_session, request.user, id)
    tag = {"ETag": simulation.etag}
    if if_none_match == simulation.etag:
        return Response(None, status_code=304, headers=tag)
    return Response(msgspec.convert(simulation, SimulationOut, from_attributes=True), headers=tag)


@patch("/simulations/{id:uuid}", return_dto=SimulationShown)
async def update_simulation(
    request: Request[Owner, ApiKey, Any], db_session: AsyncSession, id: UUID, data: SimulationPatch
) -> Simulation:
    simulation = await one(db_session, request.user, id)
    for name, value in msgspec.structs.asdict(data).items():
        if value is not msgspec.UNSET:
            setattr(simulation, name, value)
    if simulation.end_date < simulation.start_date:
        raise ClientException("it ends before it starts", status_code=422)
    simulation.name_folded = simulation.name.casefold()
    simulation.version += 1
    await db_session.flush()
    return simulation


@delete("/simulations/{id:uuid}")
async def delete_simulation(request: Request[Owner, ApiKey, Any], db_session: AsyncSession, id: UUID) -> None:
    await db_session.delete(await one(db_session, request.user, id))


def unprocessable(_: Request[Any, Any, Any], error: ValidationException) -> Response[Any]:
    """422 for what is invalid, as all others here have it."""
    return Response({"detail": error.detail, "extra": error.extra}, status_code=422)


app = Litestar(
    [list_simulations, create_simulation, get_simulation, update_simulation, delete_simulation],
    plugins=[SQLAlchemyPlugin(alchemy)],
    middleware=[DefineMiddleware(KeyMiddleware)],
    exception_handlers={ValidationException: unprocessable},
)
