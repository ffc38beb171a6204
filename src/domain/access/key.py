"""An API key: how its text is made and checked, and what is kept of it."""

import hashlib
import hmac
import re
import string
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import ClassVar, Self
from urllib.parse import quote, unquote
from uuid import UUID

from domain.access.ends import LAST_MOMENT, of_maker, of_predecessor, within
from domain.errors import Conflict, Denied, Fault, Invalid
from domain.rules import has_control_characters, name_faults, trimmed_faults
from domain.tenancy import Cause, OwnerId, revised

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PUBLIC_BYTES, _SECRET_BYTES = 10, 32
_PUBLIC_LENGTH, _SECRET_LENGTH, _CHECKSUM_LENGTH = 14, 43, 6
_TEXT = re.compile(rf"gf_([0-9A-Za-z]{{{_PUBLIC_LENGTH}}})_([0-9A-Za-z]{{{_SECRET_LENGTH}}})([0-9A-Za-z]{{6}})")
_PUBLIC_ID = re.compile(rf"[0-9A-Za-z]{{{_PUBLIC_LENGTH}}}")
_DIGEST = re.compile("[0-9a-f]{64}")

_LOOKS_LIKE_ONE = re.compile(r"(gf_[0-9A-Z]+_)[0-9A-Z]+", re.IGNORECASE)
"""A key or most of one, whatever was mistyped."""
_WORD = re.compile(r"\S{6,}")
"""What may be a key: the shortest text that looks like one is of six characters."""


def _base62(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits = _ALPHABET[digit] + digits
    return digits


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), _CHECKSUM_LENGTH)


