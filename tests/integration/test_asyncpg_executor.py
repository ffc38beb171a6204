"""The asyncpg pool: concurrency, releasing connections, and failures reported as ``Unavailable``."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from adapters.django_orm.sql import asyncpg_executor
from adapters.django_orm.sql.fair_semaphore import ALWAYS_WAIT
from adapters.django_orm.sql.statement import Statement
from adapters.django_orm.storage import Storage
from domain.errors import Conflict, NotFound, PoolTimeout, Unavailable
from domain.paging import PageRequest, Position
from domain.simulations.simulation import Simulation
from tests.contracts.cases import Case, admitted, every_kind, everything
from tests.factories import (
    CONTEXT,
    NOW,
    SimulationFactory,
    new_owner_id,
)
from tests.integration.conftest import MakeStorage, opened, table_of
from tests.integration.waiting import until_available, until_seen
from tests.ports import unused_port
from tests.restartable import PATIENCE


def statement(sql: str) -> Statement:
    return Statement(sql, (), ())


SLEEP = statement(f"SELECT pg_sleep({PATIENCE})")
ANSWER = statement("SELECT 1")


async def fetch(storage: Storage, statement: Statement) -> Sequence[Sequence[Any]]:
    return await storage.executor.fetch("", statement, {})


class Observer:
    """Inspects the pool's backends in pg_stat_activity, over a separate connection."""

    def __init__(self, connection: asyncpg.Connection[Any], application: str) -> None:
        self.connection, self.application = connection, application

    async def states(self) -> list[str]:
        sql = "SELECT state FROM pg_stat_activity WHERE application_name = $1"
        return [row["state"] for row in await self.connection.fetch(sql, self.application)]

    async def terminate(self) -> int:
        sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1"
        return len(await self.connection.fetch(sql, self.application))

    async def wait_for_states(self, states: list[str]) -> None:
        """Waits until the backends have these states; a backend notices a closed connection with a delay."""
        await until_seen(self.states, states)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is the service's own is not given up on a busy machine."""
    monkeypatch.setattr(asyncpg_executor, "SYSTEM_TIMEOUT", PATIENCE)


@pytest.fixture
async def observer(pool_url: str) -> AsyncIterator[Observer]:
    connection = await asyncpg.connect(urlsplit(pool_url)._replace(query="").geturl())
    yield Observer(connection, parse_qs(urlsplit(pool_url).query)["application_name"][0])
    await connection.close()


@pytest.mark.parametrize("failing", [False, True], ids=["all-succeed", "every-third-conflicts"])
async def test_120_concurrent_writes_are_stored_and_no_backend_is_left(
    on_pool: MakeStorage, observer: Observer, failing: bool
) -> None:
    async with opened(on_pool(size=10)) as storage:
        owner = await admitted(storage)
        simulations = storage.repository(Simulation).of(owner)
        taken = SimulationFactory.build(owner_id=owner)
        await simulations.add(taken, CONTEXT)
        slots = asyncio.Semaphore(6 + ALWAYS_WAIT)  # of more, some would be refused as overload on a busy machine

        async def write(number: int) -> None:
            async with slots:
                id = {"id": taken.id} if failing and number % 3 == 0 else {}
                await simulations.add(SimulationFactory.build(owner_id=owner, **id), CONTEXT)

        outcomes = await asyncio.gather(*map(write, range(120)), return_exceptions=True)
        refused = [outcome for outcome in outcomes if outcome is not None]
        assert [type(outcome) for outcome in refused] == [Conflict] * (40 if failing else 0)
        assert len(await everything(simulations)) == 1 + 120 - len(refused)
        # An owner may use two thirds of the eight connections that are not reserved.
        assert await observer.states() == ["idle"] * 6
    await observer.wait_for_states([])


