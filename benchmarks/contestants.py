"""What takes part: how each is started with one worker, and how it is spoken to."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.database import Database
from benchmarks.machine import pin, tree

ROOT = Path(__file__).parents[1]
PEERS_BIN = ROOT / ".venv-bench" / "bin"
MLFLOW_BIN = ROOT / ".venv-bench-mlflow" / "bin"
START_TIMEOUT = 60.0  # seconds
STOP_TIMEOUT = 15.0


class Keys(StrEnum):
    """How a key becomes its owner: a look into the database on every request, or as each ships."""

    LOOKUP = "lookup"
    SHIPPED = "shipped"


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where a contestant keeps what all of them have."""

    path: str = "/simulations"
    slash: str = ""
    items: str = "items"
    next: str = "next_cursor"
    limit: str = "limit"

    def one(self, id: str) -> str:
        return f"{self.path}/{id}{self.slash}"

    def listing(self, limit: int = 20, **query: str) -> str:
        asked = "&".join(f"{name}={value}" for name, value in {self.limit: str(limit), **query}.items())
        return f"{self.path}{self.slash}?{asked}"

    def cursor(self, page: Mapping[str, Any]) -> str | None:
        """What leads to the next page, fit for a URL."""
        word = page[self.next]
        if word and word.startswith("http"):
            word = parse_qs(urlsplit(word).query)["cursor"][0]
        return word.replace("+", "%2B").replace("=", "%3D") if word else None


@dataclass(frozen=True, slots=True)
class Place:
    """What a contestant is given to run with."""

    port: int
    database: Database
    keys: Keys
    keys_file: Path


@dataclass(frozen=True, slots=True)
class Contestant:
    """One that is measured. ``served`` says by what; ``own_orm`` whether it counts among the peers of the targets."""

    name: str
    served: str
    command: Callable[[Place], Sequence[str]]
    environment: Callable[[Place], Mapping[str, str]]
    dialect: Dialect = field(default_factory=Dialect)
    own_orm: bool = True
    ships_lookup: bool = True
    """Whether it looks every key up as it ships, so that one measurement holds for both policies."""
    ready: tuple[str, int] | None = None
    """A path, and the status that it is answered with as soon as requests are served; else no key means 401."""


class StartError(RuntimeError):
    """A contestant did not start; the message holds what it printed last."""


class Running:
    """A started contestant: its port, and the processes that are its servers."""

    def __init__(self, contestant: Contestant, place: Place, logs: Path) -> None:
        self.contestant, self.place, self.port = contestant, place, place.port
        self._log = logs / f"{contestant.name.replace(' ', '_').replace('/', '_')}-{place.keys}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                contestant.command(place),
                cwd=ROOT,
                env={**plain_environment(), **contestant.environment(place)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self, core: set[int] | None = None) -> None:
        """Return once it answers requests, and keep it on that core. Raises ``StartError``."""
        deadline = time.monotonic() + START_TIMEOUT
        path, status = self.contestant.ready or (self.contestant.dialect.listing(), 401)
        while not answers(self.port, path, status):
            if self._process.poll() is not None or time.monotonic() > deadline:
                tail = self._log.read_text(errors="replace")[-3000:]
                self.stop()
                raise StartError(f"{self.contestant.name} did not start:\n{tail}")
            time.sleep(0.02)
        if core is not None:
            pin(self.pid, core)

    def stop(self) -> None:
        """End it, orderly if it will."""
        if self._process.poll() is not None:
            return
        members = tree(self.pid)
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            for member in members:
                _kill(member)
            self._process.wait()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def plain_environment() -> dict[str, str]:
    """Ours, without the configuration of a real Goatfish or of Django in it."""
    hidden = ("GOATFISH_", "BENCH_", "DJANGO_", "PYTHON", "TEST_DATABASE_URL", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(hidden)}


def answers(port: int, path: str, status: int = 401) -> bool:
    """Whether a server refuses, there, whoever brings no key: then it is up, and reaches its database.

    One that asks for no key answers with another status.
    """
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == status
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def write_keys(path: Path, keys: Mapping[str, str]) -> None:
    """The texts of keys and their owners' ids, for those that ship with keys in memory."""
    path.write_text(json.dumps(dict(keys)))
