"""Requests with one key that are under way at once make one row, in the database itself; a crash leaves none."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from httpx2 import AsyncClient
from uuid_utils.compat import uuid7

from adapters.django_orm import outcomes, owned
from adapters.django_orm.models import KeyRow, OutcomeRow, SimulationRow
from adapters.django_orm.storage import Storage
from domain.access.key import Key, KeyText
from domain.idempotency import Repeated
from domain.simulations.simulation import Simulation
from domain.tenancy import Cause, Idempotency, OwnerId
from tests.contracts.cases import CASES, Case, admitted
from tests.contracts.http_api import KEYS, SIMULATIONS, WING, serving
from tests.factories import CAUSE, NOW, KeyFactory, SimulationFactory
from tests.integration.conftest import VENDOR, MakeStorage, opened
from tests.integration.factories import OwnerRowFactory

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker

    from adapters.django_orm.statements import Work

RACERS = 50
PROMISE = Idempotency(operation="create_simulation", key="k", fingerprint="f")
PROMISED = Cause(actor="key:1", request_id="r", idempotency=PROMISE)


class Crash(Exception):
    """Raised by a test in the middle of a transaction."""


@pytest.fixture
def committing(request: pytest.FixtureRequest) -> MakeStorage:
    """Storage in which transactions really meet: several threads on SQLite, the native pool on PostgreSQL."""
    make: MakeStorage = request.getfixturevalue({"sqlite": "on_threads", "postgresql": "on_pool"}[VENDOR or ""])
    return make


def test_of_many_requests_with_one_key_one_makes_one_row(
    committing: MakeStorage, django_db_blocker: DjangoDbBlocker
) -> None:
    with serving(committing()) as service:
        tenant = service.tenant()
        for path, body in ((SIMULATIONS, WING), (KEYS, {"name": "n", "scopes": ["keys:manage"]})):
            headers = {"X-API-Key": tenant.key, "Idempotency-Key": str(uuid7())}
            create = partial(AsyncClient.post, url=path, json=body, headers=headers)
            answers = service.together([create] * RACERS)
            made = [answer for answer in answers if answer.status_code == 201]
            assert made
            assert {answer.status_code for answer in answers} <= {201, 409}
            assert len({json.dumps(answer.json() | {"key": None}) for answer in made}) == 1
            assert sum("idempotency-replayed" not in answer.headers for answer in made) == 1
        with django_db_blocker.unblock():
            assert SimulationRow.objects.filter(owner_id=tenant.owner).count() == 1
            assert KeyRow.objects.filter(owner_id=tenant.owner).count() == 2
            assert OutcomeRow.objects.filter(owner_id=tenant.owner).count() == 2


async def test_the_second_waits_for_the_first_and_repeats_it_where_it_commits(committing: MakeStorage) -> None:
    async with opened(committing()) as storage:
        owner = await admitted(storage)
        first, second = SimulationFactory.build_batch(2, owner_id=owner)
        given = await _overlapping(storage, owner, first, second, fails=False)
        assert [type(each) for each in given] == [type(None), Repeated]
        outcome = await storage.outcomes.of(owner).find(PROMISE, Simulation, NOW)
        assert outcome is not None
        assert outcome.entity == first


async def test_the_second_takes_its_place_where_the_first_fails(committing: MakeStorage) -> None:
    async with opened(committing()) as storage:
        owner = await admitted(storage)
        first, second = SimulationFactory.build_batch(2, owner_id=owner)
        given = await _overlapping(storage, owner, first, second, fails=True)
        assert [type(each) for each in given] == [Crash, type(None)]
        outcome = await storage.outcomes.of(owner).find(PROMISE, Simulation, NOW)
        assert outcome is not None
        assert outcome.entity == second


async def _overlapping(
    storage: Storage, owner: OwnerId, first: Simulation, second: Simulation, *, fails: bool
) -> list[Any]:
    """Adds the second while the first has written and not yet committed."""
    table = storage.simulations

    def slow() -> Work[None]:
        yield from storage.outcomes.record(PROMISE, first)
        yield table.insert, table.values(first)
        for _ in range(100):  # long enough for the second to have come as far as the outcome
            yield table.get, {"owner_id": owner, "id": first.id}
        if fails:
            raise Crash

    adding = asyncio.create_task(storage.executor.transact(owner, slow()))
    await asyncio.sleep(0.02)
    return list(await asyncio.gather(adding, table.of(owner).add(second, PROMISED), return_exceptions=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
async def test_a_crash_between_outcome_and_row_leaves_neither(
    storage: Storage, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await admitted(storage)
    entity = case.make(owner)
    repository = case.repository(storage).of(owner)
    commit = owned.OwnedRepository._commit

    def crashing(self: Any, before: Any, after: Any, cause: Cause) -> Work[None]:
        yield from commit(self, before, after, cause)
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(owned.OwnedRepository, "_commit", crashing)
        with pytest.raises(Crash):
            await repository.add(entity, PROMISED)
    assert await storage.outcomes.of(owner).find(PROMISE, type(entity), NOW) is None
    await repository.add(entity, PROMISED)
    assert await repository.get(entity.id) == entity


async def test_a_crash_of_the_outcome_leaves_no_row(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = await admitted(storage)
    simulation = SimulationFactory.build(owner_id=owner)

    def crashing(self: Any, promise: Idempotency, entity: Any) -> Work[None]:
        yield storage.simulations.insert, storage.simulations.values(entity)
        raise Crash

    monkeypatch.setattr(outcomes.OutcomeTable, "record", crashing)
    with pytest.raises(Crash):
        await storage.simulations.of(owner).add(simulation, PROMISED)
    monkeypatch.undo()
    await storage.simulations.of(owner).add(simulation, CAUSE)


def test_the_row_of_a_keys_outcome_holds_nothing_secret(lend: MakeStorage) -> None:
    text = KeyText(public_id="p" * 14, _secret="s" * 43)
    key: Key = KeyFactory.build(text=text)

    async def add() -> None:
        async with opened(lend()) as storage:
            await storage.keys.of(key.owner_id).add(key, PROMISED)

    OwnerRowFactory.create(id=key.owner_id)
    asyncio.run(add())
    row = OutcomeRow.objects.get(owner_id=key.owner_id)
    assert row.id == key.id
    whole = " ".join(str(getattr(row, field.attname)) for field in OutcomeRow._meta.concrete_fields)
    assert key.public_id in whole
    for secret in (key.digest, text.reveal(), "s" * 43):
        assert secret not in whole
    assert json.loads(row.entity)["digest"] == ""


async def test_only_one_outcome_of_a_request_can_be_kept(storage: Storage) -> None:
    owner = await admitted(storage)
    simulations = [
        SimulationFactory.build(owner_id=owner, created_at=NOW.replace(year=year)) for year in (2026, 2028, 2030)
    ]
    for simulation in simulations:
        await storage.simulations.of(owner).add(simulation, PROMISED)
    assert await storage.outcomes.purge(NOW.replace(year=2030)) >= 0
    outcome = await storage.outcomes.of(owner).find(PROMISE, Simulation, NOW.replace(year=2030))
    assert outcome is not None
    assert outcome.entity == simulations[-1]


if VENDOR == "postgresql":

    def test_a_request_whose_first_is_still_under_way_is_told_so_soon(on_pool: MakeStorage, pool_url: str) -> None:
        with serving(on_pool()) as service, psycopg.connect(pool_url) as other:
            tenant = service.tenant()
            values = (uuid7(), tenant.owner, NOW, "create_simulation", "held", "f", "{}")
            other.execute(
                "INSERT INTO outcome (id, owner_id, created_at, operation, key, fingerprint, entity)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s)",
                values,
            )
            create = partial(
                AsyncClient.post,
                url=SIMULATIONS,
                json=WING,
                headers={"X-API-Key": tenant.key, "Idempotency-Key": "held"},
            )
            answers = service.together([create] * 20)
            assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(409, "request_in_flight")}
            other.rollback()
            assert [answer.status_code for answer in service.together([create])] == [201]
