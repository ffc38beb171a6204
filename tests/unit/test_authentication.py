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
class Counted:
    """A directory that counts its lookups, with hooks before and after each."""

    directory: OwnerDirectory
    asked: list[str] = field(default_factory=list)
    before_looking: Callable[[], Awaitable[None]] = nothing
    after_looking: Callable[[], None] = lambda: None

    async def add(self, owner: Owner, context: WriteContext) -> None:
        await self.directory.add(owner, context)

    async def change(self, id: OwnerId, fn: Callable[[Owner], Owner], context: WriteContext) -> Owner:
        return await self.directory.change(id, fn, context)

    async def find(self, name_or_id: str | UUID) -> Owner | None:
        return await self.directory.find(name_or_id)

    async def all(self) -> list[Owner]:
        return await self.directory.all()

    async def holder(self, public_id: str, sent: Callable[[], None] | None = None) -> tuple[Owner, ApiKey] | None:
        self.asked.append(public_id)
        await self.before_looking()
        holder = await self.directory.holder(public_id, sent)
        self.after_looking()
        return holder


async def opened(authentication: Authentication, text: str) -> Caller | None:
    """The caller whom the authenticator would accept, if any."""
    return authentication.cached(text) or await authentication.authenticate(text)


class Scene:
    """One owner with one key, and clocks that tests advance."""

    def __init__(self) -> None:
        self.storage = Storage()
        self.directory = Counted(self.storage.owners)
        self.seconds = 1000.0
        self.text = ApiKeyToken.new(os.urandom)
        self.owner = OwnerFactory.build()
        self.key = ApiKeyFactory.build(owner_id=self.owner.id, text=self.text)
        self.authentication = self.new_process()

    async def enter(self, owner: Owner, *keys: ApiKey) -> None:
        await self.storage.owners.add(owner, CONTEXT)
        for key in keys:
            await self.storage.keys.of(owner.id).add(key, CONTEXT)

    def new_process(self) -> Authentication:
        return Authentication(directory=self.directory, now=self.now, monotonic=lambda: self.seconds)

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds - 1000)

    async def caller(self) -> Caller | None:
        return await opened(self.authentication, self.text.reveal())

    async def revoke(self) -> None:
        await self.storage.keys.of(self.owner.id).change(self.key.id, lambda key: key.revoke(self.now()), CONTEXT)


@pytest.fixture
async def scene() -> Scene:
    scene = Scene()
    await scene.enter(scene.owner, scene.key)
    return scene


async def test_a_key_that_opens_gives_its_owner_and_itself(scene: Scene) -> None:
    assert await scene.caller() == Caller(scene.owner, scene.key, scene.now())


async def test_what_cannot_be_a_key_costs_no_question(scene: Scene) -> None:
    text = scene.text.reveal()
    last = "0" if text[-1] != "0" else "1"
    for malformed in ("", "gf_", text[:-1], text + "0", text[:-1] + last, text.swapcase(), "\ud800", "🐐"):
        assert await opened(scene.authentication, malformed) is None
    assert scene.directory.asked == []


async def test_an_unknown_key_opens_nothing(scene: Scene) -> None:
    assert await opened(scene.authentication, ApiKeyToken.new(os.urandom).reveal()) is None


async def test_an_unknown_key_is_compared_as_a_wrong_secret_is(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, int]] = []
    compare = hmac.compare_digest

    def watched(one: str, other: str) -> bool:
        compared.append((len(one), len(other)))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    unknown = ApiKeyToken.new(os.urandom)
    for text in (unknown, dataclasses.replace(unknown, public_id=scene.text.public_id), scene.text):
        compared.clear()
        assert (await opened(scene.authentication, text.reveal()) is None) == (text is not scene.text)
        assert compared == [(64, 64)]


async def test_the_public_id_alone_opens_nothing_even_while_the_key_is_remembered(scene: Scene) -> None:
    assert await scene.caller() is not None
    forged = dataclasses.replace(ApiKeyToken.new(os.urandom), public_id=scene.text.public_id)
    assert await opened(scene.authentication, forged.reveal()) is None


