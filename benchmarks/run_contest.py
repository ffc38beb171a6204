"""Runs in rounds: Goatfish's beside its own simulations, beside peers with the same table, and beside MLflow."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import database, goatfish, load, measure, run_rows
from benchmarks.contest import NotAlike
from benchmarks.contestants import Contestant, Keys, Place, Running, free_port, write_keys
from benchmarks.database import Database
from benchmarks.goatfish import GOATFISH
from benchmarks.load import Outcome
from benchmarks.machine import cores, pin, stay_on
from benchmarks.measure import Sample, as_sample
from benchmarks.operations import CLIENTS, Api
from benchmarks.roster import MLFLOW, RUN_PEERS
from benchmarks.run_requests import COMMON, OPERATIONS, VALUE, Asks, MLflowSite, Owner, Site, queries
from benchmarks.run_rows import SEARCHED, Shape

ALL: tuple[Contestant, ...] = (GOATFISH, *RUN_PEERS, MLFLOW)
SIMULATIONS = 180  # of each owner
FILL_TIMEOUT = 300.0  # seconds for MLflow's 1 000 runs


@dataclass(frozen=True, slots=True)
class Ground:
    """PostgreSQL with Goatfish's owners, each with a simulation of 1 000 runs, and the same rows for peers."""

    goatfish: Database
    template: Database
    postmaster: int
    owners: list[Owner]
    directory: Path

    def place(self, contestant: Contestant) -> Place:
        rows, port = self.goatfish, free_port()
        if contestant is MLFLOW:
            rows = database.create(self.goatfish, "bench_mlflow")
        elif contestant is not GOATFISH:
            rows = database.create(self.goatfish, f"bench_{port}", template=self.template.name)
        return Place(port, rows, Keys.SHIPPED, self.directory / "keys.json")


@contextmanager
def ground() -> Iterator[Ground]:
    with TemporaryDirectory(prefix="goatfish-bench-") as name, database.postgres() as server:
        goatfish.run(server, "migrate")
        ids = goatfish.seed(server, CLIENTS, CLIENTS * SIMULATIONS)
        keys = {goatfish.create_key(server, owner): owner for owner in ids}
        write_keys(Path(name) / "keys.json", keys)
        owners, simulations = [], []
        for key, owner in keys.items():
            simulations.append(run_rows.add_simulations(server, owner, 1))
            owners.append(Owner(key, simulations[-1][0]))
        template = database.create(server, database.TEMPLATE)
        database.copy_rows(server, template, {hashlib.sha256(key.encode()).hexdigest(): keys[key] for key in keys})
        run_rows.give_peers_runs(server, template)
        for salt, (owner, mine) in enumerate(zip(ids, simulations, strict=True)):
            run_rows.fill(server, Shape.PAIR, owner, mine, salt)
            run_rows.fill(template, Shape.OBJECT, owner, mine, salt)
        for each in (server, template):
            database.settle(each)
        postmaster = database.postmaster(server)
        pin(postmaster, cores()[1])
        yield Ground(server, template, postmaster, owners, Path(name))


class Entrant(measure.Served):
    """A contestant that is asked about runs."""

    def __init__(self, running: Running, asks: Asks, postmaster: int) -> None:
        super().__init__(running, postmaster)
        self._asks = asks

    def does(self, operation: str) -> bool:
        return self._asks.does(operation)

    async def sample(self, operation: str, seconds: float) -> Sample:
        clients = self._asks.clients(operation)
        async with load.Load(self._running.port, clients) as connected:
            await connected.run(seconds * measure.WARM_UP)
            outcomes, server, behind = await self._metered(connected, seconds)
        whole = _joined(outcomes, self._asks.per_operation.get(operation, 1))
        return as_sample(whole, server, behind)


def _joined(outcomes: Sequence[Outcome], each: int) -> Outcome:
    """All connections' outcomes as one, in which so many requests count as one."""
    latencies = [
        sum(outcome.latencies[place : place + each])
        for outcome in outcomes
        for place in range(0, len(outcome.latencies), each)
    ]
    return Outcome(max(outcome.seconds for outcome in outcomes), latencies)


def run(
    contestants: Sequence[Contestant], *, rounds: int, seconds: float, say: Callable[[str], None]
) -> dict[str, Any]:
    """Figures by operation and contestant. Raises ``NotAlike``."""
    say("runs: starting PostgreSQL and filling it")
    with ground() as prepared, ExitStack() as stack:
        entrants: list[measure.Entrant] = []
        expected: dict[str, Any] = {}
        for contestant in contestants:
            say(f"runs: starting {contestant.name}")
            running = Running(contestant, prepared.place(contestant), prepared.directory)
            stack.callback(running.stop)
            running.wait(cores()[0])
            asks = _prepared(running, prepared, expected)
            entrants.append(Entrant(running, asks, prepared.postmaster))
        stay_on(cores()[1])
        return measure.run(entrants, times=rounds, seconds=seconds, operations=list(OPERATIONS), say=say)


def _prepared(running: Running, prepared: Ground, expected: dict[str, Any]) -> Asks:
    if running.contestant is MLFLOW:
        mlflow = MLflowSite(running.port, CLIENTS)
        mlflow.prepare(_make)
        _examine_mlflow(mlflow)
        return mlflow
    site = Site(running.port, running.contestant.dialect, prepared.owners, running.contestant is not GOATFISH)
    site.prepare()
    _examine(site, running.contestant.name, expected)
    return site


def _make(mlflow: MLflowSite, runs: int) -> None:
    async def made() -> None:
        async with load.Load(mlflow.port, mlflow.creating(runs)) as connected:
            await connected.run(FILL_TIMEOUT)

    asyncio.run(made())


def _examine(site: Site, name: str, expected: dict[str, Any]) -> None:
    """Hold a contestant to the answers of the first one. Raises ``NotAlike``."""
    owner = site.owners[0]
    api = Api(site.port, site.runs, owner.key)
    sent = run_rows.run(owner.simulation, 7)
    made = api.ask("POST", site.runs.path + site.runs.slash, sent)
    got = api.ask("GET", site.runs.one(made.body["id"])) if made.status == 201 else made
    found: dict[str, Any] = {
        "create": {part: got.body.get(part) for part in ("parameters", "results", "status", "labels")}
    }
    for operation, query in queries(owner.simulation, peer=site.peer).items():
        if operation in COMMON:
            found[operation] = [item["name"] for item in api.page(20, **query)[site.runs.items]]
    unknown = api.ask("POST", site.runs.path + site.runs.slash, sent | {"simulation_id": made.body["id"]})
    api.close()
    wrong = [operation for operation, value in found.items() if expected.setdefault(operation, value) != value]
    if found["create"]["parameters"] != sent["parameters"] or unknown.status != 422 or wrong:
        raise NotAlike(f"{name}, runs: {', '.join(wrong) or 'create'}")


def _examine_mlflow(site: MLflowSite) -> None:
    """Raises ``NotAlike`` unless it has what was sent."""
    found = site.ask("POST", "runs/search", site.search("where")).get("runs", [])
    data = [one["data"] for one in found]
    values = {one["value"] for each in data for one in each["params"] if one["key"] == SEARCHED}
    if values != {str(float(VALUE))} or any((len(one["params"]), len(one["metrics"])) != (20, 10) for one in data):
        raise NotAlike(f"MLflow: a search found {len(found)} runs")
