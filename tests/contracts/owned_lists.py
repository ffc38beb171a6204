"""The contract of repository lists: every sort order in both directions, every filter, every position."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from domain.entity import conditions_of, fulfils, sort_value, update
from domain.paging import Condition, Page, PageRequest, Position, Sort, SortValue
from domain.repository import OwnedRepository, OwnerId
from tests.contracts.cases import Entity, OwnerFixtures, admitted, case_of
from tests.contracts.resources import RESOURCES, ResourceCase, ResourceFixtures
from tests.factories import CONTEXT, NOW

if TYPE_CHECKING:
    from app.storage import Storage

every_sort = pytest.mark.parametrize(
    ("resource", "sort"),
    [
        pytest.param(resource, sort, id=f"{resource.plural}-{'-' if sort.descending else ''}{sort.by}")
        for resource in RESOURCES
        for sort in resource.sorts
    ],
)


def place(sort: Sort, entity: Entity) -> tuple[Any, UUID]:
    return sort_value(entity, sort.by), entity.id


def in_order(entities: Sequence[Entity], sort: Sort) -> list[Entity]:
    """The entities sorted, those without a value last."""
    found = [[one for one in entities if (sort_value(one, sort.by) is None) is missing] for missing in (False, True)]
    found[0].sort(key=lambda one: place(sort, one), reverse=sort.descending)
    found[1].sort(key=lambda one: one.id, reverse=sort.descending)
    return [*found[0], *found[1]]


async def read_pages(
    repository: OwnedRepository[Any], limit: int, sort: Sort, conditions: tuple[Condition, ...] = ()
) -> list[Entity]:
    """Reads all matching entities page by page, and checks the size and the next position of each page."""
    found: list[Entity] = []
    after: Position | None = None
    while True:
        page = await repository.page(PageRequest(limit=limit, sort=sort, conditions=conditions, after=after))
        found += page.items
        if page.next is None:
            return found
        assert len(page.items) == limit
        assert page.next == Position(*place(sort, page.items[-1]))
        after = page.next


async def store(storage: Storage, entities: Sequence[Entity]) -> list[Entity]:
    """Stores the entities and returns them."""
    adding = (storage.repository(type(each)).of(each.owner_id).add(each, CONTEXT) for each in entities)
    await asyncio.gather(*adding)
    return [*entities]


def varied(resource: ResourceCase, owner: OwnerId, times: int) -> list[Entity]:
    """Entities whose fields share some values, in a different pattern for each sort order."""
    case = case_of(resource.entity)
    return [
        case.make(owner, **resource.varied_values(n), created_at=NOW + timedelta(seconds=n * 7 % 12 // 3))
        for n in range(times)
    ]


def filter_conditions(resource: ResourceCase) -> list[tuple[Condition, ...]]:
    """The conditions of every filter, with each value that entities have."""
    several = resource.spec.filters
    return [
        conditions_of(resource.entity, **{name: (value,) if several[name].several else value})
        for name, value in resource.filter_values()
    ]


class OwnedListsContract(OwnerFixtures, ResourceFixtures):
    """Subclass and provide a ``storage`` fixture."""

    @every_sort
    async def test_pages_are_sorted_with_ties_by_id(
        self, storage: Storage, owner: OwnerId, resource: ResourceCase, sort: Sort
    ) -> None:
        entities = await store(storage, varied(resource, owner, 12))
        for limit in (1, 2, 5, 12, 100):
            assert await read_pages(storage.repository(resource.entity).of(owner), limit, sort) == in_order(
                entities, sort
            )

    @every_sort
    async def test_ties_are_sorted_by_every_byte_of_the_id(
        self, storage: Storage, owner: OwnerId, resource: ResourceCase, sort: Sort
    ) -> None:
        ids = {UUID(int=uuid7().int ^ flip << shift) for shift in (0, 60, 120) for flip in (0, 0x80, 0x0F)}
        case, alike = case_of(resource.entity), resource.repeatable(resource.varied_values(0))
        entities = await store(storage, [case.make(owner, id=id, **alike) for id in ids])
        assert await read_pages(storage.repository(resource.entity).of(owner), 2, sort) == in_order(entities, sort)

    @every_sort
    async def test_position_between_entities_works_in_every_order(
        self, storage: Storage, owner: OwnerId, resource: ResourceCase, sort: Sort
    ) -> None:
        (one,) = await store(storage, varied(resource, owner, 1))
        at, id = place(sort, one)
        above, below = UUID(int=id.int + 1), UUID(int=id.int - 1)
        less, more = around(at)
        later = sort.descending
        for value, place_id, comes in (
            (less, above, not later),
            (at, below, not later),
            (at, id, False),
            (at, above, later),
            (more, below, later),
        ):
            request = PageRequest(sort=sort, after=Position(value, place_id))
            page = await storage.repository(resource.entity).of(owner).page(request)
            assert page == Page((one,) if comes else (), None)

    @every_sort
    async def test_lists_contain_no_entities_of_other_owners(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, resource: ResourceCase, sort: Sort
    ) -> None:
        mine = await store(storage, varied(resource, owner, 6))
        await store(storage, varied(resource, stranger, 6))
        repository = storage.repository(resource.entity).of(owner)
        assert await read_pages(repository, 2, sort) == in_order(mine, sort)
        for conditions in filter_conditions(resource):
            expected = [one for one in in_order(mine, sort) if all(fulfils(one, each) for each in conditions)]
            assert await read_pages(repository, 1, sort, conditions) == expected

    @every_sort
    async def test_lists_reflect_changes(
        self, storage: Storage, owner: OwnerId, resource: ResourceCase, sort: Sort
    ) -> None:
        entities = await store(storage, varied(resource, owner, 6))
        repository = storage.repository(resource.entity).of(owner)
        for n in (0, 3):
            values = resource.changeable(resource.varied_values(n + 7))
            entities[n] = await repository.change(entities[n].id, lambda one: update(one, now=NOW, **values), CONTEXT)  # noqa: B023 -- called before the next iteration
        assert await read_pages(repository, 2, sort) == in_order(entities, sort)
        for conditions in filter_conditions(resource):
            expected = [one for one in entities if all(fulfils(one, each) for each in conditions)]
            assert await read_pages(repository, 2, sort, conditions) == in_order(expected, sort)

    @every_sort
    async def test_combined_filters_apply_to_every_page(
        self, storage: Storage, owner: OwnerId, resource: ResourceCase, sort: Sort
    ) -> None:
        entities = await store(storage, varied(resource, owner, 18))
        repository = storage.repository(resource.entity).of(owner)
        pairs = [*product(filter_conditions(resource)[::3], filter_conditions(resource)[1::3])]
        # Every third pair, another third for the next order: each pair meets several orders, in both directions.
        for one, other in pairs[resource.sorts.index(sort) % 3 :: 3]:
            expected = [each for each in entities if all(fulfils(each, condition) for condition in one + other)]
            assert await read_pages(repository, 2, sort, one + other) == in_order(expected, sort)

    async def test_paging_continues_after_boundary_values(
        self, storage: Storage, owner: OwnerId, resource: ResourceCase
    ) -> None:
        case = case_of(resource.entity)
        several = [each(fields) for fields in case.edges for each in (dict, resource.repeatable)]
        entities = await store(storage, [case.make(owner, **fields) for fields in several])
        for sort in resource.sorts:
            assert await read_pages(storage.repository(resource.entity).of(owner), 1, sort) == in_order(entities, sort)

    async def test_lists_of_different_sort_orders_do_not_share_a_statement(
        self, storage: Storage, owner: OwnerId, resource: ResourceCase
    ) -> None:
        other = await admitted(storage)
        mine = await store(storage, varied(resource, owner, 4))
        repository = storage.repository(resource.entity)
        for _ in range(2):
            for sort in resource.sorts:
                assert await read_pages(repository.of(owner), 3, sort) == in_order(mine, sort)
                assert await read_pages(repository.of(other), 3, sort) == []


def around(value: SortValue) -> tuple[SortValue, SortValue]:
    """The value's neighbours: one less and one greater."""
    if isinstance(value, str):
        return value[:-1], value + "\x01"
    if isinstance(value, int | Decimal):
        return value - 1, value + 1
    assert isinstance(value, date)
    step = timedelta(microseconds=1) if isinstance(value, datetime) else timedelta(days=1)
    return value - step, value + step
