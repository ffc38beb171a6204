"""A primary, a standby that follows it, and two processes of the service that know both."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import httpx2
import pytest

from tests.embedded_postgres import Server
from tests.replicas.standby_server import COUNTED, StandbyServer, ask, lists_of
from tests.running_service import Live, live, served

RUNS, SIMULATIONS = "/api/v1/runs", "/api/v1/simulations"
PLAN = {"name": "Wing flutter", "start_date": "2026-01-05", "end_date": "2026-02-01"}


@dataclass
class Replicated:
    """Both servers, both processes, and an owner whom nobody else knows."""

    primary: Server
    standby: StandbyServer
    first: Live
    urls: tuple[str, str]
    logs: tuple[io.StringIO, io.StringIO]

    @property
    def metrics(self) -> str:
        """Where those of the first process are."""
        found = re.search(r"http://\S+/metrics", self.logs[0].getvalue())
        assert found
        return found[0]

    def owner(self, name: str) -> str:
        """The key of a new owner."""
        self.first.goatfish("owner", "create", name)
        return self.first.goatfish("key", "create", name).stdout.strip()

    def client(self, key: str, process: int = 0) -> httpx2.Client:
        return httpx2.Client(base_url=self.urls[process], headers={"X-API-Key": key}, timeout=30)

    def answered(self, client: httpx2.Client, path: str = SIMULATIONS) -> tuple[int, int]:
        """How many reads of many rows the primary and the standby have answered for this request."""
        before = lists_of(self.primary), lists_of(self.standby)
        client.get(path).raise_for_status()
        return lists_of(self.primary) - before[0], lists_of(self.standby) - before[1]

    def until_used(self, key: str) -> None:
        """Returns once the standby has everything and both processes read there."""
        self.standby.catch_up()
        for process in range(len(self.urls)):
            with self.client(key, process) as client:
                until(partial(self._is_used, client))

    def _is_used(self, client: httpx2.Client) -> bool:
        return self.answered(client) == (0, 1)


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Waits until this holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def replicated() -> Iterator[Replicated]:
    with ExitStack() as running:
        primary = running.enter_context(Server(in_memory=True, settings=COUNTED))
        ask(primary, "CREATE EXTENSION pg_stat_statements")
        standby = running.enter_context(StandbyServer(primary))
        first = running.enter_context(
            live(primary.url, primary.operator_url, REPLICA_DATABASE_URL=standby.url, METRICS_PORT="0")
        )
        log = io.StringIO()
        second = running.enter_context(served(first.env, heard=log))
        yield Replicated(primary, standby, first, (first.url, second), (first.heard, log))


@pytest.fixture
def key(replicated: Replicated, request: pytest.FixtureRequest) -> str:
    """The key of an owner with a simulation of ten runs, which the standby has."""
    key = replicated.owner(request.node.name[:60])
    with replicated.client(key) as client:
        simulation = client.post(SIMULATIONS, json=PLAN).json()["id"]
        items = [{"simulation_id": simulation, "parameters": {"alpha": n}, "results": {"cl": n}} for n in range(10)]
        assert client.post(f"{RUNS}/batch", json={"items": items}).status_code == 201
    replicated.until_used(key)
    return key
