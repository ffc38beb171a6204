"""SQLite with several threads and several executors on one file: no update is lost and no connection left open."""

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


def lengthen(stored: Simulation) -> Simulation:
    time.sleep(0.005)  # long enough for another to come between reading and writing
    return update(stored, now=NOW, name=stored.name + "x")


@pytest.fixture
def writer(django_db_setup: None) -> Iterator[sqlite3.Connection]:
    """A program of somebody else's that has the write lock of the file."""
    connection = sqlite3.connect(connections["default"].settings_dict["NAME"], isolation_level=None)
    with closing(connection):
        connection.execute("BEGIN IMMEDIATE")
        yield connection


async def test_two_processes_on_one_file_lose_no_update(on_threads: MakeStorage) -> None:
    # Each executor queues its own writers only, as each process does; between the two there is SQLite's lock alone.
    async with opened(on_threads()) as first, opened(on_threads()) as second:
        owner = await admitted(first)
        simulation = SimulationFactory.build(owner_id=owner, name="x")
        await first.repository(Simulation).of(owner).add(simulation, CONTEXT)
        stores = [first, second] * 10
        await asyncio.gather(
            *(each.repository(Simulation).of(owner).change(simulation.id, lengthen, CONTEXT) for each in stores)
        )
        for each in (first, second):
            stored = await each.repository(Simulation).of(owner).get(simulation.id)
            assert (stored.name, stored.version) == ("x" * 21, 21)


async def test_readers_do_not_wait_for_a_writer(on_threads: MakeStorage, writer: sqlite3.Connection) -> None:
    async with opened(on_threads()) as storage:
        async with asyncio.timeout(5):
            assert await everything(storage.repository(Simulation).of(SimulationFactory.build().owner_id)) == []


async def test_a_writer_waits_for_another(on_threads: MakeStorage, writer: sqlite3.Connection) -> None:
    async with opened(on_threads()) as storage:
        waiting = asyncio.create_task(admitted(storage))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        writer.execute("COMMIT")
        await waiting


async def test_waiting_writers_leave_threads_to_readers(on_threads: MakeStorage, writer: sqlite3.Connection) -> None:
    async with opened(on_threads()) as storage:
        waiting = [asyncio.create_task(admitted(storage)) for _ in range(8)]
        await asyncio.sleep(0.1)
        async with asyncio.timeout(5):
            assert await storage.owners.find("nobody") is None
        assert not any(task.done() for task in waiting)
        writer.execute("COMMIT")
        await asyncio.gather(*waiting)


async def test_a_writer_that_waits_too_long_is_unavailable(
    on_threads: MakeStorage, writer: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections["default"].settings_dict["OPTIONS"], "timeout", 0.05)
    async with opened(on_threads()) as storage:
        with pytest.raises(Unavailable):
            await admitted(storage)
        writer.execute("COMMIT")
        await admitted(storage)


async def test_several_threads_read_at_once_and_each_has_a_connection_that_is_closed_in_the_end(
    on_threads: MakeStorage,
) -> None:
    meeting = threading.Barrier(4)
    meet = Statement("SELECT %s", (("patience", meeting.wait),), ())
    async with opened(on_threads(size=4)) as storage:
        executor = storage.executor
        assert isinstance(executor, DjangoExecutor)
        await asyncio.gather(*(executor.fetch("", meet, {"patience": 10}) for _ in range(8)))
        open_ones = [each.connection for each in executor._own_connections if each.connection is not None]
        assert len(set(map(id, open_ones))) == 4
    assert [each.connection for each in executor._own_connections] == [None] * len(executor._own_connections)
    for connection in open_ones:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


@pytest.fixture
def file(on_threads: MakeStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the database, which the threads use in its place."""
    copy = tmp_path / "goatfish.sqlite3"
    _copy(connections["default"].settings_dict["NAME"], copy)
    monkeypatch.setitem(connections["default"].settings_dict, "NAME", str(copy))
    return copy


def _copy(source: str | Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as database, closing(sqlite3.connect(target)) as copy:
        database.backup(copy)


def _restore(backup: Path, file: Path) -> None:
    for old in (file, *file.parent.glob(f"{file.name}-*")):
        old.unlink()
    backup.rename(file)


async def test_a_file_that_is_removed_is_unavailable_and_not_made_anew(on_threads: MakeStorage, file: Path) -> None:
    async with opened(on_threads(size=1)) as storage:
        owner = await admitted(storage)
        aside = await asyncio.to_thread(file.rename, file.with_name("aside"))
        for _ in range(2):
            with pytest.raises(Unavailable):
                await storage.check()
            with pytest.raises(Unavailable):
                await storage.repository(Simulation).of(owner).add(SimulationFactory.build(owner_id=owner), CONTEXT)
        assert not await asyncio.to_thread(file.exists)
        await asyncio.to_thread(aside.rename, file)
        await storage.check()
        assert await storage.owners.find(owner) is not None


async def test_nothing_is_lost_in_a_file_that_has_been_replaced(on_threads: MakeStorage, file: Path) -> None:
    async with opened(on_threads(size=1)) as storage:
        owner = await admitted(storage)
        _copy(file, backup := file.with_name("backup"))
        await asyncio.to_thread(_restore, backup, file)
        simulations = storage.repository(Simulation).of(owner)
        simulation = SimulationFactory.build(owner_id=owner)
        with pytest.raises(Unavailable):
            await simulations.add(simulation, CONTEXT)
        await simulations.add(simulation, CONTEXT)
    async with opened(on_threads(size=1)) as later:
        assert await everything(later.repository(Simulation).of(owner)) == [simulation]


async def test_a_connection_that_failed_is_not_used_again(on_threads: MakeStorage, file: Path) -> None:
    async with opened(on_threads(size=1)) as storage:
        await storage.check()
        executor = storage.executor
        assert isinstance(executor, DjangoExecutor)
        used = executor._own_connections[0].connection
        with pytest.raises(Unavailable):
            await executor.fetch("", Statement("SELECT 1 FROM nowhere", (), ()), {})
        await storage.check()
        assert executor._own_connections[0].connection is not used


async def test_what_a_cancelled_task_began_is_committed_whole_or_not_at_all(on_threads: MakeStorage) -> None:
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
