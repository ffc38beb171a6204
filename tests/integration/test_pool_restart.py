"""The pool recovers after a restart or crash of PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from adapters.django_orm.bootstrap import asyncpg_storage
from adapters.django_orm.storage import Storage
from domain.errors import Unavailable
from domain.simulations.simulation import Simulation
from tests.embedded_postgres import Server
from tests.factories import CONTEXT, SimulationFactory
from tests.integration.conftest import opened
from tests.warm_start import goatfish

WORKERS = 16


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(in_memory=True) as server:
        urls = {"GOATFISH_DATABASE_URL": server.url, "GOATFISH_OPERATOR_DATABASE_URL": server.operator_url}
        subprocess.run(goatfish("migrate"), env=os.environ | urls, check=True, timeout=60)
        yield server


@pytest.fixture
async def storage(server: Server) -> Storage:
    return asyncpg_storage(server.url, size=8, acquire_timeout=5, statement_timeout=5, list_timeout=2)


def _ignore_lost_connections() -> None:
    """Ignores lost connections that the driver reports to the event loop, which the service logs."""
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)


def crash_and_restart(server: Server) -> None:
    server.crash()
    time.sleep(0.5)
    server.restart()


@pytest.mark.parametrize("outage", [Server.restart, crash_and_restart], ids=["restart", "crash"])
async def test_requests_succeed_within_three_seconds_of_a_restart(
    server: Server, storage: Storage, outage: Callable[[Server], None]
) -> None:
    _ignore_lost_connections()
    async with opened(storage):
        simulation = SimulationFactory.build()
        simulations = storage.repository(Simulation).of(simulation.owner_id)
        await simulations.add(simulation, CONTEXT)
        back = asyncio.Event()
        served = refused = 0

        async def read_until_recovered() -> float:
            """Reads repeatedly; returns the time of the first success after the server is back."""
            nonlocal served, refused
            while True:
                returned = back.is_set()
                try:
                    assert await simulations.get(simulation.id) == simulation
                except Unavailable:
                    refused += 1
                    await asyncio.sleep(0.02)
                else:
                    served += 1
                    if returned:
                        return time.monotonic()

        workers = [asyncio.create_task(read_until_recovered()) for _ in range(WORKERS)]
        await asyncio.sleep(0.2)
        assert served > WORKERS
        await asyncio.to_thread(outage, server)
        returned_at = time.monotonic()
        back.set()
        async with asyncio.timeout(10):
            recovered_at = await asyncio.gather(*workers)
        assert max(recovered_at) - returned_at < 3
        assert refused > 0


async def test_a_stopped_server_is_unavailable_until_it_is_back(server: Server, storage: Storage) -> None:
    _ignore_lost_connections()
    async with opened(storage):
        simulation = SimulationFactory.build()
        simulations = storage.repository(Simulation).of(simulation.owner_id)
        await simulations.add(simulation, CONTEXT)
        await asyncio.to_thread(server.crash)
        for _ in range(20):
            with pytest.raises(Unavailable):
                await simulations.get(simulation.id)
            with pytest.raises(Unavailable):
                await simulations.add(SimulationFactory.build(owner_id=simulation.owner_id), CONTEXT)
        await asyncio.to_thread(server.restart)
        assert await simulations.get(simulation.id) == simulation
