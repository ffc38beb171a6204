"""The Django executor on SQLite: concurrent writers, replaced files, and closing connections."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connections

from adapters.django_orm.sql.django_executor import DjangoExecutor
from adapters.django_orm.sql.statement import Statement
from domain.entity import update
from domain.errors import NotFound, Unavailable
from domain.simulations.simulation import Simulation
from tests.contracts.cases import admitted, everything
from tests.factories import CONTEXT, NOW, SimulationFactory
from tests.integration.conftest import MakeStorage, opened


def append_x(stored: Simulation) -> Simulation:
    time.sleep(0.005)  # long enough for another other_writer to interleave
    return update(stored, now=NOW, name=stored.name + "x")


@pytest.fixture
def other_writer(django_db_setup: None) -> Iterator[sqlite3.Connection]:
    """A connection outside the executor that holds SQLite's write lock."""
    connection = sqlite3.connect(connections["default"].settings_dict["NAME"], isolation_level=None)
    with closing(connection):
        connection.execute("BEGIN IMMEDIATE")
        yield connection


async def test_two_executors_on_one_file_lose_no_update(on_threads: MakeStorage) -> None:
    # An executor queues its own writers only, as a process does; two are kept apart by SQLite's lock.
    async with opened(on_threads()) as first, opened(on_threads()) as second:
        owner = await admitted(first)
        simulation = SimulationFactory.build(owner_id=owner, name="x")
        await first.repository(Simulation).of(owner).add(simulation, CONTEXT)
        stores = [first, second] * 10
        await asyncio.gather(
            *(each.repository(Simulation).of(owner).change(simulation.id, append_x, CONTEXT) for each in stores)
        )
        for each in (first, second):
            stored = await each.repository(Simulation).of(owner).get(simulation.id)
            assert (stored.name, stored.version) == ("x" * 21, 21)


async def test_readers_do_not_wait_for_a_writer(on_threads: MakeStorage, other_writer: sqlite3.Connection) -> None:
    async with opened(on_threads()) as storage:
        async with asyncio.timeout(60):
            assert await everything(storage.repository(Simulation).of(SimulationFactory.build().owner_id)) == []


async def test_a_writer_waits_for_the_write_lock(on_threads: MakeStorage, other_writer: sqlite3.Connection) -> None:
    async with opened(on_threads()) as storage:
        waiting = asyncio.create_task(admitted(storage))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        other_writer.execute("COMMIT")
        await waiting


async def test_waiting_writers_do_not_block_readers(on_threads: MakeStorage, other_writer: sqlite3.Connection) -> None:
    async with opened(on_threads()) as storage:
        waiting = [asyncio.create_task(admitted(storage)) for _ in range(8)]
        await asyncio.sleep(0.1)
        async with asyncio.timeout(60):
            assert await storage.owners.find("nobody") is None
        assert not any(task.done() for task in waiting)
        other_writer.execute("COMMIT")
        await asyncio.gather(*waiting)


async def test_a_writer_beyond_its_timeout_is_unavailable(
    on_threads: MakeStorage, other_writer: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections["default"].settings_dict["OPTIONS"], "timeout", 0.05)
    async with opened(on_threads()) as storage:
        with pytest.raises(Unavailable):
            await admitted(storage)
        other_writer.execute("COMMIT")
        await admitted(storage)


async def test_threads_read_concurrently_and_their_connections_are_closed(
    on_threads: MakeStorage,
) -> None:
    barrier = threading.Barrier(4)
    wait_statement = Statement("SELECT %s", (("timeout_seconds", barrier.wait),), ())
    async with opened(on_threads(size=4)) as storage:
        executor = storage.executor
        assert isinstance(executor, DjangoExecutor)
        await asyncio.gather(*(executor.fetch("", wait_statement, {"timeout_seconds": 60}) for _ in range(8)))
        open_ones = [each.connection for each in executor._own_connections if each.connection is not None]
        assert len(set(map(id, open_ones))) == 4
    assert [each.connection for each in executor._own_connections] == [None] * len(executor._own_connections)
    for connection in open_ones:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


@pytest.fixture
def database_file(on_threads: MakeStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the database, used in its place."""
    copy = tmp_path / "goatfish.sqlite3"
    _copy(connections["default"].settings_dict["NAME"], copy)
    monkeypatch.setitem(connections["default"].settings_dict, "NAME", str(copy))
    return copy


def _copy(source: str | Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as database, closing(sqlite3.connect(target)) as copy:
        database.backup(copy)


def _restore(backup: Path, database_file: Path) -> None:
    for old in (database_file, *database_file.parent.glob(f"{database_file.name}-*")):
        old.unlink()
    backup.rename(database_file)


async def test_a_removed_file_is_unavailable_and_not_recreated(on_threads: MakeStorage, database_file: Path) -> None:
    async with opened(on_threads(size=1)) as storage:
        owner = await admitted(storage)
        aside = await asyncio.to_thread(database_file.rename, database_file.with_name("aside"))
        for _ in range(2):
            with pytest.raises(Unavailable):
                await storage.check()
            with pytest.raises(Unavailable):
                await storage.repository(Simulation).of(owner).add(SimulationFactory.build(owner_id=owner), CONTEXT)
        assert not await asyncio.to_thread(database_file.exists)
        await asyncio.to_thread(aside.rename, database_file)
        await storage.check()
        assert await storage.owners.find(owner) is not None


async def test_a_write_to_a_replaced_file_is_rejected_then_stored(on_threads: MakeStorage, database_file: Path) -> None:
    async with opened(on_threads(size=1)) as storage:
        owner = await admitted(storage)
        _copy(database_file, backup := database_file.with_name("backup"))
        await asyncio.to_thread(_restore, backup, database_file)
        simulations = storage.repository(Simulation).of(owner)
        simulation = SimulationFactory.build(owner_id=owner)
        with pytest.raises(Unavailable):
            await simulations.add(simulation, CONTEXT)
        await simulations.add(simulation, CONTEXT)
    async with opened(on_threads(size=1)) as later:
        assert await everything(later.repository(Simulation).of(owner)) == [simulation]


async def test_a_failed_connection_is_not_reused(on_threads: MakeStorage, database_file: Path) -> None:
    async with opened(on_threads(size=1)) as storage:
        await storage.check()
        executor = storage.executor
        assert isinstance(executor, DjangoExecutor)
        used = executor._own_connections[0].connection
        with pytest.raises(Unavailable):
            await executor.fetch("", Statement("SELECT 1 FROM nowhere", (), ()), {})
        await storage.check()
        assert executor._own_connections[0].connection is not used


async def test_a_cancelled_write_is_committed_completely_or_not_at_all(on_threads: MakeStorage) -> None:
    async with opened(on_threads()) as storage:
        owner = await admitted(storage)
        simulations = storage.repository(Simulation).of(owner)
        simulation = SimulationFactory.build(owner_id=owner)
        writing = asyncio.create_task(simulations.add(simulation, CONTEXT))
        await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        await storage.repository(Simulation).of(owner).add(SimulationFactory.build(owner_id=owner), CONTEXT)
        try:
            assert await simulations.get(simulation.id) == simulation
        except NotFound:
            assert len(await everything(simulations)) == 1
