"""Authentication: a revoked key is rejected within half a second, and a malformed one costs no query."""

import dataclasses
import hmac
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from adapters.in_memory.storage import Storage
from domain.access.api_key import ApiKey
from domain.access.authentication import Authentication, Caller
from domain.access.owner import Owner
from domain.access.ports import OwnerDirectory
from domain.access.token import ApiKeyToken
from domain.errors import Unavailable
from domain.repository import OwnerId
from domain.write_context import WriteContext
from tests.factories import (
    CONTEXT,
    NOW,
    ApiKeyFactory,
    OwnerFactory,
)


async def nothing() -> None:
    """The default hook before a lookup: does nothing."""


@dataclass
class CountingDirectory:
    """A directory that counts its lookups, with hooks before and after each."""

    directory: OwnerDirectory
    lookups: list[str] = field(default_factory=list)
    before_lookup: Callable[[], Awaitable[None]] = nothing
    after_lookup: Callable[[], None] = lambda: None

    async def add(self, owner: Owner, context: WriteContext) -> None:
        await self.directory.add(owner, context)

    async def change(self, id: OwnerId, fn: Callable[[Owner], Owner], context: WriteContext) -> Owner:
        return await self.directory.change(id, fn, context)

    async def find(self, name_or_id: str | UUID) -> Owner | None:
        return await self.directory.find(name_or_id)

    async def all(self) -> list[Owner]:
        return await self.directory.all()

    async def is_active(self, id: OwnerId) -> bool:
        return await self.directory.is_active(id)

    async def holder(self, public_id: str, sent: Callable[[], None] | None = None) -> tuple[Owner, ApiKey] | None:
        self.lookups.append(public_id)
        await self.before_lookup()
        holder = await self.directory.holder(public_id, sent)
        self.after_lookup()
        return holder


async def accepted_caller(authentication: Authentication, text: str) -> Caller | None:
    """The caller whom the authenticator would accept, if any."""
    return authentication.cached(text) or await authentication.authenticate(text)


class Scene:
    """One owner with one key, and clocks that tests advance."""

    def __init__(self) -> None:
        self.storage = Storage()
        self.directory = CountingDirectory(self.storage.owners)
        self.seconds = 1000.0
        self.text = ApiKeyToken.new(os.urandom)
        self.owner = OwnerFactory.build()
        self.key = ApiKeyFactory.build(owner_id=self.owner.id, text=self.text)
        self.authentication = self.new_process()

    async def add(self, owner: Owner, *keys: ApiKey) -> None:
        await self.storage.owners.add(owner, CONTEXT)
        for key in keys:
            await self.storage.keys.of(owner.id).add(key, CONTEXT)

    def new_process(self) -> Authentication:
        return Authentication(directory=self.directory, now=self.now, monotonic=lambda: self.seconds)

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds - 1000)

    async def caller(self) -> Caller | None:
        return await accepted_caller(self.authentication, self.text.reveal())

    async def revoke(self) -> None:
        await self.storage.keys.of(self.owner.id).change(self.key.id, lambda key: key.revoke(self.now()), CONTEXT)


@pytest.fixture
async def scene() -> Scene:
    scene = Scene()
    await scene.add(scene.owner, scene.key)
    return scene


async def test_valid_key_authenticates_its_owner(scene: Scene) -> None:
    assert await scene.caller() == Caller(scene.owner, scene.key, scene.now())


async def test_malformed_key_is_not_looked_up(scene: Scene) -> None:
    text = scene.text.reveal()
    last = "0" if text[-1] != "0" else "1"
    for malformed in ("", "gf_", text[:-1], text + "0", text[:-1] + last, text.swapcase(), "\ud800", "🐐"):
        assert await accepted_caller(scene.authentication, malformed) is None
    assert scene.directory.lookups == []


async def test_unknown_key_is_rejected(scene: Scene) -> None:
    assert await accepted_caller(scene.authentication, ApiKeyToken.new(os.urandom).reveal()) is None


async def test_unknown_key_is_compared_like_a_wrong_secret(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, int]] = []
    compare = hmac.compare_digest

    def watched(one: str, other: str) -> bool:
        compared.append((len(one), len(other)))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    unknown = ApiKeyToken.new(os.urandom)
    for text in (unknown, dataclasses.replace(unknown, public_id=scene.text.public_id), scene.text):
        compared.clear()
        assert (await accepted_caller(scene.authentication, text.reveal()) is None) == (text is not scene.text)
        assert compared == [(64, 64)]


async def test_wrong_secret_is_rejected_while_the_key_is_cached(scene: Scene) -> None:
    assert await scene.caller() is not None
    forged = dataclasses.replace(ApiKeyToken.new(os.urandom), public_id=scene.text.public_id)
    assert await accepted_caller(scene.authentication, forged.reveal()) is None


