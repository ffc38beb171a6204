"""What one owner can take from the others: a quiet owner's requests and the probe, alone and beside a crowd."""

import asyncio
import json
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote
from uuid import UUID

import psycopg
from uuid_utils.compat import uuid7

from benchmarks import database, goatfish, load
from benchmarks.contestants import Keys, Place, Running, free_port
from benchmarks.database import Database

NAMES = 20_000
NAME, PART = "ΐ" * 300, "ΐ" * 149 + "b"
LISTS, WRITERS, CROWD = 12, 20, 400  # connections, each with a request under way all the time
QUIET, PAUSE = 2, 0.02  # connections of the quiet owner, and seconds between their requests
SECONDS = 5.0
ANY = frozenset({200, 429, 503})
PATH = goatfish.GOATFISH.dialect.path
COLUMNS = "id, owner_id, name, name_folded, start_date, end_date, created_at, updated_at, version, labels"


@dataclass(frozen=True, slots=True)
class Ground:
    """A database with a crowd's 20,000 simulations and a quiet owner's one, and their keys."""

    place: Database
    crowd: str
    quiet: str
    locked: str
    """A simulation of the crowd's."""
    own: str
    """The quiet owner's."""


def run(say: Callable[[str], None], seconds: float = SECONDS) -> dict[str, Any]:
    """Figures by database and by what the crowd does."""
    found: dict[str, Any] = {}
    with TemporaryDirectory(prefix="goatfish-bench-") as name:
        directory = Path(name)
        with database.postgres() as server:
            found["PostgreSQL"] = _measured(_filled(server), directory, seconds, say)
        url = f"sqlite:///{directory}/goatfish.sqlite3"
        found["SQLite"] = _measured(_filled(Database(url, url, url)), directory, seconds, say)
    return found


def text(found: dict[str, Any]) -> str:
    """The figures as a table: of the quiet owner's gets, of the probe, and of the crowd."""
    lines = [
        "One owner's crowd beside another's gets (milliseconds), and what the probe is answered meanwhile.",
        "",
        "| database | the crowd | get p50 | get p99 | get answers | probe p99 | probe answers | crowd, good/s |",
        "|---|---|---:|---:|---|---:|---|---:|",
    ]
    for where, phases in found.items():
        for what, figures in phases.items():
            get, probe, crowd = (figures.get(who) for who in ("get", "probe", "crowd"))
            cells = [where, what, *_cells(get, "p50_ms", "p99_ms"), *_cells(probe, "p99_ms")]
            lines.append(
                f"| {' | '.join(cells)} | {crowd['good_per_second']:.1f} |" if crowd else f"| {' | '.join(cells)} | |"
            )
    return "\n".join(lines)


def _cells(figures: dict[str, Any], *names: str) -> list[str]:
    answers = ", ".join(f"{count} x {status}" for status, count in figures["statuses"].items())
    return [*(f"{figures[name]:.1f}" for name in names), answers]


def _filled(place: Database) -> Ground:
    goatfish.run(place, "migrate")
    # The quiet owner is the smaller one, which reads what it has; the crowd's names are what is slow to look through.
    crowd, quiet = (goatfish.seed(place, 1, 1)[0] for _ in range(2))
    now = datetime.now(UTC)
    rows = [
        (uuid7(), UUID(crowd), NAME, NAME.casefold(), now.date(), now.date(), now, now, 1, "{}") for _ in range(NAMES)
    ]
    (_fill_sqlite if place.service.startswith("sqlite") else _fill_postgresql)(place, rows)
    own = goatfish.run(place, "owner", "export", quiet).splitlines()
    (simulation,) = (json.loads(line)["id"] for line in own if '"name_folded"' in line)
    crowd, quiet = (goatfish.create_key(place, owner) for owner in (crowd, quiet))
    return Ground(place, crowd, quiet, locked=str(rows[0][0]), own=simulation)


