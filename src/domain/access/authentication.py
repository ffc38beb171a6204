"""From the text of an API key to its caller, and when keys were last used."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

from domain.access.api_key import ApiKey
from domain.access.bounded_cache import BoundedCache
from domain.access.owner import Owner
from domain.access.ports import ApiKeyRepository, OwnerDirectory
from domain.access.token import ApiKeyToken
from domain.errors import Unavailable
from domain.write_context import WriteContext

Holder: TypeAlias = tuple[Owner, ApiKey]


class Caller(NamedTuple):
    """Who sent a valid API key: its owner, the key itself, and when the request came."""

    owner: Owner
    key: ApiKey
    at: datetime


class LastUsedTracker:
    """Records when keys were last used: for each key at most once in ``ApiKey.LAST_USED_INTERVAL``."""

    CACHE_SIZE = 10_000

    def __init__(self, *, repository: ApiKeyRepository, now: Callable[[], datetime]) -> None:
        self._repository, self._now = repository, now
        self._recorded_at: BoundedCache[UUID, datetime] = BoundedCache(self.CACHE_SIZE)

    def claim(self, key: ApiKey, now: datetime) -> bool:
        """Whether the caller is to record this use; True once per interval, without asking the storage."""
        last = self._recorded_at.get(key.id, key.last_used_at)
        if last is not None and now - last < ApiKey.LAST_USED_INTERVAL:
            return False
        self._recorded_at[key.id] = now
        return True

    async def record(self, key: ApiKey) -> None:
        """Records a use, unless another process just has. Raises ``NotFound`` for a deleted key."""
        now = self._now()
        context = WriteContext(actor="system:key-use", request_id="", at=now)
        try:
            await self._repository.of(key.owner_id).change(key.id, lambda stored: stored.use(now), context)
        except Exception:
            self._recorded_at.pop(key.id, None)  # the next use tries again
            raise


class _Lookup:
    """One query of the directory, for which several requests may wait; ``ended`` is set when it succeeds or fails.

    ``sent_at`` is when it was sent, and ``failure`` the message where the directory was unavailable.
    """

    __slots__ = ("answer", "ended", "failure", "sent_at")

    def __init__(self) -> None:
        self.sent_at: float | None = None
        self.answer: tuple[float, Holder | None] | None = None
        self.failure: str | None = None
        self.ended = asyncio.Event()


class Authentication:
    """Finds the caller who belongs to the text of an API key.

    An answer of the directory is cached for less than ``CACHE_TTL`` seconds, counted from the moment its query was
    sent to the database; not from before, because under load the query waits for a connection. Requests that come
    while a key is looked up wait for the same answer, unless that query was sent too long ago.

    So a revoked key or a deactivated owner is refused in every process within a second. A query sent after the
    revocation was committed, at r, shows it. A request that comes at t is accepted by an answer whose query was sent
    after t - ``CACHE_TTL``. Where t is at least r + ``CACHE_TTL``, that is after r, and the request is refused.
    """

    CACHE_TTL = 0.5
    """Seconds."""
    CACHE_SIZE = 10_000
    NO_DIGEST = "0" * 64

    def __init__(
        self, *, directory: OwnerDirectory, now: Callable[[], datetime], monotonic: Callable[[], float]
    ) -> None:
        self._directory, self._now, self._monotonic = directory, now, monotonic
        self._holders: BoundedCache[str, tuple[float, Holder | None]] = BoundedCache(self.CACHE_SIZE)
        """By public id, when the query was sent, and its answer."""
        self._valid: BoundedCache[bytes, tuple[float, Holder]] = BoundedCache(self.CACHE_SIZE)
        """The same by a digest of the whole text, for texts that were valid."""
        self._lookups: dict[str, _Lookup] = {}
        """The queries under way, by public id."""
        self.hits = self.misses = 0
        """How many requests had a key that was cached as valid, and how many had another."""

    @property
    def cached_keys(self) -> int:
        """How many keys are cached as valid, expired answers included."""
        return len(self._valid)

    def cached(self, text: str) -> Caller | None:
        """The caller where this key is cached as valid; None where the directory has to be asked."""
        cached = self._valid.get(_digest(text))
        if cached is None or self._monotonic() - cached[0] >= self.CACHE_TTL:
            return None
        owner, key = cached[1]
        now = self._now()
        if key.is_inactive(now):
            return None
        self.hits += 1
        return Caller(owner, key, now)

    async def authenticate(self, text: str) -> Caller | None:
        """The caller; None for a key that is malformed, unknown, revoked or expired, or whose owner is inactive."""
        self.misses += 1
        token = ApiKeyToken.parse(text)
        if token is None:
            return None
        sent_at, holder = await self._answer(token.public_id)
        if holder is None:
            token.has(self.NO_DIGEST)  # takes as long as for a wrong secret; the time of the query may still differ
            return None
        owner, key = holder
        now = self._now()
        if not key.accepts(token, now) or owner.deactivated_at is not None:
            return None
        self._valid[_digest(text)] = (sent_at, holder)
        return Caller(owner, key, now)

    async def _answer(self, public_id: str) -> tuple[float, Holder | None]:
        cached = self._holders.get(public_id)
        if cached is not None and self._monotonic() - cached[0] < self.CACHE_TTL:
            return cached
        has_failed = False
        while (lookup := self._lookups.get(public_id)) is not None and self._is_fresh(lookup):
            await lookup.ended.wait()
            if lookup.answer is not None:
                return lookup.answer
            # The request that began it may have been cancelled, or failed for a reason of its own: another one asks.
            if lookup.failure is not None:
                if has_failed:
                    raise Unavailable(lookup.failure)
                has_failed = True
        return await self._look_up(public_id)

    def _is_fresh(self, lookup: _Lookup) -> bool:
        return lookup.sent_at is None or self._monotonic() - lookup.sent_at < self.CACHE_TTL

    async def _look_up(self, public_id: str) -> tuple[float, Holder | None]:
        """Asks the directory, for all requests that come meanwhile."""
        lookup = self._lookups[public_id] = _Lookup()
        began_at = self._monotonic()

        def sent() -> None:
            lookup.sent_at = self._monotonic()

        try:
            holder = await self._directory.holder(public_id, sent)
            lookup.answer = (began_at if lookup.sent_at is None else lookup.sent_at, holder)
            self._holders[public_id] = lookup.answer
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
