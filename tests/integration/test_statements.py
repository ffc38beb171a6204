"""How many SQL statements reads and writes execute, and that each is compiled once."""

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

TRANSACTION_COMMANDS = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


@dataclass
class Stored:
    """An owner with a key and a simulation, on storage with one connection."""

    storage: Storage
    owner: Owner
    key: ApiKey
    simulation: Simulation

    @asynccontextmanager
    async def recorded(self) -> AsyncIterator[list[str]]:
        """Records the statements executed in the block, without BEGIN, COMMIT and the like."""
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
            await asyncio.sleep(0)  # loggers are called in the next loop iteration
            only.remove_query_logger(log)
        else:

            def record(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
                seen.append(sql)
                return execute(sql, params, many, context)

            assert executor._shared_connection is not None
            with executor._shared_connection.execute_wrapper(record):
                yield seen
        seen[:] = [sql for sql in seen if not sql.startswith(TRANSACTION_COMMANDS)]


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
    "get": lambda stored: stored.storage.repository(Simulation).of(stored.owner.id).get(stored.simulation.id),
    "get-key": lambda stored: stored.storage.keys.of(stored.owner.id).get(stored.key.id),
    "first-page": lambda stored: stored.storage.repository(Simulation).of(stored.owner.id).page(PageRequest(limit=1)),
    "next-page": lambda stored: (
        stored.storage.repository(Simulation)
        .of(stored.owner.id)
        .page(PageRequest(limit=1, after=Position(NOW, stored.simulation.id)))
    ),
    "find-owner-by-name": lambda stored: stored.storage.owners.find(stored.owner.name),
    "find-owner-by-id": lambda stored: stored.storage.owners.find(stored.owner.id),
    "all-owners": lambda stored: stored.storage.owners.all(),
    "holder": lambda stored: stored.storage.owners.holder(stored.key.public_id),
    "check": lambda stored: stored.storage.check(),
}


# On the pool, operators read the directory on other connections, and the check audits the role too.
COUNTS_ON_POOL = {"find-owner-by-name": 0, "find-owner-by-id": 0, "all-owners": 0, "check": 2}


@pytest.mark.parametrize("read", READS)
async def test_a_read_is_one_statement(stored: Stored, read: str) -> None:
    async with stored.recorded() as statements:
        await READS[read](stored)
    on_pool = isinstance(stored.storage.executor, AsyncpgExecutor)
    assert len(statements) == (COUNTS_ON_POOL.get(read, 1) if on_pool else 1)
    assert all(" SELECT " in f" {sql}" for sql in statements)


async def test_a_page_uses_no_count_or_offset(stored: Stored) -> None:
    async with stored.recorded() as statements:
        await READS["first-page"](stored)
        await READS["next-page"](stored)
    assert not any("count" in sql.lower() or "offset" in sql.lower() for sql in statements)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_the_order_of_a_list_does_not_depend_on_its_index(lend: MakeStorage, case: Case) -> None:
    contract = OwnedRepositoryContract()
    model = table_of(case, lend()).model
    assert model._meta.indexes
    with connection.cursor() as cursor:
        for index in model._meta.indexes:
            cursor.execute(f"DROP INDEX {connection.ops.quote_name(index.name)}")

    async def check() -> None:
        async with opened(lend()) as storage:
            for check in (
                contract.test_ties_are_sorted_by_descending_id,
                contract.test_paging_through_ties_neither_repeats_nor_skips,
            ):
                await check(storage, await admitted(storage, case.entity), case)

    asyncio.run(check())


async def test_a_write_executes_the_expected_statements(stored: Stored) -> None:
    simulations = stored.storage.repository(Simulation).of(stored.owner.id)
    async with stored.recorded() as statements:
        await simulations.add(SimulationFactory.build(owner_id=stored.owner.id), CONTEXT)
        await simulations.change(stored.simulation.id, lambda stored: update(stored, now=NOW, name="Gust"), CONTEXT)
        await simulations.change(stored.simulation.id, lambda stored: stored, CONTEXT)
        await simulations.remove(stored.simulation.id, CONTEXT)
    if VENDOR == "postgresql":
        assert len(statements) == 1 + 2 + 1 + 2
    else:  # each writes a row, the change count and a revision; a removal looks for runs first
        kinds = "INSERT INSERT INSERT SELECT UPDATE INSERT INSERT SELECT SELECT SELECT DELETE INSERT INSERT"
        assert [sql.split()[0] for sql in statements] == kinds.split()


def recorded_calls(calls: list[str], call: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps a function, and records its calls by name."""

    def recording(*args: object, **options: object) -> Any:
        calls.append(call.__name__)
        return call(*args, **options)

    return recording


async def test_each_statement_is_compiled_once(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    async def everything() -> None:
        simulations = stored.storage.repository(Simulation).of(stored.owner.id)
        for read in READS.values():
            await read(stored)
        other = SimulationFactory.build(owner_id=stored.owner.id)
        await simulations.add(other, CONTEXT)
        await simulations.change(other.id, lambda stored: update(stored, now=NOW, name="Gust"), CONTEXT)
        await simulations.remove(other.id, CONTEXT)

    compiled: list[str] = []
    monkeypatch.setattr(Compiler, "_sql", recorded_calls(compiled, Compiler._sql))
    monkeypatch.setattr(Compiler, "_statement", recorded_calls(compiled, Compiler._statement))
    await everything()
    first_count = len(compiled)
    await everything()
    assert len(compiled) == first_count > 0
