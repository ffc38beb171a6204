"""The contract of simulation lists, with literal values: Unicode case folding of names, and date ranges."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING

import pytest

from domain.entity import conditions_of, fulfils, sort_value, update
from domain.paging import Comparison, Condition, Sort
from domain.repository import OwnerId
from domain.simulations.simulation import Simulation
from tests.contracts.cases import OwnerFixtures
from tests.contracts.owned_lists import in_order, read_pages, store
from tests.contracts.resources import resource_of
from tests.factories import CONTEXT, NOW, SimulationFactory

if TYPE_CHECKING:
    from app.storage import Storage

SORTS = resource_of(Simulation).sorts
every_sort = pytest.mark.parametrize("sort", SORTS, ids=lambda sort: f"{'-' if sort.descending else ''}{sort.by}")
NAMES = (
    *("ß", "ss", "SS", "ẞ", "s", "st", "\u017f", "ﬆ", "ST", "Straße", "STRASSE"),
    *(
        "i",
        "I",
        "İ",
        "\u0131",
        "i\u0307",
        "Σ",
        "\u03c3",
        "ς",
        "ΣΊΣΥΦΟΣ",
        "ﬃ",
        "FFI",
        "ΐ",
        "ΐ",
        "\u1fb7",
        "ᾷ",
        "\u13a0",
        "ꭰ",
    ),
    *("🐐", "\ue000", "\uffff", "𐀀", "é", "e\u0301", "É", "z", "Z", "_", "%", "\\", " ", "a b", "ab", "a-b", "10", "9"),
)
WIDEST = ("ΐ", "ﬃ", "ᾷ", "ὒ", "🐐", "ß", "İ", "x")
"""Letters with a long case folding, in characters or in bytes."""


async def store_simulations(storage: Storage, owner: OwnerId, *fields: Mapping[str, object]) -> list[Simulation]:
    return await store(storage, [SimulationFactory.build(owner_id=owner, **each) for each in fields])


def tied(n: int) -> dict[str, object]:
    """Fields whose values repeat for two or three entities, in a different pattern for each sort order."""
    day = timedelta(days=1)
    return {
        "created_at": NOW + timedelta(seconds=n * 7 % 12 // 3),
        "start_date": date(2026, 1, 1) + day * (n * 5 % 12 // 2),
        "end_date": date(2026, 2, 1) + day * (n * 11 % 12 // 4),
        "name": "abc"[n % 3] * (1 + n % 2),
    }


class OwnedSimulationsContract(OwnerFixtures):
    """Subclass and provide a ``storage`` fixture."""

    async def test_names_sort_by_case_folded_code_points(self, storage: Storage, owner: OwnerId) -> None:
        simulations = await store_simulations(storage, owner, *({"name": name} for name in NAMES))
        for sort in (Sort("name"), Sort("name", descending=True)):
            assert await read_pages(storage.repository(Simulation).of(owner), 7, sort) == in_order(simulations, sort)

    async def test_names_match_by_case_folding(self, storage: Storage, owner: OwnerId) -> None:
        simulations = await store_simulations(storage, owner, *({"name": name} for name in NAMES))
        repository = storage.repository(Simulation).of(owner)
        for part in NAMES:
            found = await read_pages(repository, 100, Sort("name"), conditions_of(Simulation, name=part))
            expected = [one for one in simulations if part.casefold() in one.name.casefold()]
            assert {one.name for one in found} == {one.name for one in expected}, part
            assert len(found) == len(expected)

    @pytest.mark.parametrize("letter", WIDEST)
    async def test_longest_name_is_stored_sorted_found_and_paged(
        self, storage: Storage, owner: OwnerId, letter: str
    ) -> None:
        name = letter * 300
        simulations = await store_simulations(storage, owner, {"name": name}, {"name": name}, {"name": letter})
        sort = Sort("name")
        assert await read_pages(storage.repository(Simulation).of(owner), 1, sort) == in_order(simulations, sort)
        found = await read_pages(
            storage.repository(Simulation).of(owner), 1, sort, conditions_of(Simulation, name=name)
        )
        assert found == in_order(simulations[:2], sort)

    @pytest.mark.parametrize("part", ["%", "_", "\\", "\\%", "__", "'", '"', "[a]", "*", "%s", "$1", "{}", "😀"])
    async def test_wildcard_characters_match_literally(self, storage: Storage, owner: OwnerId, part: str) -> None:
        simulations = await store_simulations(
            storage, owner, {"name": f"a{part}b"}, {"name": "a_b%c\\"}, {"name": "axb"}
        )
        found = await read_pages(
            storage.repository(Simulation).of(owner), 1, Sort("name"), conditions_of(Simulation, name=part)
        )
        assert found == in_order([one for one in simulations if part in one.name], Sort("name"))

    async def test_paging_continues_after_minimum_and_maximum_dates(self, storage: Storage, owner: OwnerId) -> None:
        moments = [datetime.min.replace(tzinfo=NOW.tzinfo), NOW, datetime.max.replace(tzinfo=NOW.tzinfo)]
        days = [(date.min, date.min), (date.min, date.max), (date.max, date.max)]
        fields = [
            {"created_at": moment, "updated_at": moment, "start_date": start, "end_date": end}
            for moment, (start, end) in product(moments[1:], days)
        ]
        simulations = await store_simulations(storage, owner, *fields)
        for sort in SORTS:
            assert await read_pages(storage.repository(Simulation).of(owner), 1, sort) == in_order(simulations, sort)

    @every_sort
    async def test_simulation_lists_reflect_changes(self, storage: Storage, owner: OwnerId, sort: Sort) -> None:
        simulations = await store_simulations(storage, owner, *map(tied, range(6)))
        repository = storage.repository(Simulation).of(owner)
        changes = {"name": "ẞ", "start_date": date.min, "end_date": date.max}
        for n in (0, 3):
            simulations[n] = await repository.change(
                simulations[n].id,
                lambda one: update(one, now=NOW, **changes),
                CONTEXT,
            )
        assert await read_pages(repository, 2, sort) == in_order(simulations, sort)
        assert {one.id for one in await read_pages(repository, 2, sort, conditions_of(Simulation, name="SS"))} == {
            simulations[0].id,
            simulations[3].id,
        }

    @pytest.mark.parametrize("comparison", [Comparison.AT_LEAST, Comparison.AT_MOST])
    @pytest.mark.parametrize("attribute", ["start_date", "end_date", "created_at"])
    async def test_range_filters_include_both_ends(
        self, storage: Storage, owner: OwnerId, attribute: str, comparison: Comparison
    ) -> None:
        simulations = await store_simulations(storage, owner, *map(tied, range(12)))
        for value in {sort_value(one, attribute) for one in simulations}:
            condition = Condition(attribute, comparison, value)
            expected = [one for one in simulations if fulfils(one, condition)]
            assert any(sort_value(one, attribute) == value for one in expected)
            sort = Sort("end_date")
            assert await read_pages(storage.repository(Simulation).of(owner), 3, sort, (condition,)) == in_order(
                expected, sort
            )

    @every_sort
    async def test_all_conditions_apply_to_every_page(self, storage: Storage, owner: OwnerId, sort: Sort) -> None:
        simulations = await store_simulations(storage, owner, *map(tied, range(24)))
        days: list[date | None] = [None, date(2026, 1, 3), date(2026, 2, 2)]
        repository = storage.repository(Simulation).of(owner)
        for name, first, last in product((None, "A", "bb"), days, days):
            conditions = conditions_of(Simulation, name=name, active_on=last, start_date_from=first, end_date_to=last)
            expected = [one for one in simulations if all(fulfils(one, condition) for condition in conditions)]
            assert await read_pages(repository, 2, sort, conditions) == in_order(expected, sort)
