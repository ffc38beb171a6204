"""django-bolt: asynchronous handlers, its structs, its cursor pagination, Django's asynchronous ORM.

Served by its own runbolt, one process. It ships API keys that are known when it starts, and are checked before Python
is asked; where every key is to be looked up in the database, each handler does so first.
"""

import json
import os
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import msgspec
from django_bolt import JSON, BoltAPI, CursorPagination, Request, Response, paginate
from django_bolt.auth import APIKeyAuthentication, IsAuthenticated
from django_bolt.exceptions import NotFound, Unauthorized, UnprocessableEntity
from django_bolt.param_functions import Header

from benchmarks.peers.tables.models import ApiKey, Simulation, digest

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
KNOWN: dict[str, UUID] = {}
if os.environ["BENCH_KEYS"] == "shipped":
    KNOWN = {text: UUID(owner) for text, owner in json.loads(Path(os.environ["BENCH_KEYS_FILE"]).read_text()).items()}


class SimulationIn(msgspec.Struct):
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


class SimulationOut(msgspec.Struct):
    id: UUID
    name: str
    start_date: date
    end_date: date
    created_at: datetime
    updated_at: datetime


def stripped(name: str) -> str:
    if not (bare := name.strip()):
        raise ValueError("a name is not blank")
    return bare


def shown(simulation: Simulation) -> SimulationOut:
    return SimulationOut(
        id=simulation.id,
        name=simulation.name,
        start_date=simulation.start_date,
        end_date=simulation.end_date,
        created_at=simulation.created_at,
        updated_at=simulation.updated_at,
    )


api = BoltAPI()


Key = Annotated[str, Header(alias="x-api-key")]
Seen = Annotated[str, Header(alias="if-none-match")]
CHECKED: dict[str, Any] = (
    {"auth": [APIKeyAuthentication(api_keys=set(KNOWN))], "guards": [IsAuthenticated()]} if KNOWN else {}
)


async def owner_of(text: str) -> UUID:
    """Whose key this is, as the database has it now; or simply, where the server has checked the key already."""
    if KNOWN:
        return KNOWN[text]
    key = await ApiKey.objects.select_related("owner").filter(digest=digest(text)).afirst()
    if key is None or not key.opens:
        raise Unauthorized
    return key.owner_id


async def one(owner: UUID, id: UUID) -> Simulation:
    try:
        return await Simulation.objects.aget(owner_id=owner, id=id)
    except Simulation.DoesNotExist:
        raise NotFound from None


class Newest(CursorPagination):
    page_size = 20
    max_page_size = 100
    page_size_query_param = "limit"
    ordering = "-created_at"


@api.get("/simulations", **CHECKED)
@paginate(Newest)
async def list_simulations(
    request: Request, key: Key = "", name: str | None = None, start_date_from: date | None = None
) -> Any:
    rows = Simulation.objects.filter(owner_id=await owner_of(key))
    if name is not None:
        rows = rows.filter(name__icontains=name)
    if start_date_from is not None:
        rows = rows.filter(start_date__gte=start_date_from)
    return rows.values(*SimulationOut.__struct_fields__)


@api.post("/simulations", status_code=201, **CHECKED)
async def create_simulation(sent: SimulationIn, key: Key = "") -> SimulationOut:
    owner = await owner_of(key)
    return shown(await Simulation.objects.acreate(owner_id=owner, **msgspec.structs.asdict(sent)))


@api.get("/simulations/{id}", **CHECKED)
async def get_simulation(id: UUID, key: Key = "", seen: Seen = "") -> Any:
    simulation = await one(await owner_of(key), id)
    tag = {"ETag": simulation.etag}
    if seen == simulation.etag:
        return Response(None, status_code=304, headers=tag)
    return JSON(shown(simulation), headers=tag)


@api.patch("/simulations/{id}", **CHECKED)
async def update_simulation(id: UUID, sent: SimulationPatch, key: Key = "") -> SimulationOut:
    simulation = await one(await owner_of(key), id)
    for name, value in msgspec.structs.asdict(sent).items():
        if value is not msgspec.UNSET:
            setattr(simulation, name, value)
    if simulation.end_date < simulation.start_date:
        raise UnprocessableEntity(detail="it ends before it starts")
    simulation.version += 1
    await simulation.asave()
    return shown(simulation)


@api.delete("/simulations/{id}", status_code=204, **CHECKED)
async def delete_simulation(id: UUID, key: Key = "") -> None:
    await (await one(await owner_of(key), id)).adelete()
