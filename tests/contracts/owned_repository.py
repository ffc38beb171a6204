"""What every owned repository promises, for every entity: the sentences of ``domain.tenancy`` as tests."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

import pytest
from factory.base import Factory
from uuid_utils.compat import uuid7

from domain.access.key import Scope
from domain.access.owner import Owner
from domain.errors import Conflict, DomainError, Misdirected, NotFound
from domain.paging import Page, PageRequest, Position
from domain.tenancy import Cause, Idempotency, OwnerId, revised
from tests.factories import CAUSE, NOW, KeyFactory, OwnerFactory, SimulationFactory

if TYPE_CHECKING:
    from app.container import Storage
    from domain.tenancy import OwnedRepository, Repository

Entity: TypeAlias = Any
"""Each test runs over every kind of entity, so no one type is known here."""

UNICODE = "  Flügel 漢字 🐐 e\u0301 \u202e\u05e9\u05dc\u05d5\u05dd\u202c 'quoted' \"%s\" 100% $1 \\ ; -- "
EARLIEST = datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
LATEST = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A kind of entity: where it is kept, how it is made, and values at the edges of what it may hold.

    ``changes`` set different members, each away from what the factory gives.
    """

    kind: str
    entities: type[Factory[Any]]
    repository: Callable[[Storage], Repository[Any]]
    edges: Sequence[Mapping[str, object]]
    changes: Sequence[Mapping[str, object]]

    def make(self, owner: OwnerId, **fields: object) -> Entity:
        return self.entities.build(owner_id=owner, **fields)


CASES = (
    Case(
        kind="simulation",
        entities=SimulationFactory,
        repository=lambda storage: storage.simulations,
        edges=(
            {},
            {"name": UNICODE},
            {"name": "🐐" * 300},
            {"start_date": date.min, "end_date": date.min},
            {"start_date": date.max, "end_date": date.max},
            {"created_at": EARLIEST, "updated_at": LATEST},
            {"created_at": NOW.replace(microsecond=0), "updated_at": NOW.replace(microsecond=1)},
            {"version": 2**31 - 1},
        ),
        changes=(
            {"name": "Renamed"},
            {"start_date": date(2026, 1, 1)},
            {"end_date": date(2026, 3, 1)},
            {"updated_at": NOW + timedelta(microseconds=1)},
        ),
    ),
    Case(
        kind="key",
        entities=KeyFactory,
        repository=lambda storage: storage.keys,
        edges=(
            {},
            {"name": UNICODE},
            {"name": "🐐" * 100},
            {"expires_at": None, "last_used_at": None, "revoked_at": None},
            {"expires_at": LATEST, "last_used_at": EARLIEST, "revoked_at": NOW},
            *({"scopes": frozenset({scope})} for scope in Scope),
            {"scopes": frozenset()},
        ),
        changes=(
            {"name": "Renamed"},
            {"scopes": frozenset({Scope.KEYS_MANAGE})},
            {"revoked_at": NOW},
            {"last_used_at": NOW},
            {"expires_at": LATEST},
        ),
    ),
)
EDGES = [
    pytest.param(case, fields, id=f"{case.kind}-{'-'.join(fields) or 'plain'}-{number}")
    for case in CASES
    for number, fields in enumerate(case.edges)
]
every_kind = pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)


class Changed(Exception):
    """Raised by a test's own change."""


async def walk(repository: OwnedRepository[Any], limit: int) -> list[Entity]:
    """All entities, page by page; no page is longer than asked for, and only the last one may be shorter."""
    entities: list[Entity] = []
    after: Position | None = None
    while True:
        page = await repository.page(PageRequest(limit=limit, after=after))
        assert not {entity.id for entity in page.items} & {entity.id for entity in entities}, "A walk repeats."
        entities += page.items
        assert len(page.items) <= limit
        if page.next is None:
            return entities
        assert len(page.items) == limit
        after = page.next


async def everything(repository: OwnedRepository[Any]) -> list[Entity]:
    return await walk(repository, 100)


async def refusal(awaited: Any) -> DomainError:
    with pytest.raises(DomainError) as refused:
        await awaited
    return refused.value


