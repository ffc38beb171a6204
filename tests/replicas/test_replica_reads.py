"""Standbys answer what reads many rows, wherever they have the owner's last change; the primary answers the rest."""

from __future__ import annotations

import asyncio
import io
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.django_orm.sql.standby import Standby
from adapters.django_orm.sql.statement import Statement
from config.databases import DatabaseUrl
from tests.embedded_postgres import Server
from tests.embedded_postgres.places import Account, temporary_home
from tests.pgbouncer.test_transaction_mode import running_pgbouncer
from tests.replicas.conftest import PLAN, RUNS, SIMULATIONS, Replicated, until
from tests.replicas.standby_server import StandbyServer, ask
from tests.running_service import served

MANY = (
    SIMULATIONS,
    f"{SIMULATIONS}?name=flutter&limit=5",
    f"{SIMULATIONS}/{{simulation}}/revisions",
    f"{SIMULATIONS}/{{simulation}}/summary",
    f"{SIMULATIONS}/{{simulation}}/runs.csv",
    f"{RUNS}?where=parameters.alpha>=3&sort=-created_at",
    f"{RUNS}?simulation_id={{simulation}}&sort=results.cl",
    f"{RUNS}/{{run}}/revisions",
    "/api/v1/changes",
)
FEW = (f"{SIMULATIONS}/{{simulation}}", f"{RUNS}/{{run}}", "/api/v1/keys", "/api/v1/me", "/api/v1/changes?after=latest")


def test_standby_answers_what_reads_many_rows_and_nothing_else(replicated: Replicated, key: str) -> None:
    with replicated.client(key) as client:
        run = client.get(RUNS).json()["items"][0]
        for path in (*MANY, *FEW):
            place = path.format(simulation=run["simulation_id"], run=run["id"])
            on_primary, on_standby = replicated.answered(client, place)
            assert (on_primary, bool(on_standby)) == (0, path in MANY), path


def test_writer_sees_its_write_in_every_process_while_the_standby_applies_nothing(
    replicated: Replicated, key: str
) -> None:
    other = replicated.owner("does not write")
    replicated.until_used(other)
    with replicated.client(key) as one, replicated.client(key, 1) as two, replicated.client(other, 1) as another:
        replicated.standby.pause()
        try:
            for number in range(5):
                made = one.post(SIMULATIONS, json=PLAN | {"name": f"{number}"}).json()
                assert two.get(SIMULATIONS).json()["items"][0] == made
            assert replicated.answered(two) == (1, 0)
            assert replicated.answered(another) == (0, 1)
        finally:
            replicated.standby.resume()
        replicated.standby.catch_up()
        assert replicated.answered(two) == (0, 1)


def test_metrics_tell_where_reads_were_answered(replicated: Replicated, key: str) -> None:
    def counted() -> dict[str, float]:
        with urlopen(replicated.metrics, timeout=20) as answer:
            text = answer.read().decode()
        return {
            sample.labels["outcome"]: sample.value
            for metric in text_string_to_metric_families(text)
            for sample in metric.samples
            if sample.name == "goatfish_standby_reads_total"
        }

    with replicated.client(key) as client:
        before = counted()
        client.get(SIMULATIONS)
        assert counted() == before | {"standby": before["standby"] + 1}
        replicated.standby.pause()
        try:
            client.post(SIMULATIONS, json=PLAN)
            client.get(SIMULATIONS)
        finally:
            replicated.standby.resume()
        assert counted() == before | {"standby": before["standby"] + 1, "behind": before["behind"] + 1}


def test_revisions_that_are_purged_are_forgotten_at_once(replicated: Replicated, key: str) -> None:
    """A purge changes the row of the owner's count, though not the count."""
    with replicated.client(key) as client:
        start = client.get("/api/v1/changes?limit=1").json()["next_cursor"]
        replicated.standby.pause()
        try:
            ask(replicated.primary, "UPDATE change_count SET purged_through = last")
            assert client.get(f"/api/v1/changes?after={start}").status_code == 410
            assert replicated.answered(client) == (1, 0)
        finally:
            replicated.standby.resume()


