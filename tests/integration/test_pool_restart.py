"""The pool recovers after a restart or crash of PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable, Iterator

import pytest

from adapters.django_orm.bootstrap import asyncpg_storage
from adapters.django_orm.storage import Storage
from domain.errors import Unavailable
from domain.simulations.simulation import Simulation
from tests.embedded_postgres import Server
from tests.factories import CONTEXT, SimulationFactory
from tests.integration.conftest import opened
from tests.integration.waiting import until_available
from tests.restartable import PATIENCE
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
    return asyncpg_storage(
        server.url, size=8, acquire_timeout=PATIENCE, statement_timeout=PATIENCE, list_timeout=PATIENCE
    )


def _ignore_lost_connections() -> None:
    """Ignores lost connections that the driver reports to the event loop, which the service logs."""
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)


def crash_and_restart(server: Server) -> None:
    server.crash()
    server.restart()


@pytest.mark.parametrize("outage", [Server.restart, crash_and_restart], ids=["restart", "crash"])
async def test_requests_succeed_again_after_a_restart(
    server: Server, storage: Storage, outage: Callable[[Server], None]
) -> None:
    _ignore_lost_connections()
    async with opened(storage):
        simulation = SimulationFactory.build()
        simulations = storage.repository(Simulation).of(simulation.owner_id)
        await simulations.add(simulation, CONTEXT)
        under_load, back = asyncio.Event(), asyncio.Event()
        served = refused = 0

        async def read_until_recovered() -> None:
            """Reads repeatedly until it succeeds after the server is back."""
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
                    if served > WORKERS:
                        under_load.set()
                    if returned:
                        return

        workers = [asyncio.create_task(read_until_recovered()) for _ in range(WORKERS)]
        async with asyncio.timeout(PATIENCE):
            await under_load.wait()
            await asyncio.to_thread(outage, server)
            back.set()
            await asyncio.gather(*workers)
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
        await until_available(lambda: simulations.get(simulation.id))
