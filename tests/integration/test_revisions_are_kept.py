"""Database triggers protect revisions from changes and deletion, even by raw SQL of operators."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper
from uuid_utils.compat import uuid7

from adapters.django_orm.models import ChangeCountRow, RevisionRow
from adapters.django_orm.tenant_data.erasing import erase
from domain.paging import Comparison, Condition, PageRequest, Position
from domain.repository import OwnerId
from domain.revisions import LATEST_FIRST
from domain.simulations.simulation import Simulation
from tests.contracts.cases import admitted
from tests.factories import (
    CONTEXT,
    NOW,
    SimulationFactory,
    new_owner_id,
)
from tests.integration.conftest import VENDOR, MakeStorage, opened

REFUSED = "a revision is never changed, and deleted only once it may be purged"


@pytest.fixture
def owners(lend: MakeStorage) -> list[OwnerId]:
    """Two owners with three revisions each."""

    async def write() -> list[OwnerId]:
        async with opened(lend()) as storage:
            made = [await admitted(storage) for _ in range(2)]
            for owner in made * 2:
                await storage.repository(Simulation).of(owner).add(SimulationFactory.build(owner_id=owner), CONTEXT)
        return made

    return asyncio.run(write())


@pytest.fixture
def cursor(owners: list[OwnerId]) -> Iterator[CursorWrapper]:
    with connection.cursor() as cursor:
        yield cursor


def stored(owner: OwnerId) -> UUID | str:
    """The owner's id as the database stores it."""
    return owner if VENDOR == "postgresql" else owner.hex


def revisions() -> list[Any]:
    return list(RevisionRow.objects.order_by("id").values())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE revision SET actor = 'somebody else'",
        "UPDATE revision SET number = number + 1000",
        "UPDATE revision SET owner_id = owner_id",
        "DELETE FROM revision",
        "DELETE FROM revision WHERE number = 1",
        *(["TRUNCATE revision", "TRUNCATE revision, change_count CASCADE"] if VENDOR == "postgresql" else []),
    ],
)
def test_sql_cannot_change_or_delete_a_revision(cursor: CursorWrapper, statement: str) -> None:
    before = revisions()
    with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
        cursor.execute(statement)
    assert revisions() == before
    assert len(before) >= 6


@pytest.mark.parametrize("differs", [None, "owner_id", "entity_id", "kind", "version"])
def test_a_version_of_an_entity_has_one_revision(owners: list[OwnerId], differs: str | None) -> None:
    written = RevisionRow.objects.filter(owner_id=owners[0], kind=Simulation.KIND).values()[0]
    others = {"owner_id": owners[1], "entity_id": uuid7(), "kind": "run", "version": 9}
    again = {**written, "id": uuid7(), "number": 1000, **({differs: others[differs]} if differs else {})}
    if differs:
        RevisionRow.objects.create(**again)
        return
    with pytest.raises(IntegrityError), transaction.atomic():
        RevisionRow.objects.create(**again)


def test_the_orm_cannot_change_or_delete_a_revision(owners: list[OwnerId]) -> None:
    mine = RevisionRow.objects.filter(owner_id=owners[0])
    row = mine[0]
    row.actor = "somebody else"
    for write in (row.save, row.delete, mine.delete, lambda: mine.update(actor="x")):
        with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
            write()
    assert mine.count() == 3


def test_only_purged_revisions_of_an_owner_can_be_deleted(cursor: CursorWrapper, owners: list[OwnerId]) -> None:
    cursor.execute("UPDATE change_count SET purged_through = 2 WHERE owner_id = %s", [stored(owners[0])])
    for condition, owner in (("", owners[0]), ("", owners[1]), ("AND number = 1", owners[1])):
        with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
            cursor.execute(f"DELETE FROM revision WHERE owner_id = %s {condition}", [stored(owner)])
    cursor.execute("DELETE FROM revision WHERE owner_id = %s AND number <= 2", [stored(owners[0])])
    assert cursor.rowcount == 2


