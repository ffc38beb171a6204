"""Many runs at once: batches of a thousand beside another owner's gets, and an export of a hundred thousand as CSV."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import database, goatfish, load, run_rows
from benchmarks.contestants import Keys, Place, Running, free_port
from benchmarks.database import Database
from benchmarks.load import Outcome
from benchmarks.machine import cores, memory, pin, stay_on
from benchmarks.operations import Api
from benchmarks.run_requests import Site, request
from benchmarks.run_rows import EACH, Shape
from benchmarks.spread import figure

BATCH = 1_000
CONNECTIONS = (1, 2)
"""Over which batches are sent: over two, the service reads one while the database writes the other."""
RUNS_PER_SECOND, ROWS_PER_SECOND = 5_000, 20_000
P99_MS, MEMORY_MIB = 50.0, 30.0
QUIET, PAUSE = 4, 0.01  # connections of the other owner, and seconds between their requests
EXPORTED = 100_000
MISSING = frozenset({404, 405, 422})
"""What a path that does not exist is answered with: 422 where it is taken for that of a run."""
CHUNK = 1 << 16
TIMEOUT = 120.0


@dataclass(frozen=True, slots=True)
class Service:
    """A running Goatfish with an owner who asks for much, and one who does not."""

    rows: Database
    running: Running
    site: Site
    busy: str
    quiet: str
    owner: str


def run(*, rounds: int, seconds: float, exported: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Figures of batches and of the export, or the status that says there is no such thing yet."""
    with database.postgres() as rows, TemporaryDirectory(prefix="goatfish-bench-") as name:
        goatfish.run(rows, "migrate")
        owners = goatfish.seed(rows, 2, 40)
        busy, quiet = (goatfish.create_key(rows, owner) for owner in owners)
        pin(database.postmaster(rows), cores()[1])
        place = Place(free_port(), rows, Keys.SHIPPED, Path(name) / "keys.json")
        running = Running(goatfish.GOATFISH, place, Path(name))
        try:
            running.wait(cores()[0])
            stay_on(cores()[1])
            site = Site(running.port, goatfish.GOATFISH.dialect, [], peer=False)
            service = Service(rows, running, site, busy, quiet, owners[0])
            return {
                "batch": _batches(service, rounds, seconds, say),
                "csv": _exports(service, rounds, exported // EACH, say),
            }
        finally:
            running.stop()


def _batches(service: Service, rounds: int, seconds: float, say: Callable[[str], None]) -> dict[str, Any]:
    (simulation,) = run_rows.add_simulations(service.rows, service.owner, 1)
    path = f"{service.site.runs.path}/batch"
    if (status := _status(service, "POST", path, {"items": [run_rows.run(simulation, 0)]})) != 201:
        return {"missing": status}
    port, dialect = service.site.port, service.site.simulations
    api = Api(port, dialect, service.quiet)
    id = api.page(1)[dialect.items][0]["id"]
    api.close()
    get = request(port, "GET", dialect.one(id), service.quiet)
    quiet = load.Client([cycle([get]) for _ in range(QUIET)], frozenset({200}), pause=PAUSE)
    # Made beforehand, so that this process has nothing to do but send them.
    bodies = cycle([_batch(port, path, service.busy, simulation, number) for number in range(3)])
    speed: dict[int, list[float]] = {connections: [] for connections in CONNECTIONS}
    alone, beside = [], []
    for number in range(rounds):
        (before,) = asyncio.run(_sent(port, [quiet], seconds))
        alone.append(before.percentile(99) * 1000)
        slowest = 0.0
        for connections, reached in speed.items():
            busy = load.Client([bodies] * connections, frozenset({201}))
            during, batches = asyncio.run(_sent(port, [quiet, busy], seconds))
            slowest = max(slowest, during.percentile(99) * 1000)
            reached.append(BATCH * connections * batches.requests / sum(batches.latencies))
        beside.append(slowest)
        say(f"batches of runs: round {number + 1} of {rounds}")
    more = [one - other for one, other in zip(beside, alone, strict=True)]
    return {
        "runs_per_second": {str(connections): figure(reached) for connections, reached in speed.items()},
        "quiet_p99_ms": figure(alone),
        "beside_p99_ms": figure(beside),
        "more_p99_ms": figure(more),
    }


def _batch(port: int, path: str, key: str, simulation: str, number: int) -> bytes:
    runs = [run_rows.run(simulation, BATCH * number + place) for place in range(BATCH)]
    return request(port, "POST", path, key, {"items": runs})


async def _sent(port: int, clients: list[load.Client], seconds: float) -> list[Outcome]:
    async with load.Load(port, clients) as connected:
        return await connected.run(seconds)


def _status(service: Service, method: str, path: str, sent: Any = None) -> int:
    api = Api(service.site.port, service.site.runs, service.busy)
    reply = api.ask(method, path, sent)
    api.close()
    if reply.status not in {200, 201, *MISSING}:
        raise RuntimeError(f"{method} {path} was answered with {reply.status}: {reply.body!r}")
    return reply.status


def _exports(service: Service, rounds: int, thousands: int, say: Callable[[str], None]) -> dict[str, Any]:
    (simulation,) = run_rows.add_simulations(service.rows, service.owner, 1)
    path = f"{service.site.simulations.one(simulation)}/runs.csv"
    if (status := _status(service, "GET", path)) != 200:
        return {"missing": status}
    say(f"export of runs: making {thousands * EACH:,}")
    run_rows.fill(service.rows, Shape.PAIR, service.owner, [simulation] * thousands, salt=9)
    database.settle(service.rows)
    speed, grown, slowest = [], [], []
    for number in range(rounds):
        with _Peak(service.running.pid) as peak:
            rows, took = _export(service, path)
        if rows != thousands * EACH:
            raise RuntimeError(f"the export has {rows} rows, not {thousands * EACH}")
        speed.append(rows / took)
        grown.append(peak.grown)
        slowest.append(took)
        say(f"export of runs: round {number + 1} of {rounds}")
    return {"rows_per_second": figure(speed), "memory_mib": figure(grown), "seconds": figure(slowest)}


def _export(service: Service, path: str) -> tuple[int, float]:
    """Rows below the header (no cell here has a line break), and seconds."""
    connection = HTTPConnection("127.0.0.1", service.site.port, timeout=TIMEOUT)
    began = time.perf_counter()
    connection.request("GET", path, headers={"X-API-Key": service.busy})
    answer = connection.getresponse()
    lines = sum(part.count(b"\n") for part in iter(lambda: answer.read(CHUNK), b""))
    took = time.perf_counter() - began
    connection.close()
    return lines - 1, took


class _Peak:
    """A context that watches the resident memory of a process tree: how far it grows, in MiB."""

    INTERVAL = 0.02  # seconds

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._first = self._most = 0.0

    @property
    def grown(self) -> float:
        return self._most - self._first

    def __enter__(self) -> "_Peak":
        self._first = self._most = memory(self._pid)["rss"]
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self.INTERVAL):
            self._most = max(self._most, memory(self._pid)["rss"])
