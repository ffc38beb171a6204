"""A long fuzzing run: ``python -m tests.fuzz [Schemathesis options …]``.

First Schemathesis tests the API; then a read-only operator sends random requests to the admin, on SQLite and on
PostgreSQL; last, three owners try to access each other's objects. Each part has its own database.
"""

import os
import secrets
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from tests.embedded_postgres import Server
from tests.running_service import Live, live

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
ROOT = Path(__file__).parents[2]
EXAMPLES, STEPS = 280, 50  # sequences, and steps of each, at most
STEPS_MIN = 10_000
ADMIN_TIME = 60  # seconds on each database


def fuzz(service: Live, *options: str) -> "subprocess.CompletedProcess[str]":
    """Runs all checks and phases of Schemathesis. Its report goes to stdout, its verdict is the return code."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION), "run"]
    checks = ["--checks", "all", "--exclude-checks", "use_after_free"]  # hooks.py has a replacement
    env = os.environ | {"GOATFISH_KEY": service.key}
    location = f"{service.url}/openapi.json"
    return subprocess.run([*command, location, *checks, *options], env=env, cwd=ROOT, text=True, check=False)


def isolation(start: int) -> None:
    """Lets three owners act for some minutes, with ``start`` as the random seed. Raises what it finds."""
    print(f"Three owners try to access each other's objects: --seed {start}", flush=True)  # noqa: T201 -- output of a command
    with Server(in_memory=True) as server, live(server.url, server.operator_url) as service:
        os.environ |= {"GOATFISH_DATABASE_URL": server.url, "GOATFISH_OPERATOR_DATABASE_URL": server.operator_url}
        from tests.isolation.machine import is_complete, look  # Django takes its database from the environment

        figures = look(service.url, server.operator_url, examples=EXAMPLES, steps=STEPS, start=start)
    print(figures, flush=True)  # noqa: T201 -- as above
    is_complete(figures)
    assert figures.steps >= STEPS_MIN, figures


def admin(start: int) -> int:
    """Fuzzes the admin in one process per database, as Django uses one. Returns 0 if nothing was found."""
    command = [sys.executable, "-m", "tests.fuzz.admin"]
    tries = [[*command, kind, str(ADMIN_TIME), str(start)] for kind in ("sqlite", "postgresql")]
    return max(subprocess.run(each, cwd=ROOT, check=False).returncode for each in tries)


def _seed(options: list[str]) -> int:
    given = dict(pairwise(options)).get("--seed")
    return secrets.randbelow(2**32) if given is None else int(given)


if __name__ == "__main__":
    start = _seed(sys.argv[1:])
    with Server(in_memory=True) as server, live(server.url, server.operator_url) as service:
        statuses = [fuzz(service, *sys.argv[1:]).returncode]
    statuses.append(admin(start))
    isolation(start)
    sys.exit(max(statuses))
