"""Query plans of lists: every page is a range of the index of its sort; nothing is sorted, counted or skipped.

``PLAN_ROWS=1000000 ./run test postgres -k test_plans -s`` uses a larger table and prints the plans.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from uuid_utils.compat import uuid7

from adapters.django_orm.sql.django_executor import DjangoExecutor
from adapters.django_orm.tenant_data import bulk_insert
from domain.entity import conditions_of
from domain.paging import PageRequest, Position, Sort, SortValue
from domain.repository import OwnerId
from domain.simulations.simulation import Simulation
from tests.contracts.cases import admitted
from tests.contracts.owned_simulations import SORTS, every_sort
from tests.factories import (
    CONTEXT,
    NOW,
    SimulationFactory,
    new_owner_id,
)
from tests.integration.conftest import VENDOR, MakeStorage, opened
from tests.integration.plans import compiling_storage, postgresql_plan, sqlite_plan

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker

ROWS = int(os.environ.get("PLAN_ROWS", "60000" if VENDOR == "postgresql" else "3000"))
OWNERS = 40
COLUMNS = {"name": "name_folded"}
INDEXES = {
    "created_at": "simulation_newest",
    "start_date": "simulation_by_start_date",
    "end_date": "simulation_by_end_date",
    "name": "simulation_by_name",
}
CURSOR_VALUES: dict[str, SortValue] = {
    "created_at": NOW + timedelta(seconds=500),
    "start_date": date(2026, 7, 1),
    "end_date": date(2026, 7, 15),
    "name": "run 5",
}


@dataclass
class Seeded:
    """Owners of a table of many simulations; half of the rows are the large one's."""

    large: OwnerId
    small: OwnerId


def _rows(owners: list[OwnerId]) -> Iterator[Simulation]:
    chance = random.Random(7)
    for number in range(ROWS):
        owner = owners[0] if number % 2 else owners[1 + number % (OWNERS - 1)]
        at = NOW + timedelta(seconds=chance.randrange(1000))
        start = date(2026, 1, 1) + timedelta(days=chance.randrange(365))
        yield Simulation(
            id=uuid7(),
            owner_id=owner,
            name=f"Run {chance.randrange(100_000)}",
            start_date=start,
            end_date=start + timedelta(days=chance.randrange(30)),
            created_at=at,
            updated_at=at,
        )


@pytest.fixture(scope="module")
def seeded(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Seeded]:
    """Filled once per module, in a transaction that is rolled back."""
    owners = [new_owner_id() for _ in range(OWNERS)]
    with django_db_blocker.unblock():
        with transaction.atomic():
            for _ in bulk_insert.insert_entities(Simulation, _rows(owners)):
                pass
            bulk_insert.analyze(Simulation)
            yield Seeded(owners[0], owners[1])
            transaction.set_rollback(True)
        connection.close()


@every_sort
@pytest.mark.parametrize("generic", [False, True], ids=["custom-plan", "generic-plan"])
@pytest.mark.parametrize("after", [False, True], ids=["first-page", "next-page"])
@pytest.mark.parametrize("owner_size", ["large", "small"])
def test_a_page_is_a_range_of_the_index_of_its_sort(
    seeded: Seeded, sort: Sort, owner_size: str, after: bool, generic: bool
) -> None:
    position = Position(CURSOR_VALUES[sort.by], UUID(int=uuid7().int)) if after else None
    owner, request = getattr(seeded, owner_size), PageRequest(sort=sort, after=position)
    statement = compiling_storage().repository(Simulation).lists.page(request)
    values: dict[str, Any] = {"owner_id": owner, "limit": request.limit + 1}
    if position is not None:
        values |= {"after_value": position.value, "after_id": position.id}
    if VENDOR == "sqlite":
        (step,) = sqlite_plan(statement, owner, values)
        sign = "<" if sort.descending else ">"
        comparison = f" AND ({COLUMNS.get(sort.by, sort.by)},id){sign}(?,?)" if after else ""
        assert step == f"SEARCH simulation USING INDEX {INDEXES[sort.by]} (owner_id=?{comparison})"
        return
    nodes = postgresql_plan(statement, owner, values, generic=generic)
    print(json.dumps([node.get("Index Name", node["Node Type"]) for node in nodes]))  # noqa: T201 -- shown with pytest -s
    assert [node["Node Type"] for node in nodes] == ["Limit", "Result", "Index Scan"]
    scan = nodes[2]
    assert scan["Index Name"] == INDEXES[sort.by]
    assert scan["Scan Direction"] == ("Backward" if sort.descending else "Forward")
    assert "owner_id" in scan["Index Cond"]
    assert (sort.by in scan["Index Cond"]) is after
    # Value and id in one comparison: the index skips ties, so that they are not read and discarded.
    assert ("ROW(" in scan["Index Cond"]) is after
    assert "Filter" not in scan


