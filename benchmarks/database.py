"""The one PostgreSQL of a run: started, tuned alike for all, and copied so that each has the same rows for itself."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from benchmarks.machine import parent
from tests.embedded_postgres import Server

TUNING = {
    "shared_buffers": "2GB",  # every copy fits, so that nobody's pages push out another's
    "autovacuum": "off",  # its work would fall into one contestant's round; tables are vacuumed once they are filled
    "max_connections": "400",
    "checkpoint_timeout": "1h",
    "max_wal_size": "8GB",
}
TEMPLATE = "bench_template"
COLUMNS = "id, owner_id, name, name_folded, start_date, end_date, created_at, updated_at, version"
TABLES = """
CREATE TABLE owner (
    id uuid PRIMARY KEY, name varchar(300) NOT NULL UNIQUE,
    created_at timestamptz NOT NULL, deactivated_at timestamptz
);
CREATE TABLE api_key (
    id uuid PRIMARY KEY, owner_id uuid NOT NULL REFERENCES owner, digest varchar(64) NOT NULL UNIQUE,
    created_at timestamptz NOT NULL, expires_at timestamptz, revoked_at timestamptz
);
CREATE TABLE simulation (
    id uuid PRIMARY KEY, owner_id uuid NOT NULL, name varchar(300) NOT NULL,
    name_folded varchar(900) COLLATE "C" NOT NULL, start_date date NOT NULL, end_date date NOT NULL,
    created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, version integer NOT NULL,
    CONSTRAINT simulation_ends_after_start CHECK (end_date >= start_date)
);
"""
INDEXES = """
CREATE INDEX simulation_newest ON simulation (owner_id, created_at, id);
CREATE INDEX simulation_by_start ON simulation (owner_id, start_date, id);
CREATE INDEX simulation_by_end ON simulation (owner_id, end_date, id);
CREATE INDEX simulation_by_name ON simulation (owner_id, name_folded, id);
"""


@dataclass(frozen=True, slots=True)
class Database:
    """The URLs of one database: as the service connects to it, as its operators do, and as the server's superuser."""

    service: str
    operator: str
    administrator: str

    @property
    def name(self) -> str:
        return urlsplit(self.administrator).path.removeprefix("/")

    def called(self, name: str) -> "Database":
        """The URLs of another database on the same server."""
        return Database(*(_named(url, name) for url in (self.service, self.operator, self.administrator)))


def _named(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@contextmanager
def postgres(more: Iterable[tuple[str, str]] = ()) -> Iterator[Database]:
    """A temporary server, tuned, with ``more`` settings, and the database that it comes with."""
    with Server() as server:
        # Where services, operators and administrators are of different roles, each has a URL of its own.
        operator = getattr(server, "operator_url", server.url)
        found = Database(server.url, operator, getattr(server, "administrator_url", operator))
        with psycopg.connect(found.administrator, autocommit=True) as connection:
            for name, value in [*TUNING.items(), *more]:
                statement = sql.SQL("ALTER SYSTEM SET {} = {}")
                connection.execute(statement.format(sql.Identifier(*name.split(".")), value))
        server.restart()
        yield found


def postmaster(database: Database) -> int:
    """The process id of the server's first process, the parent of all others."""
    with psycopg.connect(database.administrator) as connection:
        return parent(connection.info.backend_pid)


def create(database: Database, name: str, *, template: str | None = None) -> Database:
    """A new database on the same server: empty, or a copy of the template, to which nobody may be connected."""
    statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template is not None:
        statement += sql.SQL(" TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(template))
    with psycopg.connect(database.administrator, autocommit=True) as connection:
        connection.execute(statement)
    return database.called(name)


def copy_rows(goatfish: Database, template: Database, keys: dict[str, str]) -> int:
    """The peers' tables, filled with the very rows that Goatfish has; ``keys`` are digests and their owners' ids.

    Returns how many simulations there are.
    """
    with (
        psycopg.connect(goatfish.administrator) as source,
        psycopg.connect(template.administrator, autocommit=True) as target,
    ):
        target.execute(TABLES)
        for table, columns in (("owner", "id, name, created_at, deactivated_at"), ("simulation", COLUMNS)):
            names = sql.SQL("COPY {} ({}) ").format(sql.Identifier(table), sql.SQL(columns))
            with (
                source.cursor().copy(names + sql.SQL("TO STDOUT")) as leaving,
                target.cursor().copy(names + sql.SQL("FROM STDIN")) as arriving,
            ):
                for block in leaving:
                    arriving.write(block)
        statement = "INSERT INTO api_key (id, owner_id, digest, created_at) VALUES (gen_random_uuid(), %s, %s, now())"
        with target.cursor() as cursor:
            cursor.executemany(statement, [(owner, digest) for digest, owner in keys.items()])
        target.execute(INDEXES)
        target.execute("VACUUM ANALYZE")
        row = target.execute("SELECT count(*) FROM simulation").fetchone()
        assert row is not None
        return int(row[0])


def settle(database: Database) -> None:
    """Leave nothing for later that would fall into a measurement: dead rows, statistics, dirty pages."""
    with psycopg.connect(database.administrator, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
