"""Specimen tables: export, import, erasure, the RLS audit, and concurrent writes of references."""

from __future__ import annotations

import asyncio
import io
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import pytest
from django.db import connection

from adapters.django_orm.storage import Storage
from adapters.django_orm.tenant_data.erasing import erase
from adapters.django_orm.tenant_data.exporting import open_export
from adapters.django_orm.tenant_data.importing import import_owner
from adapters.django_orm.tenant_tables import tenant_tables
from domain.errors import Conflict, DomainError, Invalid, Unavailable
from domain.paging import PageRequest
from domain.repository import OwnerId, with_changes
from tests.contracts.cases import admitted
from tests.contracts.specimens import EDGES, material, specimen, use_cases
from tests.factories import CONTEXT
from tests.integration.conftest import COMMITTING, VENDOR, MakeStorage
from tests.integration.specimen_tables import specimen_storage, specimen_tables
from tests.specimens import Material, Specimen

if TYPE_CHECKING:
    import psycopg
    from pytest_django import DjangoDbBlocker

__all__ = ["specimen_tables"]
T = TypeVar("T")
OPERATIONS = 400 if VENDOR == "postgresql" else 130
"""That concurrent writers do. On SQLite they are one after the other, so that more of them meet nothing new."""
PATIENCE = 60  # seconds


@pytest.fixture
async def storage(specimen_tables: None, request: pytest.FixtureRequest) -> AsyncIterator[Storage]:
    make: MakeStorage = request.getfixturevalue(COMMITTING)
    async with specimen_storage(make(size=20)) as storage:
        yield storage