def _fill_postgresql(place: Database, rows: Sequence[tuple[Any, ...]]) -> None:
    with psycopg.connect(place.administrator, autocommit=True) as connection:
        with connection.cursor().copy(f"COPY simulation ({COLUMNS}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        connection.execute("VACUUM ANALYZE")


def _fill_sqlite(place: Database, rows: Sequence[tuple[Any, ...]]) -> None:
    with closing(sqlite3.connect(place.service.removeprefix("sqlite:///"))) as connection:
        places = ", ".join("?" * len(COLUMNS.split(",")))
        connection.executemany(
            f"INSERT INTO simulation ({COLUMNS}) VALUES ({places})", ([_as_text(each) for each in row] for row in rows)
        )
        connection.execute("ANALYZE")
        connection.commit()


def _as_text(value: object) -> object:
    """A value as Django keeps it on SQLite."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S.%f}"
    return value.isoformat() if isinstance(value, date) else value


def _measured(ground: Ground, directory: Path, seconds: float, say: Callable[[str], None]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with _served(ground.place, directory) as port:
        lists = f"GET {PATH}?name={quote(PART)}"
        changes = [f'PATCH {PATH}/{ground.locked} {{"name": "{number}"}}' for number in range(WRITERS)]

        def phase(name: str, crowd: Sequence[str], patience: float = seconds) -> None:
            say(f"fairness: {ground.place.service.partition(':')[0]}, {name}")
            found[name] = asyncio.run(_phase(port, ground, crowd, patience))

        phase("none", [])
        phase(f"{LISTS} slow lists", [lists] * LISTS)
        if not ground.place.service.startswith("sqlite"):
            with psycopg.connect(ground.place.administrator) as connection:
                connection.execute("SELECT FROM simulation WHERE id = %s FOR UPDATE", [ground.locked])
                phase(f"{WRITERS} writers on a locked row", changes)
        phase(f"{CROWD} slow lists", [lists] * CROWD)
        phase(f"{CROWD} gets", [f"GET {PATH}/{ground.locked}"] * CROWD)
    return found


@contextmanager
def _served(place: Database, directory: Path) -> Iterator[int]:
    running = Running(goatfish.GOATFISH, Place(free_port(), place, Keys.SHIPPED, directory / "keys.json"), directory)
    try:
        running.wait()
        yield running.port
    finally:
        running.stop()


async def _phase(port: int, ground: Ground, crowd: Sequence[str], seconds: float) -> dict[str, Any]:
    """What became of the quiet owner's gets, of the probe, and of the crowd, whose key nobody believes yet."""
    gets = [_request(port, f"GET {PATH}/{ground.own}", ground.quiet)] * QUIET
    clients = [
        load.Client([cycle([get]) for get in gets], ANY, pause=PAUSE),
        load.Client([cycle([_request(port, "GET /readyz", "")])], ANY, pause=PAUSE),
    ]
    if crowd:
        clients.append(load.Client([cycle([_request(port, line, ground.crowd)]) for line in crowd], ANY))
    await asyncio.sleep(1)  # whatever has been believed is no longer
    async with load.Load(port, clients) as connected:
        outcomes = await connected.run(seconds)
    return dict(zip(("get", "probe", "crowd"), map(_figures, outcomes), strict=False))


def _request(port: int, line: str, key: str) -> bytes:
    method, path, *body = line.split(" ", 2)
    content = "".join(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    head += f"X-API-Key: {key}\r\n" if key else ""
    head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n" if content else ""
    return head.encode() + b"\r\n" + content


def _figures(outcome: load.Outcome) -> dict[str, Any]:
    return {
        "p50_ms": outcome.percentile(50) * 1000,
        "p99_ms": outcome.percentile(99) * 1000,
        "statuses": {str(status): count for status, count in sorted(outcome.statuses.items())},
        "good_per_second": outcome.statuses.get(200, 0) / outcome.seconds,
    }


if __name__ == "__main__":
    print(text(run(lambda what: print(what, file=sys.stderr, flush=True))))
