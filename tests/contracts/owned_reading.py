"""The contract of repository reads for every entity: stored values, for their owner only, page by page."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from uuid_utils.compat import uuid7

from domain.errors import NotFound
from domain.paging import Page, PageRequest, Position
from domain.repository import OwnerId
from tests.contracts.cases import Case, OwnerFixtures, every_kind, expect_same, must_not_run, refusal, walk
from tests.factories import CONTEXT, NOW

if TYPE_CHECKING:
    from app.storage import Storage


class OwnedReadingContract(OwnerFixtures):
    """Subclass and provide a ``storage`` fixture."""

    @every_kind
    async def test_every_field_is_returned_as_stored(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        repository = case.repository(storage).of(owner)
        for fields in case.edges:
            entity = case.make(owner, **fields)
            await repository.add(entity, CONTEXT)
            expect_same(await repository.get(entity.id), entity)

    @every_kind
    async def test_unknown_id_is_not_found(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        repository = case.repository(storage).of(owner)
        for refused in (
            await refusal(repository.get(uuid7())),
            await refusal(repository.change(uuid7(), must_not_run, CONTEXT)),
            await refusal(repository.remove(uuid7(), CONTEXT)),
        ):
            assert isinstance(refused, NotFound)
            assert refused.code == f"{case.kind}_not_found"

    @every_kind
    async def test_entity_of_another_owner_cannot_be_read(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, case: Case
    ) -> None:
        entity = case.make(stranger)
        await case.repository(storage).of(stranger).add(entity, CONTEXT)
        foreign = await refusal(case.repository(storage).of(owner).get(entity.id))
        unknown = await refusal(case.repository(storage).of(owner).get(uuid7()))
        assert isinstance(foreign, NotFound)
        assert (foreign.code, foreign.detail) == (unknown.code, unknown.detail)

    @every_kind
    async def test_entity_of_another_owner_is_not_listed(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, case: Case
    ) -> None:
        mine = [case.make(owner, created_at=NOW + timedelta(seconds=2 * n)) for n in range(3)]
        theirs = [case.make(stranger, created_at=NOW + timedelta(seconds=2 * n + 1)) for n in range(3)]
        for entity in mine + theirs:
            await case.repository(storage).of(entity.owner_id).add(entity, CONTEXT)
        for limit in (1, 2, 100):
            assert await walk(case.repository(storage).of(owner), limit) == mine[::-1]
            assert await walk(case.repository(storage).of(stranger), limit) == theirs[::-1]

    @every_kind
    async def test_list_without_entities_is_one_empty_page(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        repository = case.repository(storage).of(owner)
        assert await repository.page(PageRequest()) == Page((), None)
        assert await repository.page(PageRequest(after=Position(NOW, uuid7()))) == Page((), None)

    @every_kind
    async def test_newest_entities_come_first_in_any_insertion_order(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        repository = case.repository(storage).of(owner)
        entities = [case.make(owner, created_at=NOW + timedelta(microseconds=n)) for n in (3, 0, 4, 1, 2)]
        for entity in entities:
            await repository.add(entity, CONTEXT)
        newest_first = sorted(entities, key=lambda entity: entity.created_at, reverse=True)
        assert (await repository.page(PageRequest())).items == tuple(newest_first)

    @every_kind
    async def test_ties_are_sorted_by_descending_id(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        repository = case.repository(storage).of(owner)
        ids = [UUID(int=uuid7().int ^ flip << 120) for flip in (0x00, 0xF0, 0x0F, 0x80, 0x7F)]
        for id in ids:
            await repository.add(case.make(owner, id=id), CONTEXT)
        page = await repository.page(PageRequest())
        assert [entity.id for entity in page.items] == sorted(ids, reverse=True)

    @every_kind
    async def test_page_ends_at_its_limit_and_returns_the_next_position(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        repository = case.repository(storage).of(owner)
        entities = [case.make(owner, created_at=NOW - timedelta(seconds=n)) for n in range(3)]
        for entity in entities:
            await repository.add(entity, CONTEXT)
        page = await repository.page(PageRequest(limit=2))
        assert page == Page(tuple(entities[:2]), Position(entities[1].created_at, entities[1].id))
        assert await repository.page(PageRequest(limit=2, after=page.next)) == Page((entities[2],), None)
        assert await repository.page(PageRequest(limit=3)) == Page(tuple(entities), None)

    @every_kind
    async def test_paging_through_ties_neither_repeats_nor_skips(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        repository = case.repository(storage).of(owner)
        entities = [case.make(owner, created_at=NOW + timedelta(seconds=n // 4)) for n in range(10)]
        for entity in entities:
            await repository.add(entity, CONTEXT)
        order = sorted(entities, key=lambda entity: (entity.created_at, entity.id), reverse=True)
        for limit in (1, 2, 3, 10):
            assert await walk(repository, limit) == order

    @every_kind
    async def test_paging_continues_after_additions_and_removals(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        repository = case.repository(storage).of(owner)
        entities = [case.make(owner, created_at=NOW - timedelta(seconds=n)) for n in range(6)]
        for entity in entities:
            await repository.add(entity, CONTEXT)
        first = await repository.page(PageRequest(limit=3))
        await repository.add(case.make(owner, created_at=NOW + timedelta(seconds=1)), CONTEXT)
        await repository.remove(entities[2].id, CONTEXT)
        rest = await repository.page(PageRequest(limit=3, after=first.next))
        assert rest == Page(tuple(entities[3:]), None)

    @every_kind
    async def test_position_between_entities_is_accepted(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        repository = case.repository(storage).of(owner)
        entity = case.make(owner)
        await repository.add(entity, CONTEXT)
        above, below = UUID(int=entity.id.int + 1), UUID(int=entity.id.int - 1)
        for position, items in (
            (Position(NOW + timedelta(microseconds=1), UUID(int=0)), (entity,)),
            (Position(NOW, above), (entity,)),
            (Position(NOW, entity.id), ()),
            (Position(NOW, below), ()),
            (Position(NOW - timedelta(microseconds=1), above), ()),
        ):
            assert await repository.page(PageRequest(after=position)) == Page(items, None), position
