"""API keys: what is stored of one, when it is valid, and how it is replaced."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Annotated, ClassVar, Self
from uuid import UUID

from domain.access.expiry import (
    LAST_MOMENT,
    limited_expiry,
    maker_limit,
    predecessor_limit,
)
from domain.access.scopes import Scope
from domain.access.token import PUBLIC_LENGTH, ApiKeyToken
from domain.entity_spec import spec_of
from domain.errors import (
    Conflict,
    Invalid,
    Violation,
)
from domain.field_spec import stored_violations
from domain.fields import Text
from domain.repository import OwnerId, with_changes
from domain.validation import has_control_characters
from domain.write_context import WriteContext

_PUBLIC_ID = re.compile(rf"[0-9A-Za-z]{{{PUBLIC_LENGTH}}}")
_DIGEST = re.compile("[0-9a-f]{64}")


class Lifetime(Enum):
    """An expiry that follows from another key."""

    AS_BEFORE = "as before"
    """As long after the creation as the previous key's was; never, where that never expires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An owner's API key as it is stored. Times are in UTC; ``digest`` never leaves the storage.

    ``created_by`` is the actor who created it, None where that was not recorded. When rolling shortens the key's
    life, ``original_expires_at`` keeps the expiry it had before, ``LAST_MOMENT`` for never: a successor gets the
    lifetime that the key was created with, however short the overlap.
    """

    KIND: ClassVar[str] = "key"
    SECRETS: ClassVar[frozenset[str]] = frozenset({"digest"})
    UNTRACKED: ClassVar[frozenset[str]] = frozenset({"last_used_at"})
    NAME_MAX: ClassVar[int] = 100
    LAST_USED_INTERVAL: ClassVar[timedelta] = timedelta(minutes=1)
    OVERLAP_MAX: ClassVar[timedelta] = timedelta(days=30)
    NO_SCOPE: ClassVar = Violation("scopes", "too_short", "A key needs at least one scope.")

    id: UUID
    owner_id: OwnerId
    name: Annotated[str, Text(max_length=NAME_MAX)]
    public_id: str
    digest: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    version: int = 1
    created_by: str | None = None
    original_expires_at: datetime | None = None

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
        """A new key of its owner. Raises ``Invalid`` for an invalid name, no scope, or an expiry in the past."""
        key = cls(
            id=id,
            owner_id=owner_id,
            name=spec_of(cls).fields["name"].kind.normalized(name),
            public_id=text.public_id,
            digest=text.digest(),
            scopes=frozenset(scopes),
            created_at=now,
            expires_at=expires_at,
            created_by=created_by,
        )
        if violations := [*key.violations(), *cls.expiry_violations(expires_at, now)]:
            raise Invalid(violations)
        return key

    def violations(self) -> list[Violation]:
        """What is wrong with a stored key."""
        violations = stored_violations(spec_of(type(self)).fields["name"], self.name)
        if not self.scopes:
            violations.append(self.NO_SCOPE)
        if not _PUBLIC_ID.fullmatch(self.public_id) or not _DIGEST.fullmatch(self.digest):
            violations.append(Violation("digest", "malformed", "The key's public id or digest is malformed."))
        if self.created_by is not None and not _is_actor(self.created_by):
            violations.append(
                Violation("created_by", "malformed", "The creator of the key is not one line of plain text.")
            )
        cut = self.original_expires_at
        if cut is not None and (self.expires_at is None or cut <= self.expires_at):
            violations.append(
                Violation("original_expires_at", "malformed", "The original expiry is not later than the present one.")
            )
        return violations

    @staticmethod
    def expiry_violations(expires_at: datetime | None, now: datetime) -> list[Violation]:
        """What is wrong with this expiry of a key that is created now."""
        if expires_at is not None and expires_at <= now:
            return [Violation("expires_at", "in_the_past", "The key would be expired from the start.")]
        return []

    @classmethod
    def overlap_violations(cls, overlap: timedelta) -> list[Violation]:
        """What is wrong with the time in which both a key and its successor are valid."""
        if timedelta() <= overlap <= cls.OVERLAP_MAX:
            return []
        return [Violation("overlap_seconds", "overlap", f"An overlap is not longer than {cls.OVERLAP_MAX.days} days.")]

    @property
    def prefix(self) -> str:
        """The public part of the key, which identifies it to people."""
        return f"gf_{self.public_id}"

    def accepts(self, text: ApiKeyToken, now: datetime) -> bool:
        """Whether this token is the key's, and the key is neither revoked nor expired."""
        return text.has(self.digest) and not self.is_inactive(now)

    def is_inactive(self, now: datetime) -> bool:
        """Whether the key is revoked or expired."""
        return self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= now)

    def use(self, now: datetime) -> Self:
        """The key, last used now; itself where that was recorded within ``LAST_USED_INTERVAL``."""
        if self.last_used_at is not None and now - self.last_used_at < self.LAST_USED_INTERVAL:
            return self
        return with_changes(self, {"last_used_at": now})

    def revoke(self, now: datetime) -> Self:
        """The key, revoked; itself where it already is."""
        return self if self.revoked_at is not None else with_changes(self, {"revoked_at": now})

    def expiry_to_grant(self, expires_at: datetime | None) -> datetime | None:
        """The expiry of a key that is created with this one: the requested one, or this key's own.

        Raises ``Unfit`` where the requested one is later than this key's own.
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
        """The key that replaces this one: the same name and scopes, another text, and an expiry of its own.

        ``rolled_by`` is the key in use, None for an operator. With one, the new key lives at most as long as this one
        was created to, counted from now, and expires no later than the key in use unless that is this key; without an
        expiry it gets the latest one allowed. Without one, None is never. Raises ``Unfit`` for a later expiry, and
        ``Conflict`` where this key is revoked or expired.
        """
        if self.is_inactive(now):
            raise Conflict("key_ended", "The key is revoked or expired. Create a new one.")
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
        end = self.original_expires_at or self.expires_at
        if end is None or self.original_expires_at == LAST_MOMENT:
            return None
        return now + min(end - self.created_at, LAST_MOMENT - now)

    def expire(self, at: datetime) -> Self:
        """The key, expiring then; itself where it ends sooner."""
        if self.is_inactive(at):
            return self
        # An expiry at the last moment of the calendar is not the same as none.
        before = LAST_MOMENT if self.expires_at is None else min(self.expires_at, LAST_MOMENT - timedelta.resolution)
        return with_changes(self, {"expires_at": at, "original_expires_at": self.original_expires_at or before})

    def __repr__(self) -> str:
        return f"ApiKey({self.id}, {self.prefix})"


def _is_actor(text: str) -> bool:
    return 0 < len(text) <= WriteContext.ACTOR_MAX and not has_control_characters(text)