async def test_expired_key_is_rejected_while_it_is_cached(scene: Scene) -> None:
    owner, text = OwnerFactory.build(), ApiKeyToken.new(os.urandom)
    expires_at = scene.now() + timedelta(seconds=0.25)
    await scene.add(owner, ApiKeyFactory.build(owner_id=owner.id, text=text, expires_at=expires_at))
    assert await accepted_caller(scene.authentication, text.reveal()) is not None
    scene.seconds += 0.25
    assert await accepted_caller(scene.authentication, text.reveal()) is None
    assert len(scene.directory.lookups) == 1


async def test_key_of_a_deactivated_owner_is_rejected(scene: Scene) -> None:
    owner, text = OwnerFactory.build(deactivated_at=NOW), ApiKeyToken.new(os.urandom)
    await scene.add(owner, ApiKeyFactory.build(owner_id=owner.id, text=text))
    assert await accepted_caller(scene.authentication, text.reveal()) is None


async def test_lookups_are_cached_for_less_than_half_a_second(scene: Scene) -> None:
    for moment, lookups in ((0.0, 1), (0.25, 1), (0.4375, 1), (0.5, 2), (0.9375, 2), (1.0, 3)):
        scene.seconds = 1000 + moment
        assert await scene.caller() is not None
        assert len(scene.directory.lookups) == lookups, moment


async def test_revoked_key_is_rejected_by_every_process_after_half_a_second(scene: Scene) -> None:
    other = scene.new_process()
    assert await scene.caller() is not None
    assert await accepted_caller(other, scene.text.reveal()) is not None
    await scene.revoke()
    scene.seconds += 0.5
    assert await scene.caller() is None
    assert await accepted_caller(other, scene.text.reveal()) is None


async def test_cache_lifetime_starts_before_the_lookup(scene: Scene) -> None:
    def time_passes() -> None:
        scene.seconds += 0.4375

    scene.directory.after_lookup = time_passes
    assert await scene.caller() is not None
    await scene.revoke()
    scene.seconds += 0.0625
    assert await scene.caller() is None


async def test_deactivated_owner_is_rejected_after_half_a_second(scene: Scene) -> None:
    assert await scene.caller() is not None
    scene.storage = Storage()
    await scene.add(dataclasses.replace(scene.owner, deactivated_at=NOW), scene.key)
    scene.directory.directory = scene.storage.owners
    scene.seconds += 0.5
    assert await scene.caller() is None


async def test_key_created_after_a_failed_lookup_is_accepted_after_half_a_second(scene: Scene) -> None:
    text = ApiKeyToken.new(os.urandom)
    assert await accepted_caller(scene.authentication, text.reveal()) is None
    await scene.storage.keys.of(scene.owner.id).add(ApiKeyFactory.build(owner_id=scene.owner.id, text=text), CONTEXT)
    scene.seconds += 0.5
    assert await accepted_caller(scene.authentication, text.reveal()) is not None


async def test_failed_lookup_is_not_cached(scene: Scene) -> None:
    def fail() -> None:
        raise Unavailable("away")

    scene.directory.after_lookup = fail
    with pytest.raises(Unavailable):
        await scene.caller()
    scene.directory.after_lookup = lambda: None
    assert await scene.caller() is not None


async def test_cache_of_lookups_is_bounded(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Authentication, "CACHE_SIZE", 3)
    scene.authentication = scene.new_process()
    for _ in range(10):
        assert await accepted_caller(scene.authentication, ApiKeyToken.new(os.urandom).reveal()) is None
        assert len(scene.authentication._holders) <= 3
    assert await scene.caller() is not None


async def test_valid_token_is_cached_by_its_full_text_for_half_a_second(scene: Scene) -> None:
    cached, text = scene.authentication.cached, scene.text.reveal()
    assert cached(text) is None
    caller = await scene.authentication.authenticate(text)
    assert cached(text) == caller
    other_secret = dataclasses.replace(ApiKeyToken.new(os.urandom), public_id=scene.text.public_id).reveal()
    await scene.authentication.authenticate(other_secret)
    for wrong in (other_secret, text[:-1], text + " ", text.swapcase(), scene.text.public_id, ""):
        assert cached(wrong) is None
    scene.seconds += 0.4375
    assert cached(text) == Caller(scene.owner, scene.key, scene.now())
    scene.seconds += 0.0625
    assert cached(text) is None


async def test_cache_of_valid_tokens_is_bounded(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Authentication, "CACHE_SIZE", 3)
    scene.authentication = scene.new_process()
    for _ in range(5):
        text = ApiKeyToken.new(os.urandom)
        await scene.storage.keys.of(scene.owner.id).add(
            ApiKeyFactory.build(owner_id=scene.owner.id, text=text), CONTEXT
        )
        assert await scene.authentication.authenticate(text.reveal()) is not None
        assert len(scene.authentication._valid) <= 3
