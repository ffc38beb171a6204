"""Concurrent requests with one Idempotency-Key create one row."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.db import connections, transaction
from httpx2 import AsyncClient
from uuid_utils.compat import uuid7

from adapters.django_orm.models import ApiKeyRow, IdempotencyRow, SimulationRow
from adapters.django_orm.postgresql.base import DatabaseWrapper
from adapters.django_orm.repositories import idempotency
from adapters.django_orm.repositories.revisions import encoded
from adapters.django_orm.sql import asyncpg_executor
from adapters.django_orm.sql.limits import LOCK_TIMEOUT
from adapters.django_orm.storage import Storage
from config.postgres import session_limits
from domain.access.api_key import ApiKey
from domain.access.token import ApiKeyToken
from domain.errors import Conflict
from domain.idempotency import DuplicateRequest
from domain.simulations.simulation import Simulation
from domain.write_context import IdempotencyKey
from tests.contracts.cases import CASES, Case, admitted
from tests.contracts.http_api import KEYS, SIMULATIONS, WING, serving
from tests.factories import (
    CONTEXT,
    NOW,
    ApiKeyFactory,
    SimulationFactory,
)
from tests.integration.conftest import VENDOR, MakeStorage, opened
from tests.integration.factories import OwnerRowFactory

if TYPE_CHECKING:
    from django.db.models import Model
    from pytest_django import DjangoDbBlocker

REQUESTS = 50
IDEMPOTENCY_KEY = IdempotencyKey(operation="create_simulation", key="k", fingerprint="f")
IDEMPOTENT_CONTEXT = replace(CONTEXT, idempotency_key=IDEMPOTENCY_KEY)


@pytest.fixture
def committing(request: pytest.FixtureRequest) -> MakeStorage:
    """Storage that commits concurrently: threads on SQLite, the asyncpg pool on PostgreSQL."""
    make: MakeStorage = request.getfixturevalue({"sqlite": "on_threads", "postgresql": "on_pool"}[VENDOR or ""])
    return make


def test_concurrent_requests_with_one_key_create_one_row(
    committing: MakeStorage, django_db_blocker: DjangoDbBlocker
) -> None:
    with serving(committing()) as service:
        tenant = service.tenant()
        for path, body in ((SIMULATIONS, WING), (KEYS, {"name": "n", "scopes": ["keys:manage"]})):
            headers = {"X-API-Key": tenant.key, "Idempotency-Key": str(uuid7())}
            create = partial(AsyncClient.post, url=path, json=body, headers=headers)
            answers = service.together([create] * REQUESTS)
            made = [answer for answer in answers if answer.status_code == 201]
            assert made
            assert {answer.status_code for answer in answers} <= {201, 409}
            assert len({json.dumps(answer.json() | {"key": None}) for answer in made}) == 1
            assert sum("idempotency-replayed" not in answer.headers for answer in made) == 1
        with django_db_blocker.unblock():
            assert SimulationRow.objects.filter(owner_id=tenant.owner).count() == 1
            assert ApiKeyRow.objects.filter(owner_id=tenant.owner).count() == 2
            assert IdempotencyRow.objects.filter(owner_id=tenant.owner).count() == 2


@contextmanager
def concurrent_insert(*rows: Model, fails: bool) -> Iterator[None]:
    """Inside the block, another transaction has inserted these rows; it ends 0.1 s later."""
    written = threading.Event()

    def write() -> None:
        try:
            with transaction.atomic():
                for row in rows:
                    row.save(force_insert=True)
                written.set()
                time.sleep(0.1)
                transaction.set_rollback(fails)
        finally:
            connections.close_all()

    thread = threading.Thread(target=write)
    thread.start()
    assert written.wait(60)
    yield
    thread.join()


def record_of(simulation: Simulation) -> IdempotencyRow:
    return IdempotencyRow(
        id=simulation.id,
        owner_id=simulation.owner_id,
        created_at=simulation.created_at,
        operation=IDEMPOTENCY_KEY.operation,
        key=IDEMPOTENCY_KEY.key,
        fingerprint=IDEMPOTENCY_KEY.fingerprint,
        entity=encoded(simulation),
    )


@pytest.mark.parametrize("fails", [False, True])
async def test_a_second_request_waits_for_the_first_and_succeeds_if_it_fails(
    committing: MakeStorage, django_db_blocker: DjangoDbBlocker, fails: bool
) -> None:
    async with opened(committing()) as storage:
        owner = await admitted(storage)
        first, second = SimulationFactory.build_batch(2, owner_id=owner)
        add = storage.repository(Simulation).of(owner).add(second, IDEMPOTENT_CONTEXT)
        with django_db_blocker.unblock(), concurrent_insert(record_of(first), fails=fails):
            (result,) = await asyncio.gather(add, return_exceptions=True)
        assert type(result) is (type(None) if fails else DuplicateRequest)
        record = await storage.idempotency_records.of(owner).find(IDEMPOTENCY_KEY, Simulation, NOW)
        assert record is not None
        assert record.entity == (second if fails else first)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
async def test_a_failed_insert_stores_no_idempotency_record(storage: Storage, case: Case) -> None:
    owner = await admitted(storage, case.entity)
    entity = case.make(owner)
    repository = case.repository(storage).of(owner)
    await repository.add(entity, CONTEXT)
    with pytest.raises(Conflict):
        await repository.add(entity, IDEMPOTENT_CONTEXT)
    assert await storage.idempotency_records.of(owner).find(IDEMPOTENCY_KEY, type(entity), NOW) is None
    await repository.add(case.make(owner), IDEMPOTENT_CONTEXT)


def test_the_idempotency_record_of_a_key_contains_no_secret(lend: MakeStorage) -> None:
    text = ApiKeyToken(public_id="p" * 14, _secret="s" * 43)
    key: ApiKey = ApiKeyFactory.build(text=text)

    async def add() -> None:
        async with opened(lend()) as storage:
            await storage.keys.of(key.owner_id).add(key, IDEMPOTENT_CONTEXT)

    OwnerRowFactory.create(id=key.owner_id)
    asyncio.run(add())
    row = IdempotencyRow.objects.get(owner_id=key.owner_id)
    assert row.id == key.id
    whole = " ".join(str(getattr(row, field.attname)) for field in IdempotencyRow._meta.concrete_fields)
    assert key.public_id in whole
    for secret in (key.digest, text.reveal(), "s" * 43):
        assert secret not in whole
    assert json.loads(row.entity)["digest"] == ""


async def test_a_later_record_replaces_an_expired_one(storage: Storage) -> None:
    owner = await admitted(storage)
    simulations = [
        SimulationFactory.build(owner_id=owner, created_at=NOW.replace(year=year)) for year in (2026, 2028, 2030)
    ]
    for simulation in simulations:
        await storage.repository(Simulation).of(owner).add(simulation, IDEMPOTENT_CONTEXT)
    assert await storage.idempotency_records.purge(NOW.replace(year=2030)) >= 0
    record = await storage.idempotency_records.of(owner).find(IDEMPOTENCY_KEY, Simulation, NOW.replace(year=2030))
    assert record is not None
    assert record.entity == simulations[-1]


if VENDOR == "postgresql":

    @pytest.mark.parametrize(("way", "requests"), [("on_pool", 20), ("on_threads", 1)])
    def test_a_duplicate_of_a_request_in_flight_is_rejected_with_409(
        way: str, requests: int, operator_url: str, request: pytest.FixtureRequest
    ) -> None:
        make: MakeStorage = request.getfixturevalue(way)
        with serving(make()) as service, psycopg.connect(operator_url) as other:
            tenant = service.tenant()
            values = (uuid7(), tenant.owner, NOW, "create_simulation", "held", "f", "{}")
            other.execute(
                "INSERT INTO idempotency_record (id, owner_id, created_at, operation, key, fingerprint, entity)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s)",
                values,
            )
            create = partial(
                AsyncClient.post,
                url=SIMULATIONS,
                json=WING,
                headers={"X-API-Key": tenant.key, "Idempotency-Key": "held"},
            )
            answers = service.together([create] * requests)
            assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(409, "request_in_flight")}
            other.rollback()
            assert [answer.status_code for answer in service.together([create])] == [201]

    def test_waiting_for_another_writer_is_not_reported_as_a_duplicate(on_pool: MakeStorage, operator_url: str) -> None:
        with serving(on_pool()) as service, psycopg.connect(operator_url) as other:
            tenant = service.tenant()
            other.execute("SELECT FROM change_count WHERE owner_id = %s FOR UPDATE", [tenant.owner])
            release = threading.Timer(2 * idempotency.IN_FLIGHT_WAIT / 1000, other.rollback)
            release.start()
            headers = {"X-API-Key": tenant.key, "Idempotency-Key": "patient"}
            create = partial(AsyncClient.post, url=SIMULATIONS, json=WING, headers=headers)
            assert [answer.status_code for answer in service.together([create])] == [201]
            release.join()

    @pytest.mark.parametrize("way", ["on_pool", "on_threads"])
    def test_a_lock_that_is_not_free_in_time_is_no_duplicate(
        way: str, operator_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        patience, go_on = 0.4, idempotency.IdempotencyTable.GO_ON
        assert f"'{1000 * LOCK_TIMEOUT:g}'" in go_on
        monkeypatch.setattr(idempotency.IdempotencyTable, "GO_ON", go_on.replace("5000", f"{1000 * patience:g}"))
        monkeypatch.setattr(asyncpg_executor, "LOCK_TIMEOUT", patience)
        monkeypatch.setattr(DatabaseWrapper, "_limits", session_limits(30, lock=patience))
        make: MakeStorage = request.getfixturevalue(way)
        with serving(make()) as service, psycopg.connect(operator_url) as other:
            tenant = service.tenant()
            path = tenant.send("POST", SIMULATIONS, json=WING).headers["location"]
            other.execute("SELECT FROM change_count WHERE owner_id = %s FOR UPDATE", [tenant.owner])
            once = {"Idempotency-Key": "once"}
            refused = [
                tenant.send("POST", SIMULATIONS, json=WING),
                tenant.send("POST", SIMULATIONS, json=WING, headers=once),
                tenant.send("POST", f"{SIMULATIONS}/batch", json={"items": [WING]}, headers=once),
                tenant.send("PATCH", path, json={"name": "other"}),
            ]
            assert {(each.status_code, each.json()["code"]) for each in refused} == {(503, "unavailable")}
            other.rollback()
            made = tenant.send("POST", SIMULATIONS, json=WING, headers=once)
            assert (made.status_code, made.headers.get("idempotency-replayed")) == (201, None)
            assert len(tenant.send("GET", SIMULATIONS).json()["items"]) == 2