@pytest.mark.parametrize("size", [3, 32])
async def test_as_many_queries_run_at_once_as_the_pool_has_connections(
    on_pool: MakeStorage, observer: Observer, size: int
) -> None:
    async with opened(on_pool(size=size, acquire_timeout=PATIENCE, statement_timeout=PATIENCE)) as storage:
        sleeping = [asyncio.create_task(fetch(storage, SLEEP)) for _ in range(size + 9)]
        await observer.wait_for_states(["active"] * size)
        pool = storage.pools["connections"]
        assert (pool.in_use, pool.waiting) == (size, 9)
        for task in sleeping:
            task.cancel()
        await asyncio.wait(sleeping)


async def test_a_pool_connects_on_first_use(on_pool: MakeStorage, observer: Observer) -> None:
    async with opened(on_pool()) as storage:
        assert await observer.states() == []
        await storage.check()
        assert await observer.states() == ["idle"]


async def test_a_pool_recovers_after_all_its_backends_are_terminated(on_pool: MakeStorage, observer: Observer) -> None:
    async with opened(on_pool(size=4)) as storage:
        owner = await admitted(storage)
        await asyncio.gather(*(fetch(storage, ANSWER) for _ in range(4)))
        assert await observer.terminate() == 4
        await observer.wait_for_states([])
        refused = 0
        while True:
            try:
                assert await everything(storage.repository(Simulation).of(owner)) == []
            except Unavailable:
                refused += 1
                assert refused <= 4
            else:
                break
        await asyncio.gather(*(fetch(storage, ANSWER) for _ in range(4)))


async def test_a_query_whose_backend_is_terminated_is_unavailable(on_pool: MakeStorage, observer: Observer) -> None:
    async with opened(on_pool(size=1)) as storage:
        sleeping = asyncio.create_task(fetch(storage, SLEEP))
        await observer.wait_for_states(["active"])
        await observer.terminate()
        with pytest.raises(Unavailable):
            await sleeping
        await storage.check()


async def test_an_exhausted_pool_is_unavailable_after_its_timeout(on_pool: MakeStorage, observer: Observer) -> None:
    async with opened(on_pool(size=1, acquire_timeout=0.1, statement_timeout=PATIENCE)) as storage:
        sleeping = asyncio.create_task(fetch(storage, SLEEP))
        await observer.wait_for_states(["active"])
        with pytest.raises(PoolTimeout):
            await storage.check()
        await observer.terminate()
        with pytest.raises(Unavailable):
            await sleeping
        await storage.check()


async def test_a_statement_beyond_its_timeout_is_cancelled_and_unavailable(
    on_pool: MakeStorage, observer: Observer
) -> None:
    async with opened(on_pool(size=1, statement_timeout=0.2)) as storage:
        with pytest.raises(Unavailable):
            await fetch(storage, SLEEP)
        await observer.wait_for_states(["idle"])
        await until_available(storage.check)


async def test_a_cancelled_task_releases_its_connection(on_pool: MakeStorage, observer: Observer) -> None:
    async with opened(on_pool(size=1)) as storage:
        sleeping = asyncio.create_task(fetch(storage, SLEEP))
        await observer.wait_for_states(["active"])
        sleeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeping
        await storage.check()
        assert await observer.states() == ["idle"]


async def test_a_cancelled_write_is_rolled_back_and_releases_its_connection(
    on_pool: MakeStorage, observer: Observer, operator_url: str
) -> None:
    async with opened(on_pool(size=1)) as storage:
        owner = await admitted(storage)
        simulation = SimulationFactory.build(owner_id=owner)
        simulations = storage.repository(Simulation).of(owner)
        other = await asyncpg.connect(operator_url)
        try:
            async with other.transaction():
                await other.execute("SELECT FROM change_count WHERE owner_id = $1 FOR UPDATE", owner)
                writing = asyncio.create_task(simulations.add(simulation, CONTEXT))
                await observer.wait_for_states(["active"])
                await asyncio.sleep(0.1)
                writing.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await writing
                await observer.wait_for_states(["idle"])
        finally:
            await other.close()
        with pytest.raises(NotFound):
            await simulations.get(simulation.id)
        assert await observer.states() == ["idle"]