@dataclass(frozen=True, slots=True)
class KeyText:
    """The key as its holder knows it, ``gf_<public id>_<secret><checksum>``: 256 random bits, shown once.

    The checksum lets a mistyped or invented key be refused without a query, and lets scanners tell a leaked key
    from noise.
    """

    public_id: str
    _secret: str

    @classmethod
    def new(cls, random_bytes: Callable[[int], bytes]) -> Self:
        public, secret = random_bytes(_PUBLIC_BYTES), random_bytes(_SECRET_BYTES)
        return cls(
            _base62(int.from_bytes(public), _PUBLIC_LENGTH),
            _base62(int.from_bytes(secret), _SECRET_LENGTH),
        )

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The parts of a key; None where it has not the form of one or its checksum is wrong."""
        match = _TEXT.fullmatch(text)
        if match is None or _checksum(text[:-_CHECKSUM_LENGTH]) != match[3]:
            return None
        return cls(match[1], match[2])

    def reveal(self) -> str:
        """The whole text, secret included."""
        body = f"gf_{self.public_id}_{self._secret}"
        return body + _checksum(body)

    def digest(self) -> str:
        """The SHA-256 of the secret in hexadecimal: a random secret of 256 bits needs neither salt nor slow hash."""
        return hashlib.sha256(self._secret.encode()).hexdigest()

    def has(self, digest: str) -> bool:
        """Whether this is its digest. In constant time."""
        return hmac.compare_digest(digest, self.digest())

    def __repr__(self) -> str:
        return f"KeyText({self.public_id!r})"


def hidden(text: str) -> str:
    """The text, with *** for the secret of whatever in it looks like a key, or does once or twice percent-decoded."""
    return _WORD.sub(_hidden_in_word, text) if "%" in text else _LOOKS_LIKE_ONE.sub(r"\1***", text)


def _hidden_in_word(word: re.Match[str]) -> str:
    decoded = unquote(unquote(word[0]))
    shown = _LOOKS_LIKE_ONE.sub(r"\1***", decoded)
    return word[0] if shown == decoded else quote(shown, safe=string.punctuation, errors="replace")


class Scope(StrEnum):
    """What a key may do."""

    SIMULATIONS_READ = "simulations:read"
    SIMULATIONS_WRITE = "simulations:write"
    KEYS_MANAGE = "keys:manage"


class Lifetime(Enum):
    """An end of a key that nobody has named."""

    AS_BEFORE = "as before"
    """As long after the key is made as that of the key before it, which may be never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What is kept of an owner's API key. Times are aware and in UTC; ``digest`` never leaves the store.

    ``created_by`` is the actor who made it, None where that was not recorded. ``made_to_expire_at`` is set where a roll
    has brought the end nearer: the end before that, ``LAST_MOMENT`` for never. So a successor's length of life is
    always that which the key was made with, however short the overlap.
    """

    KIND: ClassVar[str] = "key"
    SECRETS: ClassVar[frozenset[str]] = frozenset({"digest"})
    UNRECORDED: ClassVar[frozenset[str]] = frozenset({"last_used_at"})
    NAME_MAX: ClassVar[int] = 100
    USE_NOTED_EVERY: ClassVar[timedelta] = timedelta(minutes=1)
    OVERLAP_MAX: ClassVar[timedelta] = timedelta(days=30)

    id: UUID
    owner_id: OwnerId
    name: str
    public_id: str
    digest: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    version: int = 1
    created_by: str | None = None
    made_to_expire_at: datetime | None = None

    @classmethod
    def create(
        cls,
        text: KeyText,
        *,
        id: UUID,
        owner_id: OwnerId,
        now: datetime,
        name: str,
        scopes: Collection[Scope],
        expires_at: datetime | None = None,
        created_by: str | None = None,
    ) -> Self:
        """A new key of its owner. Raises ``Invalid`` for a bad name, no scope or an expiry that is past."""
        key = cls(
            id=id,
            owner_id=owner_id,
            name=name.strip(),
            public_id=text.public_id,
            digest=text.digest(),
            scopes=frozenset(scopes),
            created_at=now,
            expires_at=expires_at,
            created_by=created_by,
        )
        others = [fault for fault in key.faults() if fault.field != "name"]
        faults = [*name_faults(name, max_length=cls.NAME_MAX), *others, *cls.expiry_faults(expires_at, now)]
        if faults:
            raise Invalid(faults)
        return key

    def faults(self) -> list[Fault]:
        """What no key has ever had."""
        faults = trimmed_faults(self.name, max_length=self.NAME_MAX)
        if not self.scopes:
            faults.append(Fault("scopes", "too_short", "A key needs at least one scope."))
        if not _PUBLIC_ID.fullmatch(self.public_id) or not _DIGEST.fullmatch(self.digest):
            faults.append(Fault("digest", "malformed", "The key's public id or digest is none."))
        if self.created_by is not None and not _is_actor(self.created_by):
            faults.append(Fault("created_by", "malformed", "Who made the key is not told in one plain line."))
        cut = self.made_to_expire_at
        if cut is not None and (self.expires_at is None or cut <= self.expires_at):
            faults.append(Fault("made_to_expire_at", "malformed", "The key was made to end before it does."))
        return faults

    @staticmethod
    def expiry_faults(expires_at: datetime | None, now: datetime) -> list[Fault]:
        """What is wrong with this end of a key that is made now."""
        if expires_at is not None and expires_at <= now:
            return [Fault("expires_at", "in_the_past", "The key would be expired from the start.")]
        return []

    @classmethod
    def overlap_faults(cls, overlap: timedelta) -> list[Fault]:
        """What is wrong with a time for which a key and its successor both open."""
        if timedelta() <= overlap <= cls.OVERLAP_MAX:
            return []
        return [Fault("overlap_seconds", "overlap", f"An overlap is not longer than {cls.OVERLAP_MAX.days} days.")]

    @property
    def prefix(self) -> str:
        """The public part, by which people tell keys apart."""
        return f"gf_{self.public_id}"

    def opens_with(self, text: KeyText, now: datetime) -> bool:
        """Whether this text is the key's own, and the key neither revoked nor expired."""
        return text.has(self.digest) and not self.has_ended(now)

    def has_ended(self, now: datetime) -> bool:
        """Whether the key is revoked or expired."""
        return self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= now)

    def use(self, now: datetime) -> Self:
        """The key, last used now; itself where it was used within ``USE_NOTED_EVERY``."""
        if self.last_used_at is not None and now - self.last_used_at < self.USE_NOTED_EVERY:
            return self
        return revised(self, {"last_used_at": now})

    def revoke(self, now: datetime) -> Self:
        """The key, dead from now on; itself where it already is."""
        return self if self.revoked_at is not None else revised(self, {"revoked_at": now})

    def granted(self, expires_at: datetime | None) -> datetime | None:
        """The end of a key that this one makes: the one that is named, and its own where none is.

        Raises ``Unfit`` for one that is later than its own.
        """
        return within(expires_at, [of_maker(self.expires_at)])

    def succeeded(
        self,
        text: KeyText,
        *,
        id: UUID,
        now: datetime,
        expires_at: datetime | Lifetime | None,
        created_by: str | None = None,
        rolled_by: "Key | None" = None,
    ) -> Self:
        """The key that takes its place: its name and scopes, another text and an end of its own, None for never.

        Where a key asks for it (``rolled_by``), the new one lives at most as long as this one was made to, from now on,
        and ends no later than the key that asks, unless it is this one itself; None is as late as that allows. Raises
        ``Unfit`` for a later end, and ``Conflict`` where the key has ended: what opens nothing is not made to open
        again.
        """
        if self.has_ended(now):
            raise Conflict("key_ended", "The key is revoked or expired: make a new one.")
        as_before = self._same_lifetime_from(now)
        if rolled_by is not None:
            named = None if expires_at is Lifetime.AS_BEFORE else expires_at
            others = [] if rolled_by.id == self.id else [of_maker(rolled_by.expires_at)]
            expires_at = within(named, [of_predecessor(as_before), *others])
        elif expires_at is Lifetime.AS_BEFORE:
            expires_at = as_before
        return self.create(
            text,
            id=id,
            owner_id=self.owner_id,
            now=now,
            name=self.name,
            scopes=self.scopes,
            expires_at=expires_at,
            created_by=created_by,
        )

    def _same_lifetime_from(self, now: datetime) -> datetime | None:
        end = self.made_to_expire_at or self.expires_at
        if end is None or self.made_to_expire_at == LAST_MOMENT:
            return None
        return now + min(end - self.created_at, LAST_MOMENT - now)

    def expire(self, at: datetime) -> Self:
        """The key, dead from then on; itself where it ends sooner."""
        if self.has_ended(at):
            return self
        # A key that is to end in the last moment is none that never ends.
        before = LAST_MOMENT if self.expires_at is None else min(self.expires_at, LAST_MOMENT - timedelta.resolution)
        return revised(self, {"expires_at": at, "made_to_expire_at": self.made_to_expire_at or before})

    def __repr__(self) -> str:
        return f"Key({self.id}, {self.prefix})"


def _is_actor(text: str) -> bool:
    return 0 < len(text) <= Cause.ACTOR_MAX and not has_control_characters(text)


def require_scopes(held: frozenset[Scope], wanted: Collection[Scope]) -> None:
    """Raises ``Denied`` where a wanted scope is not held."""
    if not held.issuperset(wanted):
        missing = sorted(set(wanted) - held)
        raise Denied("missing_scope", f"The key lacks the scope {', '.join(missing)}.")
