"""An API key: how its text is made and checked, and what is kept of it."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import ClassVar, Self
from uuid import UUID

from domain.access.expiry import (
    LAST_MOMENT,
    limited_expiry,
    maker_limit,
    predecessor_limit,
)
from domain.access.scopes import Scope
from domain.access.token import PUBLIC_LENGTH, ApiKeyToken
from domain.errors import (
    Conflict,
    Invalid,
    Violation,
)
from domain.repository import OwnerId, with_changes
from domain.validation import has_control_characters, name_violations, trimmed_violations
from domain.write_context import WriteContext

_PUBLIC_ID = re.compile(rf"[0-9A-Za-z]{{{PUBLIC_LENGTH}}}")
_DIGEST = re.compile("[0-9a-f]{64}")


class Lifetime(Enum):
    """An end of a key that nobody has named."""

    AS_BEFORE = "as before"
    """As long after the key is made as that of the key before it, which may be never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is kept of an owner's API key. Times are aware and in UTC; ``digest`` never leaves the store.

    ``created_by`` is the actor who made it, None where that was not recorded. ``made_to_expire_at`` is set where a roll
    has brought the end nearer: the end before that, ``LAST_MOMENT`` for never. So a successor's length of life is
    always that which the key was made with, however short the overlap.
    """

    KIND: ClassVar[str] = "key"
    SECRETS: ClassVar[frozenset[str]] = frozenset({"digest"})
    UNTRACKED: ClassVar[frozenset[str]] = frozenset({"last_used_at"})
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
        text: ApiKeyToken,
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
        others = [violation for violation in key.violations() if violation.field != "name"]
        violations = [*name_violations(name, max_length=cls.NAME_MAX), *others, *cls.expiry_faults(expires_at, now)]
        if violations:
            raise Invalid(violations)
        return key

    def violations(self) -> list[Violation]:
        """What no key has ever had."""
        violations = trimmed_violations(self.name, max_length=self.NAME_MAX)
        if not self.scopes:
            violations.append(Violation("scopes", "too_short", "A key needs at least one scope."))
        if not _PUBLIC_ID.fullmatch(self.public_id) or not _DIGEST.fullmatch(self.digest):
            violations.append(Violation("digest", "malformed", "The key's public id or digest is none."))
        if self.created_by is not None and not _is_actor(self.created_by):
            violations.append(Violation("created_by", "malformed", "Who made the key is not told in one plain line."))
        cut = self.made_to_expire_at
        if cut is not None and (self.expires_at is None or cut <= self.expires_at):
            violations.append(Violation("made_to_expire_at", "malformed", "The key was made to end before it does."))
        return violations

    @staticmethod
    def expiry_faults(expires_at: datetime | None, now: datetime) -> list[Violation]:
        """What is wrong with this end of a key that is made now."""
        if expires_at is not None and expires_at <= now:
            return [Violation("expires_at", "in_the_past", "The key would be expired from the start.")]
        return []

    @classmethod
    def overlap_faults(cls, overlap: timedelta) -> list[Violation]:
        """What is wrong with a time for which a key and its successor both open."""
        if timedelta() <= overlap <= cls.OVERLAP_MAX:
            return []
        return [Violation("overlap_seconds", "overlap", f"An overlap is not longer than {cls.OVERLAP_MAX.days} days.")]

    @property
    def prefix(self) -> str:
        """The public part, by which people tell keys apart."""
        return f"gf_{self.public_id}"

    def accepts(self, text: ApiKeyToken, now: datetime) -> bool:
        """Whether this text is the key's own, and the key neither revoked nor expired."""
        return text.has(self.digest) and not self.is_inactive(now)

    def is_inactive(self, now: datetime) -> bool:
        """Whether the key is revoked or expired."""
        return self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= now)

    def use(self, now: datetime) -> Self:
        """The key, last used now; itself where it was used within ``USE_NOTED_EVERY``."""
        if self.last_used_at is not None and now - self.last_used_at < self.USE_NOTED_EVERY:
            return self
        return with_changes(self, {"last_used_at": now})

    def revoke(self, now: datetime) -> Self:
        """The key, dead from now on; itself where it already is."""
        return self if self.revoked_at is not None else with_changes(self, {"revoked_at": now})

    def granted(self, expires_at: datetime | None) -> datetime | None:
        """The end of a key that this one makes: the one that is named, and its own where none is.

        Raises ``Unfit`` for one that is later than its own.
        """
        return limited_expiry(expires_at, [maker_limit(self.expires_at)])

    def successor(
        self,
        text: ApiKeyToken,
        *,
        id: UUID,
        now: datetime,
        expires_at: datetime | Lifetime | None,
        created_by: str | None = None,
        rolled_by: "ApiKey | None" = None,
    ) -> Self:
        """The key that takes its place: its name and scopes, another text and an end of its own, None for never.

        Where a key asks for it (``rolled_by``), the new one lives at most as long as this one was made to, from now on,
        and ends no later than the key that asks, unless it is this one itself; None is as late as that allows. Raises
        ``Unfit`` for a later end, and ``Conflict`` where the key has ended: what opens nothing is not made to open
        again.
        """
        if self.is_inactive(now):
            raise Conflict("key_ended", "The key is revoked or expired: make a new one.")
        as_before = self._same_lifetime_from(now)
        if rolled_by is not None:
            named = None if expires_at is Lifetime.AS_BEFORE else expires_at
            others = [] if rolled_by.id == self.id else [maker_limit(rolled_by.expires_at)]
            expires_at = limited_expiry(named, [predecessor_limit(as_before), *others])
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
        if self.is_inactive(at):
            return self
        # A key that is to end in the last moment is none that never ends.
        before = LAST_MOMENT if self.expires_at is None else min(self.expires_at, LAST_MOMENT - timedelta.resolution)
        return with_changes(self, {"expires_at": at, "made_to_expire_at": self.made_to_expire_at or before})

    def __repr__(self) -> str:
        return f"ApiKey({self.id}, {self.prefix})"


def _is_actor(text: str) -> bool:
    return 0 < len(text) <= WriteContext.ACTOR_MAX and not has_control_characters(text)
