"""The disk of the database fills up: writes are refused with 503, nothing acknowledged is lost, and it recovers."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import psycopg

from tests.contracts.http_api import SIMULATIONS, WING
from tests.embedded_postgres import Server
from tests.embedded_postgres.places import Account
from tests.embedded_postgres.server import DATABASE
from tests.reliability.conftest import Deployment
from tests.reliability.small_disk import MIB, SmallDisk, small_disk
from tests.restartable import PATIENCE

REFUSALS = 20
"""Writes that must be refused before there is room again."""

Deploy = Callable[..., Deployment]
Report = Callable[[str], None]


class Writer:
    """Writes one simulation after the other, and remembers those that were acknowledged."""

    def __init__(self, deployment: Deployment) -> None:
        headers = {"X-API-Key": deployment.key}
        self.http = httpx2.AsyncClient(base_url=deployment.service.url, headers=headers, timeout=PATIENCE)
        self.acknowledged: list[str] = []
        self.refused = 0

    async def write(self) -> bool:
        """Whether a write is acknowledged; if it is not, it must be a 503 that says when to come back."""
        answer = await self.http.post(SIMULATIONS, json=WING | {"description": "x" * 4000})
        if answer.status_code == 201:
            self.acknowledged.append(answer.json()["id"])
            return True
        assert answer.status_code == 503, answer.text
        assert answer.headers["retry-after"]
        self.refused += 1
        return False

    async def until(self, acknowledged: bool, times: int = 1) -> None:
        """Writes until so many writes in all were acknowledged, or refused."""
        async with asyncio.timeout(PATIENCE):
            while times:
                times -= await self.write() is acknowledged

    async def check(self) -> None:
        """Asserts that everything acknowledged can be read."""
        for id in self.acknowledged:
            assert (await self.http.get(f"{SIMULATIONS}/{id}")).status_code == 200


async def _fill_and_empty(
    deployment: Deployment, disk: SmallDisk, report: Report, name: str, *, logged: str, fill: Callable[[], None]
) -> None:
    """Writes while the disk becomes full; reads then, and writes again once there is room."""
    writer = Writer(deployment)
    async with writer.http:
        await writer.until(acknowledged=True, times=20)
        fill()
        await writer.until(acknowledged=False, times=REFUSALS)
        await writer.check()
        for path in (SIMULATIONS, f"{SIMULATIONS}/{writer.acknowledged[0]}/revisions", "/readyz", "/livez"):
            assert (await writer.http.get(path)).status_code == 200
        disk.empty()
        await writer.until(acknowledged=True, times=20)
        await writer.check()
    log = deployment.service.log.read_text()
    assert logged in log
    assert "Traceback" not in log
    report(f"{name}: {writer.refused} writes refused, {len(writer.acknowledged)} acknowledged and there")


async def test_full_disk_of_sqlite(tmp_path: Path, deploy: Deploy, report: Report) -> None:
    with small_disk(tmp_path / "disk", 16 * MIB) as disk:
        deployment = deploy(disk.path / "goatfish.sqlite3")
        try:
            await _fill_and_empty(
                deployment,
                disk,
                report,
                "SQLite",
                logged="database or disk is full",
                fill=lambda: disk.fill(leave=64 << 10),
            )
        finally:
            deployment.service.kill()


async def test_full_disk_of_postgresqls_tables(tmp_path: Path, deploy: Deploy, report: Report) -> None:
    account = Account.for_server()
    with Server(tmp_path / "postgres") as server, small_disk(server.home / "tables", 64 * MIB, account.user) as disk:
        administrator = server.administrator_url.removesuffix(DATABASE) + "postgres"
        with psycopg.connect(administrator, autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{disk.path}'".encode())
            connection.execute(f"ALTER DATABASE {DATABASE} SET TABLESPACE small".encode())
        deployment = deploy(server)
        await _fill_and_empty(
            deployment,
            disk,
            report,
            "PostgreSQL, tables",
            logged="No space left on device",
            fill=lambda: disk.fill(leave=0),
        )
        deployment.service.kill()
        with psycopg.connect(administrator, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {DATABASE} SET TABLESPACE pg_default".encode())
            connection.execute(b"DROP TABLESPACE small")


@contextmanager
def on_small_wal(home: Path) -> Iterator[tuple[Server, SmallDisk]]:
    """A server whose write-ahead log has a small disk of its own."""
    with Server(home) as server:
        wal = server.home / "data" / "pg_wal"
    aside = wal.with_name("pg_wal.aside")
    wal.rename(aside)
    with small_disk(wal, 80 * MIB, Account.for_server().user) as disk:
        shutil.copytree(aside, wal, dirs_exist_ok=True)
        for path in (wal, *wal.rglob("*")):
            Account.for_server().own(path)
        with Server(home) as server:
            yield server, disk


async def test_full_disk_of_postgresqls_log(tmp_path: Path, deploy: Deploy, report: Report) -> None:
    """PostgreSQL then ends: reads are refused too, until it is started again with room."""
    with on_small_wal(tmp_path / "postgres") as (server, disk):
        deployment = deploy(server)
        writer = Writer(deployment)
        async with writer.http:
            await writer.until(acknowledged=True, times=20)
            disk.fill(leave=0)
            with suppress(psycopg.Error), psycopg.connect(server.administrator_url) as connection:
                connection.execute(b"SELECT pg_switch_wal()")  # the server ends
            await writer.until(acknowledged=False, times=REFUSALS)
            assert (await writer.http.get(SIMULATIONS)).status_code == 503
            assert (await writer.http.get("/readyz")).status_code == 503
            assert (await writer.http.get("/livez")).status_code == 200
            disk.empty()
            await asyncio.to_thread(server.restart)
            await writer.until(acknowledged=True, times=20)
            await writer.check()
        assert "Traceback" not in deployment.service.log.read_text()
        report(f"PostgreSQL, log: {writer.refused} writes refused, {len(writer.acknowledged)} acknowledged and there")
        deployment.service.kill()
