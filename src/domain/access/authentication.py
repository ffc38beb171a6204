"""From the text of an API key to its caller, and when keys were last used."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TypeAlias, TypeVar
from uuid import UUID

from domain.access.api_key import ApiKey
from domain.access.owner import Owner
from domain.access.ports import ApiKeyRepository, OwnerDirectory
from domain.access.token import ApiKeyToken
from domain.errors import Unavailable
from domain.write_context import WriteContext

Holder: TypeAlias = tuple[Owner, ApiKey]


K = TypeVar("K")


V = TypeVar("V")


class Caller(NamedTuple):
    """Whoever holds a key that opens: its owner, the key itself, and when it was shown."""

    owner: Owner
    key: ApiKey
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LastUsedTracker:
    """Writes down when keys were last used: for each key at most once in ``ApiKey.USE_NOTED_EVERY``."""

    REMEMBERED_MAX = 10_000

    repository: ApiKeyRepository
    now: Callable[[], datetime]
    _looked_at: dict[UUID, datetime] = field(default_factory=dict)

    def due(self, key: ApiKey, now: datetime) -> bool:
        """Whether it is time to write a use of this key down; asks no storage, and says so once at a time."""
        seen = self._looked_at.get(key.id, key.last_used_at)
        if seen is not None and now - seen < ApiKey.USE_NOTED_EVERY:
            return False
        _remember(self._looked_at, key.id, now, self.REMEMBERED_MAX)
        return True

    async def write(self, key: ApiKey) -> None:
        """Writes it down, unless another process just has. Raises ``NotFound`` for a key that is gone."""
        now = self.now()
        context = WriteContext(actor="system:key-use", request_id="", at=now)
        try:
            await self.repository.of(key.owner_id).change(key.id, lambda stored: stored.use(now), context)
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

    CACHE_TTL = 0.5
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
        if believed is None or self.monotonic() - believed[0] >= self.CACHE_TTL:
            return None
        owner, key = believed[1]
        now = self.now()
        return None if key.is_inactive(now) else Caller(owner, key, now)

    async def caller(self, text: str) -> Caller | None:
        """The holder of this key; None where it is malformed, unknown, revoked or expired, or its owner inactive."""
        parsed = ApiKeyToken.parse(text)
        if parsed is None:
            return None
        asked_at, holder = await self._answer(parsed.public_id)
        if holder is None:
            parsed.has(self.NO_DIGEST)  # as a wrong secret is; what its row takes to read may still be told
            return None
        owner, key = holder
        now = self.now()
        if not key.accepts(parsed, now) or owner.deactivated_at is not None:
            return None
        _remember(self._opened, _digest(text), (asked_at, holder), self.REMEMBERED_MAX)
        return Caller(owner, key, now)

    async def _answer(self, public_id: str) -> tuple[float, Holder | None]:
        believed = self._answers.get(public_id)
        if believed is not None and self.monotonic() - believed[0] < self.CACHE_TTL:
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
        return lookup.sent_at is None or self.monotonic() - lookup.sent_at < self.CACHE_TTL

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
