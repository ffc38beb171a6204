"""Recording runs from Python: Goatfish's client beside MLflow's, each with its own server on the same PostgreSQL."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote, urlencode

from benchmarks import database, goatfish
from benchmarks.contestants import (
    MLFLOW_BIN,
    ROOT,
    Contestant,
    Dialect,
    Keys,
    Place,
    Running,
    free_port,
    plain_environment,
)
from benchmarks.machine import cores, pin, stay_on
from benchmarks.operations import Api
from benchmarks.recorder import NAME, PARAMETERS, RESULTS, WARM_UP
from benchmarks.roster import MLFLOW
from benchmarks.spread import figure

TIMED, PAUSE = 200, 0.02
"""How many runs are recorded one by one, and seconds in which the caller does something else between two of them."""
RECORDED = 200  # one after the other, as fast as it goes
RECORDED_WAITING = 30
"""How many at most where MLflow logs in a thread: ending a run, it waits up to a second for that thread to notice."""
TIMEOUT = 900.0  # seconds for one such session
SOURCE = ROOT / "clients" / "python" / "src"
WAYS = {
    "goatfish, wait=True": ("goatfish", True),
    "goatfish, wait=False": ("goatfish", False),
    "mlflow": ("mlflow", True),
    "mlflow, synchronous=False": ("mlflow", False),
}


class NotRecorded(RuntimeError):
    """A server has other runs than its client was told to record."""


@dataclass(frozen=True, slots=True)
class Library:
    """A client library: its Python, its environment, and how many runs its server has recorded wholly."""

    python: str
    environment: Mapping[str, str]
    recorded: Callable[[], int]


def run(*, rounds: int, recorded: int, with_mlflow: bool, say: Callable[[str], None]) -> dict[str, Any]:
    """Figures by way of recording. Raises ``NotRecorded``."""
    say("clients: starting PostgreSQL and the servers")
    ways = {way: each for way, each in WAYS.items() if with_mlflow or each[0] != "mlflow"}
    found: dict[str, dict[str, list[float]]] = {way: {} for way in ways}
    with libraries(with_mlflow=with_mlflow) as known:
        for number in range(rounds):
            for way, (name, waits) in ways.items():
                runs = recorded if waits or name != "mlflow" else min(RECORDED_WAITING, recorded)
                for what, figures in _session(known[name], name, waits, runs).items():
                    found[way].setdefault(what, []).append(figures)
            say(f"clients: round {number + 1} of {rounds}")
    return {way: {what: figure(values) for what, values in figures.items()} for way, figures in found.items()}


def _session(library: Library, name: str, waits: bool, recorded: int) -> dict[str, float]:
    apart = _record(library, name, waits, min(TIMED, recorded), PAUSE)
    beside = _record(library, name, waits, recorded, 0.0)
    blocks = apart["blocks"]
    return {
        "median_ms": median(blocks) * 1000,
        "p99_ms": quantiles(blocks, n=100, method="inclusive")[98] * 1000,
        "runs_per_second": recorded / beside["total"],
        "cpu_ms": beside["cpu"] / recorded * 1000,
        "import_ms": apart["import"] * 1000,
    }


def _record(library: Library, name: str, waits: bool, runs: int, pause: float) -> dict[str, Any]:
    """What the recorder says of itself, once the server has all of its runs. Raises ``NotRecorded``."""
    before = library.recorded()
    # -P: its own folder has a module goatfish as well.
    command = [library.python, "-P", str(ROOT / "benchmarks" / "recorder.py"), name]
    command += ["--runs", str(runs), "--pause", str(pause), *([] if waits else ["--no-wait"])]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**plain_environment(), **library.environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    if (more := library.recorded() - before) != runs + WARM_UP:
        raise NotRecorded(f"{name}: {more} runs are recorded, not {runs + WARM_UP}:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])  # MLflow prints where each run is to be seen
    return found


@contextmanager
def libraries(*, with_mlflow: bool) -> Iterator[dict[str, Library]]:
    """The libraries with their servers running: servers on one core, callers and PostgreSQL on the other."""
    with database.postgres() as rows, TemporaryDirectory(prefix="goatfish-bench-") as directory:
        place = Path(directory)
        goatfish.run(rows, "migrate")
        (owner,) = goatfish.seed(rows, 1, 1)
        key = goatfish.create_key(rows, owner)
        pin(database.postmaster(rows), cores()[1])
        with ExitStack() as running:
            one = running.enter_context(_running(goatfish.GOATFISH, rows, place))
            found = {
                "goatfish": Library(
                    sys.executable,
                    {
                        "PYTHONPATH": str(SOURCE),
                        "GOATFISH_URL": f"http://127.0.0.1:{one}",
                        "GOATFISH_KEY": key,
                        "GOATFISH_SPOOL": str(place / "spool"),
                        "XDG_STATE_HOME": str(place / "state"),
                    },
                    lambda: _in_goatfish(one, key),
                )
            }
            if with_mlflow:
                other = running.enter_context(_running(MLFLOW, database.create(rows, "bench_mlflow"), place))
                found["mlflow"] = Library(
                    str(MLFLOW_BIN / "python"),
                    {
                        **MLFLOW.environment(Place(other, rows, Keys.SHIPPED, place / "keys.json")),
                        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{other}",
                    },
                    lambda: _in_mlflow(other),
                )
            stay_on(cores()[1])
            yield found


@contextmanager
def _running(contestant: Contestant, rows: database.Database, directory: Path) -> Iterator[int]:
    """The port of the started server."""
    running = Running(contestant, Place(free_port(), rows, Keys.SHIPPED, directory / "keys.json"), directory)
    try:
        running.wait(cores()[0])
        yield running.port
    finally:
        running.stop()


def _in_goatfish(port: int, key: str) -> int:
    """How many runs have succeeded with all their parameters and results."""
    api = Api(port, Dialect(path="/api/v1/simulations"), key)
    try:
        simulations = api.ask("GET", f"/api/v1/simulations?name={quote(NAME)}").body["items"]
        if not simulations:
            return 0
        asked = {"simulation_id": simulations[0]["id"], "status": "succeeded", "limit": "100"}
        count = 0
        while True:
            page = api.ask("GET", f"/api/v1/runs?{urlencode(asked)}").body
            for one in page["items"]:
                own = [name for name in one["parameters"] if name.startswith("parameter_")]  # others are captured
                _require_all(len(own), len(one["results"]))
            count += len(page["items"])
            if not page["next_cursor"]:
                return count
            asked["cursor"] = page["next_cursor"]
    finally:
        api.close()


def _in_mlflow(port: int) -> int:
    """The same for MLflow."""
    api = Api(port, Dialect(), None)

    def ask(path: str, sent: Mapping[str, Any]) -> Any:
        return api.ask("POST", f"/api/2.0/mlflow/{path}", sent).body

    try:
        asked = {"filter": f"name = '{NAME}'", "max_results": 1}
        experiments = [each["experiment_id"] for each in ask("experiments/search", asked).get("experiments", [])]
        if not experiments:
            return 0
        page: dict[str, Any] = {"experiment_ids": experiments, "max_results": 1000}
        page["filter"] = "attributes.status = 'FINISHED'"
        count = 0
        while True:
            found = ask("runs/search", page)
            for one in found.get("runs", []):
                _require_all(len(one["data"]["params"]), len(one["data"]["metrics"]))
                count += 1
            if not (token := found.get("next_page_token")):
                return count
            page["page_token"] = token
    finally:
        api.close()


def _require_all(parameters: int, results: int) -> None:
    if (parameters, results) != (PARAMETERS, RESULTS):
        raise NotRecorded(f"a run has {parameters} parameters and {results} results")
