"""What grows with an owner's runs: lists and summaries in a table of ten thousand runs and in one of a million."""

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from benchmarks import database, goatfish, load, run_rows
from benchmarks.contestants import Keys, Place, Running, free_port
from benchmarks.database import Database
from benchmarks.machine import CpuMeter, cores, pin, stay_on
from benchmarks.measure import Sample, Series, as_sample
from benchmarks.operations import CLIENTS, Api
from benchmarks.run_requests import OPERATIONS, Site, queries, request
from benchmarks.run_rows import EACH, RARE, RARE_RUNS, Shape

SMALL, MIDDLE, LARGE = 10_000, 100_000, 1_000_000
WITHIN = 1.3
DATABASE_MS = 15.0
MEASURED = {
    **{name: OPERATIONS[name] for name in ("by simulation", "by status", "by label")},
    "by rare label": f"the newest 20 runs with a label that {RARE_RUNS} have",
    "summary": "the summary of a simulation of 1 000 runs",
    **{name: OPERATIONS[name] for name in ("where", "where, in order", "sort")},
}
WITHIN_SIMULATION = ("where", "where, in order", "sort", "summary")
REPEATED = 8  # times, after which PostgreSQL has chosen its lasting plan
EXPLAINED = (
    ("session_preload_libraries", "auto_explain"),
    ("auto_explain.log_min_duration", "-1"),
    ("auto_explain.log_analyze", "on"),
    ("auto_explain.log_buffers", "on"),
)
ENTRY = re.compile(r"\n(?=\d{4}-\d\d-\d\d )")


@dataclass(frozen=True, slots=True)
class Cell:
    """An owner with so many runs, in a table that has no others."""

    runs: int
    rows: Database
    postmaster: int
    server: int
    site: Site
    key: str
    paths: dict[str, str]

    @property
    def label(self) -> str:
        return f"{self.runs // EACH:,} simulations of {EACH:,}"

    def request(self, operation: str) -> bytes:
        return request(self.site.port, "GET", self.paths[operation], self.key)


def run(large: int, *, rounds: int, seconds: float, say: Callable[[str], None]) -> dict[str, Any]:
    """Figures by operation and number of runs, what is missing or fails, and the plans in the larger table."""
    with ExitStack() as stack:
        cells = [_cell(stack, runs, say) for runs in (SMALL, large)]
        stay_on(cores()[1])
        missing = {name: f"answered {status}" for name in MEASURED if (status := _status(cells[-1], name)) != 200}
        series: dict[tuple[str, str], Series] = {}
        for number in range(rounds):
            for operation in [name for name in MEASURED if name not in missing]:
                try:
                    samples = {cell.label: asyncio.run(_sample(cell, operation, seconds)) for cell in cells}
                except load.LoadError as error:  # such as a list that takes longer than it may
                    missing[operation] = str(error)[:200]
                    continue
                for label, sample in samples.items():
                    series.setdefault((operation, label), Series()).samples.append(sample)
            say(f"growth of runs: round {number + 1} of {rounds}")
        plans = {name: _plans(cells[-1], name) for name in MEASURED}
    operations: dict[str, Any] = {}
    for operation in MEASURED:
        for cell in cells:
            if operation not in missing and (found := series.get((operation, cell.label))):
                operations.setdefault(operation, {})[cell.label] = found.figures()
    return {"operations": operations, "missing": missing, "plans": plans}


def _cell(stack: ExitStack, runs: int, say: Callable[[str], None]) -> Cell:
    rows = stack.enter_context(database.postgres(EXPLAINED))
    directory = Path(stack.enter_context(TemporaryDirectory(prefix="goatfish-bench-")))
    goatfish.run(rows, "migrate")
    say(f"growth of runs: making {runs:,}")
    (owner,) = goatfish.seed(rows, 1, 1)
    simulations = run_rows.add_simulations(rows, owner, runs // EACH)
    run_rows.fill(rows, Shape.PAIR, owner, simulations, salt=1)
    key = goatfish.create_key(rows, owner)
    database.settle(rows)
    postmaster = database.postmaster(rows)
    pin(postmaster, cores()[1])
    running = Running(goatfish.GOATFISH, Place(free_port(), rows, Keys.SHIPPED, directory / "keys.json"), directory)
    stack.callback(running.stop)
    running.wait(cores()[0])
    site = Site(running.port, goatfish.GOATFISH.dialect, [], peer=False)
    paths = {name: site.runs.listing(20, **query) for name, query in queries(simulations[-1], peer=False).items()}
    paths["by rare label"] = site.runs.listing(label=f"{RARE}:{runs // RARE_RUNS // 2}")
    paths["summary"] = f"{site.simulations.one(simulations[-1])}/summary"
    return Cell(runs, rows, postmaster, running.pid, site, key, paths)


def _status(cell: Cell, operation: str) -> int:
    api = Api(cell.site.port, cell.site.runs, cell.key)
    reply = api.ask("GET", cell.paths[operation])
    api.close()
    if reply.status not in {200, 404, 405, 503}:
        raise RuntimeError(f"{operation} was answered with {reply.status}: {reply.body!r}")
    return reply.status


async def _sample(cell: Cell, operation: str, seconds: float) -> Sample:
    clients: list[Iterator[bytes]] = [cycle([cell.request(operation)]) for _ in range(CLIENTS)]
    async with load.Load(cell.site.port, [load.Client(clients, frozenset({200}))]) as connected:
        await connected.run(seconds * 0.2)
        server, behind = CpuMeter([cell.server]), CpuMeter([cell.postmaster])
        before = server.read(), behind.read()
        (outcome,) = await connected.run(seconds)
        return as_sample(outcome, server.read() - before[0], behind.read() - before[1])


def _plans(cell: Cell, operation: str) -> list[str]:
    """The plans by which PostgreSQL answered the last of some requests, with the time that each took."""
    with psycopg.connect(cell.rows.administrator, autocommit=True) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
        assert row is not None
        log = Path(row[0]).parent / "server.log"
        _explain(connection, "0")
        api = Api(cell.site.port, cell.site.runs, cell.key)
        start = 0
        for _ in range(REPEATED):
            start = log.stat().st_size
            api.ask("GET", cell.paths[operation])
        api.close()
        _explain(connection, "-1")
    with log.open("rb") as file:
        file.seek(start)
        told = "\n" + file.read().decode(errors="replace")
    entries = [entry for entry in ENTRY.split(told) if "plan:" in entry and " run " in entry]
    return [_without_sql(entry) for entry in entries]


def _explain(connection: psycopg.Connection[Any], milliseconds: str) -> None:
    connection.execute(f"ALTER SYSTEM SET auto_explain.log_min_duration = '{milliseconds}'".encode())
    connection.execute("SELECT pg_reload_conf(), pg_sleep(0.3)")


def _without_sql(entry: str) -> str:
    """The duration and the nodes of a logged plan."""
    duration = re.search(r"duration: [\d.]+ ms", entry)
    lines = entry.splitlines()
    first = next((place for place, line in enumerate(lines) if "(cost=" in line), 0)
    return "\n".join([duration[0] if duration else "", *(line.rstrip() for line in lines[first:])])