def test_a_page_is_one_statement_without_count_or_offset(lend: MakeStorage) -> None:
    log: list[str] = []

    def record(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        log.append(sql)
        return execute(sql, params, many, context)

    async def read() -> int:
        pages = 0
        async with opened(lend()) as storage:
            owner = await admitted(storage)
            for _ in range(4):
                await storage.repository(Simulation).of(owner).add(SimulationFactory.build(owner_id=owner), CONTEXT)
            day = date(2026, 1, 10)
            assert isinstance(storage.executor, DjangoExecutor)
            assert storage.executor._shared_connection is not None
            with storage.executor._shared_connection.execute_wrapper(record):
                for sort, name, on in product(SORTS, (None, "wing"), (None, day)):
                    conditions = conditions_of(Simulation, name=name, active_on=on)
                    first = PageRequest(limit=2, sort=sort, conditions=conditions)
                    page = await storage.repository(Simulation).of(owner).page(first)
                    assert page.next is not None
                    await storage.repository(Simulation).of(owner).page(replace(first, after=page.next))
                    pages += 2
        return pages

    pages = asyncio.run(read())
    assert len(log) == pages == len(SORTS) * 8
    for sql in log:
        assert sql.startswith("SELECT" if VENDOR == "sqlite" else "WITH named AS")
        assert "count(" not in sql.lower()
        assert "offset" not in sql.lower()


def test_the_limit_is_a_literal_only_without_filters(lend: MakeStorage) -> None:
    # With 300,000 rows, a filter on a day without matches took 46 ms with the generic plan, not 0.2.
    page = lend().repository(Simulation).lists.page
    assert page(PageRequest(limit=20)).sql.endswith("LIMIT 21")
    assert page(PageRequest(limit=20, after=Position(NOW, new_owner_id()))).sql.endswith("LIMIT 21")
    since = conditions_of(Simulation, start_date_from=NOW.date())
    assert page(PageRequest(limit=20, conditions=since)).sql.endswith(("LIMIT $4", "LIMIT %s"))


def test_the_longest_folded_names_fit_their_index(seeded: Seeded) -> None:
    """A PostgreSQL B-tree entry holds about 2700 bytes; random letters cannot be compressed."""
    chance = random.Random(3)
    letters = [chr(code) for code in range(0x110000) if len(chr(code).casefold().encode("utf-8", "replace")) == 6]
    assert max(len(chr(code).casefold().encode("utf-8", "replace")) for code in range(0x110000)) == 6
    wide = [
        Simulation(
            id=uuid7(),
            owner_id=seeded.small,
            name="".join(chance.choices(letters, k=300)),
            start_date=date.min,
            end_date=date.max,
            created_at=NOW,
            updated_at=datetime.max.replace(tzinfo=NOW.tzinfo),
        )
        for _ in range(20)
    ]
    assert sum(bulk_insert.insert_entities(Simulation, wide)) == len(wide)
