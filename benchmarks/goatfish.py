"""Goatfish as its users have it: started, filled and given keys by its own command line."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contestants import ROOT, Contestant, Dialect, Keys, Place, plain_environment
from benchmarks.database import Database

PROGRAM = str(Path(sys.executable).with_name("goatfish"))
UNLIMITED = 100_000_000  # requests a minute: counted and told in headers, and never reached
TIMEOUT = 900.0  # seconds for one command


def environment(database: Database, *, rate_limit: int = UNLIMITED) -> dict[str, str]:
    """The configuration of a production service on this database."""
    return {
        "GOATFISH_DATABASE_URL": database.service,
        "GOATFISH_OPERATOR_DATABASE_URL": database.operator,
        "GOATFISH_SECRET_KEY": "a secret key that guards invented rows alone",
        "GOATFISH_RATE_LIMIT": str(rate_limit),
        "GOATFISH_LOG_LEVEL": "WARNING",
    }


def run(database: Database, *arguments: str) -> str:
    """What a command of Goatfish's prints on standard output. Raises ``RuntimeError``."""
    done = subprocess.run(
        [PROGRAM, *arguments],
        cwd=ROOT,
        env={**plain_environment(), **environment(database)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"goatfish {' '.join(arguments)} failed:\n{done.stderr[-3000:]}")
    return done.stdout


def seed(database: Database, owners: int, simulations: int) -> list[str]:
    """The ids of so many new owners, to whom so many invented simulations belong."""
    return run(database, "seed", "--owners", str(owners), "--each", str(simulations), "--no-revisions").split()


def create_key(database: Database, owner: str) -> str:
    """A new key of this owner, as its holder knows it."""
    return run(database, "key", "create", owner, "--name", "benchmark").strip()


def command(place: Place) -> Sequence[str]:
    options = ["--host", "127.0.0.1", "--port", str(place.port), "--workers", "1"]
    if place.keys is Keys.LOOKUP:
        return [sys.executable, "-m", "benchmarks.goatfish_lookup", *options]
    return [PROGRAM, "serve", *options]


GOATFISH = Contestant(
    name="Goatfish",
    served="goatfish serve (uvicorn, uvloop, httptools)",
    command=command,
    environment=lambda place: environment(place.database),
    dialect=Dialect(path="/api/v1/simulations"),
    own_orm=False,
    ships_lookup=False,
)
