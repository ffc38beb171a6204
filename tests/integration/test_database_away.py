"""The service while its database is away, is looked at first, or loses an answer."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from typing import Any

import httpx2
import psycopg
import pytest
from django.db import OperationalError, connection

from adapters.django_orm.postgresql.base import DatabaseWrapper
from adapters.django_orm.sql.asyncpg_executor import AsyncpgExecutor
from adapters.django_orm.sql.statement import Statement
from tests.contracts.http_api import SIMULATIONS, WING
from tests.embedded_postgres import Server
from tests.restartable import PATIENCE, wait_until
from tests.running_service import served
from tests.warm_start import goatfish


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(in_memory=True) as server:
        yield server


@pytest.fixture(scope="module")
def env(server: Server) -> Mapping[str, str]:
    urls = {"GOATFISH_DATABASE_URL": server.url, "GOATFISH_OPERATOR_DATABASE_URL": server.operator_url}
    return os.environ | urls | {"GOATFISH_RATE_LIMIT": "0", "GOATFISH_STATEMENT_TIMEOUT": "2"}


@pytest.fixture(scope="module")
def key(env: Mapping[str, str]) -> str:
    def run(*arguments: str) -> str:
        done = subprocess.run(goatfish(*arguments), env=env, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout.strip()

    run("migrate")
    run("owner", "create", "tests")
    return run("key", "create", "tests")


def test_it_starts_without_the_database_and_serves_once_that_is_back_and_in_order(
    server: Server, env: Mapping[str, str], key: str
) -> None:
    heard = io.StringIO()
    role = psycopg.sql.Identifier("goatfish_api")
    with psycopg.connect(server.administrator_url, autocommit=True) as administrator:
        administrator.execute(psycopg.sql.SQL("ALTER ROLE {} BYPASSRLS").format(role))
    server.crash()
    with (
        served(env, heard=heard) as url,
        httpx2.Client(base_url=url, headers={"X-API-Key": key}, timeout=PATIENCE) as http,
    ):
        assert http.get("/livez").status_code == 200
        for answer in (http.get("/readyz"), http.post(SIMULATIONS, json=WING)):
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        server.restart()
        wait_until(lambda: "has BYPASSRLS" in heard.getvalue())
        assert http.get("/readyz").status_code == 503
        assert http.post(SIMULATIONS, json=WING).status_code == 503
        with psycopg.connect(server.administrator_url, autocommit=True) as administrator:
            administrator.execute(psycopg.sql.SQL("ALTER ROLE {} NOBYPASSRLS").format(role))
        wait_until(lambda: http.get("/readyz").status_code == 200)
        assert http.post(SIMULATIONS, json=WING).status_code == 201


@contextmanager
def posted_while_locked(server: Server, http: httpx2.Client, headers: Mapping[str, str]) -> Iterator[list[Any]]:
    """A POST that waits for a lock in the database; its answer is in the list once it is there."""
    answers: list[Any] = []
    with psycopg.connect(server.administrator_url) as holder:
        holder.execute("LOCK TABLE simulation IN ACCESS EXCLUSIVE MODE")
        posting = Thread(target=lambda: answers.append(http.post(SIMULATIONS, json=WING, headers=dict(headers))))
        posting.start()
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        with psycopg.connect(server.administrator_url, autocommit=True) as watcher:
            wait_until(lambda: watcher.execute(waits).fetchone() == (1,))
            yield answers
            posting.join(PATIENCE)


def test_a_write_whose_answer_is_lost_says_so_and_can_be_repeated(
    server: Server, env: Mapping[str, str], key: str
) -> None:
    with (
        served(env) as url,
        httpx2.Client(base_url=url, headers={"X-API-Key": key}, timeout=PATIENCE) as http,
        psycopg.connect(server.administrator_url, autocommit=True) as administrator,
    ):
        assert http.get("/readyz").status_code == 200
        once = {"Idempotency-Key": "once"}
        for headers, advice in ((once, "the same Idempotency-Key"), ({}, "look first whether it was")):
            with posted_while_locked(server, http, headers) as answers:
                administrator.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
            problem = answers[0].json()
            assert (answers[0].status_code, problem["code"]) == (503, "outcome_unknown")
            assert answers[0].headers["retry-after"] == "1"
            assert "may have been carried out" in problem["detail"]
            assert advice in problem["detail"]
        assert http.post(SIMULATIONS, json=WING, headers=once).status_code == 201
        with posted_while_locked(server, http, {}) as answers:
            pass  # the server ends the statement at its timeout, and so has not carried it out
        assert (answers[0].status_code, answers[0].json()["code"]) == (503, "unavailable")


async def test_a_stop_does_not_wait_for_a_server_that_hangs(server: Server) -> None:
    executor = AsyncpgExecutor(server.url, size=2, acquire_timeout=60, statement_timeout=60, list_timeout=2)
    await executor.open()
    assert await executor.fetch("", Statement("SELECT 1", (), (None,)), {}) == [(1,)]
    with server.frozen():
        async with asyncio.timeout(30):  # half of what it waits for statements
            await executor.close()


@pytest.mark.django_db
def test_operators_do_not_wait_for_ever_for_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DatabaseWrapper, "_answer_timeout", 0.2)
    own = connection.copy()
    with pytest.raises(OperationalError), own.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(1)")
    assert own.connection.closed
    own.close()
