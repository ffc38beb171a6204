"""What grows: the same requests on tables and for owners of very different sizes, and how fast tables are filled."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import database, goatfish, load
from benchmarks.contestants import Keys, Place, Running, free_port
from benchmarks.database import Database
from benchmarks.machine import CpuMeter, cores, pin, stay_on
from benchmarks.measure import Sample, Series, as_sample
from benchmarks.operations import CLIENTS, Api

SMALL, LARGE, HUGE = "10 thousand", "1 million", "10 million"
OWNERS = {  # simulations of each owner that asks; the others' fill the table up
    SMALL: (10, 1_000),
    LARGE: (10, 1_000, 100_000, 1_000_000),
    HUGE: (10, 1_000, 100_000, 1_000_000),
}
OTHERS = {SMALL: (50, 9_000), LARGE: (100, 10_000), HUGE: (10_000, 9_000_000)}  # owners, and simulations of all of them
PAGE = 5  # on every page, so that the smallest owner has two of them
DEEPEST = 100_000
WITHIN = 1.3
OPERATIONS = {
    "get": "one simulation by its id",
    "first": "the newest 5",
    "deep": "5 from far down the list: after nine tenths of it, or the newest 100 000",
    "filter": "5 that start on a day or later, in that order: the index on owner and day leads there",
    "word": "5 whose name holds a word that is in none: no index leads there, and every row of the owner is read",
}
GROWS = {"word"}


@dataclass(frozen=True, slots=True)
class Cell:
    """An owner of a size in a table of a size."""

    table: str
    owner: int
    port: int
    key: str
    server: int
    postmaster: int
    requests: dict[str, list[bytes]]


def run(tables: Sequence[str], *, rounds: int, seconds: float, say: Callable[[str], None]) -> dict[str, Any]:
    """Figures by operation and cell, and the rows a second of seeding and exporting."""
    filling: dict[str, Any] = {}
    with ExitStack() as stack:
        cells = [cell for table in tables for cell in _cells(stack, table, filling, say)]
        stay_on(cores()[1])
        series: dict[tuple[str, str], Series] = {}
        for number in range(rounds):
            for operation in OPERATIONS:
                for cell in cells:
                    sample = asyncio.run(_sample(cell, operation, seconds))
                    name = f"{cell.owner:,} of {cell.table}"
                    series.setdefault((operation, name), Series()).samples.append(sample)
            say(f"scale: round {number + 1} of {rounds}")
    figures: dict[str, Any] = {}
    for (operation, name), found in series.items():
        figures.setdefault(operation, {})[name] = found.figures()
    return {"operations": figures, "filling": filling}


def _cells(stack: ExitStack, table: str, filling: dict[str, Any], say: Callable[[str], None]) -> list[Cell]:
    """A server of its own for each table, so that no roles or databases have to be made besides its own."""
    rows = stack.enter_context(database.postgres())
    directory = Path(stack.enter_context(TemporaryDirectory(prefix="goatfish-bench-")))
    goatfish.run(rows, "migrate")
    say(f"scale: filling a table with {table} rows")
    others, simulations = OTHERS[table]
    goatfish.seed(rows, others, simulations)
    owners = {}
    for size in OWNERS[table]:
        began = time.monotonic()
        (owners[size],) = goatfish.seed(rows, 1, size)
        filling[f"seed, {size:,} rows"] = size / (time.monotonic() - began)
    keys = {size: goatfish.create_key(rows, owner) for size, owner in owners.items()}
    _export(rows, owners, filling)
    database.settle(rows)
    postmaster = database.postmaster(rows)
    pin(postmaster, cores()[1])
    running = Running(goatfish.GOATFISH, Place(free_port(), rows, Keys.SHIPPED, directory / "keys.json"), directory)
    stack.callback(running.stop)
    running.wait(cores()[0])
    say(f"scale: preparing requests for {table} rows")
    return [
        Cell(table, size, running.port, key, running.pid, postmaster, _requests(running.port, key, size))
        for size, key in keys.items()
    ]


def _export(rows: Database, owners: dict[int, str], filling: dict[str, Any]) -> None:
    """Time the export of the largest owner of 100 000 or fewer, if this Goatfish can export."""
    if "export" not in goatfish.run(rows, "owner", "--help"):
        return
    size = max(size for size in owners if size <= DEEPEST)
    began = time.monotonic()
    goatfish.run(rows, "owner", "export", owners[size])
    filling[f"owner export, {size:,} rows"] = size / (time.monotonic() - began)


def _requests(port: int, key: str, size: int) -> dict[str, list[bytes]]:
    dialect = goatfish.GOATFISH.dialect
    api = Api(port, dialect, key)
    first = api.page(PAGE)
    depth = min(size * 9 // 10, DEEPEST)
    deep = dialect.cursor(first) if depth < 100 else api.cursor_at(depth)
    since = (datetime.now(UTC) - timedelta(days=200)).date().isoformat()
    paths = {
        "get": [dialect.one(item["id"]) for item in api.page(min(size, 100))[dialect.items]],
        "first": [dialect.listing(PAGE)],
        "deep": [dialect.listing(PAGE, cursor=deep or "")],
        "filter": [dialect.listing(PAGE, sort="start_date", start_date_from=since)],
        "word": [dialect.listing(PAGE, name="xyzzy")],
    }
    found = len(api.page(PAGE, sort="start_date", start_date_from=since)[dialect.items])
    api.close()
    if found != PAGE:
        raise RuntimeError(f"an owner of {size} has {found} simulations since {since}, not {PAGE}")
    head = f"HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-API-Key: {key}\r\n\r\n"
    return {name: [f"GET {path} {head}".encode() for path in found] for name, found in paths.items()}


async def _sample(cell: Cell, operation: str, seconds: float) -> Sample:
    clients: list[Iterator[bytes]] = [cycle(cell.requests[operation]) for _ in range(CLIENTS)]
    async with load.Load(cell.port, [load.Client(clients, frozenset({200}))]) as connected:
        await connected.run(seconds * 0.2)
        server, behind = CpuMeter([cell.server]), CpuMeter([cell.postmaster])
        before = server.read(), behind.read()
        (outcome,) = await connected.run(seconds)
        return as_sample(outcome, server.read() - before[0], behind.read() - before[1])
