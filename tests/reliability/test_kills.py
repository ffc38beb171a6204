"""The service and its database are killed under writers: what was acknowledged is there, and nothing is there twice."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.embedded_postgres import Server
from tests.reliability.conftest import Deployment
from tests.reliability.writers import Writers
from tests.restartable import wait_until

KILLS, DATABASE_STOPS = 20, 5
WRITERS = 8
BETWEEN = 40
"""Objects acknowledged between two kills."""

Deploy = Callable[..., Deployment]
Report = Callable[[str], None]


def kill(deployment: Deployment, number: int) -> None:
    """Kills the whole service and starts it, or every other time one of its workers, which is replaced."""
    service = deployment.service
    if number % 2:
        before = service.children()
        os.kill(before[0], signal.SIGKILL)
        wait_until(lambda: len({*service.children()} - {*before}) == 1, "the worker is replaced")
    else:
        service.kill()
        service.start()


def stop_database(deployment: Deployment, number: int) -> None:
    """As ``pg_ctl stop -m immediate``, and start again."""
    del number
    assert deployment.server is not None
    deployment.server.crash()
    deployment.server.restart()


async def _write_through(deployment: Deployment, fault: Callable[[Deployment, int], None], times: int) -> Writers:
    writers = Writers(deployment.service.url, deployment.key)
    writing = asyncio.create_task(writers.run(WRITERS))
    for number in range(times):
        await writers.until(BETWEEN)
        await asyncio.to_thread(fault, deployment, number)
    await writers.until(BETWEEN)
    writers.stopping = True
    await writing
    await writers.check()
    return writers


async def test_kill_of_the_service_loses_no_acknowledged_write(
    database: Server | Path, deploy: Deploy, report: Report
) -> None:
    began = time.monotonic()
    writers = await _write_through(deploy(database, "--workers", "2"), kill, KILLS)
    kind = "PostgreSQL" if isinstance(database, Server) else "SQLite"
    report(f"{kind}, {KILLS} kills of the service: {_figures(writers, began)}")


async def test_immediate_stop_of_postgresql_loses_no_acknowledged_write(
    postgres: Server, deploy: Deploy, report: Report
) -> None:
    began = time.monotonic()
    writers = await _write_through(deploy(postgres, "--workers", "2"), stop_database, DATABASE_STOPS)
    assert writers.refused["500"] == 0
    report(f"{DATABASE_STOPS} immediate stops of PostgreSQL: {_figures(writers, began)}")


def _figures(writers: Writers, began: float) -> str:
    refused = ", ".join(f"{number} {what}" for what, number in writers.refused.most_common())
    seconds = time.monotonic() - began
    return f"{len(writers.acknowledged)} objects acknowledged in {seconds:.0f} s, all once; repeated: {refused}"
