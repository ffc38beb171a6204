"""The contract of revisions, as documented in ``domain.revisions``, for every owned repository."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from uuid_utils.compat import uuid7

from domain.access.api_key import ApiKey
from domain.access.authentication import LastUsedTracker
from domain.access.owner import Owner
from domain.entity import update
from domain.errors import (
    Conflict,
    Gone,
    NotFound,
    Stale,
    TenantMismatch,
)
from domain.history import History
from domain.idempotency import DuplicateRequest
from domain.paging import Page, PageRequest, Position
from domain.repository import Owned, OwnerId, secrets_of
from domain.revisions import IN_ORDER, LATEST_FIRST, Action, Revision, RevisionRange, is_of_moment
from domain.simulations.simulation import Simulation
from domain.write_context import IdempotencyKey, WriteContext
from tests.contracts.cases import Case, ChangeFailed, Entity, OwnerFixtures, every_kind, next_version, referred_kinds
from tests.contracts.field_values import REFERRED_IDS
from tests.factories import (
    CONTEXT,
    NOW,
    ApiKeyFactory,
    OwnerFactory,
    SimulationFactory,
)

if TYPE_CHECKING:
    from app.storage import Storage

MICROSECOND = timedelta(microseconds=1)
OLD = NOW.replace(year=1971)


def context(name: str = "made", at: datetime = NOW) -> WriteContext:
    return WriteContext(actor=f"key:{name}", request_id=f"request-{name}", at=at)


def recorded(entity: Entity | None) -> Entity | None:
    """The entity as a revision holds it, without its secrets."""
    return entity and dataclasses.replace(entity, **dict.fromkeys(secrets_of(type(entity)), ""))


async def all_revisions(storage: Storage, owner: OwnerId, *, own: bool = False) -> list[Revision[Any]]:
    """All revisions of an owner in order, read in pages of three.

    Without those of referred entities and, unless ``own`` is set, of the owner itself.
    """
    revisions: list[Revision[Any]] = []
    after: Position | None = None
    while True:
        page = await storage.revisions.of(owner).page(PageRequest(limit=3, sort=IN_ORDER, after=after))
        revisions += page.items
        if page.next is None:
            break
        after = page.next
    assert [revision.number for revision in revisions] == list(range(1, len(revisions) + 1))
    made = [revision for revision in revisions if revision.entity_id not in REFERRED_IDS]
    return [revision for revision in made if own or revision.kind != Owner.KIND]


class RevisionsContract(OwnerFixtures):
    """Subclass and provide a ``storage`` fixture."""

    @every_kind
    async def test_every_write_records_one_revision_with_context_and_both_states(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        repository = case.repository(storage).of(owner)
        states: list[Entity] = [None, case.make(owner)]
        await repository.add(states[-1], context("1"))
        for number, fields in enumerate(case.changes, start=2):
            after = await repository.change(states[-1].id, partial(next_version, fields=fields), context(str(number)))
            if not set(fields) <= getattr(after, "UNTRACKED", frozenset()):
                states.append(after)
        last = await repository.get(states[1].id)
        await repository.remove(last.id, context("gone", NOW + MICROSECOND))

        revisions = await all_revisions(storage, owner)
        assert [revision.after for revision in revisions[:-1]] == [recorded(state) for state in states[1:]]
        assert [revision.version for revision in revisions[:-1]] == [state.version for state in states[1:]]
        assert revisions[0].before is None
        for revision in revisions[1:-1]:
            assert revision.before is not None
            assert revision.before.version + 1 == revision.version
        assert (revisions[-1].before, revisions[-1].after) == (recorded(last), None)
        assert revisions[-1].version == last.version + 1
        assert [revision.action for revision in revisions] == (
            [Action.CREATED, *[Action.UPDATED] * (len(states) - 2), Action.DELETED]
        )
        for revision in revisions:
            assert (revision.owner_id, revision.kind, revision.entity_id) == (owner, case.kind, last.id)
            assert revision.violations() == []
        assert [revision.actor for revision in (revisions[0], revisions[-1])] == ["key:1", "key:gone"]
        assert [revision.request_id for revision in (revisions[0], revisions[-1])] == ["request-1", "request-gone"]
        assert [revision.created_at for revision in (revisions[0], revisions[-1])] == [NOW, NOW + MICROSECOND]
        assert {revision.created_at.tzname() for revision in revisions} == {"UTC"}

    async def test_owner_changes_are_recorded_as_its_own_revisions(self, storage: Storage) -> None:
        made: Owner = OwnerFactory.build()
        await storage.owners.add(made, context("made"))
        shut = await storage.owners.change(made.id, lambda stored: stored.deactivate(NOW), context("shut"))
        again = await storage.owners.change(made.id, Owner.activate, context("again"))
        revisions = await all_revisions(storage, made.id, own=True)
        assert [(each.actor, each.before, each.after) for each in revisions] == [
            ("key:made", None, made),
            ("key:shut", made, shut),
            ("key:again", shut, again),
        ]

    async def test_revisions_contain_no_secret(self, storage: Storage, owner: OwnerId) -> None:
        key: ApiKey = ApiKeyFactory.build(owner_id=owner)
        await storage.keys.of(owner).add(key, CONTEXT)
        await storage.keys.of(owner).change(key.id, lambda stored: stored.revoke(NOW), CONTEXT)
        await storage.keys.of(owner).remove(key.id, CONTEXT)
        for revision in await all_revisions(storage, owner):
            assert key.digest not in repr(dataclasses.asdict(revision))

    async def test_last_use_of_a_key_records_no_revision(self, storage: Storage, owner: OwnerId) -> None:
        key: ApiKey = ApiKeyFactory.build(owner_id=owner)
        await storage.keys.of(owner).add(key, CONTEXT)
        await LastUsedTracker(repository=storage.keys, now=lambda: NOW).record(key)
        assert (await storage.keys.of(owner).get(key.id)).last_used_at == NOW
        assert len(await all_revisions(storage, owner)) == 1

    @every_kind
    async def test_refused_stale_and_empty_writes_record_no_revision(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, case: Case
    ) -> None:
        entity = case.make(owner)
        repository = case.repository(storage).of(owner)
        idempotency_key = dataclasses.replace(
            CONTEXT, idempotency_key=IdempotencyKey(operation="o", key="k", fingerprint="f")
        )
        await repository.add(entity, idempotency_key)

        def refuse(stored: object) -> Any:
            raise ChangeFailed

        def stale(stored: Owned | None) -> None:
            raise Stale("stale", "Stale.")

        for refusal, write in (
            (Conflict, repository.add(case.make(owner, id=entity.id), CONTEXT)),
            (DuplicateRequest, repository.add(case.make(owner), idempotency_key)),
            (TenantMismatch, repository.add(case.make(stranger), CONTEXT)),
            (ChangeFailed, repository.change(entity.id, refuse, CONTEXT)),
            (
                TenantMismatch,
                repository.change(entity.id, lambda stored: next_version(stored, {"id": uuid7()}), CONTEXT),
            ),
            (NotFound, repository.change(uuid7(), refuse, CONTEXT)),
            (NotFound, case.repository(storage).of(stranger).remove(entity.id, CONTEXT)),
            (Stale, repository.remove(entity.id, CONTEXT, stale)),
            (NotFound, repository.remove(uuid7(), CONTEXT)),
        ):
            with pytest.raises(refusal):
                await write
        await repository.change(entity.id, lambda stored: stored, CONTEXT)
        assert [revision.after for revision in await all_revisions(storage, owner)] == [recorded(entity)]
        assert await all_revisions(storage, stranger) == []

    @every_kind
    async def test_concurrent_writes_get_consecutive_numbers_in_commit_order(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        repository = case.repository(storage).of(owner)
        shared, before = case.make(owner), (await storage.revisions.of(owner).span()).last
        await repository.add(shared, CONTEXT)

        def step(stored: Entity) -> Entity:
            return next_version(stored, case.step(stored))

        async def write(number: int) -> None:
            if number % 3:
                await repository.change(shared.id, step, CONTEXT)
            else:
                await repository.add(case.make(owner), CONTEXT)

        await asyncio.gather(*(write(number) for number in range(18)))
        revisions = await all_revisions(storage, owner)
        assert len(revisions) == 19
        assert [each.number for each in revisions] == list(range(before + 1, before + 20))
        assert [each.version for each in revisions if each.entity_id == shared.id] == list(range(1, 14))

    @every_kind
    async def test_revisions_of_another_owner_are_invisible(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, case: Case
    ) -> None:
        entity = case.make(owner)
        await case.repository(storage).of(owner).add(entity, CONTEXT)
        history = History(revisions=storage.revisions)
        assert await all_revisions(storage, stranger) == []
        referred = len(referred_kinds(type(entity))) * len(REFERRED_IDS)
        assert await storage.revisions.of(stranger).span() == RevisionRange(0, 1 + referred)
        assert (await history.of_entity(stranger, type(entity), entity.id, PageRequest())).items == ()
        for nothing in (
            history.version(stranger, type(entity), entity.id, 1),
            history.latest(stranger, type(entity), entity.id),
        ):
            with pytest.raises(NotFound):
                await nothing

    async def test_ids_are_in_the_order_of_numbers_and_of_the_time_of_each_write(
        self, storage: Storage, owner: OwnerId
    ) -> None:
        repository = storage.repository(Simulation).of(owner)
        old: Simulation = SimulationFactory.build(owner_id=owner, created_at=OLD)
        await repository.add(old, context("1", NOW))
        await repository.add_all(SimulationFactory.build_batch(40, owner_id=owner), context("2", NOW + MICROSECOND))
        for number in range(3, 6):
            await repository.change(
                old.id,
                lambda stored: update(stored, now=NOW, name=f"{stored.version}"),
                context(str(number), NOW + 2 * MICROSECOND),
            )
        await repository.remove(old.id, context("6", NOW + timedelta(1)))
        revisions = await all_revisions(storage, owner)
        assert len(revisions) == 45
        assert [each.id for each in revisions] == sorted(each.id for each in revisions)
        assert all(is_of_moment(each.id, each.created_at) for each in revisions)

    async def test_unknown_owner_has_no_revisions(self, storage: Storage) -> None:
        nobody = OwnerId(uuid7())
        assert await storage.revisions.of(nobody).page(PageRequest(sort=IN_ORDER)) == Page((), None)
        assert await storage.revisions.of(nobody).span() == RevisionRange(0, 0)


class HistoryContract(OwnerFixtures):
    """The contract of ``History``. Subclass and provide a ``storage`` fixture."""

    @every_kind
    async def test_every_version_is_readable_before_and_after_deletion(
        self, storage: Storage, owner: OwnerId, case: Case
    ) -> None:
        history, repository = History(revisions=storage.revisions), case.repository(storage).of(owner)
        entity, kind = case.make(owner), type(case.make(owner))
        versions = [entity]
        await repository.add(entity, CONTEXT)
        for _ in range(4):
            versions.append(next_version(versions[-1], case.step(versions[-1])))
            await repository.change(entity.id, lambda _: versions[-1], CONTEXT)
        assert (await history.latest(owner, kind, entity.id)).after == recorded(versions[-1])
        await repository.remove(entity.id, CONTEXT)
        for state in versions:
            assert await history.version(owner, kind, entity.id, state.version) == recorded(state)
        for version in (0, 6, 7):
            with pytest.raises(NotFound):
                await history.version(owner, kind, entity.id, version)
        latest = await history.latest(owner, kind, entity.id)
        assert (latest.version, latest.before, latest.after) == (6, recorded(versions[-1]), None)

    async def test_revisions_of_an_entity_are_paged_latest_first(self, storage: Storage, owner: OwnerId) -> None:
        history, repository = History(revisions=storage.revisions), storage.repository(Simulation).of(owner)
        mine, other = (SimulationFactory.build(owner_id=owner) for _ in range(2))
        for simulation in (mine, other):
            await repository.add(simulation, CONTEXT)
            for name in "abcd":
                await repository.change(simulation.id, partial(update, now=NOW, name=name), CONTEXT)
        seen: list[Revision[Any]] = []
        after = None
        while True:
            page = await history.of_entity(owner, Simulation, mine.id, PageRequest(limit=2, after=after))
            seen += page.items
            after = page.next
            if after is None:
                break
        assert [(revision.entity_id, revision.version) for revision in seen] == [
            (mine.id, version) for version in (5, 4, 3, 2, 1)
        ]
        assert (await history.of_entity(owner, ApiKey, mine.id, PageRequest())).items == ()

    async def test_feed_returns_all_changes_in_order_from_any_position(self, storage: Storage, owner: OwnerId) -> None:
        history = History(revisions=storage.revisions)
        for _ in range(6):
            await storage.repository(Simulation).of(owner).add(SimulationFactory.build(owner_id=owner), CONTEXT)
        first = await history.changes(owner, PageRequest(limit=3, sort=LATEST_FIRST))
        assert [change.number for change in first.items] == [1, 2, 3]
        rest = await history.changes(owner, PageRequest(limit=100, after=first.next))
        assert [change.number for change in rest.items] == [4, 5, 6, 7]
        assert rest.next is None
        assert await history.last(owner) == 7
        end = Position(7, rest.items[-1].id)
        assert (await history.changes(owner, PageRequest(after=end))).items == ()

    async def test_position_beyond_the_last_change_is_gone(self, storage: Storage, owner: OwnerId) -> None:
        history = History(revisions=storage.revisions)
        beyond = Position(await history.last(owner) + 1, owner)
        for of in (owner, OwnerId(uuid7())):
            with pytest.raises(Gone):
                await history.changes(of, PageRequest(after=beyond))


class PurgeContract(OwnerFixtures):
    """The contract of retention. Subclass and provide a ``storage`` fixture.

    The revisions of these tests are older than all others, so that purging them affects no other test.
    """

    @staticmethod
    async def write(storage: Storage, owner: OwnerId, *moments: datetime) -> None:
        """Adds a simulation at each of these moments, after the owner's own revision."""
        for at in moments:
            await storage.repository(Simulation).of(owner).add(SimulationFactory.build(owner_id=owner), context(at=at))

    @pytest.fixture
    async def owner(self, storage: Storage) -> OwnerId:
        return await old_owner(storage)

    @pytest.fixture
    async def stranger(self, storage: Storage) -> OwnerId:
        return await old_owner(storage)

    async def test_purge_deletes_only_older_revisions(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId
    ) -> None:
        await self.write(storage, owner, OLD, OLD, OLD + MICROSECOND, NOW)
        await self.write(storage, stranger, OLD)
        history = History(revisions=storage.revisions)
        assert await history.purge(timedelta(days=2), OLD + MICROSECOND + timedelta(days=2)) >= 5
        assert await history.purge(timedelta(days=2), OLD + MICROSECOND + timedelta(days=2)) == 0
        page = await storage.revisions.of(owner).page(PageRequest(sort=IN_ORDER))
        assert [revision.number for revision in page.items] == [4, 5]
        assert await storage.revisions.of(owner).span() == RevisionRange(3, 5)
        assert (await storage.revisions.of(stranger).page(PageRequest(sort=IN_ORDER))).items == ()
        assert await storage.revisions.of(stranger).span() == RevisionRange(2, 2)
        assert len((await storage.repository(Simulation).of(owner).page(PageRequest())).items) == 4
        await storage.revisions.purge(OLD + 2 * MICROSECOND)

    async def test_purge_keeps_recent_revisions_despite_a_wrong_clock(self, storage: Storage, owner: OwnerId) -> None:
        await self.write(storage, owner, OLD, NOW, OLD, NOW)
        await storage.revisions.purge(OLD + MICROSECOND)
        page = await storage.revisions.of(owner).page(PageRequest(sort=IN_ORDER))
        assert [revision.number for revision in page.items] == [3, 4, 5]
        assert await storage.revisions.of(owner).span() == RevisionRange(2, 5)

    async def test_position_before_purged_changes_is_gone(self, storage: Storage, owner: OwnerId) -> None:
        await self.write(storage, owner, OLD, OLD, NOW, NOW)
        history = History(revisions=storage.revisions)
        places = {}
        for number in (1, 3, 4):
            page = await history.changes(owner, PageRequest(limit=number))
            places[number] = page.next
        await storage.revisions.purge(OLD + MICROSECOND)
        with pytest.raises(Gone):
            await history.changes(owner, PageRequest(after=places[1]))
        for number in (3, 4):
            page = await history.changes(owner, PageRequest(after=places[number]))
            assert [change.number for change in page.items] == list(range(number + 1, 6))
        assert await history.last(owner) == 5

    async def test_numbers_continue_after_a_complete_purge(self, storage: Storage, owner: OwnerId) -> None:
        await self.write(storage, owner, OLD)
        await storage.revisions.purge(OLD + MICROSECOND)
        await self.write(storage, owner, NOW)
        page = await storage.revisions.of(owner).page(PageRequest(sort=IN_ORDER))
        assert [revision.number for revision in page.items] == [3]

    async def test_concurrent_purges_keep_recent_revisions(self, storage: Storage, owner: OwnerId) -> None:
        await self.write(storage, owner, *[OLD] * 5, OLD + MICROSECOND, NOW)
        moments = [OLD, OLD + MICROSECOND, OLD + 2 * MICROSECOND] * 3
        await asyncio.gather(*(storage.revisions.purge(before) for before in moments))
        page = await storage.revisions.of(owner).page(PageRequest(sort=IN_ORDER))
        assert [revision.number for revision in page.items] == [8]
        assert await storage.revisions.of(owner).span() == RevisionRange(7, 8)


async def old_owner(storage: Storage) -> OwnerId:
    """An owner whose own revision is older than ``OLD``."""
    owner: Owner = OwnerFactory.build()
    await storage.owners.add(owner, context(at=OLD - MICROSECOND))
    return owner.id