@pytest.fixture
def committing(specimen_tables: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield
        connection.close()


@pytest.fixture
async def owner(storage: Storage) -> OwnerId:
    """An owner of specimens with all edge values; each is a part of the next."""
    owner = await admitted(storage)
    steel = material(owner)
    await storage.repository(Material).of(owner).add(steel, CONTEXT)
    specimens = storage.repository(Specimen).of(owner)
    made = [specimen(owner, steel.id, **fields) for fields in EDGES]
    for one in made:
        await specimens.add(one, CONTEXT)
    for whole, part in zip(made[1:], made, strict=False):
        await specimens.change(part.id, partial(with_changes, changes={"parent_id": whole.id}), CONTEXT)
    return owner


def exported(owner: OwnerId) -> list[dict[str, Any]]:
    with open_export(owner, datetime.now(UTC)) as (_, parts):
        return [json.loads(line) for _, part in parts for line in part.splitlines()]


def imported(storage: Storage, lines: list[dict[str, Any]]) -> None:
    import_owner(io.BytesIO(b"".join(json.dumps(line).encode() + b"\n" for line in lines)), storage.tables)


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Runs the function in a thread, and closes the thread's database connection."""

    def run() -> T:
        try:
            return function(*arguments)
        finally:
            connection.close()

    return await asyncio.to_thread(run)


def erase_all(owner: OwnerId) -> None:
    for _ in erase(owner):
        pass


async def test_an_exported_and_erased_owner_is_imported_unchanged(
    committing: None, storage: Storage, owner: OwnerId
) -> None:
    def export_erase_import() -> None:
        before = exported(owner)
        erase_all(owner)
        # A row may precede the rows that it references.
        rows = [*reversed(before[1:-1])]
        imported(storage, [before[0], *rows, before[-1]])
        assert sorted(map(json.dumps, exported(owner)[1:])) == sorted(map(json.dumps, before[1:]))

    before = await storage.repository(Specimen).of(owner).page(PageRequest(limit=100))
    await in_thread(export_erase_import)
    assert await storage.repository(Specimen).of(owner).page(PageRequest(limit=100)) == before


async def test_a_file_with_a_dangling_reference_a_duplicate_or_an_invalid_value_is_rejected(
    committing: None, storage: Storage, owner: OwnerId
) -> None:
    def refused(error_type: type[Exception], *changes: dict[str, Any]) -> Any:
        """The error of importing the file with its first specimens changed."""
        lines = json.loads(json.dumps(file))
        for row, change in zip((line for line in lines if line.get("table") == "specimen"), changes, strict=False):
            row.update(change)
        with pytest.raises(error_type) as caught:
            imported(storage, lines)
        return caught.value

    def check() -> None:
        dangling = refused(Invalid, {"material_id": str(UUID(int=1))})
        assert dangling.violations[0].code == "unknown_material"
        assert refused(Conflict, {"code": "x"}, {"code": "x"}).code == "code_taken"
        for column, value in (
            *(("price", "NaN"), ("price", "1.234"), ("price", "-1.00"), ("state", "lost"), ("tags", ["a", "a"])),
            *(("tags", {"a": "b"}), ("labels", {"A": "b"}), ("pieces", 11), ("sealed", 1), ("instruction", "\x00")),
        ):
            refused(Invalid, {column: value})

    file = await in_thread(exported, owner)
    await in_thread(erase_all, owner)
    await in_thread(check)
    await in_thread(imported, storage, file)


def test_tables_are_ordered_after_the_tables_they_reference(specimen_tables: None) -> None:
    names = [table.name for table in tenant_tables()]
    assert names.index("material") < names.index("specimen")


class Clients:
    """Concurrent clients that create, change, delete and restore one owner's materials and specimens."""

    def __init__(self, storage: Storage, owner: OwnerId) -> None:
        self.owner, self._chance = owner, random.Random(1)
        self._materials, self._specimens = use_cases(storage, Material), use_cases(storage, Specimen)
        self._made: dict[Any, list[UUID]] = {Material: [], Specimen: []}
        self.done = Counter[str]()

    def _recent_id(self, entity: Any) -> UUID:
        made = self._made[entity][-6:]
        return self._chance.choice(made) if made else UUID(int=0)

    async def make_material(self) -> None:
        one = material(self.owner)
        await self._materials.repository.of(self.owner).add(one, CONTEXT)
        self._made[Material].append(one.id)

    async def make_specimen(self) -> None:
        parent = self._recent_id(Specimen) if self._chance.random() < 0.5 else None
        one = specimen(self.owner, self._recent_id(Material), parent_id=parent)
        await self._specimens.repository.of(self.owner).add(one, CONTEXT)
        self._made[Specimen].append(one.id)

    async def delete_while_adding(self) -> None:
        """Deletes a material while specimens of it are created."""
        one = material(self.owner)
        await self._materials.repository.of(self.owner).add(one, CONTEXT)
        adding = (self._add_after_delay(specimen(self.owner, one.id)) for _ in range(2))
        deleting = self._materials.delete(self.owner, one.id, CONTEXT)
        outcomes = await asyncio.gather(deleting, *adding, return_exceptions=True)
        for error in (each for each in outcomes if isinstance(each, Exception)):
            if not isinstance(error, DomainError):
                raise error

    async def _add_after_delay(self, one: Specimen) -> None:
        await asyncio.sleep(self._chance.random() * 0.02)
        await self._specimens.repository.of(self.owner).add(one, CONTEXT)

    async def set_material(self) -> None:
        await self._change({"material_id": self._recent_id(Material)})

    async def set_parent(self) -> None:
        await self._change({"parent_id": self._recent_id(Specimen)})

    async def rename(self) -> None:
        await self._change({"name": f"{self._chance.random():.9f}"})

    async def _change(self, values: dict[str, Any]) -> None:
        change = self._specimens.repository.of(self.owner).change
        await change(self._recent_id(Specimen), lambda stored: with_changes(stored, values), CONTEXT)

    async def delete_material(self) -> None:
        await self._materials.delete(self.owner, self._recent_id(Material), CONTEXT)

    async def delete_specimen(self) -> None:
        await self._specimens.delete(self.owner, self._recent_id(Specimen), CONTEXT)

    async def restore_material(self) -> None:
        await self._materials.restore(self.owner, self._recent_id(Material), CONTEXT, version=1)

    async def restore_specimen(self) -> None:
        await self._specimens.restore(self.owner, self._recent_id(Specimen), CONTEXT, version=1)

    WORK = (
        *(make_material, make_specimen, delete_while_adding, set_material, set_parent, rename),
        *(delete_material, delete_specimen, restore_material, restore_specimen),
    )

    async def work_until(self, number: int, work: Sequence[Callable[[Clients], Awaitable[None]]], ends: float) -> None:
        """One client, which mostly repeats one operation, until all of them have done enough."""
        now = asyncio.get_running_loop().time
        while (self.done.total() < OPERATIONS or len(self.done) < len(work)) and now() < ends:
            for one in (work[number % len(work)], self._chance.choice(work)):
                with suppress(DomainError):
                    await one(self)
                    self.done[one.__name__] += 1


@pytest.mark.parametrize(
    "work", [Clients.WORK, (Clients.delete_while_adding,)], ids=["all-operations", "delete-while-adding"]
)
async def test_concurrent_writes_cause_no_dangling_reference_and_no_deadlock(
    storage: Storage, work: Sequence[Callable[[Clients], Awaitable[None]]]
) -> None:
    clients = Clients(storage, await admitted(storage))
    ends = asyncio.get_running_loop().time() + PATIENCE
    outcomes = await asyncio.gather(
        *(clients.work_until(number, work, ends) for number in range(20)), return_exceptions=True
    )
    assert [each for each in outcomes if each is not None] == []
    assert clients.done.keys() == {one.__name__ for one in work}, "some operation never succeeded"
    known = {
        kind: {one.id for one in await everything_of(storage, clients.owner, kind)} for kind in (Material, Specimen)
    }
    for one in await everything_of(storage, clients.owner, Specimen):
        assert one.material_id in known[Material]
        assert one.parent_id is None or one.parent_id in known[Specimen]


async def everything_of(storage: Storage, owner: OwnerId, kind: Any) -> list[Any]:
    found: list[Any] = []
    request = PageRequest(limit=100)
    while True:
        page = await storage.repository(kind).of(owner).page(request)
        found += page.items
        if page.next is None:
            return found
        request = replace(request, after=page.next)


if VENDOR == "postgresql":

    @pytest.fixture
    def operator(specimen_tables: None, operator_url: str) -> Iterator[psycopg.Connection[Any]]:
        import psycopg

        with psycopg.connect(operator_url, autocommit=True) as connection:
            yield connection

    NAMED = "owner_id = NULLIF(current_setting('goatfish.owner', true), '')::uuid"

    @pytest.mark.parametrize(
        ("breaks", "repairs", "message"),
        [
            (
                "ALTER TABLE specimen DROP CONSTRAINT specimen_parent_id_refers",
                "ALTER TABLE specimen ADD CONSTRAINT specimen_parent_id_refers FOREIGN KEY (owner_id, parent_id)"
                " REFERENCES specimen (owner_id, id) DEFERRABLE",
                "can write parent_id of the table specimen, which has no matching foreign key",
            ),
            (
                "DROP POLICY owner_isolation ON material",
                f"CREATE POLICY owner_isolation ON material USING ({NAMED}) WITH CHECK ({NAMED})",
                "is missing the policy owner_isolation on the table material",
            ),
        ],
    )
    async def test_the_audit_detects_a_missing_foreign_key_or_policy(
        operator: psycopg.Connection[Any], on_pool: MakeStorage, breaks: str, repairs: str, message: str
    ) -> None:
        async def check() -> None:
            async with specimen_storage(on_pool()) as storage:
                await Storage(storage.executor, enforce_rls=True).check()

        await check()
        operator.execute(breaks.encode())
        try:
            with pytest.raises(Unavailable, match=message):
                await check()
        finally:
            operator.execute(repairs.encode())
        await check()
