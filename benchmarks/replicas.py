"""What reads cost with standbys and without: ``python -m benchmarks.replicas``; under two minutes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from time import perf_counter

import httpx2

from tests.embedded_postgres import Server
from tests.replicas.standby_server import COUNTED, StandbyServer, ask
from tests.running_service import live, served

ROUNDS, REQUESTS, BATCHES = 10, 20, 10
RUNS = "/api/v1/runs"
TIME = "SELECT sum(total_exec_time + total_plan_time) FROM pg_stat_statements WHERE query ~ 'set_config'"
READS = {
    "the newest 20 runs": f"{RUNS}?simulation_id={{simulation}}",
    "the 10 of 10,000 runs with a result above a bound": f"{RUNS}?where=results.cl>=9990",
    "the summary of 10,000 runs": "/api/v1/simulations/{simulation}/summary",
    "100 changes": "/api/v1/changes?limit=100",
}


@dataclass
class Cost:
    """What requests have taken, each in milliseconds: of the client, and of the primary's statements."""

    request: list[float] = field(default_factory=list)
    primary: list[float] = field(default_factory=list)


@contextmanager
def services() -> Iterator[tuple[Server, str, dict[str, httpx2.Client]]]:
    """The primary, a simulation with runs that the standby has, and clients of a service without and with it."""
    with ExitStack() as running:
        primary = running.enter_context(Server(in_memory=True, settings=COUNTED))
        ask(primary, "CREATE EXTENSION pg_stat_statements")
        standby = running.enter_context(StandbyServer(primary))
        plain = running.enter_context(live(primary.url, primary.operator_url))
        reads = running.enter_context(served({**plain.env, "GOATFISH_REPLICA_DATABASE_URL": standby.url}))
        clients = {
            name: running.enter_context(httpx2.Client(base_url=url, headers={"X-API-Key": plain.key}, timeout=30))
            for name, url in (("primary alone", plain.url), ("with a standby", reads))
        }
        client = clients["primary alone"]
        body = {"name": "Wing flutter", "start_date": "2026-01-05", "end_date": "2026-02-01"}
        simulation = client.post("/api/v1/simulations", json=body).json()["id"]
        for batch in range(BATCHES):
            items = [{"simulation_id": simulation, "results": {"cl": 1000 * batch + n}} for n in range(1000)]
            client.post(f"{RUNS}/batch", json={"items": items}).raise_for_status()
        ask(primary, "ANALYZE")
        standby.catch_up()
        yield primary, simulation, clients


def main() -> None:
    """Alternates between both services, and prints of each the fastest request and what the primary did for one.

    The fastest, as it depends least on what else the machine does.
    """
    with services() as (primary, simulation, clients):
        for name, path in READS.items():
            place = path.format(simulation=simulation)
            costs = {each: Cost() for each in clients}
            for _ in range(ROUNDS):
                for each, client in clients.items():
                    _measure(primary, client, place, costs[each])
            figures = (f"{min(cost.request):.2f} | {min(cost.primary):.2f}" for cost in costs.values())
            print(f"| {name} | {' | '.join(figures)} |")


def _measure(primary: Server, client: httpx2.Client, place: str, cost: Cost) -> None:
    client.get(place).raise_for_status()
    ((before,),) = ask(primary, TIME)
    for _ in range(REQUESTS):
        began = perf_counter()
        client.get(place).raise_for_status()
        cost.request.append((perf_counter() - began) * 1000)
    cost.primary.append((ask(primary, TIME)[0][0] - before) / REQUESTS)


if __name__ == "__main__":
    main()
