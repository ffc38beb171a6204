"""All that can be done with owners and keys, a method each, and the check of a key that a caller presents."""

import asyncio
import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias, TypeVar
from uuid import UUID

from domain.access.key import Key, KeyText, Lifetime, Scope, require_scopes
from domain.access.owner import Owner
from domain.access.ports import KeyRepository, OwnerDirectory
from domain.errors import Conflict, Invalid, Unavailable
from domain.paging import Page, PageRequest
from domain.rules import as_id
from domain.tenancy import Cause, Guard, OwnerId, found, unguarded

Holder: TypeAlias = tuple[Owner, Key]
K = TypeVar("K")
V = TypeVar("V")


class Caller(NamedTuple):
    """Whoever holds a key that opens: its owner, the key itself, and when it was shown."""

    owner: Owner
    key: Key
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """The use cases of owners, for operators."""

    directory: OwnerDirectory
    new_id: Callable[[], UUID]

    async def create(self, name: str, cause: Cause) -> Owner:
        """Makes and stores an owner. Raises ``Invalid``, and ``Conflict`` where the name is taken."""
        owner = Owner.create(id=OwnerId(self.new_id()), now=cause.at, name=name)
        await self.directory.add(owner, cause)
        return owner

    async def get(self, name_or_id: str | UUID) -> Owner:
        """The owner of this name or id; a text that reads as an id is no name. Raises ``NotFound``."""
        id = as_id(name_or_id) if isinstance(name_or_id, str) else name_or_id
        return found(await self.directory.find(id or name_or_id), Owner.KIND)

    async def list(self) -> list[Owner]:
        return await self.directory.all()

    async def deactivate(self, name_or_id: str | UUID, cause: Cause) -> Owner:
        """Shuts an owner out: none of its keys opens anything a second later. Raises ``NotFound``."""
        owner = await self.get(name_or_id)
        return await self.directory.change(owner.id, lambda stored: stored.deactivate(cause.at), cause)

    async def activate(self, name_or_id: str | UUID, cause: Cause) -> Owner:
        """Lets an owner in again. Raises ``NotFound``."""
        owner = await self.get(name_or_id)
        return await self.directory.change(owner.id, Owner.activate, cause)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The use cases of one owner's keys. A foreign or unknown id raises ``NotFound``."""

    repository: KeyRepository
    new_id: Callable[[], UUID]
    random_bytes: Callable[[int], bytes]

    async def create(
        self,
        owner: OwnerId,
        cause: Cause,
        *,
        name: str,
        scopes: Collection[Scope],
        expires_at: datetime | None = None,
        granted_by: Key | None = None,
    ) -> tuple[Key, KeyText]:
        """Makes and stores a key; its text is known now and never again.

        ``granted_by`` is the key that asks, which cannot grant a scope that it lacks (``Denied``); an operator has
        none. The new key ends no later than that one, and with it where no end is named (``Unfit``). Raises
        ``Invalid``, and ``Conflict`` where the key that asks has ended.
        """
        if granted_by is not None:
            require_scopes(granted_by.scopes, scopes)
        text = KeyText.new(self.random_bytes)
        key = Key.create(
            text,
            id=self.new_id(),
            owner_id=owner,
            now=cause.at,
            name=name,
            scopes=scopes,
            expires_at=expires_at,
            created_by=cause.actor,
        )
        if granted_by is not None:
            maker = await self._not_ended(owner, granted_by, cause)
            key = replace(key, expires_at=maker.granted(expires_at))
        await self.repository.of(owner).add(key, cause)
        return key, text

    async def get(self, owner: OwnerId, id: UUID) -> Key:
        return await self.repository.of(owner).get(id)

    async def list(self, owner: OwnerId, request: PageRequest) -> Page[Key]:
        return await self.repository.of(owner).page(request)

    async def revoke(
        self, owner: OwnerId, id: UUID, cause: Cause, guard: Guard = unguarded, *, revoked_by: Key | None = None
    ) -> Key:
        """Ends a key, once and for all; again is no error. Raises ``Conflict`` where a key would end itself."""

        def revoked(stored: Key) -> Key:
            guard(stored)
            if revoked_by is not None and revoked_by.id == stored.id:
                raise Conflict("key_in_use", "A key cannot revoke itself.")
            return stored.revoke(cause.at)

        return await self.repository.of(owner).change(id, revoked, cause)

    async def roll(
        self,
        owner: OwnerId,
        id: UUID,
        cause: Cause,
        guard: Guard = unguarded,
        *,
        overlap: timedelta,
        expires_at: datetime | Lifetime | None = Lifetime.AS_BEFORE,
        rolled_by: Key | None = None,
    ) -> tuple[Key, KeyText]:
        """Makes a key of the same name and scopes, and lets the old one open for ``overlap`` longer, at most.

        The new one lives as long as the old one was made to, unless an end is named, or None for never; a key that
        asks is given no more than ``Key.succeeded`` allows (``Unfit``).

        These are two transactions, the new key first, so that nobody is ever without one. Where the second is lost,
        the request that is repeated with its promise of idempotency finds the new key recorded, and ``outlive``
        completes it. ``guard`` is asked of the old key as it is read.

        ``rolled_by`` is the key that asks, which may be the old one, and needs all scopes of that (``Denied``). Raises
        ``Invalid``, and ``Conflict`` where the old key or the one that asks has ended.
        """
        named = None if expires_at is Lifetime.AS_BEFORE else expires_at
        if faults := [*Key.overlap_faults(overlap), *Key.expiry_faults(named, cause.at)]:
            raise Invalid(faults)
        old = await self.repository.of(owner).get(id)
        if rolled_by is not None:
            require_scopes(rolled_by.scopes, old.scopes)
        guard(old)
        if rolled_by is not None and rolled_by.id != old.id:
            rolled_by = await self._not_ended(owner, rolled_by, cause)
        text = KeyText.new(self.random_bytes)
        new = old.succeeded(
            text,
            id=self.new_id(),
            now=cause.at,
            expires_at=expires_at,
            created_by=cause.actor,
            rolled_by=rolled_by,
        )
        await self.repository.of(owner).add(new, cause)
        await self.outlive(owner, id, new, cause, overlap=overlap)
        return new, text

    async def _not_ended(self, owner: OwnerId, asking: Key, cause: Cause) -> Key:
        """The key that asks, as it is now: what it makes may last for ever, and what is known of it be older.

        Raises ``Conflict``.
        """
        stored = await self.repository.of(owner).get(asking.id)
        if stored.has_ended(cause.at):
            raise Conflict("key_ended", "The key that asks is revoked or expired.")
        return stored

    async def outlive(self, owner: OwnerId, id: UUID, new: Key, cause: Cause, *, overlap: timedelta) -> Key:
        """Lets the old key end once the new one is ``overlap`` old; again is no error, nor that it ends sooner."""
        end = new.created_at + overlap
        return await self.repository.of(owner).change(id, lambda old: old.expire(end), cause)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUses:
    """Writes down when keys were last used: for each key at most once in ``Key.USE_NOTED_EVERY``."""

    REMEMBERED_MAX = 10_000

    repository: KeyRepository
    now: Callable[[], datetime]
    _looked_at: dict[UUID, datetime] = field(default_factory=dict)

    def due(self, key: Key, now: datetime) -> bool:
        """Whether it is time to write a use of this key down; asks no storage, and says so once at a time."""
        seen = self._looked_at.get(key.id, key.last_used_at)
        if seen is not None and now - seen < Key.USE_NOTED_EVERY:
            return False
        _remember(self._looked_at, key.id, now, self.REMEMBERED_MAX)
        return True

    async def write(self, key: Key) -> None:
        """Writes it down, unless another process just has. Raises ``NotFound`` for a key that is gone."""
        now = self.now()
        cause = Cause(actor="system:key-use", request_id="", at=now)
        try:
            await self.repository.of(key.owner_id).change(key.id, lambda stored: stored.use(now), cause)
        except Exception:
            self._looked_at.pop(key.id, None)  # the next use tries again
            raise