def test_revisions_cannot_be_deleted_without_a_change_count(cursor: CursorWrapper, owners: list[OwnerId]) -> None:
    ChangeCountRow.objects.filter(owner_id=owners[0]).delete()
    with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
        cursor.execute("DELETE FROM revision WHERE owner_id = %s", [stored(owners[0])])


def test_erasing_deletes_only_the_revisions_of_its_owner(owners: list[OwnerId]) -> None:
    erased = dict(erase(owners[0]))
    assert erased["revision"] == 3
    assert not RevisionRow.objects.filter(owner_id=owners[0]).exists()
    assert RevisionRow.objects.filter(owner_id=owners[1]).count() == 3


def plan(statement: Any, values: dict[str, Any]) -> list[str]:
    """The lines of the database's query plan."""
    explain = "EXPLAIN QUERY PLAN" if VENDOR == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {statement.sql}", statement.arguments("", values))
        return [str(row[-1]).strip() for row in cursor.fetchall()]


def test_purge_statements_use_an_index(lend: MakeStorage, owners: list[OwnerId]) -> None:
    table = lend().revisions
    written = RevisionRow.objects.filter(owner_id=owners[0]).values()[0]
    for owner in (new_owner_id() for _ in range(20)):
        ChangeCountRow.objects.create(owner_id=owner, last=300, purged_through=0)
        numbered = ({"id": uuid7(), "owner_id": owner, "number": number, "version": number} for number in range(1, 301))
        RevisionRow.objects.bulk_create(RevisionRow(**{**written, **each}) for each in numbered)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    values = {"owner_id": owners[0], "created_at": NOW + timedelta(1), "number": 1, "purged_through": 2}
    due, young, delete = (plan(each, values) for each in (table._due, table._first_young, table._delete[0]))
    if VENDOR == "sqlite":
        search = "SEARCH {} USING {} sqlite_autoindex_revision_1 (owner_id=? AND number>?{})"
        assert search.format("U0", "INDEX", "") in due
        assert young == [search.format("revision", "INDEX", "")]
        assert delete == [search.format("revision", "COVERING INDEX", " AND number<?")]
        return
    for lines in (due, young, delete):
        assert any("Index Scan using revision_in_order on revision" in line for line in lines), lines
        assert any(line.startswith("Index Cond: ((owner_id = ") and "number > " in line for line in lines), lines
        assert not any("Sort" in line for line in lines)


def test_a_history_is_a_range_of_the_index_of_its_versions(lend: MakeStorage, owners: list[OwnerId]) -> None:
    written = RevisionRow.objects.filter(owner_id=owners[0], kind=Simulation.KIND).values()[0]
    ids = [uuid7() for _ in range(40)]
    numbered = ({"number": 10 + number, "entity_id": ids[number % 40]} for number in range(4000))
    RevisionRow.objects.bulk_create(
        RevisionRow(**{**written, **each, "id": uuid7(), "version": each["number"]}) for each in numbered
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    named: dict[str, Any] = {"entity_id": ids[0], "kind": Simulation.KIND}
    conditions = tuple(Condition(name, Comparison.EQUAL, value) for name, value in named.items())
    request = PageRequest(sort=LATEST_FIRST, conditions=conditions, after=Position(100, uuid7()))
    values = {"owner_id": owners[0], "limit": 21, "after_value": 100, "after_id": uuid7()}
    for place, condition in enumerate(request.conditions):
        values[f"condition_{place}"] = condition.value
    lines = plan(lend().revisions.lists.page(request), values)
    if VENDOR == "sqlite":
        index = "sqlite_autoindex_revision_2 (owner_id=? AND entity_id=? AND kind=? AND version<?)"
        assert lines == [f"SEARCH revision USING INDEX {index}"]
        return
    assert any("Index Scan Backward using revision_of_version on revision" in line for line in lines), lines
    assert "Presorted Key: revision.version" in lines  # PostgreSQL does not know that no two have the same version
