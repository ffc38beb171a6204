"""Transactions that PostgreSQL rolls back are repeated; a database that is not migrated is a 503, and unready."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import quote

import psycopg
import pytest

from config.databases import DatabaseUrl
from tests.contracts.http_api import SIMULATIONS, WING
from tests.embedded_postgres import Server
from tests.integration.role_databases import ask
from tests.restartable import wait_until
from tests.running_service import Live

# A trigger that fails for the first so many rows; a sequence counts on when a transaction is rolled back.
FAILING = """
    CREATE SEQUENCE attempts;
    GRANT USAGE ON SEQUENCE attempts TO PUBLIC;
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('attempts') <= {failures} THEN RAISE 'lo que sea' USING ERRCODE = '{sqlstate}'; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER failing BEFORE INSERT ON simulation FOR EACH ROW EXECUTE FUNCTION fail();
"""
MENDED = "DROP TRIGGER failing ON simulation; DROP FUNCTION fail; DROP SEQUENCE attempts"


def administer(server: Server, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(DatabaseUrl(server.administrator_url).with_password, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


@contextmanager
def changed(server: Server, change: str, back: str) -> Iterator[None]:
    administer(server, change)
    try:
        yield
    finally:
        administer(server, back)


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
@pytest.mark.parametrize(("failures", "status"), [(2, 201), (1000, 503)])
def test_transaction_that_was_rolled_back_is_repeated_and_then_unavailable(
    server: Server, running: Live, sqlstate: str, failures: int, status: int
) -> None:
    before = administer(server, "SELECT count(*) FROM simulation")
    with changed(server, FAILING.format(failures=failures, sqlstate=sqlstate), MENDED):
        assert ask(running.url + SIMULATIONS, running.key, WING) == status
        assert administer(server, "SELECT last_value FROM attempts") == [(3,)]
    made = administer(server, "SELECT count(*) FROM simulation")
    assert made == [(int(str(before[0][0])) + (status == 201),)]


def test_other_errors_are_not_repeated(server: Server, running: Live) -> None:
    with changed(server, FAILING.format(failures=1000, sqlstate="XX001"), MENDED):
        assert ask(running.url + SIMULATIONS, running.key, WING) == 500
        assert administer(server, "SELECT last_value FROM attempts") == [(1,)]


@pytest.mark.parametrize(
    ("change", "back", "body"),
    [
        ("ALTER TABLE simulation RENAME name TO nombre", "ALTER TABLE simulation RENAME nombre TO name", None),
        ("ALTER TABLE simulation RENAME labels TO x", "ALTER TABLE simulation RENAME x TO labels", WING),
        ("ALTER TABLE revision RENAME TO x", "ALTER TABLE x RENAME TO revision", WING),
        ("REVOKE INSERT ON revision FROM goatfish_api", "GRANT INSERT ON revision TO goatfish_api", WING),
        ("REVOKE SELECT ON simulation FROM goatfish_api", "GRANT SELECT ON simulation TO goatfish_api", None),
        ("REVOKE UPDATE ON simulation FROM goatfish_api", "GRANT UPDATE ON simulation TO goatfish_api", None),
        (
            "REVOKE UPDATE (last) ON change_count FROM goatfish_api",
            "GRANT UPDATE (last) ON change_count TO goatfish_api",
            WING,
        ),
    ],
)
def test_database_that_is_not_migrated_is_unavailable_and_unready(
    server: Server, running: Live, change: str, back: str, body: object
) -> None:
    logged = len(running.heard.getvalue())
    with changed(server, change, back):
        if "UPDATE ON simulation" not in change:  # a right that a list does not need
            assert ask(running.url + SIMULATIONS, running.key, body) == 503
            wait_until(lambda: "The database is not migrated: " in running.heard.getvalue()[logged:])
            assert "Traceback" not in running.heard.getvalue()[logged:]
        wait_until(lambda: ask(running.url + "/readyz") == 503)
    wait_until(lambda: ask(running.url + "/readyz") == 200)


def test_violations_are_told_by_their_code_in_whatever_language(server: Server, running: Live) -> None:
    """Both drivers: the service's, and the operators'."""
    violated = "RAISE 'llave duplicada' USING ERRCODE = '23505', CONSTRAINT = TG_TABLE_NAME || '_pkey'"
    change = f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {violated}; END $$"
    for table in ("simulation", "owner"):
        change += f"; CREATE TRIGGER refusing BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()"
    with changed(server, change, "DROP FUNCTION refuse CASCADE"):
        assert ask(running.url + SIMULATIONS, running.key, WING) == 409
        done = running.goatfish("owner", "create", "Llave", check=False)
        assert (done.returncode, done.stderr) == (1, "An owner named 'Llave' exists.\n")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("-c nonsense=1", 'unrecognized configuration parameter "nonsense"'),  # 42704, as of a missing object
        ("nonsense", "invalid command-line argument for server process: nonsense"),  # 42601, as of a bug
    ],
)
def test_a_session_that_cannot_begin_does_not_mean_that_something_is_not_migrated(
    server: Server, running: Live, options: str, reason: str
) -> None:
    url = f"{server.url}?options={quote(options)}"
    said = replace(running, env={**running.env, "GOATFISH_DATABASE_URL": url}).goatfish("doctor", check=False).stdout
    assert said.splitlines()[-1].endswith(f"/goatfish. The database cannot be used: {reason}")


def test_errors_of_commands_show_no_statement(server: Server, running: Live) -> None:
    """psycopg adds the line of the statement, with the values in it."""
    with changed(
        server,
        "ALTER TABLE idempotency_record RENAME TO away",
        "ALTER TABLE away RENAME TO idempotency_record",
    ):
        said = running.goatfish("purge", check=False).stderr
    assert said.startswith(
        "The database is not up to date: The tables are not as the migrations of this version make them"
    )
    assert "there is no table idempotency_record." in said


ALTERED = "The tables are not as the migrations of this version make them: "
OTHER = "Another version of Goatfish has made the database: it has the migrations 0004_studies, which this version does"


@pytest.mark.parametrize(
    ("change", "back", "advice"),
    [
        (
            "ALTER TABLE simulation RENAME labels TO x",
            "ALTER TABLE simulation RENAME x TO labels",
            (ALTERED, "Put back what was removed or renamed"),
        ),
        ("ALTER TABLE run_labels RENAME TO x", "ALTER TABLE x RENAME TO run_labels", (ALTERED, "goatfish restore")),
        (
            "UPDATE django_migrations SET name = '0004_studies' WHERE name = '0004_runs' AND app = 'goatfish'",
            "UPDATE django_migrations SET name = '0004_runs' WHERE name = '0004_studies'",
            (OTHER, "goatfish owner export"),
        ),
        (
            "DELETE FROM django_migrations WHERE name = '0004_runs' AND app = 'goatfish'",
            "INSERT INTO django_migrations (app, name, applied) VALUES ('goatfish', '0004_runs', now())",
            ("1 migrations are not applied.", "Run: goatfish migrate"),
        ),
    ],
)
def test_tables_of_another_version_are_named_with_what_helps(
    server: Server, running: Live, change: str, back: str, advice: tuple[str, str]
) -> None:
    fault, cure = advice
    logged = len(running.heard.getvalue())
    with changed(server, change, back):
        wait_until(lambda: ask(running.url + "/readyz") == 503)
        wait_until(lambda: fault in running.heard.getvalue()[logged:])
        assert cure in running.heard.getvalue()[logged:]
        for command in (("doctor",), ("owner", "list"), ("migrate",)):
            if command == ("migrate",) and cure == "Run: goatfish migrate":
                continue  # its tables are there already
            done = running.goatfish(*command, check=False)
            said = done.stdout + done.stderr
            assert (done.returncode, fault in said, cure in said) == (1, True, True), said
    wait_until(lambda: ask(running.url + "/readyz") == 200)
