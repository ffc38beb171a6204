"""`goatfish serve` in a separate process, for tests that need the real service."""

import io
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from tests.warm_start import goatfish

SECRET_KEY = "a secret key that serves the tests alone"


@dataclass(frozen=True)
class Live:
    """A running service: its URL, the key of a tenant with all scopes, its log, environment and process."""

    url: str
    key: str
    heard: io.StringIO
    env: Mapping[str, str]
    process: subprocess.Popen[str]

    def goatfish(self, *arguments: str, check: bool = True, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """Runs a command on the database of the service."""
        return _run(self.env, *arguments, check=check, stdin=stdin)


class _Log(io.StringIO):
    """Keeps the log, and passes it on to stderr so that errors are visible in the output of the test."""

    def write(self, text: str) -> int:
        sys.stderr.write(text)
        return super().write(text)


def _run(
    env: Mapping[str, str], *arguments: str, check: bool = True, stdin: str = ""
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        goatfish(*arguments), env=env, input=stdin, capture_output=True, text=True, check=check, timeout=60
    )


def fill_database(env: Mapping[str, str], url: str) -> str:
    """Fills an empty database and returns the key of its tenant. For SQLite, later calls copy the first file."""
    place = url.removeprefix("sqlite:///")
    if place != url and _FILLED_SQLITE:
        database, key = _FILLED_SQLITE[0]
        Path(place).parent.mkdir(parents=True, exist_ok=True)
        Path(place).write_bytes(database)
        return key
    _run(env, "migrate")
    _run(env, "owner", "create", "tests")
    key = _run(env, "key", "create", "tests").stdout.strip()
    if place != url:
        with closing(sqlite3.connect(place)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        _FILLED_SQLITE.append((Path(place).read_bytes(), key))
    return key


_FILLED_SQLITE: list[tuple[bytes, str]] = []
"""The filled SQLite file and its key."""


@contextmanager
def live(url: str, operator_url: str, *options: str, **variables: str) -> Iterator[Live]:
    """Runs the service on an empty database, without rate limits unless they are given, and stops it afterwards."""
    env = os.environ | {"GOATFISH_DATABASE_URL": url, "GOATFISH_OPERATOR_DATABASE_URL": operator_url}
    env |= {"GOATFISH_RATE_LIMIT": "0", "GOATFISH_FAILURE_LIMIT": "0", "GOATFISH_SECRET_KEY": SECRET_KEY}
    env |= {f"GOATFISH_{name}": value for name, value in variables.items()}
    key = fill_database(env, url)
    heard = _Log()
    with started(env, *options, heard=heard) as (process, address):
        yield Live(address, key, heard, env, process)


@contextmanager
def served(env: Mapping[str, str], *options: str, heard: io.StringIO | None = None) -> Iterator[str]:
    """Runs the service with this environment on a migrated database, and yields its URL."""
    with started(env, *options, heard=heard) as (_, address):
        yield address


@contextmanager
def started(
    env: Mapping[str, str], *options: str, heard: io.StringIO | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The same with the process, which is killed afterwards if it has not ended."""
    with subprocess.Popen(
        goatfish("serve", "--port", "0", *options), env=env, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        drain = Thread(target=(heard or _Log()).writelines, args=(process.stderr,))
        try:
            said = ""
            while not (address := re.search(r"listens on (http://\S+)", said)):
                line = process.stderr.readline()  # perhaps that a `./run up` works on another database
                assert line, f"the service did not start: {said}"
                said += line
            drain.start()
            yield process, address[1]
        finally:
            process.kill()
            process.wait()
            if drain.ident is not None:
                drain.join()