def test_standby_that_is_frozen_killed_or_away_is_left_and_found_again(replicated: Replicated, key: str) -> None:
    with replicated.client(key) as client:
        with replicated.standby.frozen():
            before = client.get(SIMULATIONS)
            assert (before.status_code, before.elapsed.total_seconds() < 5) == (200, True)
            assert client.get(SIMULATIONS).status_code == 200
        replicated.until_used(key)
        replicated.standby.crash()
        assert client.get(SIMULATIONS).status_code == 200
        replicated.standby.restart()
        replicated.until_used(key)
    assert "A standby failed: " in replicated.logs[0].getvalue()


@pytest.fixture
def elsewhere() -> Iterator[StandbyServer]:
    """A standby of another primary, with the same names and passwords, as a mistake in a URL may have it."""
    with ExitStack() as running:
        primary = running.enter_context(Server(in_memory=True))
        yield running.enter_context(StandbyServer(primary))


def test_what_is_no_standby_of_the_primary_is_not_read(
    replicated: Replicated, elsewhere: StandbyServer, key: str
) -> None:
    said = replicated.first.goatfish("doctor").stdout
    assert f"The service can read from standbys at {DatabaseUrl(replicated.standby.url)}." in said
    assert f"that the standby at 127.0.0.1:{DatabaseUrl(replicated.standby.url).parts.port} allows." in said
    for url, fault in (
        (replicated.primary.url, "The database cannot be used: no host is what its target_session_attrs asks for"),
        (elsewhere.url, "It leads to another cluster, or another database, than GOATFISH_DATABASE_URL."),
        (replicated.standby.administrator_url, "The database role goatfish is a superuser."),
    ):
        env = {**replicated.first.env, "GOATFISH_REPLICA_DATABASE_URL": url}
        found = replace(replicated.first, env=env).goatfish("doctor", check=False)
        assert f"ERROR    The service cannot read from {DatabaseUrl(url)}. {fault}" in found.stdout
        assert found.returncode == 1
        log = io.StringIO()
        with served(env, heard=log) as service, replicated.client(key) as client:
            until(partial(_says, log, fault))
            assert replicated.answered(client, f"{service}{SIMULATIONS}") == (1, 0)


def test_standby_can_be_behind_pgbouncer(replicated: Replicated, key: str) -> None:
    account = Account.for_server()
    home = temporary_home(account)
    try:
        with running_pgbouncer(DatabaseUrl(replicated.standby.url), home, account) as url:
            env = {**replicated.first.env, "GOATFISH_REPLICA_DATABASE_URL": url.with_password}
            with served(env) as service, replicated.client(key) as client:
                until(lambda: replicated.answered(client, f"{service}{SIMULATIONS}") == (0, 1))
    finally:
        shutil.rmtree(home)


def _says(log: io.StringIO, text: str) -> bool:
    return text in log.getvalue()


async def test_a_stop_does_not_wait_for_a_standby_that_hangs(replicated: Replicated) -> None:
    standby = Standby(replicated.standby.url, size=2, acquire_timeout=5, statement_timeout=60, list_timeout=2)
    await standby.open()
    assert await standby.fetch("", Statement("SELECT 1", (), (None,)), {}) == [(1,)]
    with replicated.standby.frozen():
        async with asyncio.timeout(20):
            await standby.close()


def test_promoted_standby_is_not_read_any_more(replicated: Replicated, key: str) -> None:
    """The last test here: there is no standby after it."""
    with replicated.client(key) as client:
        replicated.standby.promote()
        until(lambda: ask(replicated.standby, "SELECT pg_is_in_recovery()") == [(False,)])
        for _ in range(3):
            assert replicated.answered(client) == (1, 0)
        until(partial(_says, replicated.logs[0], "It leads to a server that is no standby any more."))
        until(partial(_says, replicated.logs[0], "no host is what its target_session_attrs asks for"))
