"""What decides whether a standby answers, tried on the primary itself; tests/replicas has a standby that lags."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from adapters.django_orm.repositories.replica_reads import ReplicaReads
from adapters.django_orm.sql.asyncpg_executor import AsyncpgExecutor
from adapters.django_orm.sql.standby import Standby, StandbyAnswer
from adapters.django_orm.sql.statement import Statement
from adapters.django_orm.storage import Storage
from config.postgres_urls import read_url
from domain.errors import ListTimeout, Unavailable
from domain.paging import PageRequest
from domain.repository import OwnerId
from domain.simulations.simulation import Simulation
from tests.contracts.cases import admitted
from tests.factories import CONTEXT, SimulationFactory
from tests.integration.conftest import MakeStorage, opened
from tests.restartable import PATIENCE

pytestmark = pytest.mark.usefixtures("patient_standbys")
ANSWER = Statement("SELECT 'an answer'", (), (None,))
SLEEP = Statement("SELECT pg_sleep(60)", (), (None,), searches=True)
WRONG = Statement("SELECT 1 / 0", (), (None,))
BACKENDS = Statement("SELECT pg_backend_pid()", (), (None,))
OPTIONS: dict[str, Any] = {"size": 1, "acquire_timeout": 5, "statement_timeout": PATIENCE, "list_timeout": 0.2}


class Near(Standby):
    """The primary in place of a standby: never behind, and no standby."""

    def _server(self) -> Any:
        return read_url(self._url, os.environ)


@dataclass
class Asked:
    """A standby, and an owner's last change as the primary has it."""

    storage: Storage
    owner: OwnerId
    standby: Near
    reads: ReplicaReads
    last_change: list[tuple[Any, ...]]

    async def ask(self, statement: Statement) -> StandbyAnswer:
        values = {"owner_id": self.owner}
        return await self.standby.fetch_as_of(
            str(self.owner), self.reads.last_change, self.last_change, statement, values
        )


@pytest.fixture
async def asked(on_pool: MakeStorage, pool_url: str) -> AsyncIterator[Asked]:
    standby = Near(pool_url, **OPTIONS)
    async with opened(on_pool()) as storage:
        owner = await admitted(storage)
        assert isinstance(storage.executor, AsyncpgExecutor)
        reads = ReplicaReads(storage.executor, standby)
        found = await storage.executor.fetch(str(owner), reads.last_change, {"owner_id": owner})
        await reads.open()
        standby.use()
        yield Asked(storage, owner, standby, reads, [*map(tuple, found)])
        await reads.close()


async def test_answer_is_of_the_state_that_was_asked_for(asked: Asked) -> None:
    ((number, _, in_recovery),) = asked.last_change
    assert (number > 0, in_recovery) == (True, False)
    assert await asked.ask(ANSWER) == ("standby", [("an answer",)])

    await (
        asked.storage.repository(Simulation).of(asked.owner).add(SimulationFactory.build(owner_id=asked.owner), CONTEXT)
    )

    assert await asked.ask(ANSWER) == ("behind", None)
    assert asked.standby.is_used


async def test_server_that_is_no_standby_is_never_read(asked: Asked) -> None:
    made = SimulationFactory.build(owner_id=asked.owner)
    await asked.storage.repository(Simulation).of(asked.owner).add(made, CONTEXT)
    table = asked.storage.repository(Simulation)
    table.reads = asked.reads
    before = await asked.standby.fetch("", BACKENDS, {})

    assert (await table.of(asked.owner).page(PageRequest())).items == (made,)
    assert await asked.reads.fetch(str(asked.owner), BACKENDS, {"owner_id": asked.owner}) != before
    assert asked.reads.outcomes == {"standby": 0, "behind": 2, "failed": 0, "avoided": 0}


async def test_failures_leave_the_connection_as_it_was(asked: Asked) -> None:
    backends = await asked.ask(BACKENDS)
    assert await asked.ask(WRONG) == ("failed", None)
    with pytest.raises(ListTimeout):
        await asked.ask(SLEEP)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await asked.ask(SLEEP)

    assert await asked.ask(BACKENDS) == backends != ("failed", None)
    assert asked.standby.is_used


async def test_list_that_a_suspect_standby_does_not_answer_is_left_to_the_primary(asked: Asked) -> None:
    asking = asyncio.create_task(asked.ask(SLEEP))
    await asyncio.sleep(0)
    asked.standby.avoid("another request had no answer")

    assert await asking == ("failed", None)


async def test_primary_answers_while_there_is_no_standby(on_pool: MakeStorage, pool_url: str) -> None:
    standby = Standby(pool_url, **OPTIONS)
    async with opened(on_pool()) as storage:
        owner = await admitted(storage)
        assert isinstance(storage.executor, AsyncpgExecutor)
        reads = ReplicaReads(storage.executor, standby)
        await reads.open()
        with pytest.raises(Unavailable, match="no host is what its target_session_attrs asks for"):
            await reads.check()
        for is_used in (False, True):  # what it is told, and what it would find out
            standby.is_used = is_used
            assert await reads.fetch(str(owner), ANSWER, {"owner_id": owner}) == [("an answer",)]
            assert not standby.is_used
        assert reads.outcomes == {"standby": 0, "behind": 0, "failed": 1, "avoided": 1}
        await reads.close()
