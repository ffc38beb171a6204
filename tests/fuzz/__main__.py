"""Runs Schemathesis on the service with a PostgreSQL of its own: ``python -m tests.fuzz [its options …]``."""

import os
import subprocess
import sys
from pathlib import Path

from app.embedded_postgres import Server
from tests.live import live

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
ROOT = Path(__file__).parents[2]


def fuzz(*options: str) -> "subprocess.CompletedProcess[str]":
    """All checks, all phases. What Schemathesis says goes to stdout, its verdict is the return code."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION), "run"]
    checks = ["--checks", "all", "--exclude-checks", "use_after_free"]  # hooks.py has it, with an exception
    with Server() as server, live(server.url, server.operator_url) as service:
        env = os.environ | {"GOATFISH_KEY": service.key}
        location = f"{service.url}/openapi.json"
        return subprocess.run([*command, location, *checks, *options], env=env, cwd=ROOT, text=True, check=False)


if __name__ == "__main__":
    sys.exit(fuzz(*sys.argv[1:]).returncode)
