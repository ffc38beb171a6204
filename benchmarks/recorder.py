"""Records runs by a client library, and prints as JSON what that took its caller: a program for that library's Python.

It imports nothing else of the benchmark, so that it runs where only the library is installed.
"""

import argparse
import importlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

PARAMETERS, RESULTS = 20, 10
NAME = "Recorded by a client library"
"""Of the simulation, or of MLflow's experiment."""
WARM_UP = 3  # runs before the measured ones: connections are made, and the simulation is found
SETTLE = 1.0  # seconds after them, in which what goes on in the background comes to its end
Record = Callable[[int], None]
Finish = Callable[[], None]
"""Returns once all runs are sent."""


def values(kind: str, members: int, number: int) -> dict[str, float]:
    """The parameters or results of a run."""
    return {f"{kind}_{place:02}": number * (2 * place + 1) % 9973 / 100 for place in range(1, members + 1)}


def with_goatfish(waits: bool) -> tuple[Record, Finish]:
    client: Any = importlib.import_module("goatfish").Client()

    def record(number: int) -> None:
        parameters = {key: (value, "m/s") for key, value in values("parameter", PARAMETERS, number).items()}
        with client.run(NAME, name=f"take {number}", parameters=parameters, wait=waits) as run:
            run.results(values("result", RESULTS, number))

    def finish() -> None:
        client.close()  # which sends for some seconds; the rest is what gf sync would send
        with importlib.import_module("goatfish").Client() as another:
            importlib.import_module("goatfish.recording").sync(another)

    return record, finish


def with_mlflow(waits: bool) -> tuple[Record, Finish]:
    mlflow: Any = importlib.import_module("mlflow")
    mlflow.set_experiment(NAME)

    def record(number: int) -> None:
        with mlflow.start_run(run_name=f"take {number}"):
            mlflow.log_params(values("parameter", PARAMETERS, number), synchronous=waits)
            mlflow.log_metrics(values("result", RESULTS, number), synchronous=waits)

    return record, mlflow.flush_async_logging


LIBRARIES: dict[str, Callable[[bool], tuple[Record, Finish]]] = {"goatfish": with_goatfish, "mlflow": with_mlflow}


def measured(record: Record, finish: Finish, runs: int, pause: float) -> dict[str, Any]:
    """Seconds of the caller in each block, of all until everything is sent, and of processor time in this process.

    ``pause`` is how long the caller does something else between two runs, in seconds, which counts in no figure.
    """
    for number in range(WARM_UP):
        record(number)
    time.sleep(SETTLE)
    blocks: list[float] = []
    cpu, began = time.process_time(), time.perf_counter()
    for number in range(WARM_UP, WARM_UP + runs):
        if pause:
            time.sleep(pause)
        start = time.perf_counter()
        record(number)
        blocks.append(time.perf_counter() - start)
    finish()
    total = time.perf_counter() - began - runs * pause
    return {"blocks": blocks, "total": total, "cpu": time.process_time() - cpu}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", choices=LIBRARIES)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--no-wait", action="store_true")
    options = parser.parse_args(arguments)
    began = time.perf_counter()
    importlib.import_module(options.library)
    imported = time.perf_counter() - began
    record, finish = LIBRARIES[options.library](not options.no_wait)
    print(json.dumps({"import": imported, **measured(record, finish, options.runs, options.pause)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
