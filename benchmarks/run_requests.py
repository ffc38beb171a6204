"""The requests about runs: the same for Goatfish and its peers, each in its dialect, and MLflow's own."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count, cycle
from typing import Any, Protocol
from urllib.parse import quote

from benchmarks import load, run_rows
from benchmarks.contestants import Dialect
from benchmarks.operations import Api, simulation
from benchmarks.run_rows import LABEL, SEARCHED, SORTED, STATUS

OPERATIONS = {
    "simulation: create": "a simulation, validated and stored",
    "simulation: get": "a simulation by its id",
    "simulation: list": "the newest 20 simulations",
    "create": "a run with 20 parameters and 10 results, validated and stored",
    "get": "such a run by its id",
    "list": "the newest 20 runs",
    "by simulation": "the newest 20 runs of a simulation of 1 000",
    "by status": "the newest 20 runs that failed",
    "by label": "the newest 20 runs with a label that every fourth has",
    "where": "20 runs of a simulation of 1 000, a parameter of which has one value of a hundred",
    "where, in order": "20 runs of a simulation of 1 000, a parameter of which is at least so much",
    "sort": "20 runs of a simulation of 1 000, sorted by a result",
}
COMMON = frozenset({"create", "get", "list", "by simulation", "by status", "where", "where, in order"})
"""What Goatfish's peers do as well."""
VALUE, LEAST = 42, 90
READ = 50  # runs of each owner that are read one by one
TIMEOUT = 60.0


class Asks(Protocol):
    """Whoever knows how to ask a contestant about runs."""

    per_operation: Mapping[str, int]
    """Where an operation takes more than one request: how many."""

    def does(self, operation: str) -> bool: ...

    def clients(self, operation: str) -> list[load.Client]: ...


@dataclass(frozen=True, slots=True)
class Owner:
    """An owner as a client knows it: its key, and a simulation of its with 1 000 runs."""

    key: str
    simulation: str


def queries(simulation_id: str, *, peer: bool) -> dict[str, dict[str, str]]:
    """The query of each operation that lists runs."""
    within = {"simulation_id": simulation_id}
    if peer:
        equal: dict[str, str] = {"parameter": SEARCHED, "equals": str(VALUE)}
        least = {"parameter": SEARCHED, "at_least": str(LEAST)}
    else:
        equal = {"where": quote(f"parameters.{SEARCHED}={VALUE}")}
        least = {"where": quote(f"parameters.{SEARCHED}>={LEAST}")}
    return {
        "list": {},
        "by simulation": within,
        "by status": {"status": STATUS},
        "by label": {"label": quote(LABEL)},
        "where": within | equal,
        "where, in order": within | least,
        "sort": within | {"sort": f"results.{SORTED}"},
    }


