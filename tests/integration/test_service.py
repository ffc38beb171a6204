"""The service as it is run, `goatfish serve` on a PostgreSQL of its own: it loses nothing, leaves nothing, recovers."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import httpx2
import psycopg
import pytest

from adapters.django_orm.sql.fair_semaphore import ALWAYS_WAIT
from tests.contracts.http_api import SIMULATIONS, WING
from tests.embedded_postgres import Server
from tests.restartable import PATIENCE, wait_until
from tests.warm_start import goatfish


@dataclass
class Running:
    """One process of the service, the key of a tenant, and its database."""

    process: subprocess.Popen[str]
    url: str
    key: str
    database: Server

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url=self.url, headers={"X-API-Key": self.key}, timeout=PATIENCE)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def ask(self, query: str) -> int:
        with psycopg.connect(self.database.administrator_url) as connection:
            row = connection.execute(query.encode()).fetchone()
            assert row is not None
            return int(row[0])

    def rows(self) -> int:
        return self.ask("SELECT count(*) FROM simulation")

    def backends(self) -> int:
        return self.ask("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'") - 1


@pytest.fixture(scope="module")
def database() -> Iterator[tuple[Server, str]]:
    """A server of our own, and the key of a tenant in it."""
    with Server(in_memory=True) as server:
        run = partial(subprocess.run, env=_environment(server), capture_output=True, text=True, check=True, timeout=60)
        run(goatfish("migrate"))
        run(goatfish("owner", "create", "tests"))
        yield server, run(goatfish("key", "create", "tests")).stdout.strip()


@pytest.fixture
def running(database: tuple[Server, str], request: pytest.FixtureRequest) -> Iterator[Running]:
    server, key = database
    variables: dict[str, str] = getattr(request, "param", {})
    command = goatfish("serve", "--port", "0")
    with subprocess.Popen(
        command, env=_environment(server) | variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout is not None
            address = re.search(r"listens on (http://\S+)", process.stdout.readline())
            assert address, "the service did not start"
            yield Running(process, address[1], key, server)
        finally:
            process.kill()
            sys.stdout.write(process.communicate()[0])  # pytest shows it where a test failed


def _environment(server: Server) -> dict[str, str]:
    urls = {"GOATFISH_DATABASE_URL": server.url, "GOATFISH_OPERATOR_DATABASE_URL": server.operator_url}
    return os.environ | urls | {"GOATFISH_RATE_LIMIT": "0", "GOATFISH_FAILURE_LIMIT": "0"}


async def _flood(running: Running, *, failing: bool) -> list[int]:
    """120 requests, so many at once that some wait; every third one breaks a rule in its transaction if ``failing``."""
    free = asyncio.Semaphore(6 + ALWAYS_WAIT)  # an owner's connections; of more, some could be refused as overload
    async with running.client() as http:
        path = f"{SIMULATIONS}/{(await http.post(SIMULATIONS, json=WING)).json()['id']}"

        async def one(number: int) -> int:
            async with free:
                if failing and number % 3 == 0:
                    return (await http.patch(path, json={"end_date": "0001-01-01"})).status_code
                return (await http.post(SIMULATIONS, json=WING | {"name": str(number)})).status_code

        return await asyncio.gather(*map(one, range(120)))


@pytest.mark.parametrize("failing", [False, True])
async def test_a_burst_of_requests_loses_no_row_and_no_connection(running: Running, failing: bool) -> None:
    before = running.rows()
    answers = await _flood(running, failing=failing)
    made = 80 if failing else 120
    assert sorted(answers) == [201] * made + [422] * (120 - made)
    assert running.rows() == before + made + 1
    assert 1 <= running.backends() <= 10
    assert running.stop() == 0
    wait_until(lambda: running.backends() == 0, "all sessions have ended")


# One owner has two thirds of those that are not kept back.
@pytest.mark.parametrize("running", [{"GOATFISH_POOL_SIZE": "50"}], indirect=True, ids=["pool-of-50"])
async def test_32_requests_use_the_database_concurrently(running: Running) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%simulation%'"
    async with running.client() as http:
        await asyncio.gather(*(http.get(SIMULATIONS) for _ in range(32)))  # which open connections
        with (
            psycopg.connect(running.database.operator_url) as holder,
            psycopg.connect(running.database.administrator_url, autocommit=True) as watching,
        ):
            holder.execute("LOCK TABLE simulation IN ACCESS EXCLUSIVE MODE")
            requests = asyncio.gather(*(http.get(SIMULATIONS) for _ in range(32)))
            while watching.execute(waiting).fetchone() != (32,):
                assert not requests.done()
                await asyncio.sleep(0.005)
        assert {answer.status_code for answer in await requests} == {200}


async def test_the_service_recovers_from_a_database_restart_under_load(running: Running) -> None:
    under_load, back = asyncio.Event(), asyncio.Event()
    seen: set[int] = set()

    async with running.client() as http:

        async def load() -> None:
            """Asks until so many requests in a row have succeeded after the database is back."""
            in_a_row = 0
            while in_a_row < 50:
                was_back = back.is_set()
                status = (await http.get(SIMULATIONS)).status_code
                seen.add(status)
                under_load.set()
                in_a_row = in_a_row + 1 if was_back and status == 200 else 0
                await asyncio.sleep(0.005)

        workers = [asyncio.create_task(load()) for _ in range(8)]
        async with asyncio.timeout(PATIENCE):
            await under_load.wait()
            await asyncio.to_thread(running.database.restart)
            back.set()
            await asyncio.gather(*workers)
        assert (await http.post(SIMULATIONS, json=WING)).status_code == 201
    assert seen <= {200, 503}