class OwnedRepositoryContract:
    """Inherit from it and give a fixture ``storage``."""

    @pytest.fixture
    async def owner(self, storage: Storage) -> OwnerId:
        return await admitted(storage)

    @pytest.fixture
    async def stranger(self, storage: Storage) -> OwnerId:
        return await admitted(storage)

    @pytest.mark.parametrize(("case", "fields"), EDGES)
    async def test_every_field_comes_back_as_stored(
        self, storage: Storage, owner: OwnerId, case: Case, fields: Mapping[str, object]
    ) -> None:
        entity = case.make(owner, **fields)
        await case.repository(storage).of(owner).add(entity, CAUSE)
        stored = await case.repository(storage).of(owner).get(entity.id)
        assert stored == entity
        for field in dataclasses.fields(entity):
            value = getattr(stored, field.name)
            assert isinstance(value, type(getattr(entity, field.name))), field.name
            if isinstance(value, datetime):
                assert value.tzname() == "UTC", field.name

    @pytest.mark.parametrize(("case", "fields"), EDGES)
    async def test_a_change_may_set_any_value(
        self, storage: Storage, owner: OwnerId, case: Case, fields: Mapping[str, object]
    ) -> None:
        if "version" in fields:
            fields = {}
        entity = case.make(owner)
        repository = case.repository(storage).of(owner)
        await repository.add(entity, CAUSE)
        changed = await repository.change(entity.id, lambda stored: _next(stored, fields), CAUSE)
        assert changed == dataclasses.replace(entity, **fields, version=2)
        assert await repository.get(entity.id) == changed

    @every_kind
    async def test_an_unknown_id_is_not_found(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        repository = case.repository(storage).of(owner)
        for refused in (
            await refusal(repository.get(uuid7())),
            await refusal(repository.change(uuid7(), _must_not_run, CAUSE)),
            await refusal(repository.remove(uuid7(), CAUSE)),
        ):
            assert isinstance(refused, NotFound)
            assert refused.code == f"{case.kind}_not_found"

    @every_kind
    async def test_a_foreign_entity_is_not_read(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, case: Case
    ) -> None:
        entity = case.make(stranger)
        await case.repository(storage).of(stranger).add(entity, CAUSE)
        foreign = await refusal(case.repository(storage).of(owner).get(entity.id))
        unknown = await refusal(case.repository(storage).of(owner).get(uuid7()))
        assert isinstance(foreign, NotFound)
        assert (foreign.code, foreign.detail) == (unknown.code, unknown.detail)

    @every_kind
    async def test_a_foreign_entity_is_not_listed(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, case: Case
    ) -> None:
        mine = [case.make(owner, created_at=NOW + timedelta(seconds=2 * n)) for n in range(3)]
        theirs = [case.make(stranger, created_at=NOW + timedelta(seconds=2 * n + 1)) for n in range(3)]
        for entity in mine + theirs:
            await case.repository(storage).of(entity.owner_id).add(entity, CAUSE)
        for limit in (1, 2, 100):
            assert await walk(case.repository(storage).of(owner), limit) == mine[::-1]
            assert await walk(case.repository(storage).of(stranger), limit) == theirs[::-1]

    @every_kind
    async def test_a_foreign_entity_is_not_changed(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, case: Case
    ) -> None:
        entity = case.make(stranger)
        await case.repository(storage).of(stranger).add(entity, CAUSE)
        refused = await refusal(case.repository(storage).of(owner).change(entity.id, _must_not_run, CAUSE))
        assert isinstance(refused, NotFound)
        assert await case.repository(storage).of(stranger).get(entity.id) == entity

    @every_kind
    async def test_a_foreign_entity_is_not_removed(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, case: Case
    ) -> None:
        entity = case.make(stranger)
        await case.repository(storage).of(stranger).add(entity, CAUSE)
        assert isinstance(await refusal(case.repository(storage).of(owner).remove(entity.id, CAUSE)), NotFound)
        assert await case.repository(storage).of(stranger).get(entity.id) == entity

    @every_kind
    async def test_no_entities_are_one_empty_page(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        repository = case.repository(storage).of(owner)
        assert await repository.page(PageRequest()) == Page((), None)
        assert await repository.page(PageRequest(after=Position(NOW, uuid7()))) == Page((), None)

    @every_kind
    async def test_the_newest_come_first_whatever_the_order_of_storing(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        repository = case.repository(storage).of(owner)
        entities = [case.make(owner, created_at=NOW + timedelta(microseconds=n)) for n in (3, 0, 4, 1, 2)]
        for entity in entities:
            await repository.add(entity, CAUSE)
        newest_first = sorted(entities, key=lambda entity: entity.created_at, reverse=True)
        assert (await repository.page(PageRequest())).items == tuple(newest_first)

    @every_kind
    async def test_ties_go_by_id_the_highest_first(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        repository = case.repository(storage).of(owner)
        ids = [UUID(int=uuid7().int ^ flip << 120) for flip in (0x00, 0xF0, 0x0F, 0x80, 0x7F)]
        for id in ids:
            await repository.add(case.make(owner, id=id), CAUSE)
        page = await repository.page(PageRequest())
        assert [entity.id for entity in page.items] == sorted(ids, reverse=True)

    @every_kind
    async def test_a_page_ends_at_its_limit_and_says_where(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        repository = case.repository(storage).of(owner)
        entities = [case.make(owner, created_at=NOW - timedelta(seconds=n)) for n in range(3)]
        for entity in entities:
            await repository.add(entity, CAUSE)
        page = await repository.page(PageRequest(limit=2))
        assert page == Page(tuple(entities[:2]), Position(entities[1].created_at, entities[1].id))
        assert await repository.page(PageRequest(limit=2, after=page.next)) == Page((entities[2],), None)
        assert await repository.page(PageRequest(limit=3)) == Page(tuple(entities), None)

    @every_kind
    async def test_a_walk_through_ties_repeats_and_loses_nothing(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        repository = case.repository(storage).of(owner)
        entities = [case.make(owner, created_at=NOW + timedelta(seconds=n // 4)) for n in range(10)]
        for entity in entities:
            await repository.add(entity, CAUSE)
        order = sorted(entities, key=lambda entity: (entity.created_at, entity.id), reverse=True)
        for limit in (1, 2, 3, 10):
            assert await walk(repository, limit) == order

    @every_kind
    async def test_a_walk_goes_on_while_entities_come_and_go(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        repository = case.repository(storage).of(owner)
        entities = [case.make(owner, created_at=NOW - timedelta(seconds=n)) for n in range(6)]
        for entity in entities:
            await repository.add(entity, CAUSE)
        first = await repository.page(PageRequest(limit=3))
        await repository.add(case.make(owner, created_at=NOW + timedelta(seconds=1)), CAUSE)
        await repository.remove(entities[2].id, CAUSE)
        rest = await repository.page(PageRequest(limit=3, after=first.next))
        assert rest == Page(tuple(entities[3:]), None)

    @every_kind
    async def test_a_position_need_not_be_of_an_entity(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        repository = case.repository(storage).of(owner)
        entity = case.make(owner)
        await repository.add(entity, CAUSE)
        above, below = UUID(int=entity.id.int + 1), UUID(int=entity.id.int - 1)
        for position, items in (
            (Position(NOW + timedelta(microseconds=1), UUID(int=0)), (entity,)),
            (Position(NOW, above), (entity,)),
            (Position(NOW, entity.id), ()),
            (Position(NOW, below), ()),
            (Position(NOW - timedelta(microseconds=1), above), ()),
        ):
            assert await repository.page(PageRequest(after=position)) == Page(items, None), position

    @every_kind
    async def test_an_entity_of_another_owner_is_not_added(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, case: Case
    ) -> None:
        with pytest.raises(Misdirected):
            await case.repository(storage).of(owner).add(case.make(stranger), CAUSE)
        assert await everything(case.repository(storage).of(owner)) == []
        assert await everything(case.repository(storage).of(stranger)) == []

    @every_kind
    async def test_an_id_is_not_taken_twice(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, case: Case
    ) -> None:
        entity = case.make(owner)
        await case.repository(storage).of(owner).add(entity, CAUSE)
        for other in (owner, stranger):
            repository = case.repository(storage).of(other)
            assert isinstance(await refusal(repository.add(case.make(other, id=entity.id), CAUSE)), Conflict)
        assert await everything(case.repository(storage).of(owner)) == [entity]
        assert await everything(case.repository(storage).of(stranger)) == []

    @every_kind
    async def test_of_many_adding_one_id_at_once_one_wins(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        repository = case.repository(storage).of(owner)
        rivals = [case.make(owner, id=id) for id in [uuid7()] * 8]
        outcomes = await asyncio.gather(*(repository.add(rival, CAUSE) for rival in rivals), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes if outcome is not None] == [Conflict] * 7
        assert await everything(repository) == [rivals[outcomes.index(None)]]

    @every_kind
    async def test_a_write_takes_an_idempotent_cause(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        promise = Idempotency(operation="create", key="k", fingerprint="f")
        entity = case.make(owner)
        repository = case.repository(storage).of(owner)
        await repository.add(entity, Cause(actor="key:1", request_id="r", idempotency=promise))
        assert await repository.get(entity.id) == entity

    @every_kind
    async def test_a_change_is_given_what_is_stored_and_gives_what_is_stored_afterwards(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        entity, bystander = case.make(owner), case.make(owner)
        repository = case.repository(storage).of(owner)
        await repository.add(entity, CAUSE)
        await repository.add(bystander, CAUSE)
        before = entity
        for fields in case.changes:
            given: list[Entity] = []
            change = _noting(given, fields)
            after = await repository.change(entity.id, change, CAUSE)
            assert set(given) == {before}
            assert after == dataclasses.replace(before, **fields, version=before.version + 1)
            assert await repository.get(entity.id) == after
            before = after
        assert await repository.get(bystander.id) == bystander

    @every_kind
    async def test_the_same_entity_back_is_no_change(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        entity = case.make(owner)
        repository = case.repository(storage).of(owner)
        await repository.add(entity, CAUSE)
        assert await repository.change(entity.id, lambda stored: stored, CAUSE) == entity
        assert await repository.get(entity.id) == entity

    @every_kind
    async def test_a_change_that_raises_leaves_everything_as_it_was(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        entity = case.make(owner)
        repository = case.repository(storage).of(owner)
        await repository.add(entity, CAUSE)

        def fail(stored: Entity) -> Entity:
            raise Changed

        with pytest.raises(Changed):
            await repository.change(entity.id, fail, CAUSE)
        assert await repository.get(entity.id) == entity
        after = await repository.change(entity.id, lambda stored: _next(stored, case.changes[0]), CAUSE)
        assert after.version == 2

    @every_kind
    async def test_a_change_cannot_swap_owner_or_id_or_skip_a_version(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, case: Case
    ) -> None:
        entity, other, foreign = case.make(owner), case.make(owner), case.make(stranger)
        for added in (entity, other, foreign):
            await case.repository(storage).of(added.owner_id).add(added, CAUSE)
        repository = case.repository(storage).of(owner)
        for result in (
            _next(foreign, {}),
            _next(entity, {"owner_id": stranger}),
            _next(other, {}),
            _next(entity, {"id": uuid7()}),
            dataclasses.replace(entity, version=1),
            dataclasses.replace(entity, version=3),
            dataclasses.replace(entity, version=0),
        ):
            with pytest.raises(Misdirected):
                await repository.change(entity.id, _giving(result), CAUSE)
        assert set(await everything(repository)) == {entity, other}
        assert await everything(case.repository(storage).of(stranger)) == [foreign]

    @every_kind
    async def test_concurrent_changes_of_different_members_all_survive(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        entity = case.make(owner)
        repository = case.repository(storage).of(owner)
        await repository.add(entity, CAUSE)
        changes = (repository.change(entity.id, _noting([], fields), CAUSE) for fields in case.changes)
        await asyncio.gather(*changes)
        together = {name: value for fields in case.changes for name, value in fields.items()}
        expected = dataclasses.replace(entity, **together, version=1 + len(case.changes))
        assert await repository.get(entity.id) == expected

    @every_kind
    async def test_of_twenty_concurrent_increments_none_is_lost(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        entity = case.make(owner, name="")
        repository = case.repository(storage).of(owner)
        await repository.add(entity, CAUSE)

        def lengthen(stored: Entity) -> Entity:
            return _next(stored, {"name": stored.name + "x"})

        given = await asyncio.gather(*(repository.change(entity.id, lengthen, CAUSE) for _ in range(20)))
        stored = await repository.get(entity.id)
        assert (stored.name, stored.version) == ("x" * 20, 21)
        assert sorted(after.version for after in given) == list(range(2, 22))

    @every_kind
    async def test_what_is_removed_is_gone_and_nothing_else(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        entity, bystander = case.make(owner), case.make(owner)
        repository = case.repository(storage).of(owner)
        await repository.add(entity, CAUSE)
        await repository.add(bystander, CAUSE)
        await repository.remove(entity.id, CAUSE)
        for again in (
            repository.get(entity.id),
            repository.change(entity.id, _must_not_run, CAUSE),
            repository.remove(entity.id, CAUSE),
        ):
            assert isinstance(await refusal(again), NotFound)
        assert await everything(repository) == [bystander]

    @every_kind
    async def test_of_many_removing_at_once_one_does(self, storage: Storage, owner: OwnerId, case: Case) -> None:
        entity = case.make(owner)
        repository = case.repository(storage).of(owner)
        await repository.add(entity, CAUSE)
        removals = (repository.remove(entity.id, CAUSE) for _ in range(8))
        outcomes = await asyncio.gather(*removals, return_exceptions=True)
        assert outcomes.count(None) == 1
        assert [type(outcome) for outcome in outcomes if outcome is not None] == [NotFound] * 7


async def admitted(storage: Storage) -> OwnerId:
    """A new owner, who is stored and has nothing yet."""
    owner: Owner = OwnerFactory.build()
    await storage.owners.add(owner, CAUSE)
    return owner.id


def _next(entity: Entity, fields: Mapping[str, object]) -> Entity:
    return dataclasses.replace(entity, **fields, version=entity.version + 1)


def _giving(result: Entity) -> Callable[[Entity], Entity]:
    return lambda stored: result


def _noting(given: list[Entity], fields: Mapping[str, object]) -> Callable[[Entity], Entity]:
    def change(stored: Entity) -> Entity:
        given.append(stored)
        return revised(stored, fields)

    return change


def _must_not_run(stored: Entity) -> Entity:
    raise AssertionError(f"A change was given {stored}.")
