"""The contract of every owner directory, as documented in ``domain.access.ports``."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from uuid_utils.compat import uuid7

from domain.access.api_key import ApiKey
from domain.access.owner import Owner
from domain.errors import Conflict
from domain.repository import with_changes
from tests.factories import (
    CONTEXT,
    NOW,
    ApiKeyFactory,
    OwnerFactory,
)

if TYPE_CHECKING:
    from app.storage import Storage


class OwnerDirectoryContract:
    """Subclass and provide a ``storage`` fixture, which may already contain other owners."""

    @pytest.mark.parametrize(
        "fields",
        [
            pytest.param({}, id="plain"),
            pytest.param({"created_at": datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)}, id="old"),
            pytest.param({"deactivated_at": NOW}, id="deactivated"),
        ],
    )
    async def test_an_owner_is_found_by_id_and_by_name(self, storage: Storage, fields: dict[str, object]) -> None:
        owner = OwnerFactory.build(**fields)
        await storage.owners.add(OwnerFactory.build(), CONTEXT)
        await storage.owners.add(owner, CONTEXT)
        assert await storage.owners.find(owner.id) == owner
        assert await storage.owners.find(owner.name) == owner

    async def test_times_are_returned_in_utc(self, storage: Storage) -> None:
        owner = OwnerFactory.build(deactivated_at=NOW)
        await storage.owners.add(owner, CONTEXT)
        stored = await storage.owners.find(owner.id)
        assert stored is not None
        assert stored.deactivated_at is not None
        assert (stored.created_at.tzname(), stored.deactivated_at.tzname()) == ("UTC", "UTC")

    async def test_lookup_by_name_is_exact(self, storage: Storage) -> None:
        owner = OwnerFactory.build(name=f"Åse %_ {uuid7()} x")
        await storage.owners.add(owner, CONTEXT)
        assert await storage.owners.find(owner.name) == owner
        for other in (owner.name.upper(), owner.name[:-1], owner.name + " ", str(owner.id), ""):
            assert await storage.owners.find(other) is None

    async def test_unknown_id_finds_no_owner(self, storage: Storage) -> None:
        assert await storage.owners.find(uuid7()) is None

    async def test_duplicate_name_is_refused(self, storage: Storage) -> None:
        first = OwnerFactory.build()
        second = OwnerFactory.build(name=first.name)
        await storage.owners.add(first, CONTEXT)
        with pytest.raises(Conflict) as refused:
            await storage.owners.add(second, CONTEXT)
        assert refused.value.code == "owner_name_taken"
        assert first.name in refused.value.detail
        assert await storage.owners.find(first.name) == first
        assert await storage.owners.find(second.id) is None

    async def test_concurrent_adds_with_one_name_add_one_owner(self, storage: Storage) -> None:
        rivals = [OwnerFactory.build(name=name) for name in [f"Rival {uuid7()}"] * 8]
        adding = (storage.owners.add(rival, CONTEXT) for rival in rivals)
        outcomes = await asyncio.gather(*adding, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes if outcome is not None] == [Conflict] * 7
        assert await storage.owners.find(rivals[0].name) == rivals[outcomes.index(None)]

    async def test_all_owners_are_listed_by_name(self, storage: Storage) -> None:
        batch = uuid7()
        owners = {name: OwnerFactory.build(name=f"{batch} {name}") for name in "dacb"}
        for owner in owners.values():
            await storage.owners.add(owner, CONTEXT)
        listed = await storage.owners.all()
        assert [owner for owner in listed if str(batch) in owner.name] == [owners[name] for name in "abcd"]

    @pytest.mark.parametrize(
        "fields",
        [
            pytest.param({}, id="alive"),
            pytest.param({"expires_at": NOW - timedelta(days=1)}, id="expired"),
            pytest.param({"revoked_at": NOW}, id="revoked"),
        ],
    )
    @pytest.mark.parametrize("deactivated_at", [pytest.param(None, id="active"), pytest.param(NOW, id="deactivated")])
    async def test_key_lookup_ignores_the_state_of_key_and_owner(
        self, storage: Storage, fields: dict[str, object], deactivated_at: datetime | None
    ) -> None:
        owner, key = await _with_key(storage, OwnerFactory.build(deactivated_at=deactivated_at), **fields)
        await _with_key(storage, OwnerFactory.build())
        assert await storage.owners.holder(key.public_id) == (owner, key)

    async def test_every_key_of_an_owner_is_found(self, storage: Storage) -> None:
        owner, first = await _with_key(storage, OwnerFactory.build())
        second = ApiKeyFactory.build(owner_id=owner.id)
        await storage.keys.of(owner.id).add(second, CONTEXT)
        assert await storage.owners.holder(first.public_id) == (owner, first)
        assert await storage.owners.holder(second.public_id) == (owner, second)

    async def test_owner_is_active_until_it_is_deactivated(self, storage: Storage) -> None:
        owner, other = OwnerFactory.build(), OwnerFactory.build()
        await storage.owners.add(owner, CONTEXT)
        assert await storage.owners.is_active(owner.id)
        assert not await storage.owners.is_active(other.id)
        await storage.owners.change(owner.id, lambda stored: stored.deactivate(NOW), CONTEXT)
        assert not await storage.owners.is_active(owner.id)

    async def test_unknown_key_finds_no_owner(self, storage: Storage) -> None:
        _, key = await _with_key(storage, OwnerFactory.build())
        for unknown in (key.public_id[:-1], key.public_id + "0", key.public_id.swapcase(), key.digest, ""):
            assert await storage.owners.holder(unknown) is None

    async def test_lookup_reflects_changed_and_removed_keys(self, storage: Storage) -> None:
        owner, key = await _with_key(storage, OwnerFactory.build())
        keys = storage.keys.of(owner.id)
        revoked = await keys.change(key.id, lambda stored: with_changes(stored, {"revoked_at": NOW}), CONTEXT)
        assert revoked == dataclasses.replace(key, revoked_at=NOW, version=2)
        assert await storage.owners.holder(key.public_id) == (owner, revoked)
        await keys.remove(key.id, CONTEXT)
        assert await storage.owners.holder(key.public_id) is None


async def _with_key(storage: Storage, owner: Owner, **fields: object) -> tuple[Owner, ApiKey]:
    key = ApiKeyFactory.build(owner_id=owner.id, **fields)
    await storage.owners.add(owner, CONTEXT)
    await storage.keys.of(owner.id).add(key, CONTEXT)
    return owner, key
