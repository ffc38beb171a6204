"""The use cases of owners, keys and simulations, on the in-memory adapter."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from adapters.in_memory.storage import Storage
from domain.access.authentication import Authentication
from domain.access.owner import Owner
from domain.access.scopes import Scope
from domain.access.use_cases import ApiKeys, Owners
from domain.entity import violations_of
from domain.errors import Conflict, Denied, Invalid, NotFound
from domain.history import History
from domain.paging import PageRequest
from domain.revisions import Revision
from domain.simulations.simulation import Simulation
from domain.use_cases import EntityUseCases
from domain.write_context import WriteContext
from tests.factories import (
    CONTEXT,
    NOW,
    ApiKeyFactory,
    OwnerFactory,
    SimulationFactory,
    new_owner_id,
)

START, END = date(2026, 1, 5), date(2026, 2, 1)


@dataclass
class World:
    """All use cases on one storage, with a fake clock and ids."""

    time: datetime = NOW
    storage: Storage = field(default_factory=Storage)
    ids: list[UUID] = field(default_factory=list)

    @property
    def context(self) -> WriteContext:
        return replace(CONTEXT, at=self.time)

    def new_id(self) -> UUID:
        self.ids.append(uuid7())
        return self.ids[-1]

    def advance_one_second(self) -> None:
        self.time += timedelta(seconds=1)

    @property
    def simulations(self) -> EntityUseCases[Simulation]:
        return EntityUseCases(
            entity=Simulation,
            repository=self.storage.repository(Simulation),
            history=History(revisions=self.storage.revisions),
            new_id=self.new_id,
        )

    @property
    def keys(self) -> ApiKeys:
        return ApiKeys(repository=self.storage.keys, new_id=self.new_id, random_bytes=os.urandom)

    @property
    def owners(self) -> Owners:
        return Owners(directory=self.storage.owners, new_id=self.new_id)

    async def simulation(self) -> Simulation:
        owner = new_owner_id()
        return await self.simulations.create(owner, CONTEXT, name="Flutter", start_date=START, end_date=END)


@pytest.fixture
def world() -> World:
    return World()


async def test_created_simulation_is_stored_with_a_new_id_and_the_time(world: World) -> None:
    owner = new_owner_id()
    created = await world.simulations.create(owner, world.context, name=" Flutter ", start_date=START, end_date=END)
    assert created == SimulationFactory.build(
        id=world.ids[0], owner_id=owner, name="Flutter", start_date=START, end_date=END
    )
    assert await world.simulations.get(owner, created.id) == created


async def test_refused_simulation_is_not_stored(world: World) -> None:
    owner = new_owner_id()
    with pytest.raises(Invalid):
        await world.simulations.create(owner, world.context, name=" ", start_date=START, end_date=END)
    assert (await world.simulations.list(owner, PageRequest())).items == ()


async def test_simulations_are_listed_newest_first_in_pages(world: World) -> None:
    owner = new_owner_id()
    for name in "abc":
        await world.simulations.create(owner, world.context, name=name, start_date=START, end_date=END)
        world.advance_one_second()
    page = await world.simulations.list(owner, PageRequest(limit=2))
    assert [simulation.name for simulation in page.items] == ["c", "b"]
    page = await world.simulations.list(owner, PageRequest(limit=2, after=page.next))
    assert ([simulation.name for simulation in page.items], page.next) == (["a"], None)


async def test_update_changes_only_the_given_fields(world: World) -> None:
    before = await world.simulation()
    world.advance_one_second()
    after = await world.simulations.update(before.owner_id, before.id, world.context, name="Gust")
    assert (after.name, after.start_date, after.version) == ("Gust", before.start_date, 2)
    assert after.updated_at == before.updated_at + timedelta(seconds=1)
    assert await world.simulations.get(before.owner_id, before.id) == after


async def test_update_without_effect_keeps_version_and_time(world: World) -> None:
    before = await world.simulation()
    world.advance_one_second()
    assert await world.simulations.update(before.owner_id, before.id, world.context, name="Flutter") == before


async def test_invalid_update_is_refused_before_the_lookup(world: World) -> None:
    with pytest.raises(Invalid):
        await world.simulations.update(new_owner_id(), uuid7(), world.context, name="")


async def test_update_that_contradicts_the_stored_simulation_is_refused(world: World) -> None:
    before = await world.simulation()
    with pytest.raises(Invalid):
        await world.simulations.update(before.owner_id, before.id, world.context, end_date=date(2025, 1, 1))
    assert await world.simulations.get(before.owner_id, before.id) == before


async def test_deleted_simulation_is_not_found(world: World) -> None:
    simulation = await world.simulation()
    await world.simulations.delete(simulation.owner_id, simulation.id, world.context)
    with pytest.raises(NotFound):
        await world.simulations.get(simulation.owner_id, simulation.id)


async def test_simulation_of_another_owner_is_refused_like_an_unknown_one(world: World) -> None:
    simulation, stranger = await world.simulation(), new_owner_id()
    attempts: list[Callable[[UUID], Awaitable[object]]] = [
        lambda id: world.simulations.get(stranger, id),
        lambda id: world.simulations.update(stranger, id, world.context, name="Gust"),
        lambda id: world.simulations.delete(stranger, id, world.context),
    ]
    for attempt in attempts:
        refusals = []
        for id in (simulation.id, uuid7()):
            with pytest.raises(NotFound) as refused:
                await attempt(id)
            refusals.append((refused.value.code, refused.value.detail))
        assert refusals[0] == refusals[1]
    assert await world.simulations.get(simulation.owner_id, simulation.id) == simulation


async def test_created_key_accepts_its_token(world: World) -> None:
    owner = new_owner_id()
    key, text = await world.keys.create(owner, world.context, name="CI", scopes=[Scope.SIMULATIONS_READ])
    assert (key.id, key.owner_id, key.created_at) == (world.ids[0], owner, NOW)
    assert key.accepts(text, NOW)
    assert await world.keys.get(owner, key.id) == key
    assert (await world.keys.list(owner, PageRequest())).items == (key,)


async def test_key_cannot_grant_scopes_that_it_lacks(world: World) -> None:
    owner = new_owner_id()
    held = [Scope.KEYS_MANAGE, Scope.SIMULATIONS_READ]
    maker, _ = await world.keys.create(owner, world.context, name="maker", scopes=held)
    with pytest.raises(Denied):
        await world.keys.create(owner, world.context, name="CI", scopes=[Scope.SIMULATIONS_WRITE], granted_by=maker)
    assert (await world.keys.list(owner, PageRequest())).items == (maker,)
    key, _ = await world.keys.create(owner, world.context, name="CI", scopes=[Scope.SIMULATIONS_READ], granted_by=maker)
    assert key.scopes == {Scope.SIMULATIONS_READ}


async def test_revoked_key_stays_readable_and_can_be_revoked_again(world: World) -> None:
    owner = new_owner_id()
    key, text = await world.keys.create(owner, world.context, name="CI", scopes=list(Scope))
    revoked = await world.keys.revoke(owner, key.id, world.context)
    assert revoked.revoked_at == NOW
    assert not revoked.accepts(text, NOW)
    world.advance_one_second()
    assert await world.keys.revoke(owner, key.id, world.context) == revoked
    assert await world.keys.get(owner, key.id) == revoked


async def test_key_cannot_revoke_itself(world: World) -> None:
    owner = new_owner_id()
    key, _ = await world.keys.create(owner, world.context, name="CI", scopes=list(Scope))
    with pytest.raises(Conflict) as refused:
        await world.keys.revoke(owner, key.id, world.context, revoked_by=key)
    assert refused.value.code == "key_in_use"
    assert await world.keys.get(owner, key.id) == key
    other, _ = await world.keys.create(owner, world.context, name="Other", scopes=list(Scope))
    assert (await world.keys.revoke(owner, key.id, world.context, revoked_by=other)).revoked_at == NOW


async def test_rolled_key_is_replaced_after_the_overlap(world: World) -> None:
    owner, end = new_owner_id(), NOW + timedelta(days=90)
    old, old_text = await world.keys.create(owner, world.context, name="CI", scopes=[Scope.SIMULATIONS_READ])
    world.advance_one_second()
    new, text = await world.keys.roll(owner, old.id, world.context, overlap=timedelta(hours=1), expires_at=end)
    assert (new.name, new.scopes, new.created_at, new.expires_at) == ("CI", old.scopes, world.time, end)
    stored = await world.keys.get(owner, old.id)
    assert stored.expires_at == world.time + timedelta(hours=1)
    for elapsed, opens in ((timedelta(minutes=59), True), (timedelta(hours=1), False)):
        assert stored.accepts(old_text, world.time + elapsed) is opens
        assert new.accepts(text, world.time + elapsed)


async def test_roll_does_not_extend_the_old_key(world: World) -> None:
    owner, end = new_owner_id(), NOW + timedelta(minutes=1)
    old, _ = await world.keys.create(owner, world.context, name="CI", scopes=list(Scope), expires_at=end)
    world.advance_one_second()
    new, _ = await world.keys.roll(owner, old.id, world.context, overlap=timedelta(days=1))
    assert (await world.keys.get(owner, old.id)).expires_at == end
    assert new.expires_at == end + timedelta(seconds=1)
    unlimited, _ = await world.keys.roll(owner, old.id, world.context, overlap=timedelta(days=1), expires_at=None)
    assert unlimited.expires_at is None


async def test_key_can_roll_itself_but_no_key_with_more_scopes(world: World) -> None:
    owner, day = new_owner_id(), timedelta(days=1)
    weak, _ = await world.keys.create(owner, world.context, name="weak", scopes=[Scope.KEYS_MANAGE])
    strong, _ = await world.keys.create(owner, world.context, name="strong", scopes=list(Scope))
    with pytest.raises(Denied):
        await world.keys.roll(owner, strong.id, world.context, overlap=day, rolled_by=weak)
    assert (await world.keys.get(owner, strong.id)) == strong
    assert len((await world.keys.list(owner, PageRequest())).items) == 2
    for key in (weak, strong):
        new, _ = await world.keys.roll(owner, key.id, world.context, overlap=day, rolled_by=key)
        assert new.scopes == key.scopes


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"overlap": timedelta(days=30, microseconds=1)}, "overlap_seconds"),
        ({"overlap": -timedelta(microseconds=1)}, "overlap_seconds"),
        ({"overlap": timedelta(), "expires_at": NOW}, "expires_at"),
    ],
)
async def test_invalid_roll_is_refused_before_the_lookup(world: World, given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await world.keys.roll(new_owner_id(), uuid7(), world.context, **given)
    assert [violation.field for violation in refused.value.violations] == [field]


async def test_inactive_key_cannot_be_rolled(world: World) -> None:
    owner = new_owner_id()
    key, _ = await world.keys.create(owner, world.context, name="CI", scopes=list(Scope))
    await world.keys.revoke(owner, key.id, world.context)
    with pytest.raises(Conflict) as refused:
        await world.keys.roll(owner, key.id, world.context, overlap=timedelta())
    assert refused.value.code == "key_ended"
    assert len((await world.keys.list(owner, PageRequest())).items) == 1


async def test_key_of_another_owner_cannot_be_read_rolled_or_revoked(world: World) -> None:
    owner, stranger = new_owner_id(), new_owner_id()
    key, _ = await world.keys.create(owner, world.context, name="CI", scopes=list(Scope))
    with pytest.raises(NotFound):
        await world.keys.get(stranger, key.id)
    with pytest.raises(NotFound):
        await world.keys.revoke(stranger, key.id, world.context)
    with pytest.raises(NotFound):
        await world.keys.roll(stranger, key.id, world.context, overlap=timedelta())
    assert await world.keys.get(owner, key.id) == key


async def test_owner_is_found_by_name_and_by_id(world: World) -> None:
    owner = await world.owners.create(" Ada Ltd ", world.context)
    assert owner == Owner(id=owner.id, name="Ada Ltd", created_at=NOW)
    assert await world.owners.get("Ada Ltd") == owner
    assert await world.owners.get(str(owner.id)) == owner
    assert await world.owners.get(str(owner.id).upper()) == owner


async def test_id_takes_precedence_over_a_name(world: World) -> None:
    ada = await world.owners.create("Ada", world.context)
    for spelt in (str(ada.id), ada.id.hex.upper(), f" {{{ada.id}}} ", f"urn:uuid:{ada.id}"):
        with pytest.raises(Invalid, match="is a UUID"):
            await world.owners.create(spelt, world.context)
    old = OwnerFactory.build(name=str(ada.id))  # from a time when such a name was still allowed
    await world.storage.owners.add(old, world.context)
    assert await world.owners.get(str(ada.id)) == await world.owners.get(ada.id) == ada
    assert (await world.owners.deactivate(ada.id, world.context)).id == ada.id
    assert (await world.owners.activate(str(ada.id), world.context)).id == ada.id
    assert await world.owners.get(old.id) == old
    with pytest.raises(NotFound):
        await world.owners.get(uuid7())


async def test_uuid_is_never_looked_up_as_a_name(world: World) -> None:
    gone = uuid7()
    await world.storage.owners.add(OwnerFactory.build(name=str(gone)), world.context)
    with pytest.raises(NotFound):
        await world.owners.get(str(gone))


@pytest.mark.parametrize("unknown", ["Ada", "", "01890a5d-ac96-774b-bcce-b302099a8057", "not-a-uuid"])
async def test_unknown_owner_is_not_found(world: World, unknown: str) -> None:
    with pytest.raises(NotFound) as refused:
        await world.owners.get(unknown)
    assert refused.value.code == "owner_not_found"


async def test_owner_requires_a_valid_and_unused_name(world: World) -> None:
    await world.owners.create("Ada", world.context)
    with pytest.raises(Conflict):
        await world.owners.create(" Ada ", world.context)
    for bad in ("", " ", "x" * 101, "a\x00"):
        with pytest.raises(Invalid):
            await world.owners.create(bad, world.context)
    assert [owner.name for owner in await world.owners.list()] == ["Ada"]


async def test_owner_can_be_erased_only_after_cached_keys_have_expired(world: World) -> None:
    owner = await world.owners.create("Acme", world.context)
    with pytest.raises(Conflict) as refused:
        owner.wait_to_erase(world.time)
    assert refused.value.code == "owner_active"
    owner = await world.owners.deactivate("Acme", world.context)
    for elapsed, remaining in ((-3600, 1000), (0, 1000), (0.25, 750), (1, 0), (3600, 0)):
        waited = owner.wait_to_erase(world.time + timedelta(seconds=elapsed))
        assert waited == timedelta(milliseconds=remaining)
    assert owner.DEACTIVATION_DELAY.total_seconds() > Authentication.CACHE_TTL


def test_violations_of_stored_entities_are_found() -> None:
    key = ApiKeyFactory.build()
    assert [violations_of(each) for each in (key, SimulationFactory.build(), OwnerFactory.build())] == [[], [], []]
    for entity, wrong in (
        (replace(key, name=" "), "name"),
        (replace(key, scopes=frozenset()), "scopes"),
        (replace(key, digest=key.digest.upper()), "digest"),
        (replace(key, digest=""), "digest"),
        (replace(key, public_id="x"), "digest"),
        (SimulationFactory.build(name="a\n"), "name"),
        (OwnerFactory.build(name="x" * 101), "name"),
        (OwnerFactory.build(name=" Ada"), "name"),
        (OwnerFactory.build(name=str(uuid7())), "name"),
    ):
        assert [violation.field for violation in violations_of(entity)] == [wrong], entity


def test_revision_must_match_its_entity_and_contain_no_secret() -> None:
    key = ApiKeyFactory.build()
    revision = Revision.of(None, key, CONTEXT, number=1)
    assert revision.violations() == []
    for changes, code in (
        ({"after": None}, "misdirected"),
        ({"owner_id": new_owner_id()}, "misdirected"),
        ({"entity_id": uuid7()}, "misdirected"),
        ({"kind": "simulation"}, "misdirected"),
        ({"before": ApiKeyFactory.build(digest="")}, "misdirected"),
        ({"after": key}, "secret"),
    ):
        assert [violation.code for violation in replace(revision, **changes).violations()] == [code], changes
