"""What Goatfish takes before the first request: time to start and to import, without and with bytecode, and memory."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import database, goatfish
from benchmarks.contestants import ROOT, Contestant, Keys, Place, Running, free_port, plain_environment
from benchmarks.database import Database
from benchmarks.machine import memory

TIMES = 5
IMPORT = "import time; began = time.perf_counter(); import app.asgi; print(time.perf_counter() - began)"


def run(say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds, and MiB of one worker that has answered a single request."""
    say("footprint: starting Goatfish, cold and warm")
    with database.postgres() as rows, TemporaryDirectory(prefix="goatfish-bench-") as name:
        goatfish.run(rows, "migrate")
        directory = Path(name)
        cold, warm = [], []
        size: dict[str, float] = {}
        for number in range(TIMES):
            kept = directory / f"bytecode-{number}"  # empty at first: whatever is imported is compiled
            cold.append(_start(rows, directory, kept)[0])
            seconds, size = _start(rows, directory, kept)
            warm.append(seconds)
        imports = [_import(rows) for _ in range(TIMES)]
    return {
        "start, cold": {"median": median(cold), "min": min(cold), "max": max(cold)},
        "start, warm": {"median": median(warm), "min": min(warm), "max": max(warm)},
        "import": {"median": median(imports), "min": min(imports), "max": max(imports)},
        "memory": size,
    }


def _start(rows: Database, directory: Path, bytecode: Path) -> tuple[float, dict[str, float]]:
    def environment(place: Place) -> dict[str, str]:
        return goatfish.environment(place.database) | {"PYTHONPYCACHEPREFIX": str(bytecode)}

    contestant = Contestant(
        name="Goatfish-start",
        served=goatfish.GOATFISH.served,
        command=goatfish.command,
        environment=environment,
        dialect=goatfish.GOATFISH.dialect,
    )
    began = time.monotonic()
    running = Running(contestant, Place(free_port(), rows, Keys.SHIPPED, directory / "keys.json"), directory)
    try:
        running.wait()
        return time.monotonic() - began, memory(running.pid)
    finally:
        running.stop()


def _import(rows: Database) -> float:
    env = {**plain_environment(), **goatfish.environment(rows)}
    done = subprocess.run([sys.executable, "-c", IMPORT], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    return float(done.stdout)