@dataclass(slots=True)
class Site:
    """Goatfish or a peer: a resource of runs beside one of simulations."""

    port: int
    simulations: Dialect
    owners: list[Owner]
    peer: bool
    per_operation: Mapping[str, int] = field(default_factory=dict)
    _ids: list[list[str]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def runs(self) -> Dialect:
        return replace(self.simulations, path=self.simulations.path.replace("simulations", "runs"))

    def does(self, operation: str) -> bool:
        return operation in COMMON if self.peer else operation in OPERATIONS

    def prepare(self) -> None:
        """Learn the ids that requests need."""
        for owner in self.owners:
            api = Api(self.port, self.runs, owner.key)
            page = api.page(READ, simulation_id=owner.simulation)
            self._ids.append([item["id"] for item in page[self.runs.items]])
            api.close()

    def clients(self, operation: str) -> list[load.Client]:
        wanted = frozenset({201 if operation.endswith("create") else 200})
        return [load.Client([self._requests(operation, place)], wanted) for place in range(len(self.owners))]

    def _requests(self, operation: str, place: int) -> Iterator[bytes]:
        owner = self.owners[place]
        if operation == "create":
            path = self.runs.path + self.runs.slash
            return (self._write(path, owner, run_rows.run(owner.simulation, number)) for number in self._numbers)
        if operation == "simulation: create":
            path = self.simulations.path + self.simulations.slash
            return (self._write(path, owner, simulation(f"Hull drag, take {number}")) for number in self._numbers)
        if operation == "get":
            return cycle([self._read(self.runs.one(id), owner) for id in self._ids[place]])
        if operation == "simulation: get":
            return cycle([self._read(self.simulations.one(owner.simulation), owner)])
        if operation == "simulation: list":
            return cycle([self._read(self.simulations.listing(), owner)])
        return cycle([self._read(self.runs.listing(20, **queries(owner.simulation, peer=self.peer)[operation]), owner)])

    def _read(self, path: str, owner: Owner) -> bytes:
        return request(self.port, "GET", path, owner.key)

    def _write(self, path: str, owner: Owner, sent: Any) -> bytes:
        return request(self.port, "POST", path, owner.key, sent)


def request(port: int, method: str, path: str, key: str | None, sent: Any = None) -> bytes:
    """One request as bytes."""
    body = b"" if sent is None else run_rows.encoded(sent)
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: application/json\r\n"
    head += f"X-API-Key: {key}\r\n" if key else ""
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    return head.encode() + b"\r\n" + body


class MLflowSite:
    """MLflow's tracking server. A run is made by two requests: one creates it, one logs what went in and came out."""

    per_operation: Mapping[str, int] = {"create": 2}
    _API = "/api/2.0/mlflow"

    def __init__(self, port: int, clients: int) -> None:
        self.port, self._clients = port, clients
        self._numbers = count()
        self._experiment = "0"
        self._ids: list[str] = []

    def does(self, operation: str) -> bool:
        return operation in {"create", "get", "list", "where"}

    def prepare(self, created: Callable[["MLflowSite", int], None]) -> None:
        """Make as many runs as a simulation has; ``created`` makes so many of them."""
        made = self.ask("POST", "experiments/create", {"name": "wing"})
        self._experiment = made["experiment_id"]
        created(self, run_rows.EACH)
        found = self.ask("POST", "runs/search", {"experiment_ids": [self._experiment], "max_results": READ})
        self._ids = [one["info"]["run_id"] for one in found["runs"]]

    def ask(self, method: str, path: str, sent: Any = None) -> Any:
        api = Api(self.port, Dialect(), None)
        try:
            reply = api.ask(method, f"{self._API}/{path}", sent)
        finally:
            api.close()
        if reply.status != 200:
            raise RuntimeError(f"MLflow answered {reply.status}: {reply.body!r}")
        return reply.body

    def clients(self, operation: str) -> list[load.Client]:
        if operation == "create":
            return [self._creating() for _ in range(self._clients)]
        wanted = frozenset({200})
        return [load.Client([cycle(self._reading(operation))], wanted) for _ in range(self._clients)]

    def _reading(self, operation: str) -> list[bytes]:
        if operation == "get":
            return [self._request("GET", f"runs/get?run_id={id}") for id in self._ids]
        return [self._request("POST", "runs/search", self.search(operation))]

    def search(self, operation: str) -> dict[str, Any]:
        """What is sent to search: MLflow keeps parameters as texts."""
        asked: dict[str, Any] = {"experiment_ids": [self._experiment], "max_results": 20}
        return asked | ({"filter": f"params.{SEARCHED} = '{float(VALUE)}'"} if operation == "where" else {})

    def _creating(self, runs: int | None = None) -> load.Client:
        """A client that makes runs, without an end or so many."""
        heard: list[bytes] = []

        def requests() -> Iterator[bytes]:
            for _ in cycle([0]) if runs is None else range(runs):
                number = next(self._numbers)
                moment = 1_770_000_000_000 + number
                run = run_rows.run("", number)
                tags = [{"key": key, "value": value} for key, value in run["labels"].items()]
                asked = {"experiment_id": self._experiment, "run_name": run["name"], "start_time": moment, "tags": tags}
                yield self._request("POST", "runs/create", asked)
                id = json.loads(heard.pop())["run"]["info"]["run_id"]
                params = [{"key": key, "value": str(one["value"])} for key, one in run["parameters"].items()]
                metrics = [
                    {"key": key, "value": one["value"], "timestamp": moment, "step": 0}
                    for key, one in run["results"].items()
                ]
                yield self._request("POST", "runs/log-batch", {"run_id": id, "params": params, "metrics": metrics})
                heard.clear()

        return load.Client([requests()], frozenset({200}), heard=heard.append)

    def creating(self, runs: int) -> list[load.Client]:
        """Clients that make so many runs together."""
        return [self._creating(runs // self._clients) for _ in range(self._clients)]

    def _request(self, method: str, path: str, sent: Any = None) -> bytes:
        return request(self.port, method, f"{self._API}/{path}", None, sent)
