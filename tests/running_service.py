"""The service as it is run, `goatfish serve` in a process of its own, for tests that need a real one."""

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
    """Where it listens, the key of a tenant that may do everything, and what it has said in its log."""

    url: str
    key: str
    heard: io.StringIO
    env: Mapping[str, str]

    def goatfish(self, *arguments: str, check: bool = True, entered: str = "") -> "subprocess.CompletedProcess[str]":
        """A command on its database."""
        return _run(self.env, *arguments, check=check, entered=entered)


class _Heard(io.StringIO):
    """Keeps what is said, and passes it on: a fault above all belongs to whoever looks at the test."""

    def write(self, text: str) -> int:
        sys.stderr.write(text)
        return super().write(text)


def _run(
    env: Mapping[str, str], *arguments: str, check: bool = True, entered: str = ""
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        goatfish(*arguments), env=env, input=entered, capture_output=True, text=True, check=check, timeout=60
    )


def _filled(env: Mapping[str, str], url: str) -> str:
    """The key of a tenant on the database, which is empty; SQLite's is made once, and then copied."""
    place = url.removeprefix("sqlite:///")
    if place != url and _MADE:
        database, key = _MADE[0]
        Path(place).parent.mkdir(parents=True, exist_ok=True)
        Path(place).write_bytes(database)
        return key
    _run(env, "migrate")
    _run(env, "owner", "create", "tests")
    key = _run(env, "key", "create", "tests").stdout.strip()
    if place != url:
        with closing(sqlite3.connect(place)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        _MADE.append((Path(place).read_bytes(), key))
    return key


_MADE: list[tuple[bytes, str]] = []
"""SQLite's file, and the key in it."""


@contextmanager
def live(url: str, operator_url: str, *options: str, **variables: str) -> Iterator[Live]:
    """The service on an empty database of its own, without limits unless they are given; it is gone afterwards."""
    env = os.environ | {"GOATFISH_DATABASE_URL": url, "GOATFISH_OPERATOR_DATABASE_URL": operator_url}
    env |= {"GOATFISH_RATE_LIMIT": "0", "GOATFISH_FAILURE_LIMIT": "0", "GOATFISH_SECRET_KEY": SECRET_KEY}
    env |= {f"GOATFISH_{name}": value for name, value in variables.items()}
    key = _filled(env, url)
    heard = _Heard()
    with served(env, *options, heard=heard) as address:
        yield Live(address, key, heard, env)


@contextmanager
def served(env: Mapping[str, str], *options: str, heard: io.StringIO | None = None) -> Iterator[str]:
    """Where the service listens that is configured like this, on a database that is ready."""
    with subprocess.Popen(
        goatfish("serve", "--port", "0", *options), env=env, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        drain = Thread(target=(heard or _Heard()).writelines, args=(process.stderr,))
        try:
            said = process.stderr.readline()
            address = re.search(r"listens on (http://\S+)", said)
            assert address, f"the service did not start: {said}"
            drain.start()
            yield address[1]
        finally:
            process.kill()
            process.wait()
            if drain.ident is not None:
                drain.join()
