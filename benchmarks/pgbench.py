"""The other limit: pgbench with the bare function's own SQL, which is what the database allows a client in C."""

import re
import resource
import secrets
import subprocess
from collections.abc import Mapping
from statistics import median
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from benchmarks.contestants import ROOT, Keys, plain_environment
from benchmarks.database import Database
from benchmarks.field import Ground
from benchmarks.limit import STATEMENTS
from benchmarks.machine import CpuMeter, cores, pin
from benchmarks.measure import Sample
from benchmarks.operations import CLIENTS, DEPTH, NAME, SINCE
from tests.embedded_postgres import find_binaries

TRANSACTIONS = 2500  # of each client in a second of a round, more or less
MARK = "made by pgbench"
TIMEOUT = 120.0
ARGUMENTS = {
    "key": ":digest",
    "get": ":owner :id",
    "list": ":owner 21",
    "deep": ":large 21 :at :after",
    "filter": ":owner 21 :pattern :since",
    "create": f"gen_random_uuid() :owner '{MARK}' '{MARK}' '2026-01-05' '2026-02-01' now()",
    "update": ":owner :changed :label :label NULL NULL now()",
}


class Pgbench:
    """An entrant without HTTP: eight connections that repeat one statement each operation, one process on one core."""

    name = "limit: pgbench"

    def __init__(self, ground: Ground, database: Database, keys: Keys) -> None:
        self.database = database
        self._ground, self._keys = ground, keys
        self._variables = _variables(ground, database)
        self._url = _cheap_to_connect(database, f"bench_pgbench_{keys}")
        self._program = str(find_binaries() / "pgbench")
        self._scripts = {name: self._script(name) for name in ARGUMENTS if name != "key"}
        # Connecting costs much beside a statement, and a service does it once: it is measured, and taken off.
        idle = [self._run("get", 1) for _ in range(5)]
        self._overhead = tuple(median(column) for column in zip(*idle, strict=True))

    def does(self, operation: str) -> bool:
        return operation in self._scripts

    async def sample(self, operation: str, seconds: float) -> Sample:
        count = max(int(TRANSACTIONS * seconds), 600)
        cpu, database, per_second = self._run(operation, count)
        more = CLIENTS * (count - 1)
        server, behind = cpu - self._overhead[0], database - self._overhead[1]
        latency = CLIENTS / per_second * 1e6
        if operation == "create":
            self._remove_created()
        return Sample(CLIENTS * count, per_second, server / more * 1e6, behind / more * 1e6, latency, latency)

    def _run(self, operation: str, count: int) -> tuple[float, float, float]:
        """Seconds of processor time here and in the database, and transactions a second."""
        options = ["-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "1", "-t", str(count)]
        variables = [f"--define={name}={value}" for name, value in self._variables.items()]
        meter = CpuMeter([self._ground.postmaster])
        before = _children(), meter.read()
        process = subprocess.Popen(
            [self._program, *options, *variables, "-f", self._scripts[operation], self._url],
            cwd=ROOT,
            env=plain_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        pin(process.pid, cores()[0])
        output, _ = process.communicate(timeout=TIMEOUT)
        if process.returncode:
            raise RuntimeError(f"pgbench failed:\n{output[-2000:]}")
        found = re.search(r"tps = ([\d.]+) \(without", output)
        assert found is not None
        return _children() - before[0], meter.read() - before[1], float(found[1])

    def _script(self, operation: str) -> str:
        names = ["key", operation] if self._keys is Keys.LOOKUP else [operation]
        path = self._ground.directory / f"pgbench-{self._keys}-{operation}.sql"
        path.write_text("".join(f"{_filled(STATEMENTS[name], ARGUMENTS[name])};\n" for name in names))
        return str(path)

    def _remove_created(self) -> None:
        with psycopg.connect(self.database.administrator, autocommit=True) as connection:
            connection.execute("DELETE FROM simulation WHERE name = %s", [MARK])


def _cheap_to_connect(database: Database, role: str) -> str:
    """The URL of a role whose password is checked in one step instead of thousands: only statements are to be seen."""
    password = secrets.token_urlsafe(24)
    with psycopg.connect(database.administrator, autocommit=True) as connection:
        connection.execute("SET scram_iterations = 1")
        connection.execute(SQL("DROP ROLE IF EXISTS {}").format(Identifier(role)))
        statement = SQL("CREATE ROLE {} SUPERUSER LOGIN PASSWORD {}")
        connection.execute(statement.format(Identifier(role), Literal(password)))
    parts = urlsplit(database.administrator)
    return urlunsplit(parts._replace(netloc=f"{role}:{password}@{parts.netloc.rpartition('@')[2]}"))


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _filled(statement: str, arguments: str) -> str:
    values = [found[0] for found in re.finditer(r"'[^']*'|[^\s']+('[^']*')?", arguments)]
    return re.sub(r"\$(\d)", lambda place: values[int(place[1]) - 1], statement)


def _variables(ground: Ground, database: Database) -> Mapping[str, str]:
    """What the statements are about: a client's owner, its newest and oldest simulation, and the deep place."""
    owner, large = ground.keys[ground.clients[0]], ground.keys[ground.large]
    order = "FROM simulation WHERE owner_id = %s ORDER BY created_at DESC, id DESC OFFSET %s LIMIT 1"
    with psycopg.connect(database.administrator) as connection:
        newest = connection.execute(f"SELECT id {order}", [owner, 0]).fetchone()
        oldest = connection.execute(f"SELECT id {order}", [owner, 150]).fetchone()
        place = connection.execute(f"SELECT created_at, id {order}", [large, DEPTH - 1]).fetchone()
        key = connection.execute("SELECT digest FROM api_key WHERE owner_id = %s", [owner]).fetchone()
    assert newest is not None
    assert oldest is not None
    assert place is not None
    assert key is not None
    return {
        "owner": owner,
        "large": large,
        "id": str(newest[0]),
        "changed": str(oldest[0]),
        "at": place[0].isoformat(),
        "after": str(place[1]),
        "digest": key[0],
        "pattern": f"%{NAME.casefold()}%",
        "since": SINCE,
        "label": "Hull drag, by pgbench",
    }