class _Lookup:
    """A question to the directory that several may wait for; ``ended`` is set once there is an answer, or will be none.

    ``sent_at`` is when it was sent, where it is, and ``failure`` what the directory said where it was unavailable.
    """

    __slots__ = ("answer", "ended", "failure", "sent_at")

    def __init__(self) -> None:
        self.sent_at: float | None = None
        self.answer: tuple[float, Holder | None] | None = None
        self.failure: str | None = None
        self.ended = asyncio.Event()


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """Turns the text of a key into its caller.

    What the directory said is believed for less than ``BELIEVED_FOR`` seconds, counted from the moment at which its
    database was asked: not from before, for under load there is a queue, in which the answer would grow old. All who
    ask for a key while it is looked up wait for the same answer, unless that was asked for so long ago.

    So a revoked key and a deactivated owner are dead in every process within a second. Whatever the database is asked
    after the revocation is committed, at r, shows it. A request that comes at t is let in by what was asked after
    t - ``BELIEVED_FOR``, be it remembered or waited for. So where t is r + ``BELIEVED_FOR`` or later, it was asked
    after r, and the request is refused.
    """

    BELIEVED_FOR = 0.5
    NO_DIGEST = "0" * 64
    REMEMBERED_MAX = 10_000

    directory: OwnerDirectory
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    _answers: dict[str, tuple[float, Holder | None]] = field(default_factory=dict)
    _opened: dict[bytes, tuple[float, Holder]] = field(default_factory=dict)
    """By a digest of each text that has opened, the answer by which it did."""
    _lookups: dict[str, _Lookup] = field(default_factory=dict)
    """What is being asked, by the public id of its key."""

    def remembered(self, text: str) -> Caller | None:
        """The holder of a key that has opened just now; None where it takes more than that to know."""
        believed = self._opened.get(_digest(text))
        if believed is None or self.monotonic() - believed[0] >= self.BELIEVED_FOR:
            return None
        owner, key = believed[1]
        now = self.now()
        return None if key.has_ended(now) else Caller(owner, key, now)

    async def caller(self, text: str) -> Caller | None:
        """The holder of this key; None where it is malformed, unknown, revoked or expired, or its owner inactive."""
        parsed = KeyText.parse(text)
        if parsed is None:
            return None
        asked_at, holder = await self._answer(parsed.public_id)
        if holder is None:
            parsed.has(self.NO_DIGEST)  # as a wrong secret is; what its row takes to read may still be told
            return None
        owner, key = holder
        now = self.now()
        if not key.opens_with(parsed, now) or owner.deactivated_at is not None:
            return None
        _remember(self._opened, _digest(text), (asked_at, holder), self.REMEMBERED_MAX)
        return Caller(owner, key, now)

    async def _answer(self, public_id: str) -> tuple[float, Holder | None]:
        believed = self._answers.get(public_id)
        if believed is not None and self.monotonic() - believed[0] < self.BELIEVED_FOR:
            return believed
        has_failed = False
        while (lookup := self._lookups.get(public_id)) is not None and self._is_fresh(lookup):
            await lookup.ended.wait()
            if lookup.answer is not None:
                return lookup.answer
            # Whoever began it may have gone, or failed for a reason of its own: then one of those who wait asks anew.
            if lookup.failure is not None:
                if has_failed:
                    raise Unavailable(lookup.failure)
                has_failed = True
        return await self._look_up(public_id)

    def _is_fresh(self, lookup: _Lookup) -> bool:
        return lookup.sent_at is None or self.monotonic() - lookup.sent_at < self.BELIEVED_FOR

    async def _look_up(self, public_id: str) -> tuple[float, Holder | None]:
        """Asks the directory, for whoever comes meanwhile as well."""
        lookup = self._lookups[public_id] = _Lookup()
        asked_at = self.monotonic()

        def sent() -> None:
            lookup.sent_at = self.monotonic()

        try:
            holder = await self.directory.holder(public_id, sent)
            lookup.answer = (asked_at if lookup.sent_at is None else lookup.sent_at, holder)
            _remember(self._answers, public_id, lookup.answer, self.REMEMBERED_MAX)
        except Unavailable as error:
            lookup.failure = str(error)
            raise
        finally:
            lookup.ended.set()
            if self._lookups.get(public_id) is lookup:
                del self._lookups[public_id]
        return lookup.answer


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=32).digest()


def _remember(memory: dict[K, V], key: K, value: V, most: int) -> None:
    if len(memory) >= most:
        memory.clear()
    memory[key] = value
