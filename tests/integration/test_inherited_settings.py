"""What roles, databases, the environment and the user's home say changes nothing that is stored or answered."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from psycopg.sql import SQL, Composable, Identifier, Literal

from adapters.django_orm.sql.asyncpg_connector import Connector
from config.databases import DatabaseUrl
from config.postgres_urls import read_url
from tests.contracts.http_api import SIMULATIONS
from tests.embedded_postgres import Server
from tests.running_service import Live
from tests.warm_start import goatfish

ODD = {
    "DateStyle": "German, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Asia/Kathmandu",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "standard_conforming_strings": "off",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "search_path": "pg_catalog",
    "row_security": "off",
    "statement_timeout": "1ms",
    "lock_timeout": "1ms",
    "idle_session_timeout": "1ms",
    "client_encoding": "LATIN1",
    "quote_all_identifiers": "on",
    "transform_null_equals": "on",
    "array_nulls": "off",
    "exit_on_error": "on",
    "gin_fuzzy_search_limit": "1",
    "xmloption": "document",
    "lc_numeric": "C",
    "client_min_messages": "debug1",
    "application_name": "x",
    "goatfish.owner": "nobody",
    "goatfish.key": "nothing",
    "goatfish.deliverer": "nobody",
}
SIMULATION: dict[str, object] = {
    "name": "Ünïcode ✈ \\ 'x'",
    "start_date": "2026-02-01",
    "end_date": "2026-03-04",
    "labels": {"a": "b"},
}


@pytest.fixture(params=["role", "database", "server"])
def odd(request: pytest.FixtureRequest, server: Server, running: Live) -> Iterator[None]:
    """Every setting has another value than it should, from one of the three places."""
    roles = [DatabaseUrl(url).user for url in (server.url, server.operator_url)]
    places: dict[str, list[Composable]] = {
        "role": [SQL("ROLE {}").format(Identifier(role)) for role in roles],
        "database": [SQL("DATABASE {}").format(Identifier("goatfish"))],
        "server": [SQL("ROLE ALL")],
    }
    where = places[request.param]
    with psycopg.connect(server.administrator_url, autocommit=True, options="-c search_path=public") as connection:
        connection.execute("SET default_transaction_read_only = off")
        for place in where:
            for name, value in ODD.items():
                connection.execute(SQL("ALTER {} SET {} = {}").format(place, Identifier(name), Literal(value)))
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'goatfish\\_%'")
        yield
        for place in where:
            connection.execute(SQL("ALTER {} RESET ALL").format(place))
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'goatfish\\_%'")


async def test_transactions_have_no_time_limit_of_servers_that_know_one(server: Server, running: Live) -> None:
    """A setting that earlier servers refuse at the start of a session."""
    limit, show = "transaction_timeout", "SELECT current_setting('transaction_timeout', true)"
    roles = [Identifier(DatabaseUrl(url).user) for url in (server.url, server.operator_url)]
    with psycopg.connect(server.administrator_url, autocommit=True) as connection:
        if connection.info.server_version >= 170_000:
            for role in roles:
                connection.execute(SQL("ALTER ROLE {} SET {} = '2s'").format(role, Identifier(limit)))
        found = await Connector(read_url(server.url, {}), timeout=5).connect()
        assert await found.fetchval(show) in {None, "0"}
        await found.close()
        shell = (
            "django",
            "shell",
            "-v",
            "0",
            "-c",
            f'from django.db import connection as c; k = c.cursor(); k.execute("{show}"); print(k.fetchone())',
        )
        assert running.goatfish(*shell).stdout.strip() in {"(None,)", "('0',)"}
        for role in roles:
            connection.execute(SQL("ALTER ROLE {} RESET ALL").format(role))


def without_ids(body: dict[str, Any]) -> dict[str, object]:
    ids = {"id", "created_at", "updated_at", "simulation_id"}
    return {name: value for name, value in body.items() if name not in ids}


def use(running: Live) -> list[dict[str, object]]:
    """What the service answers to some requests that read and write."""
    with httpx2.Client(base_url=running.url, headers={"X-API-Key": running.key}, timeout=20) as http:
        for _ in range(12):  # connections that have been closed are noticed one after the other
            if http.get(SIMULATIONS).status_code == http.get("/readyz").status_code == 200:
                break
        made = http.post(SIMULATIONS, json=SIMULATION)
        assert made.status_code == 201, made.text
        one = f"{SIMULATIONS}/{made.json()['id']}"
        run = {
            "simulation_id": made.json()["id"],
            "name": "r",
            "started_at": "2026-01-02T03:04:05.678901Z",
            "status": "running",
            "parameters": {"x": 0.1, "y": {"value": 1e-9, "unit": "m"}},
        }
        ran = http.post("/api/v1/runs", json=run)
        assert ran.status_code == 201, ran.text
        changed = http.patch(one, json={"end_date": "9999-12-31", "labels": {"a": None, "c": ""}})
        listed = http.get(SIMULATIONS, params={"name": "ünïcode", "active_on": "2026-02-03", "label": "c", "limit": 1})
        found = http.get("/api/v1/runs", params={"where": "parameters.x>=0.1", "simulation_id": made.json()["id"]})
        items = [made.json(), changed.json(), *listed.json()["items"], *found.json()["items"]]
        answers = [without_ids(each) for each in items]
        history = http.get(f"{one}/revisions").json()["items"]
        answers += [{"version": each["version"], "action": each["action"]} for each in history]
    return answers


@pytest.fixture(scope="module")
def plain(server: Server, running: Live) -> list[dict[str, object]]:
    return use(running)


def test_every_answer_is_the_same_whatever_sessions_inherit(
    plain: list[dict[str, object]], running: Live, odd: None
) -> None:
    assert use(running) == plain


def test_commands_work_whatever_sessions_inherit(running: Live, odd: None, request: pytest.FixtureRequest) -> None:
    for command in (("migrate",), ("owner", "create", f"Ünï {request.node.name}"), ("owner", "list"), ("doctor",)):
        done = running.goatfish(*command, check=False)
        assert done.returncode == 0, (command, done.stdout, done.stderr)


def test_environment_and_home_change_nothing(running: Live, tmp_path: Path) -> None:
    """Nothing that a driver would read by itself is read: neither driver starts if it reads one of these."""
    files = tmp_path / ".postgresql"
    files.mkdir()
    for name in ("root.crt", "root.crl", "postgresql.crt", "postgresql.key"):
        (files / name).write_text("no certificate")
    (tmp_path / ".pgpass").write_text("*:*:*:*:wrong\n")
    (tmp_path / ".pgpass").chmod(0o600)
    (tmp_path / ".pg_service.conf").write_text("[other]\nhost=10.0.0.7\ndbname=other\n")
    hostile = {
        "HOME": str(tmp_path),
        "PGSERVICE": "other",
        "PGHOSTADDR": "10.0.0.7",
        "PGHOST": "10.0.0.7",
        "PGDATABASE": "other",
        "PGUSER": "other",
        "PGPASSWORD": "other",
        "PGOPTIONS": "-c search_path=pg_catalog",
        "PGTZ": "Asia/Kathmandu",
        "PGDATESTYLE": "German",
        "PGCLIENTENCODING": "LATIN1",
        "PGSSLCERT": str(files / "postgresql.crt"),
        "PGSSLKEY": str(files / "postgresql.key"),
        "PGTARGETSESSIONATTRS": "standby",
        "PGCHANNELBINDING": "require",
        "PGREQUIREAUTH": "none",
        "PGGSSENCMODE": "require",
        "PGGSSLIB": "nonsense",
        "PGSSLNEGOTIATION": "nonsense",
        "PGCONNECT_TIMEOUT": "nonsense",
    }
    for command in (("doctor",), ("migrate",), ("owner", "list")):
        done = subprocess.run(
            goatfish(*command),
            env={**os.environ, **running.env, **hostile},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
