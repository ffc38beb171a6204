"""FastAPI with SQLAlchemy's asynchronous ORM on asyncpg: a session a request, models with attributes for answers.

Served by uvicorn with uvloop and httptools, as its standard extra installs it.
"""

import hashlib
import os
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Response, Security
from fastapi.security import APIKeyHeader
from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator
from sqlalchemy import DateTime, ForeignKey, String, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship

from benchmarks.peers.cursors import decoded, encoded

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]


def now() -> datetime:
    return datetime.now(UTC)


class Base(DeclarativeBase):
    pass


class Owner(Base):
    __tablename__ = "owner"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[Moment]
    deactivated_at: Mapped[Moment | None]


class ApiKey(Base):
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


class Simulation(Base):
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


engine = create_async_engine(os.environ["BENCH_DATABASE_URL"].replace("://", "+asyncpg://", 1), pool_size=10)
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


async def session_of_request() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(session_of_request)]


async def caller(
    session: Session, text: Annotated[str | None, Security(APIKeyHeader(name="X-API-Key", auto_error=False))]
) -> Owner:
    digest = hashlib.sha256((text or "").encode()).hexdigest()
    key = await session.scalar(select(ApiKey).where(ApiKey.digest == digest).options(joinedload(ApiKey.owner)))
    if key is None or not key.opens:
        raise HTTPException(401, headers={"WWW-Authenticate": "ApiKey"})
    return key.owner


Caller = Annotated[Owner, Depends(caller)]


async def one(session: AsyncSession, owner: Owner, id: UUID) -> Simulation:
    simulation = await session.scalar(select(Simulation).where(Simulation.owner_id == owner.id, Simulation.id == id))
    if simulation is None:
        raise HTTPException(404)
    return simulation


@app.get("/simulations", response_model=SimulationPage)
async def list_simulations(
    session: Session,
    owner: Caller,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: str | None = None,
    name: Annotated[str | None, Query(max_length=300)] = None,
    start_date_from: date | None = None,
) -> Any:
    rows = select(Simulation).where(Simulation.owner_id == owner.id)
    if name is not None:
        rows = rows.where(Simulation.name.icontains(name, autoescape=True))
    if start_date_from is not None:
        rows = rows.where(Simulation.start_date >= start_date_from)
    if cursor is not None:
        rows = rows.where(tuple_(Simulation.created_at, Simulation.id) < decoded(cursor))
    rows = rows.order_by(Simulation.created_at.desc(), Simulation.id.desc()).limit(limit + 1)
    found = (await session.scalars(rows)).all()
    items = found[:limit]
    more = len(found) > limit
    return {"items": items, "next_cursor": encoded(items[-1].created_at, items[-1].id) if more else None}


@app.post("/simulations", status_code=201, response_model=SimulationOut)
async def create_simulation(session: Session, owner: Caller, sent: SimulationIn) -> Any:
    simulation = Simulation(owner_id=owner.id, name_folded=sent.name.casefold(), **sent.model_dump())
    session.add(simulation)
    await session.commit()
    return simulation


@app.get("/simulations/{id}", response_model=SimulationOut)
async def get_simulation(
    session: Session, owner: Caller, id: UUID, response: Response, if_none_match: Annotated[str | None, Header()] = None
) -> Any:
    simulation = await one(session, owner, id)
    if if_none_match == simulation.etag:
        return Response(status_code=304, headers={"ETag": simulation.etag})
    response.headers["ETag"] = simulation.etag
    return simulation


@app.patch("/simulations/{id}", response_model=SimulationOut)
async def update_simulation(session: Session, owner: Caller, id: UUID, sent: SimulationPatch) -> Any:
    simulation = await one(session, owner, id)
    for name, value in sent.model_dump(exclude_unset=True).items():
        setattr(simulation, name, value)
    if simulation.end_date < simulation.start_date:
        raise HTTPException(422, "it ends before it starts")
    simulation.name_folded = simulation.name.casefold()
    simulation.version += 1
    await session.commit()
    return simulation


@app.delete("/simulations/{id}", status_code=204)
async def delete_simulation(session: Session, owner: Caller, id: UUID) -> None:
    await session.delete(await one(session, owner, id))
    await session.commit()
