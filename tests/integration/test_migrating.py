"""Several processes that migrate one PostgreSQL database, and sessions that lock its tables meanwhile."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from adapters.django_orm.migration_lock import KEY
from config.databases import DatabaseUrl
from tests.integration.role_databases import Site, unmake
from tests.warm_start import goatfish

PATIENCE = 60  # seconds


@pytest.fixture
def site() -> Iterator[Site]:
    """An empty database with roles of its own."""
    administrator, name = DatabaseUrl(os.environ["TEST_DATABASE_URL"]), f"migrating_{secrets.token_hex(4)}"
    site = Site(
        administrator.of("postgres"),
        administrator.of(name, f"{name}_api", "pass"),
        administrator.of(name, f"{name}_operator", "word"),
    )
    done = site.goatfish("database", "create")
    assert done.returncode == 0, done.stderr
    yield site
    unmake(site)


@pytest.fixture
def before_runs(site: Site) -> Site:
    """A database that lacks the last migrations, of which one alters the table of simulations."""
    done = site.goatfish("django", "migrate", "goatfish", "0003_row_level_security")
    assert done.returncode == 0, done.stderr
    return site


def migrating(site: Site, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        goatfish("migrate", *options),
        env=site.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said_by(process: subprocess.Popen[str]) -> str:
    """What it has said when it ends."""
    output, errors = process.communicate(timeout=PATIENCE)
    assert output == ""
    assert "Traceback" not in errors
    return errors


@contextmanager
def idle_transaction(url: DatabaseUrl, sql: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(url.with_password, application_name="forgotten") as connection:
        connection.execute(sql)
        yield connection
        connection.rollback()


def test_of_three_processes_one_migrates_and_two_wait_for_it(site: Site) -> None:
    with idle_transaction(site.operator, f"SELECT pg_advisory_xact_lock({KEY})"):
        processes = [migrating(site) for _ in range(3)]
        for process in processes:
            assert process.stderr is not None
            assert "Waiting for another goatfish migrate: process " in process.stderr.readline()
    said = [said_by(process) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], said
    assert sum("Applied goatfish.0001_initial\n" in text for text in said) == 1
    assert sum("The database was already up to date.\n" in text for text in said) == 2
    assert site.run("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]


def test_reads_go_on_while_a_migration_waits_for_an_idle_transaction(before_runs: Site) -> None:
    with (
        idle_transaction(before_runs.operator, "SELECT FROM simulation") as idle,
        psycopg.connect(before_runs.operator.with_password, autocommit=True) as reader,
    ):
        pid = idle.info.backend_pid
        process = migrating(before_runs)
        waits = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'simulation'::regclass"
        reader.execute(f"SET statement_timeout = '{PATIENCE}s'")
        deadline = time.monotonic() + PATIENCE
        refused = 0
        while refused < 2:  # it has waited, given up, and waited again
            assert time.monotonic() < deadline
            assert process.poll() is None
            if reader.execute(waits).fetchall():
                reader.execute("SELECT FROM simulation")  # queued behind it, and answered all the same
                refused += 1
    said = said_by(process)
    assert process.returncode == 0, said
    who = rf"process {pid} \(forgotten, role {before_runs.operator.user}\)"
    since = r"idle in transaction since \d{4}-\d\d-\d\dT[\d:]+Z"
    line = rf"^Waiting for {who}, {since}, to unlock table simulation\.$"
    assert len(re.findall(line, said, re.MULTILINE)) == 1, said
    assert "Applied goatfish.0004_runs\n" in said


def test_a_migration_gives_up_after_a_while_and_names_who_is_in_its_way(before_runs: Site) -> None:
    with idle_transaction(before_runs.administrator.of(before_runs.api.database), "LOCK TABLE simulation"):
        process = migrating(before_runs, "--wait", "3")
        said = said_by(process)
    assert process.returncode == 1
    assert re.search(r"^Gave up after 3 s of waiting for process \d+ \(forgotten, role \w+\), ", said, re.MULTILINE), (
        said
    )
    assert said.endswith(" Run again: goatfish migrate\n")
    assert before_runs.goatfish("migrate").returncode == 0


def test_of_a_session_of_another_role_what_can_be_seen_is_said(before_runs: Site) -> None:
    before_runs.run("GRANT SELECT ON simulation TO {}", before_runs.api.user)
    with idle_transaction(before_runs.api, "SELECT FROM simulation") as idle:
        process = migrating(before_runs, "--wait", "1")
        said = said_by(process)
        who = f"process {idle.info.backend_pid} (forgotten, role {before_runs.api.user})"
        assert f"Waiting for {who}, whose state this role may not see, to unlock table simulation.\n" in said


@pytest.mark.parametrize("table", ["django_migrations", "django_content_type"])
def test_a_lock_on_a_table_of_django_is_waited_for_and_given_up(before_runs: Site, table: str) -> None:
    with idle_transaction(before_runs.operator, f"LOCK TABLE {table}") as idle:
        process = migrating(before_runs, "--wait", "2")
        said = said_by(process)
        assert process.returncode == 1
        assert f"Waiting for process {idle.info.backend_pid} (forgotten, " in said
        assert f", to unlock table {table}." in said
        assert said.splitlines()[-1].startswith("Gave up after 2 s of waiting for process ")
    assert before_runs.goatfish("migrate").returncode == 0


def test_privileges_are_granted_beside_a_lock_on_a_table(site: Site) -> None:
    assert site.goatfish("migrate").returncode == 0
    with idle_transaction(site.operator, "LOCK TABLE simulation"):
        assert "already up to date" in site.goatfish("migrate", "--wait", "2").stderr


def test_another_migration_that_does_not_end_is_named(site: Site) -> None:
    with idle_transaction(site.operator, f"SELECT pg_advisory_xact_lock({KEY})"):
        done = site.goatfish("migrate", "--wait", "1")
    assert done.returncode == 1
    waits, gave_up = done.stderr.splitlines()
    assert re.match(r"Waiting for another goatfish migrate: process \d+ \(forgotten, role \w+\), idle in ", waits)
    assert gave_up.startswith("Gave up after 1 s of waiting for another goatfish migrate: process ")
