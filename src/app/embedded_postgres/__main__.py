"""Runs a command with a PostgreSQL database in its environment, on a temporary server or on TEST_DATABASE_URL's."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import psycopg
from psycopg.sql import SQL, Identifier

from app.database_roles import RolesRefused, provision
from app.embedded_postgres.places import ServerError
from app.embedded_postgres.server import Server
from config.databases import DatabaseUrl
from config.verification import unverified


def main(arguments: list[str]) -> int:
    """Run a command on a database with both roles; returns its exit status.

    GOATFISH_DATABASE_URL is the API's, GOATFISH_OPERATOR_DATABASE_URL the operators', TEST_DATABASE_URL the
    administrator's; where the last one is given, roles and database are made there, and dropped afterwards.
    """
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        print("usage: python -m app.embedded_postgres -- COMMAND [ARGUMENT …]", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        given = DatabaseUrl(url) if (url := os.environ.get("TEST_DATABASE_URL")) else None
    except ValueError as error:
        print(f"TEST_DATABASE_URL {error}", file=sys.stderr)
        return 2
    try:
        if given:
            if unverified(given, os.environ):  # what is made there is nobody's, and gone afterwards
                os.environ["PGSSLMODE"] = "prefer"
            with _guests(given) as (api, operator):
                return _run(command, api.with_password, operator.with_password, given.with_password)
        with Server() as server:
            administrator = DatabaseUrl(server.administrator_url)
            _may_create_databases(administrator, DatabaseUrl(server.operator_url).user)
            return _run(command, server.url, server.operator_url, server.administrator_url)
    except (ServerError, RolesRefused, psycopg.Error) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _leave(number: int, frame: FrameType | None) -> None:
    del frame
    raise SystemExit(128 + number)


@contextmanager
def _guests(administrator: DatabaseUrl) -> Iterator[tuple[DatabaseUrl, DatabaseUrl]]:
    """Two roles and a database on a server that is there anyway, under names that no other run has."""
    name = f"goatfish_{secrets.token_hex(6)}"
    api, operator = (
        administrator.of(name, f"{name}_{role}", secrets.token_urlsafe(24)) for role in ("api", "operator")
    )
    try:
        provision(administrator, api=api, operator=operator)
        _may_create_databases(administrator, operator.user)
        yield api, operator
    finally:
        with psycopg.connect(administrator.with_password, autocommit=True) as connection:
            query = "SELECT datname FROM pg_database WHERE pg_get_userbyid(datdba) = %s"
            for (database,) in connection.execute(query, [operator.user]).fetchall():
                connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(database)))
            for role in (api.user, operator.user):
                connection.execute(SQL("DROP ROLE IF EXISTS {}").format(Identifier(role)))


def _may_create_databases(administrator: DatabaseUrl, role: str) -> None:
    """Lets the operators make the databases that tests run on; in service they may not."""
    with psycopg.connect(administrator.with_password, autocommit=True) as connection:
        connection.execute(SQL("ALTER ROLE {} CREATEDB").format(Identifier(role)))


def _run(command: list[str], api: str, operator: str, administrator: str) -> int:
    urls = {
        "GOATFISH_DATABASE_URL": api,
        "GOATFISH_OPERATOR_DATABASE_URL": operator,
        "TEST_DATABASE_URL": administrator,
    }
    # The terminal sends a Ctrl-C to the command too: it ends as it sees fit, and we after it.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    process = subprocess.Popen(command, env={**os.environ, **urls})
    try:
        status = process.wait()
    except SystemExit:
        process.terminate()
        process.wait()
        raise
    finally:
        signal.signal(signal.SIGINT, before)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
