"""What it costs that SQLite answers once a write is on the disk: ``python -m benchmarks.synchronous DIRECTORY``."""

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Literal

from config.databases import DatabaseUrl, django_database

ROUNDS, WRITES = 5, 400
OBJECT, REVISION = 400, 800  # bytes


def times(path: Path, synchronous: Literal["full", "normal"]) -> list[float]:
    """How long each transaction took that writes an object and its revision, in milliseconds."""
    options = django_database(DatabaseUrl(f"sqlite:///{path}"), synchronous)["OPTIONS"]
    found = []
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(options["init_command"])
        connection.execute("CREATE TABLE rows (id BLOB PRIMARY KEY, content BLOB)")
        for _ in range(WRITES):
            rows = [(os.urandom(16), os.urandom(size)) for size in (OBJECT, REVISION)]
            began = perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO rows VALUES (?, ?)", rows)
            connection.execute("COMMIT")
            found.append((perf_counter() - began) * 1000)
    return found


def main() -> None:
    """Alternates between both, so that what else the disk does meets both, and prints a table."""
    found: dict[Literal["full", "normal"], list[float]] = {"full": [], "normal": []}
    with TemporaryDirectory(dir=sys.argv[1]) as directory:
        for number in range(ROUNDS):
            for synchronous in found:
                path = Path(directory, f"{synchronous}-{number}.sqlite3").absolute()
                found[synchronous] += times(path, synchronous)
    for synchronous, known in found.items():
        percentiles = quantiles(known, n=100)
        print(f"| `{synchronous}` | {percentiles[49]:.2f} | {percentiles[98]:.2f} |")


if __name__ == "__main__":
    main()
