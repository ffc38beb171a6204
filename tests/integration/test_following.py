"""The change feed of the service with two workers: followers miss no change that commits late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from httpx2 import AsyncClient, Limits

from tests.contracts.http_api import SIMULATIONS, WING
from tests.contracts.http_following import CLIENTS, Follower, storm
from tests.integration.waiting import until_seen
from tests.isolation.model import Owner
from tests.isolation.service import Operators, served
from tests.restartable import PATIENCE

INSERT_CHANGE = """
    WITH count AS (UPDATE change_count SET last = last + 1 WHERE owner_id = %(owner)s RETURNING last)
    INSERT INTO revision (
        id, owner_id, created_at, number, kind, entity_id, version, actor, request_id, before, after
    )
    SELECT gen_random_uuid(), owner_id, created_at, count.last, kind, gen_random_uuid(), 1, actor, 'slow', NULL, after
    FROM revision, count WHERE owner_id = %(owner)s AND kind = 'simulation' LIMIT 1
"""


@pytest.fixture
def owner(operator_url: str) -> Iterator[Owner]:
    with Operators(operator_url) as operators:
        yield operators.admit()


@pytest.fixture(scope="module")
def url(database_url: str, operator_url: str, rights_as_in_service: None) -> Iterator[str]:
    with served(database_url, operator_url, "--workers", "2") as url:
        yield url


@pytest.fixture
async def http(url: str, owner: Owner) -> AsyncIterator[AsyncClient]:
    headers = {"X-API-Key": owner.keys[0].text}
    limits = Limits(max_connections=CLIENTS + 5)
    async with AsyncClient(base_url=url, headers=headers, timeout=PATIENCE, limits=limits) as http:
        yield http


async def test_followers_of_concurrent_writers_end_with_the_state_of_the_table(http: AsyncClient) -> None:
    writers = await storm(http, times=40)
    assert len(set(writers.made)) > 50  # the number varies
    assert writers.deleted.total() > 15


async def test_a_late_commit_precedes_the_changes_that_waited_for_it(
    http: AsyncClient, owner: Owner, database_url: str, operator_url: str
) -> None:
    follower = await Follower.at_the_end(http)
    first = (await http.post(SIMULATIONS, json=WING)).json()["id"]
    await follower.catch_up(100)
    async with await psycopg.AsyncConnection.connect(operator_url) as slow_connection:
        await slow_connection.execute(INSERT_CHANGE, {"owner": owner.id})
        waiting = [asyncio.create_task(http.post(SIMULATIONS, json=WING)) for _ in range(3)]
        waiting.append(asyncio.create_task(http.patch(f"{SIMULATIONS}/{first}", json={"name": "waiting"})))
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as watching:

            async def writers() -> int:
                """How many wait for the change before theirs."""
                sql = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                return len(await (await watching.execute(sql)).fetchall())

            await until_seen(writers, len(waiting))
        await follower.catch_up(100)
        assert follower.seen == [(first, 1)]
        assert not any(request.done() for request in waiting)
        await slow_connection.commit()
    answers = await asyncio.gather(*waiting)
    assert [answer.status_code for answer in answers] == [201, 201, 201, 200]
    await follower.catch_up(100)
    late, *waiting_changes = follower.seen[1:]
    assert late not in {(answer.json()["id"], 1) for answer in answers}
    assert {id for id, _ in waiting_changes} == {answer.json()["id"] for answer in answers}
    assert len(follower.seen) == 6
