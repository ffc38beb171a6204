"""Runs a command with a PostgreSQL database in its environment, on a temporary server or on TEST_DATABASE_URL's."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import psycopg
from dotenv import dotenv_values
from psycopg.sql import SQL, Identifier

from app.database_roles import DatabaseRoleError, provision
from config.databases import DatabaseUrl
from config.env_file import ENCODING, ENV_FILE
from config.secret_files import load_or_create_secret
from config.verification import unverified
from tests.embedded_postgres.places import ServerError
from tests.embedded_postgres.server import TEMPLATE, Server

# A shell that learns of our death, however sudden, by the end of its input, and then ends the command, which would
# hold its port otherwise.
GUARD = 'exec >&- 2>&-; read -r _ && exit; kill -TERM "$1"; sleep 1; kill -KILL "$1"'


def main(arguments: list[str]) -> int:
    """Run a command on a database with both roles; returns its exit status.

    GOATFISH_DATABASE_URL is the API's, GOATFISH_OPERATOR_DATABASE_URL the operators', TEST_DATABASE_URL the
    administrator's; where the last one is given, roles and database are made there, and dropped afterwards. With
    ``--keep DIRECTORY`` there is always a server, whose data stay there.
    """
    keep, command = None, arguments
    if len(command) > 1 and command[0] == "--keep":
        keep, command = Path(command[1]), command[2:]
    command = command[1:] if command[:1] == ["--"] else command
    if not command:
        print("usage: python -m tests.embedded_postgres [--keep DIRECTORY] -- COMMAND [ARGUMENT …]", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        if keep:
            return _run_on_kept(command, keep)
        url = os.environ.get("TEST_DATABASE_URL")
        return _run_beside_others(command, url) if url else _run_on_temporary(command)
    except (ServerError, DatabaseRoleError, psycopg.Error, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _run_on_temporary(command: list[str]) -> int:
    with Server(in_memory=True, template=TEMPLATE not in os.environ) as server:
        os.environ.setdefault(TEMPLATE, str(server.template))
        _may_create_databases(DatabaseUrl(server.administrator_url), DatabaseUrl(server.operator_url).user)
        return _run(command, server.url, server.operator_url, server.administrator_url)


def _run_on_kept(command: list[str], keep: Path) -> int:
    secret = {**dotenv_values(ENV_FILE, encoding=ENCODING), **os.environ}.get("GOATFISH_SECRET_KEY")
    os.environ["GOATFISH_SECRET_KEY"] = secret or load_or_create_secret(keep.with_name("secret_key"))
    with Server(keep) as server:
        return _run(command, server.url, server.operator_url, server.administrator_url)


def _run_beside_others(command: list[str], url: str) -> int:
    try:
        given = DatabaseUrl(url)
    except ValueError as error:
        print(f"TEST_DATABASE_URL {error}", file=sys.stderr)
        return 2
    if unverified(given, os.environ):  # what is made there is nobody's, and gone afterwards
        os.environ["PGSSLMODE"] = "prefer"
    with _guests(given) as (api, operator):
        return _run(command, api.with_password, operator.with_password, given.with_password)


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
    guard = subprocess.Popen(
        ["/bin/sh", "-c", GUARD, "guard", str(process.pid)], stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        status = process.wait()
    except SystemExit:
        process.terminate()
        process.wait()
        raise
    finally:
        guard.communicate(b"ended\n")
        signal.signal(signal.SIGINT, before)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
