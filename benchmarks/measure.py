"""Rounds: in each, every operation of every contestant in turn, so that whatever disturbs the machine disturbs all."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

import psycopg

from benchmarks import load
from benchmarks.contestants import Contestant, Keys, Running
from benchmarks.database import Database
from benchmarks.machine import CpuMeter
from benchmarks.operations import OPERATIONS, WANTED, Site
from benchmarks.spread import figure

WARM_UP = 0.2  # part of a round's time that is spent before it is measured


@dataclass(frozen=True, slots=True)
class Sample:
    """One round of one operation: requests a second, and microseconds of processor time and of latency a request."""

    requests: int
    per_second: float
    server: float
    database: float
    p50: float
    p99: float


class Entrant(Protocol):
    """Whatever can be measured."""

    @property
    def name(self) -> str: ...

    @property
    def database(self) -> Database: ...

    def does(self, operation: str) -> bool: ...

    async def sample(self, operation: str, seconds: float) -> Sample: ...


class Served:
    """A contestant that answers HTTP, and the PostgreSQL behind it."""

    def __init__(self, running: Running, postmaster: int) -> None:
        self._running, self._postmaster = running, postmaster

    @property
    def name(self) -> str:
        return self._running.contestant.name

    @property
    def database(self) -> Database:
        return self._running.place.database

    async def _metered(self, connected: load.Load, seconds: float) -> tuple[list[load.Outcome], float, float]:
        """The outcomes of its connections, and the processor time of the server and of the database, in seconds."""
        meters = CpuMeter([self._running.pid]), CpuMeter([self._postmaster])
        before = [meter.read() for meter in meters]
        outcomes = await connected.run(seconds)
        server, behind = (meter.read() - start for meter, start in zip(meters, before, strict=True))
        return outcomes, server, behind


class SimulationsEntrant(Served):
    """A contestant that is asked about simulations."""

    def __init__(self, running: Running, site: Site, postmaster: int) -> None:
        super().__init__(running, postmaster)
        self._site = site

    def does(self, operation: str) -> bool:
        return operation in OPERATIONS

    async def sample(self, operation: str, seconds: float) -> Sample:
        client = load.Client(
            requests=self._site.series(operation),
            wanted=frozenset({WANTED.get(operation, 200)}),
            keep_bodies=operation == "create",
        )
        async with load.Load(self._site.port, [client]) as connected:
            # What can be deleted is limited: less of it is spent on warming up, and the clock stops when it is gone.
            (warm,) = await connected.run(seconds * WARM_UP * (0.2 if operation == "delete" else 1))
            (outcome,), server, database = await self._metered(connected, seconds)
        self._site.note_created(warm.bodies)
        self._site.note_created(outcome.bodies)
        return as_sample(outcome, server, database)


def as_sample(outcome: load.Outcome, server: float, database: float) -> Sample:
    count = outcome.requests
    if not count:
        raise load.LoadError("nothing was answered in a whole round")
    return Sample(
        requests=count,
        per_second=count / outcome.seconds,
        server=server / count * 1e6,
        database=database / count * 1e6,
        p50=outcome.percentile(50) * 1e6,
        p99=outcome.percentile(99) * 1e6,
    )


@dataclass(slots=True)
class Series:
    """All rounds of one operation of one entrant."""

    samples: list[Sample] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """Each figure with its rounds."""
        names = ("per_second", "server", "database", "p50", "p99")
        return {name: figure([getattr(sample, name) for sample in self.samples]) for name in names}


Results = dict[tuple[str, str], Series]


async def rounds(
    entrants: Sequence[Entrant],
    *,
    times: int,
    seconds: float,
    operations: Sequence[str],
    say: Callable[[str], None],
) -> Results:
    """So many rounds; results by operation and entrant."""
    results: Results = {}
    for number in range(times):
        order = [*islice(entrants, number % len(entrants), None), *islice(entrants, number % len(entrants))]
        for operation in operations:
            for entrant in order:
                if entrant.does(operation):
                    found = await _patiently(entrant, operation, seconds)
                    results.setdefault((operation, entrant.name), Series()).samples.append(found)
        for database in {entrant.database for entrant in entrants}:
            tidy(database)
        say(f"round {number + 1} of {times}")
    return results


async def _patiently(entrant: Entrant, operation: str, seconds: float) -> Sample:
    try:
        return await entrant.sample(operation, seconds)
    except (load.LoadError, OSError) as error:
        raise RuntimeError(f"{entrant.name}, {operation}: {error}") from error


def tidy(database: Database) -> None:
    """Take away the dead rows of a round: those who answered more requests left more of them."""
    with psycopg.connect(database.administrator, autocommit=True) as connection:
        connection.execute("VACUUM")


def prepared(running: Running, keys: Sequence[str], large: str, deep: str, postmaster: int) -> SimulationsEntrant:
    """The contestant with all that its requests need to know."""
    site = Site(running.port, running.contestant.dialect, keys, large, deep)
    site.prepare()
    return SimulationsEntrant(running, site, postmaster)


def policies(contestant: Contestant) -> list[Keys]:
    """The policies under which it has to be measured by itself."""
    return [Keys.LOOKUP] if contestant.ships_lookup else [Keys.LOOKUP, Keys.SHIPPED]


def saved(results: Results) -> dict[str, dict[str, Any]]:
    """Figures by operation, then by entrant."""
    found: dict[str, dict[str, Any]] = {}
    for (operation, name), series in results.items():
        found.setdefault(operation, {})[name] = series.figures()
    return found


def run(entrants: Sequence[Entrant], **options: Any) -> dict[str, dict[str, Any]]:
    """``rounds`` on an event loop of its own, as figures that JSON can hold."""
    figures = saved(asyncio.run(rounds(entrants, **options)))
    json.dumps(figures)
    return figures
