"""The storage contract for every kind of field, unique values and references, tested with specimens."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from domain.entity import conditions_of, fulfils, sort_value
from domain.entity_spec import spec_of
from domain.errors import Conflict, DomainError, NotFound, Unfit
from domain.history import History
from domain.idempotency import IdempotentExecutor
from domain.paging import NEWEST_FIRST, PageRequest, Position, Sort
from domain.registry import ENTITIES
from domain.repository import Owned, OwnerId, with_changes
from domain.use_cases import EntityUseCases
from domain.write_context import IdempotencyKey
from tests.contracts.cases import OwnerFixtures, refusal
from tests.factories import CONTEXT, NOW
from tests.specimens import Material, Specimen, State

if TYPE_CHECKING:
    from app.storage import Storage
    from domain.repository import OwnedRepository

WITH_SPECIMENS: tuple[type[Owned], ...] = (*ENTITIES, Material, Specimen)
LAST = datetime.max.replace(tzinfo=UTC)
EDGES: Sequence[dict[str, Any]] = (
    {},
    {"instruction": "a\n\tb\r\n \u2028 🐐", "note": ""},
    {"sealed": False, "checked": True, "pieces": -5, "spare": 0},
    {"checked": False, "pieces": 10, "spare": 9, "price": Decimal("9999.99"), "discount": Decimal("-0.99")},
    {"price": Decimal("0.10"), "discount": Decimal("0.00")},
    {"made_on": date.min, "tested_on": date.max, "measured_at": LAST, "packed_at": datetime(1, 1, 1, tzinfo=UTC)},
    {"state": State.BROKEN, "result": State.PLANNED, "code": "ß🐐"},
    {"strain": Decimal("1E-9"), "notes": {}, "revision_id": "r", "record_key": "k"},
    {"tags": ("b", "A", '"\\🐐'), "labels": {"b": "", "a": "'%s' $1 {}", "c": "\u2028"}},
)
every_edge = pytest.mark.parametrize("fields", EDGES, ids=lambda fields: "-".join(fields) or "plain")


def material(owner: OwnerId, **fields: Any) -> Material:
    values: dict[str, Any] = {"id": uuid7(), "name": "Steel", "created_at": NOW, "updated_at": NOW, **fields}
    return Material(owner_id=owner, **values)


def specimen(owner: OwnerId, material_id: UUID, **fields: Any) -> Specimen:
    id = fields.pop("id", None) or uuid7()
    values: dict[str, Any] = {
        "id": id,
        "name": f"{id.int % 10**18}",
        "instruction": "Pull",
        "sealed": True,
        "pieces": 1,
        "price": Decimal("1.50"),
        "made_on": date(2026, 1, 5),
        "measured_at": NOW,
        "created_at": NOW,
        "updated_at": NOW,
        **fields,
    }
    return Specimen(owner_id=owner, material_id=material_id, **values)


def use_cases(storage: Storage, entity: Any) -> EntityUseCases[Any]:
    history = History(revisions=storage.revisions)
    return EntityUseCases(entity=entity, repository=storage.repository(entity), history=history, new_id=uuid7)


class SpecimenFixtures(OwnerFixtures):
    """Fixtures of an owner with a material, for tests with a ``storage`` fixture."""

    @pytest.fixture
    async def steel(self, storage: Storage, owner: OwnerId) -> Material:
        steel = material(owner)
        await storage.repository(Material).of(owner).add(steel, CONTEXT)
        return steel

    @pytest.fixture
    def specimens(self, storage: Storage, owner: OwnerId) -> OwnedRepository[Specimen]:
        return storage.repository(Specimen).of(owner)


class EveryKindContract(SpecimenFixtures):
    """Subclass and provide a ``storage`` fixture that stores specimens."""

    @every_edge
    async def test_every_kind_of_field_is_returned_as_stored(
        self, storage: Storage, owner: OwnerId, steel: Material, specimens: Any, fields: dict[str, Any]
    ) -> None:
        one = specimen(owner, steel.id, **fields)
        key = IdempotencyKey(operation="create_specimen", key="k", fingerprint="f")
        await specimens.add(one, dataclasses.replace(CONTEXT, idempotency_key=key))
        record = await storage.idempotency_records.of(owner).find(key, Specimen, NOW)
        stored = await specimens.get(one.id)
        await specimens.remove(one.id, CONTEXT)
        plain = specimen(owner, steel.id)
        await specimens.add(plain, CONTEXT)
        changed = (
            await specimens.change(plain.id, lambda stored: with_changes(stored, fields), CONTEXT) if fields else one
        )
        revisions = (await storage.revisions.of(owner).page(PageRequest(sort=Sort("number")))).items
        assert record is not None
        for kept, given in (
            (stored, one),
            (record.entity, one),
            (await specimens.get(plain.id) if fields else one, changed),
            (revisions[-1].after if fields else one, changed),
        ):
            assert kept == given
            for name in spec_of(Specimen).fields:
                value = getattr(kept, name)
                kind = type(getattr(given, name))
                assert isinstance(value, UUID if issubclass(kind, UUID) else kind), name
                assert str(value) == str(getattr(given, name)) or name == "labels", name
                if isinstance(value, datetime):
                    assert value.tzinfo is UTC

    @pytest.mark.parametrize("descending", [False, True])
    @pytest.mark.parametrize("by", spec_of(Specimen).sorts)
    async def test_lists_support_every_sort_order(
        self, owner: OwnerId, steel: Material, specimens: Any, by: str, descending: bool
    ) -> None:
        made = await varied(specimens, owner, steel)
        sort = Sort(by, descending)
        ordered = sorted(made, key=lambda one: (sort_value(one, by), one.id), reverse=descending)
        found: list[Specimen] = []
        after: Position | None = None
        while not found or after is not None:
            page = await specimens.page(PageRequest(limit=2, sort=sort, after=after))
            found, after = [*found, *page.items], page.next
        assert found == ordered

    @pytest.mark.parametrize("parameter", spec_of(Specimen).filters)
    async def test_lists_support_every_filter(
        self, owner: OwnerId, steel: Material, specimens: Any, parameter: str
    ) -> None:
        made = await varied(specimens, owner, steel)
        each = spec_of(Specimen).filters[parameter]
        ((attribute, _),) = each.compares
        values = {getattr(one, attribute) for one in made} - {None}
        asked = {*"abAB"} if attribute == "tags" else values
        for value in asked:
            (condition,) = conditions_of(Specimen, **{parameter: (value, value) if each.several else value})
            page = await specimens.page(PageRequest(sort=NEWEST_FIRST, conditions=(condition,), limit=100))
            expected = {one.id for one in made if fulfils(one, condition)}
            assert {one.id for one in page.items} == expected, value
        for several in (tuple(values), ()) if each.several else ():
            (condition,) = conditions_of(Specimen, **{parameter: several})
            page = await specimens.page(PageRequest(conditions=(condition,), limit=100))
            assert {one.id for one in page.items} == {one.id for one in made if getattr(one, attribute) in several}


async def varied(specimens: Any, owner: OwnerId, steel: Material) -> list[Specimen]:
    """Nine specimens that share some values of each field, some with null values."""
    made: list[Specimen] = []
    for n in range(9):
        fields: dict[str, Any] = {
            "created_at": NOW + timedelta(seconds=n // 2),
            "name": ("ß", "ss", "SS", "z", "Ä")[n % 5] + "x" * (n // 5),
            "pieces": n % 3 - 1,
            "price": Decimal(n % 4) / 4 + Decimal("9.99") * (n % 2),
            "sealed": n % 2 == 0,
            "made_on": date(2026, 1, 1 + n % 3),
            "measured_at": NOW + timedelta(microseconds=n % 4),
            "state": [*State][n % 3],
            "spare": n % 2 or None,
            "discount": Decimal("0.10") * (n % 3) or None,
            "tags": (("a", "b"), ("b",), ("A",), ())[n % 4],
            "code": f"c{n}" if n % 2 else None,
        }
        fields["price"] = round(fields["price"], 2)
        fields["parent_id"] = made[n % 2].id if n > 4 else None
        made.append(specimen(owner, steel.id, **fields))
        await specimens.add(made[-1], CONTEXT)
    return made


class UniqueContract(SpecimenFixtures):
    """Subclass and provide a ``storage`` fixture that stores specimens."""

    async def test_unique_value_is_refused_twice_within_an_owner(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, steel: Material, specimens: Any
    ) -> None:
        first, second = (specimen(owner, steel.id, name=name, code=name) for name in ("one", "two"))
        await specimens.add(first, CONTEXT)
        await specimens.add(second, CONTEXT)
        for name, code in (("name", "name_taken"), ("code", "code_taken")):
            refused = await refusal(specimens.add(specimen(owner, steel.id, **{name: "one"}), CONTEXT))
            assert (type(refused), refused.code) == (Conflict, code)
            changed = specimens.change(
                second.id, lambda stored, name=name: with_changes(stored, {name: "one"}), CONTEXT
            )
            assert (await refusal(changed)).code == code
        assert await specimens.get(second.id) == second
        await specimens.change(first.id, lambda stored: with_changes(stored, {"name": "three", "code": None}), CONTEXT)
        await specimens.change(second.id, lambda stored: with_changes(stored, {"name": "one", "code": None}), CONTEXT)
        await specimens.remove(second.id, CONTEXT)
        await specimens.add(specimen(owner, steel.id, name="one", code="one"), CONTEXT)
        theirs = material(stranger)
        await storage.repository(Material).of(stranger).add(theirs, CONTEXT)
        await (
            storage.repository(Specimen)
            .of(stranger)
            .add(specimen(stranger, theirs.id, name="one", code="one"), CONTEXT)
        )

    async def test_restore_with_a_taken_value_is_a_conflict(
        self, storage: Storage, owner: OwnerId, steel: Material, specimens: Any
    ) -> None:
        one = specimen(owner, steel.id, name="one")
        await specimens.add(one, CONTEXT)
        await specimens.remove(one.id, CONTEXT)
        await specimens.add(specimen(owner, steel.id, name="one"), CONTEXT)
        refused = await refusal(use_cases(storage, Specimen).restore(owner, one.id, CONTEXT, version=1))
        assert (type(refused), refused.code) == (Conflict, "name_taken")

    async def test_replayed_request_does_not_conflict_with_itself(
        self, storage: Storage, owner: OwnerId, steel: Material, specimens: Any
    ) -> None:
        key = IdempotencyKey(operation="create_specimen", key="k", fingerprint="f")
        context = dataclasses.replace(CONTEXT, idempotency_key=key)
        executor = IdempotentExecutor(idempotency_records=storage.idempotency_records, now=lambda: NOW)

        async def make() -> Specimen:
            one = specimen(owner, steel.id, name="one")
            await specimens.add(one, context)
            return one

        first, again = [await executor.create_once(owner, context, Specimen, make) for _ in range(2)]
        assert again == (first[0], True)
        await specimens.remove(first[0].id, CONTEXT)
        await storage.repository(Material).of(owner).remove(steel.id, CONTEXT)
        assert await executor.create_once(owner, context, Specimen, make) == (first[0], True)

    async def test_concurrent_adds_of_one_unique_value_add_one_entity(
        self, owner: OwnerId, steel: Material, specimens: Any
    ) -> None:
        rivals = (specimens.add(specimen(owner, steel.id, name="one"), CONTEXT) for _ in range(8))
        outcomes = await asyncio.gather(*rivals, return_exceptions=True)
        assert outcomes.count(None) == 1
        assert {each.code for each in outcomes if isinstance(each, DomainError)} == {"name_taken"}


class ReferencesContract(SpecimenFixtures):
    """Subclass and provide a ``storage`` fixture that stores specimens."""

    async def test_reference_to_a_missing_or_foreign_entity_is_refused(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, steel: Material, specimens: Any
    ) -> None:
        theirs = material(stranger)
        await storage.repository(Material).of(stranger).add(theirs, CONTEXT)
        one = specimen(owner, steel.id)
        await specimens.add(one, CONTEXT)
        for id in (uuid7(), theirs.id, one.id):
            refused = await refusal(specimens.add(specimen(owner, id), CONTEXT))
            changed = await refusal(
                specimens.change(one.id, lambda stored, id=id: with_changes(stored, {"material_id": id}), CONTEXT)
            )
            for error in (refused, changed):
                assert isinstance(error, Unfit)
                assert [(each.field, each.code) for each in error.violations] == [("material_id", "unknown_material")]
        refused = await refusal(specimens.add(specimen(owner, uuid7(), parent_id=uuid7()), CONTEXT))
        assert isinstance(refused, Unfit)
        assert {each.code for each in refused.violations} == {"unknown_material", "unknown_specimen"}
        assert (await specimens.page(PageRequest())).items == (one,)

    async def test_referred_entity_cannot_be_deleted(
        self, storage: Storage, owner: OwnerId, steel: Material, specimens: Any
    ) -> None:
        materials = storage.repository(Material).of(owner)
        iron = material(owner)
        await materials.add(iron, CONTEXT)
        whole = specimen(owner, steel.id)
        part = specimen(owner, steel.id, parent_id=whole.id)
        await specimens.add(whole, CONTEXT)
        await specimens.add(part, CONTEXT)
        assert (await refusal(materials.remove(steel.id, CONTEXT))).code == "material_in_use"
        assert (await refusal(specimens.remove(whole.id, CONTEXT))).code == "specimen_has_parts"
        for one in (whole, part):
            await specimens.change(one.id, lambda stored: with_changes(stored, {"material_id": iron.id}), CONTEXT)
        await materials.remove(steel.id, CONTEXT)
        await specimens.remove(part.id, CONTEXT)
        await specimens.remove(whole.id, CONTEXT)
        await materials.remove(iron.id, CONTEXT)

    async def test_entity_that_refers_to_itself_can_be_deleted(
        self, owner: OwnerId, steel: Material, specimens: Any
    ) -> None:
        one = specimen(owner, steel.id)
        await specimens.add(one, CONTEXT)
        await specimens.change(one.id, lambda stored: with_changes(stored, {"parent_id": stored.id}), CONTEXT)
        await specimens.remove(one.id, CONTEXT)
        assert isinstance(await refusal(specimens.get(one.id)), NotFound)

    async def test_restore_without_the_referred_entity_is_a_conflict(
        self, storage: Storage, owner: OwnerId, steel: Material, specimens: Any
    ) -> None:
        materials, cases = storage.repository(Material).of(owner), use_cases(storage, Specimen)
        iron = material(owner)
        await materials.add(iron, CONTEXT)
        one = specimen(owner, iron.id)
        await specimens.add(one, CONTEXT)
        await specimens.change(one.id, lambda stored: with_changes(stored, {"material_id": steel.id}), CONTEXT)
        await materials.remove(iron.id, CONTEXT)
        assert (await refusal(cases.restore(owner, one.id, CONTEXT, version=1))).code == "material_missing"
        await specimens.remove(one.id, CONTEXT)
        assert (await refusal(cases.restore(owner, one.id, CONTEXT, version=1))).code == "material_missing"
        await use_cases(storage, Material).restore(owner, iron.id, CONTEXT, version=1)
        assert (await cases.restore(owner, one.id, CONTEXT, version=1)).material_id == iron.id

    async def test_concurrent_delete_and_add_leave_no_dangling_reference(
        self, storage: Storage, owner: OwnerId, specimens: Any
    ) -> None:
        materials = storage.repository(Material).of(owner)
        for _ in range(5):
            iron = material(owner)
            await materials.add(iron, CONTEXT)
            adding = [specimens.add(specimen(owner, iron.id), CONTEXT) for _ in range(3)]
            outcomes = await asyncio.gather(materials.remove(iron.id, CONTEXT), *adding, return_exceptions=True)
            failures = {each.code for each in outcomes if isinstance(each, DomainError)}
            assert failures in ({"material_in_use"}, {"validation_failed"})
            assert outcomes.count(None) == (3 if failures == {"material_in_use"} else 1)


class SpecimensContract(EveryKindContract, UniqueContract, ReferencesContract):
    """Subclass and provide a ``storage`` fixture that stores specimens."""