async def test_an_expired_key_opens_nothing_though_it_is_remembered(scene: Scene) -> None:
    owner, text = OwnerFactory.build(), ApiKeyToken.new(os.urandom)
    expires_at = scene.now() + timedelta(seconds=0.25)
    await scene.enter(owner, ApiKeyFactory.build(owner_id=owner.id, text=text, expires_at=expires_at))
    assert await opened(scene.authentication, text.reveal()) is not None
    scene.seconds += 0.25
    assert await opened(scene.authentication, text.reveal()) is None
    assert len(scene.directory.asked) == 1


async def test_a_key_of_a_deactivated_owner_opens_nothing(scene: Scene) -> None:
    owner, text = OwnerFactory.build(deactivated_at=NOW), ApiKeyToken.new(os.urandom)
    await scene.enter(owner, ApiKeyFactory.build(owner_id=owner.id, text=text))
    assert await opened(scene.authentication, text.reveal()) is None


async def test_the_directory_is_believed_for_less_than_half_a_second(scene: Scene) -> None:
    for moment, questions in ((0.0, 1), (0.25, 1), (0.4375, 1), (0.5, 2), (0.9375, 2), (1.0, 3)):
        scene.seconds = 1000 + moment
        assert await scene.caller() is not None
        assert len(scene.directory.asked) == questions, moment


async def test_a_revoked_key_is_dead_in_every_process_half_a_second_later(scene: Scene) -> None:
    other = scene.new_process()
    assert await scene.caller() is not None
    assert await opened(other, scene.text.reveal()) is not None
    await scene.revoke()
    scene.seconds += 0.5
    assert await scene.caller() is None
    assert await opened(other, scene.text.reveal()) is None


async def test_the_half_second_counts_from_before_the_question(scene: Scene) -> None:
    def time_passes() -> None:
        scene.seconds += 0.4375

    scene.directory.after_looking = time_passes
    assert await scene.caller() is not None
    await scene.revoke()
    scene.seconds += 0.0625
    assert await scene.caller() is None


async def test_an_owner_deactivated_meanwhile_is_locked_out_half_a_second_later(scene: Scene) -> None:
    assert await scene.caller() is not None
    scene.storage = Storage()
    await scene.enter(dataclasses.replace(scene.owner, deactivated_at=NOW), scene.key)
    scene.directory.directory = scene.storage.owners
    scene.seconds += 0.5
    assert await scene.caller() is None


async def test_a_new_key_that_was_asked_for_too_early_opens_half_a_second_later(scene: Scene) -> None:
    text = ApiKeyToken.new(os.urandom)
    assert await opened(scene.authentication, text.reveal()) is None
    await scene.storage.keys.of(scene.owner.id).add(ApiKeyFactory.build(owner_id=scene.owner.id, text=text), CONTEXT)
    scene.seconds += 0.5
    assert await opened(scene.authentication, text.reveal()) is not None


async def test_a_directory_out_of_reach_is_no_answer_and_not_remembered(scene: Scene) -> None:
    def fail() -> None:
        raise Unavailable("away")

    scene.directory.after_looking = fail
    with pytest.raises(Unavailable):
        await scene.caller()
    scene.directory.after_looking = lambda: None
    assert await scene.caller() is not None


async def test_no_more_answers_are_remembered_than_allowed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Authentication, "CACHE_SIZE", 3)
    scene.authentication = scene.new_process()
    for _ in range(10):
        assert await opened(scene.authentication, ApiKeyToken.new(os.urandom).reveal()) is None
        assert len(scene.authentication._holders) <= 3
    assert await scene.caller() is not None


async def test_what_has_opened_is_remembered_by_its_whole_text_for_half_a_second(scene: Scene) -> None:
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


async def test_no_more_texts_are_remembered_than_allowed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Authentication, "CACHE_SIZE", 3)
    scene.authentication = scene.new_process()
    for _ in range(5):
        text = ApiKeyToken.new(os.urandom)
        await scene.storage.keys.of(scene.owner.id).add(
            ApiKeyFactory.build(owner_id=scene.owner.id, text=text), CONTEXT
        )
        assert await scene.authentication.authenticate(text.reveal()) is not None
        assert len(scene.authentication._valid) <= 3
