"""The timeout of filtered lists, and the speed of searching names for a substring."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import nullcontext
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from django.db import connection
from uuid_utils.compat import uuid7

from adapters.django_orm.models import SimulationRow
from adapters.django_orm.sql.statement import Statement
from adapters.django_orm.tenant_data import bulk_insert
from domain.access.scopes import Scope
from domain.entity import conditions_of
from domain.errors import ListTimeout, Unavailable
from domain.paging import PageRequest
from domain.repository import OwnerId
from domain.simulations.simulation import Simulation
from tests.contracts.http_api import CONTEXT, SIMULATIONS, Tenant, expect_problem, serving
from tests.factories import NOW
from tests.integration.conftest import COMMITTING, VENDOR, MakeStorage, committing_storage, opened
from tests.integration.factories import OwnerRowFactory

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker

ROWS = 20_000
Search: TypeAlias = Callable[[str], Awaitable[Sequence[Simulation]]]


def short_id(value: object) -> str:
    """A short test id: the text with repeated letters collapsed."""
    return "".join(letter for letter, _ in groupby(str(value))).encode("unicode_escape").decode()[:40]


LONG_NAME = "ΐ" * 300
"""A name that case folding makes three times as long."""


@pytest.fixture
def make(request: pytest.FixtureRequest) -> MakeStorage:
    storage: MakeStorage = request.getfixturevalue(COMMITTING)
    return storage


def fill(owner: OwnerId, *names: str) -> None:
    rows = (
        Simulation(
            id=uuid7(),
            owner_id=owner,
            name=names[number % len(names)],
            start_date=date(2026, 1, 1),
            end_date=date(2026, 2, 1),
            created_at=NOW,
            updated_at=NOW,
        )
        for number in range(ROWS)
    )
    for _ in bulk_insert.insert_entities(Simulation, rows):
        pass


@pytest.fixture(scope="module")
def owner(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[OwnerId]:
    """An owner of many simulations with long, repetitive names."""
    with django_db_blocker.unblock():
        owner = OwnerId(OwnerRowFactory.create(id=uuid7()).pk)
        fill(owner, LONG_NAME, "ß" * 300, "ﬃ" * 300, "🐐" * 299 + "b", "b" + "ΐ" * 299)
        yield owner
        SimulationRow.objects.filter(owner_id=owner).delete()
        connection.close()


@pytest.fixture(scope="module")
async def search(owner: OwnerId, django_db_blocker: DjangoDbBlocker) -> AsyncIterator[Search]:
    """The simulations with this part of a name; ListTimeout after two seconds."""
    with django_db_blocker.unblock() if VENDOR == "sqlite" else nullcontext():
        async with opened(committing_storage(size=1, list_timeout=2.0)) as storage:
            simulations = storage.repository(Simulation).of(owner)

            async def found(substring: str) -> Sequence[Simulation]:
                conditions = conditions_of(Simulation, name=substring)
                return (await simulations.page(PageRequest(limit=100, conditions=conditions))).items

            yield found


@pytest.mark.parametrize(
    "substring",
    [
        "ΐ" * 149 + "b",
        "b" + "ΐ" * 149 + "b",
        "ΐ" * 75 + "b" + "ΐ" * 75,
        "ß" * 149 + "x",
        "x" + "ß" * 149,
        "ﬃ" * 150 + "i",
        "İ" * 150 + "x",
        "🐐" * 150 + "x",
        "🐐" * 150 + "🐑",
        "a" * 150 + "b",
        "s" * 299 + "b",
    ],
    ids=short_id,
)
async def test_searching_for_any_substring_is_fast(search: Search, substring: str) -> None:
    # With LIKE most of these took seconds; now they take about 50 ms.
    assert await search(substring) == ()


@pytest.mark.parametrize(
    ("substring", "found"),
    [
        (LONG_NAME, 1),
        ("ΐ" * 299, 2),
        ("b" + "ΐ" * 150, 1),
        ("\u03b9\u0308\u0301" * 100, 2),
        ("\u0308\u0301\u03b9", 2),
        ("s" * 300, 1),
        ("ẞ" * 300, 1),
        ("iff", 1),
        ("🐐B", 1),
        ("B", 2),
    ],
    ids=short_id,
)
async def test_substrings_match_by_case_folding(search: Search, substring: str, found: int) -> None:
    assert len({each.name for each in await search(substring)}) == found


@pytest.fixture
def slow_owner(owner: OwnerId, request: pytest.FixtureRequest) -> Iterator[OwnerId]:
    """An owner whose lists are slow: by a table lock on PostgreSQL, by many rows on SQLite."""
    if VENDOR == "sqlite":
        yield owner
        return
    with psycopg.connect(request.getfixturevalue("operator_url")) as operator:
        operator.execute("LOCK TABLE simulation IN ACCESS EXCLUSIVE MODE")
        yield owner


SHORT_TIMEOUTS: dict[str, Any] = {"list_timeout": 0.2 if VENDOR == "postgresql" else 0.001, "statement_timeout": 1.0}


def test_a_list_beyond_its_timeout_is_cancelled_and_its_connection_reused(
    make: MakeStorage, slow_owner: OwnerId, request: pytest.FixtureRequest
) -> None:
    async def list_twice() -> None:
        async with opened(make(size=1, **SHORT_TIMEOUTS)) as storage:
            simulations = storage.repository(Simulation).of(slow_owner)
            with pytest.raises(ListTimeout):
                await simulations.page(PageRequest(conditions=conditions_of(Simulation, name="a")))
            await storage.executor.fetch("", Statement("SELECT 1", (), (None,)), {})
            if VENDOR == "sqlite":
                assert len((await simulations.page(PageRequest(limit=5))).items) == 5
                return
            with pytest.raises(Unavailable) as refused:
                await simulations.page(PageRequest(limit=5))
            assert not isinstance(refused.value, ListTimeout)
            url = urlsplit(request.getfixturevalue("pool_url"))
            with psycopg.connect(url._replace(query="").geturl()) as observer:
                sql = "SELECT state FROM pg_stat_activity WHERE application_name = %s"
                assert observer.execute(sql, [parse_qs(url.query)["application_name"][0]]).fetchall() == [("idle",)]

    asyncio.run(list_twice())


def test_the_list_timeout_problem_suggests_filters(make: MakeStorage, slow_owner: OwnerId) -> None:
    with serving(make(**SHORT_TIMEOUTS)) as service:
        key = service.call(
            lambda: service.container.use_cases.keys().create(slow_owner, CONTEXT, name="tests", scopes=[*Scope])
        )
        tenant = Tenant(service.http, slow_owner, key[0].id, key[1].reveal())
        substring = "ΐ" * 149 + "b"
        query = {"name": substring, "start_date_from": "2026-01-01", "limit": "5"}
        answer = tenant.send("GET", SIMULATIONS, params=query)
        body = expect_problem(answer, 503, "list_timeout")
        assert answer.headers["retry-after"] == "1"
        assert body["detail"] == (
            f"The list took longer than {SHORT_TIMEOUTS['list_timeout']:g} seconds. Narrow it: ask for a longer part of"
            " the name, or for a closer start_date_from, or for start_date_to or end_date_from or end_date_to or"
            " active_on or label as well, or for a smaller limit."
        )
        small_page = tenant.send("GET", SIMULATIONS, params={"name": substring, "limit": "1"})
        assert "limit" not in expect_problem(small_page, 503, "list_timeout")["detail"]
