"""A read is one statement, compiled once, and an index serves it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from adapters.django_orm.sql.asyncpg_executor import AsyncpgExecutor
from adapters.django_orm.sql.compiler import Compiler
from adapters.django_orm.sql.fair_semaphore import SERVICE
from adapters.django_orm.storage import Storage
from domain.access.api_key import ApiKey
from domain.access.owner import Owner
from domain.entity import update
from domain.paging import PageRequest, Position
from domain.simulations.simulation import Simulation
from tests.contracts.cases import CASES, Case, admitted
from tests.contracts.owned_repository import OwnedRepositoryContract
from tests.factories import (
    CONTEXT,
    NOW,
    ApiKeyFactory,
    OwnerFactory,
    SimulationFactory,
)
from tests.integration.conftest import VENDOR, MakeStorage, opened, table_of

if TYPE_CHECKING:
    from asyncpg.connection import LoggedQuery

FRAME = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


@dataclass
class Stored:
    """One owner with a key and a simulation, on storage of one connection whose statements are recorded."""

    storage: Storage
    owner: Owner
    key: ApiKey
    simulation: Simulation

    @asynccontextmanager
    async def recorded(self) -> AsyncIterator[list[str]]:
        """The statements run meanwhile, without those that only frame a transaction."""
        seen: list[str] = []
        executor = self.storage.executor
        if isinstance(executor, AsyncpgExecutor):

            def log(query: LoggedQuery) -> None:
                seen.append(query.query)

            assert executor._connections is not None
            only = await executor._connections.acquire(SERVICE)
            only.add_query_logger(log)
            executor._connections.release(only, SERVICE)
            yield seen
            await asyncio.sleep(0)  # loggers are called a step later
            only.remove_query_logger(log)
        else:

            def record(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
                seen.append(sql)
                return execute(sql, params, many, context)

            assert executor._shared_connection is not None
            with executor._shared_connection.execute_wrapper(record):
                yield seen
        seen[:] = [sql for sql in seen if not sql.startswith(FRAME)]


@pytest.fixture(params=["lend"] if VENDOR == "sqlite" else ["lend", "on_pool"])
def one_connection(request: pytest.FixtureRequest) -> Storage:
    make: MakeStorage = request.getfixturevalue(request.param)
    return make(size=1) if request.param == "on_pool" else make()


@pytest.fixture
async def stored(one_connection: Storage) -> AsyncIterator[Stored]:
    async with opened(one_connection) as storage:
        owner = OwnerFactory.build()
        key, simulation = ApiKeyFactory.build(owner_id=owner.id), SimulationFactory.build(owner_id=owner.id)
        await storage.owners.add(owner, CONTEXT)
        await storage.keys.of(owner.id).add(key, CONTEXT)
        await storage.repository(Simulation).of(owner.id).add(simulation, CONTEXT)
        yield Stored(storage, owner, key, simulation)


READS: dict[str, Callable[[Stored], Awaitable[object]]] = {
    "get": lambda at: at.storage.repository(Simulation).of(at.owner.id).get(at.simulation.id),
    "get-key": lambda at: at.storage.keys.of(at.owner.id).get(at.key.id),
    "first-page": lambda at: at.storage.repository(Simulation).of(at.owner.id).page(PageRequest(limit=1)),
    "next-page": lambda at: (
        at.storage.repository(Simulation)
        .of(at.owner.id)
        .page(PageRequest(limit=1, after=Position(NOW, at.simulation.id)))
    ),
    "find-owner-by-name": lambda at: at.storage.owners.find(at.owner.name),
    "find-owner-by-id": lambda at: at.storage.owners.find(at.owner.id),
    "all-owners": lambda at: at.storage.owners.all(),
    "holder": lambda at: at.storage.owners.holder(at.key.public_id),
    "check": lambda at: at.storage.check(),
}


# Operators read the directory on connections of their own, and the API looks at its role before the migrations.
ON_POOL = {"find-owner-by-name": 0, "find-owner-by-id": 0, "all-owners": 0, "check": 2}


@pytest.mark.parametrize("read", READS)
async def test_a_read_is_one_statement(stored: Stored, read: str) -> None:
    async with stored.recorded() as statements:
        await READS[read](stored)
    on_pool = isinstance(stored.storage.executor, AsyncpgExecutor)
    assert len(statements) == (ON_POOL.get(read, 1) if on_pool else 1)
    assert all(" SELECT " in f" {sql}" for sql in statements)


async def test_no_page_counts(stored: Stored) -> None:
    async with stored.recorded() as statements:
        await READS["first-page"](stored)
        await READS["next-page"](stored)
    assert not any("count" in sql.lower() or "offset" in sql.lower() for sql in statements)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_the_order_of_a_list_does_not_rest_on_its_index(lend: MakeStorage, case: Case) -> None:
    contract = OwnedRepositoryContract()
    model = table_of(case, lend()).model
    assert model._meta.indexes
    with connection.cursor() as cursor:
        for index in model._meta.indexes:
            cursor.execute(f"DROP INDEX {connection.ops.quote_name(index.name)}")

    async def check() -> None:
        async with opened(lend()) as storage:
            await contract.test_ties_go_by_id_the_highest_first(storage, await admitted(storage), case)
            await contract.test_a_walk_through_ties_repeats_and_loses_nothing(storage, await admitted(storage), case)

    asyncio.run(check())


async def test_a_write_is_one_statement_after_the_one_that_reads(stored: Stored) -> None:
    simulations = stored.storage.repository(Simulation).of(stored.owner.id)
    async with stored.recorded() as statements:
        await simulations.add(SimulationFactory.build(owner_id=stored.owner.id), CONTEXT)
        await simulations.change(stored.simulation.id, lambda stored: update(stored, now=NOW, name="Gust"), CONTEXT)
        await simulations.change(stored.simulation.id, lambda stored: stored, CONTEXT)
        await simulations.remove(stored.simulation.id, CONTEXT)
    if VENDOR == "postgresql":
        assert len(statements) == 1 + 2 + 1 + 2
    else:  # each writes its row, the count of changes and the revision
        kinds = "INSERT INSERT INSERT SELECT UPDATE INSERT INSERT SELECT SELECT DELETE INSERT INSERT"
        assert [sql.split()[0] for sql in statements] == kinds.split()


def noted(calls: list[str], call: Callable[..., Any]) -> Callable[..., Any]:
    """Does the same, and takes note of it."""

    def noting(*args: object, **options: object) -> Any:
        calls.append(call.__name__)
        return call(*args, **options)

    return noting


async def test_a_statement_is_compiled_once(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    async def everything() -> None:
        simulations = stored.storage.repository(Simulation).of(stored.owner.id)
        for read in READS.values():
            await read(stored)
        other = SimulationFactory.build(owner_id=stored.owner.id)
        await simulations.add(other, CONTEXT)
        await simulations.change(other.id, lambda stored: update(stored, now=NOW, name="Gust"), CONTEXT)
        await simulations.remove(other.id, CONTEXT)

    compiled: list[str] = []
    monkeypatch.setattr(Compiler, "_sql", noted(compiled, Compiler._sql))
    monkeypatch.setattr(Compiler, "_statement", noted(compiled, Compiler._statement))
    await everything()
    once = len(compiled)
    await everything()
    assert len(compiled) == once > 0
