"""Many at once: a thousand open connections on a pool of ten, and one owner who floods beside one who does not."""

import asyncio
import resource
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import database, goatfish, load
from benchmarks.contestants import Contestant, Dialect, Keys, Place, Running, free_port
from benchmarks.database import Database
from benchmarks.load import Outcome
from benchmarks.machine import cores, pin, stay_on

CONNECTIONS = 1_000
POOL = 10
QUIET = 4  # connections of the owner who does not flood
PAUSE = 0.05  # seconds between its requests
LIMIT = 6_000  # requests a minute, as Goatfish ships
ROWS, OWNERS = 20_000, 100
ANY = frozenset({200, 429, 503})


def run(*, seconds: float, say: Callable[[str], None]) -> dict[str, Any]:
    """Figures by the number of workers."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    found: dict[str, Any] = {}
    with database.postgres() as rows, TemporaryDirectory(prefix="goatfish-bench-") as name:
        goatfish.run(rows, "migrate")
        owners = goatfish.seed(rows, OWNERS, ROWS)
        keys = [goatfish.create_key(rows, owner) for owner in owners[:2]]
        database.settle(rows)
        pin(database.postmaster(rows), cores()[1])
        stay_on(cores()[1])
        for workers in (1, 2):
            for limit in (goatfish.UNLIMITED, LIMIT):
                say(f"many: {workers} workers, {'no limit' if limit != LIMIT else f'{limit} a minute'}")
                label = f"{workers} workers, {'unlimited' if limit != LIMIT else 'as shipped'}"
                found[label] = _against(rows, Path(name), keys, workers=workers, limit=limit, seconds=seconds)
    return found


def _against(
    rows: Database, directory: Path, keys: list[str], *, workers: int, limit: int, seconds: float
) -> dict[str, Any]:
    contestant = _with(workers, limit)
    running = Running(contestant, Place(free_port(), rows, Keys.SHIPPED, directory / "keys.json"), directory)
    try:
        running.wait(cores()[0] if workers == 1 else None)
        port, dialect = running.port, contestant.dialect
        alone, _ = _measured(port, dialect, keys, 0, seconds)
        quiet, flood = _measured(port, dialect, keys, CONNECTIONS - QUIET, seconds)
        assert flood is not None
        return {"quiet alone": _figures(alone), "quiet beside the flood": _figures(quiet), "flood": _figures(flood)}
    finally:
        running.stop()


def _measured(
    port: int, dialect: Dialect, keys: list[str], flood: int, seconds: float
) -> tuple[Outcome, Outcome | None]:
    """What became of the quiet owner's requests, and of the flood of the other's."""
    clients = [load.Client(_requests(port, dialect, keys[0], QUIET), ANY, pause=PAUSE)]
    if flood:
        clients.append(load.Client(_requests(port, dialect, keys[1], flood), ANY))

    async def measured() -> list[Outcome]:
        async with load.Load(port, clients) as connected:
            return await connected.run(seconds)

    found = asyncio.run(measured())
    return found[0], found[1] if flood else None


def _requests(port: int, dialect: Dialect, key: str, count: int) -> list[Iterator[bytes]]:
    request = f"GET {dialect.listing()} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-API-Key: {key}\r\n\r\n"
    return [cycle([request.encode()]) for _ in range(count)]


def _figures(outcome: Outcome) -> dict[str, Any]:
    return {
        "requests": outcome.requests,
        "per_second": outcome.requests / outcome.seconds,
        "statuses": {str(status): count for status, count in sorted(outcome.statuses.items())},
        "p50_ms": outcome.percentile(50) * 1000,
        "p99_ms": outcome.percentile(99) * 1000,
    }


def _with(workers: int, limit: int) -> Contestant:
    def environment(place: Place) -> dict[str, str]:
        return goatfish.environment(place.database, rate_limit=limit) | {"GOATFISH_POOL_SIZE": str(POOL)}

    def command(place: Place) -> list[str]:
        return [*goatfish.command(place)[:-1], str(workers)]

    return Contestant(
        name=f"Goatfish-{workers}-{limit}",
        served=goatfish.GOATFISH.served,
        command=command,
        environment=environment,
        dialect=goatfish.GOATFISH.dialect,
    )