async def test_prepared_statements_survive_an_altered_table(on_pool: MakeStorage, operator_url: str) -> None:
    async with opened(on_pool(size=1)) as storage:
        simulations = storage.repository(Simulation).of(owner := await admitted(storage))
        kept = SimulationFactory.build(owner_id=owner)
        await simulations.add(kept, CONTEXT)
        operator = await asyncpg.connect(operator_url)
        try:
            for kind in ("text", f"varchar({300})"):
                assert await simulations.get(kept.id) == kept
                await operator.execute(f"ALTER TABLE simulation ALTER COLUMN name TYPE {kind}")
                assert await simulations.get(kept.id) == kept
                await simulations.add(SimulationFactory.build(owner_id=owner), CONTEXT)
        finally:
            await operator.close()
        assert len(await everything(simulations)) == 3


async def test_an_unreachable_server_is_unavailable(on_pool: MakeStorage, pool_url: str) -> None:
    parts = urlsplit(pool_url)
    with unused_port() as port:
        unreachable_url = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}").geturl()
        async with opened(on_pool(unreachable_url)) as storage:
            with pytest.raises(Unavailable):
                await storage.repository(Simulation).of(new_owner_id()).get(new_owner_id())
            with pytest.raises(Unavailable):
                await storage.check()


async def test_the_lookup_of_a_key_does_not_wait_long_for_a_connection(
    on_pool: MakeStorage, pool_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncpg_executor, "SYSTEM_TIMEOUT", 0.1)
    parts = urlsplit(pool_url)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"{parts.username}:{parts.password}@127.0.0.1:{silent.getsockname()[1]}"
        async with opened(on_pool(parts._replace(netloc=place).geturl(), acquire_timeout=60)) as storage:
            with pytest.raises(Unavailable, match="in time"):
                await asyncio.wait_for(storage.owners.holder("nobody"), 20)


async def test_a_closed_pool_is_unavailable(on_pool: MakeStorage) -> None:
    async with opened(on_pool()) as storage:
        await storage.check()
    with pytest.raises(Unavailable):
        await storage.check()


async def test_a_database_without_tables_is_not_ready(on_pool: MakeStorage, pool_url: str) -> None:
    empty_database_url = urlsplit(pool_url)._replace(path="/template1").geturl()
    async with opened(on_pool(empty_database_url)) as storage:
        with pytest.raises(Unavailable):
            await storage.check()


@every_kind
async def test_the_next_page_of_a_list_is_an_index_scan(on_pool: MakeStorage, observer: Observer, case: Case) -> None:
    async with opened(on_pool()) as storage:
        table = table_of(case, storage)
        plan = await _plan_of_next_page(observer, table)
        scan = plan
        kinds = []
        while scan.get("Plans"):
            kinds.append(scan["Node Type"])
            scan = scan["Plans"][-1]  # the subplans before it set the owner
        limit = kinds.index("Limit")
        assert set(kinds[:limit]) <= {"Subquery Scan", "WindowAgg"}, plan  # which measure pages of large objects
        assert [*kinds[limit:], scan["Node Type"]] == ["Limit", "Result", "Index Scan"], plan
        assert scan["Index Name"] in {index.name for index in table.model._meta.indexes if "created_at" in index.fields}
        assert "owner_id" in scan["Index Cond"]
        assert "created_at" in scan["Index Cond"]


async def _plan_of_next_page(observer: Observer, table: Any) -> dict[str, Any]:
    values = {"owner_id": new_owner_id(), "after_value": NOW, "after_id": new_owner_id()}
    async with observer.connection.transaction():
        for plan_type in ("seqscan", "bitmapscan", "sort"):  # which the planner prefers for few rows
            await observer.connection.execute(f"SET LOCAL enable_{plan_type} = off")
        next_page = table.lists.page(PageRequest(limit=20, after=Position(NOW, new_owner_id())))
        explained = await observer.connection.fetchval(
            f"EXPLAIN (FORMAT JSON) {next_page.sql}", *next_page.arguments(str(values["owner_id"]), values)
        )
    plan: dict[str, Any] = json.loads(explained)[0]["Plan"]
    return plan
