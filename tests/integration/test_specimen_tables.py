"""Tables with every kind of column and with references: exported, imported, erased, audited, and written by many."""

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
SECONDS = 3.0
"""For which many write at once."""


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
    """An owner with specimens of every kind of value, each a part of the next one made."""
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
    """Runs it in a thread, whose connection to the database is closed."""

    def run() -> T:
        try:
            return function(*arguments)
        finally:
            connection.close()

    return await asyncio.to_thread(run)


def erase_all(owner: OwnerId) -> None:
    for _ in erase(owner):
        pass


async def test_what_is_exported_and_erased_comes_back_the_same(
    committing: None, storage: Storage, owner: OwnerId
) -> None:
    def there_and_back() -> None:
        before = exported(owner)
        erase_all(owner)
        # Rows may come before those that they refer to.
        rows = [*reversed(before[1:-1])]
        imported(storage, [before[0], *rows, before[-1]])
        assert sorted(map(json.dumps, exported(owner)[1:])) == sorted(map(json.dumps, before[1:]))

    before = await storage.repository(Specimen).of(owner).page(PageRequest(limit=100))
    await in_thread(there_and_back)
    assert await storage.repository(Specimen).of(owner).page(PageRequest(limit=100)) == before


async def test_a_file_that_breaks_a_reference_or_repeats_a_unique_value_is_refused(
    committing: None, storage: Storage, owner: OwnerId
) -> None:
    def refused(wanted: type[Exception], *changes: dict[str, Any]) -> Any:
        """What the import says of the file with its first specimens changed."""
        lines = json.loads(json.dumps(file))
        for row, change in zip((line for line in lines if line.get("table") == "specimen"), changes, strict=False):
            row.update(change)
        with pytest.raises(wanted) as caught:
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


def test_tables_come_after_those_that_they_refer_to(specimen_tables: None) -> None:
    names = [table.name for table in tenant_tables()]
    assert names.index("material") < names.index("specimen")


class Crowd:
    """Many who make, change, delete and bring back the materials and specimens of one owner."""

    def __init__(self, storage: Storage, owner: OwnerId) -> None:
        self.owner, self._chance = owner, random.Random(1)
        self._materials, self._specimens = use_cases(storage, Material), use_cases(storage, Specimen)
        self._made: dict[Any, list[UUID]] = {Material: [], Specimen: []}
        self.done = Counter[str]()

    def _some(self, entity: Any) -> UUID:
        made = self._made[entity][-6:]
        return self._chance.choice(made) if made else UUID(int=0)

    async def make_material(self) -> None:
        one = material(self.owner)
        await self._materials.repository.of(self.owner).add(one, CONTEXT)
        self._made[Material].append(one.id)

    async def make_specimen(self) -> None:
        parent = self._some(Specimen) if self._chance.random() < 0.5 else None
        one = specimen(self.owner, self._some(Material), parent_id=parent)
        await self._specimens.repository.of(self.owner).add(one, CONTEXT)
        self._made[Specimen].append(one.id)

    async def meet(self) -> None:
        """A material is deleted while specimens of it are made."""
        one = material(self.owner)
        await self._materials.repository.of(self.owner).add(one, CONTEXT)
        adding = (self._soon(specimen(self.owner, one.id)) for _ in range(2))
        deleting = self._materials.delete(self.owner, one.id, CONTEXT)
        outcomes = await asyncio.gather(deleting, *adding, return_exceptions=True)
        for error in (each for each in outcomes if isinstance(each, Exception)):
            if not isinstance(error, DomainError):
                raise error

    async def _soon(self, one: Specimen) -> None:
        await asyncio.sleep(self._chance.random() * 0.02)
        await self._specimens.repository.of(self.owner).add(one, CONTEXT)

    async def move(self) -> None:
        await self._change({"material_id": self._some(Material)})

    async def join(self) -> None:
        await self._change({"parent_id": self._some(Specimen)})

    async def rename(self) -> None:
        await self._change({"name": f"{self._chance.random():.9f}"})

    async def _change(self, values: dict[str, Any]) -> None:
        change = self._specimens.repository.of(self.owner).change
        await change(self._some(Specimen), lambda stored: with_changes(stored, values), CONTEXT)

    async def delete_material(self) -> None:
        await self._materials.delete(self.owner, self._some(Material), CONTEXT)

    async def delete_specimen(self) -> None:
        await self._specimens.delete(self.owner, self._some(Specimen), CONTEXT)

    async def restore_material(self) -> None:
        await self._materials.restore(self.owner, self._some(Material), CONTEXT, version=1)

    async def restore_specimen(self) -> None:
        await self._specimens.restore(self.owner, self._some(Specimen), CONTEXT, version=1)

    WORK = (
        *(make_material, make_specimen, meet, move, join, rename),
        *(delete_material, delete_specimen, restore_material, restore_specimen),
    )

    async def go_on(self, number: int, work: Sequence[Callable[[Crowd], Awaitable[None]]], ends: float) -> None:
        """One of them, who does mostly the same."""
        while asyncio.get_running_loop().time() < ends:
            for one in (work[number % len(work)], self._chance.choice(work)):
                with suppress(DomainError):
                    await one(self)
                    self.done[one.__name__] += 1


@pytest.mark.parametrize("work", [Crowd.WORK, (Crowd.meet,)], ids=["everything", "meet"])
async def test_many_who_write_at_once_leave_nothing_that_dangles_and_wait_for_nobody_in_a_circle(
    storage: Storage, work: Sequence[Callable[[Crowd], Awaitable[None]]]
) -> None:
    crowd = Crowd(storage, await admitted(storage))
    ends = asyncio.get_running_loop().time() + SECONDS
    outcomes = await asyncio.gather(*(crowd.go_on(number, work, ends) for number in range(20)), return_exceptions=True)
    assert [each for each in outcomes if each is not None] == []
    assert crowd.done.keys() == {one.__name__ for one in work}, "Something was never possible."
    known = {kind: {one.id for one in await everything_of(storage, crowd.owner, kind)} for kind in (Material, Specimen)}
    for one in await everything_of(storage, crowd.owner, Specimen):
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
        ("breaks", "repairs", "told"),
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
    async def test_a_reference_or_a_policy_that_is_gone_is_found_out(
        operator: psycopg.Connection[Any], on_pool: MakeStorage, breaks: str, repairs: str, told: str
    ) -> None:
        async def check() -> None:
            async with specimen_storage(on_pool()) as storage:
                await Storage(storage.executor, enforce_rls=True).check()

        await check()
        operator.execute(breaks.encode())
        try:
            with pytest.raises(Unavailable, match=told):
                await check()
        finally:
            operator.execute(repairs.encode())
        await check()
