"""Revisions: every write records one in its transaction, and an owner's revisions in order are the feed of changes."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import count
from typing import Any, ClassVar, Generic, Protocol
from uuid import UUID

from domain.entity import violations_of
from domain.errors import (
    Violation,
)
from domain.paging import Page, PageRequest, Sort
from domain.repository import (
    E,
    Owned,
    OwnerId,
    or_not_found,
    secrets_of,
)
from domain.validation import has_control_characters
from domain.write_context import WriteContext

IN_ORDER = Sort("number")
LATEST_FIRST = Sort("version", descending=True)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ids = count()
"""Ids that this process has made: those of one microsecond stay in their order."""
_ANY_SECRET = "0" * 64
"""A valid digest, put in place of a removed secret."""


class Action(StrEnum):
    """What a change did to the object."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision(Generic[E]):
    """One write: who made it, when, and the entity before and after it, without secrets.

    ``number`` counts the owner's writes from 1, in the order of their commits; the storage assigns it. ``version`` is
    the entity's; a deletion counts as one more.
    """

    KIND: ClassVar[str] = "revision"

    id: UUID
    owner_id: OwnerId
    number: int
    kind: str
    entity_id: UUID
    version: int
    created_at: datetime
    actor: str
    request_id: str
    before: E | None
    after: E | None

    @classmethod
    def of(cls, before: E | None, after: E | None, context: WriteContext, *, number: int = 0) -> "Revision[E]":
        """The revision of this write; ``before`` or ``after`` may be None, not both."""
        return Revision(number=number, **revision_fields(before, after, context))

    def violations(self) -> list[Violation]:
        """What is wrong with a stored revision; its entities are checked by their own rules."""
        sides = [side for side in (self.before, self.after) if side is not None]
        identities = [(side.KIND, side.id, side.owner_id) for side in sides]
        if not sides or any(identity != (self.kind, self.entity_id, self.owner_id) for identity in identities):
            return [Violation("entity_id", "misdirected", "The revision is not of the entity that it holds.")]
        if any(without_secrets(side) != side for side in sides):
            return [Violation("after", "secret", "The revision holds a secret.")]
        versions = {self.before and self.before.version + 1, self.after and self.after.version} - {None}
        if versions != {self.version}:
            return [Violation("version", "misnumbered", "The revision's version is not that of the entity.")]
        if len({side.created_at for side in sides}) > 1:
            return [Violation("before", "misdated", "The entity was not made at two moments.")]
        if any(map(has_control_characters, (self.actor, self.request_id))):
            return [Violation("actor", "control_characters", "The revision's cause holds control characters.")]
        return [violation for side in sides for violation in violations_without_secrets(side)]

    @property
    def action(self) -> Action:
        """What the write did."""
        return action(self.before, self.after)


def action(before: object | None, after: object | None) -> Action:
    """What a write with these entities before and after it did."""
    if before is None:
        return Action.CREATED
    return Action.DELETED if after is None else Action.UPDATED


def revision_fields(before: E | None, after: E | None, context: WriteContext) -> dict[str, Any]:
    """The fields of this write's revision, but for its number; one of its sides may be None."""
    entity = or_not_found(before if after is None else after, Revision.KIND)
    version = entity.version + (after is None)
    return {
        "id": revision_id(entity.id, context.at),
        "owner_id": entity.owner_id,
        "kind": entity.KIND,
        "entity_id": entity.id,
        "version": version,
        "created_at": context.at,
        "actor": context.actor,
        "request_id": context.request_id,
        "before": before and without_secrets(before),
        "after": after and without_secrets(after),
    }


def revision_id(entity_id: UUID, at: datetime) -> UUID:
    """A new UUIDv7 (RFC 9562, section 5.7) of the moment of a write; those of one moment are in the order of making.

    The 12 bits after its milliseconds are the rest of the moment, as in section 6.2, method 3; then 32 bits count, and
    the last 30 are those of the entity's id.
    """
    milliseconds, rest = _moment(at)
    last = (next(_ids) % 2**32) << 30 | entity_id.int % 2**30
    return UUID(int=milliseconds << 80 | 7 << 76 | rest << 64 | 2 << 62 | last)


def is_of_moment(id: UUID, at: datetime) -> bool:
    """Whether the id is that of a revision that was made at this moment."""
    return (id.int >> 80, id.int >> 64 & 0xFFF) == _moment(at)


def _moment(at: datetime) -> tuple[int, int]:
    """Milliseconds since 1970, in 48 bits, and the rest in units of 1/4096 of one."""
    milliseconds, rest = divmod((at - _EPOCH) // timedelta(microseconds=1), 1000)
    return milliseconds % 2**48, rest * 2**12 // 1000


def without_secrets(entity: E) -> E:
    """The entity with its secrets replaced by empty text."""
    secrets = secrets_of(type(entity))
    return replace(entity, **dict.fromkeys(secrets, "")) if secrets else entity


def violations_without_secrets(entity: Owned) -> list[Violation]:
    """What is wrong with an entity whose secrets have been removed."""
    return violations_of(replace(entity, **dict.fromkeys(secrets_of(type(entity)), _ANY_SECRET)))


def is_recorded(before: E | None, after: E | None) -> bool:
    """Whether this write records a revision: not where untracked attributes alone change."""
    untracked: frozenset[str] = getattr(before, "UNTRACKED", frozenset())
    if before is None or after is None or not untracked:
        return True
    names = before.__dataclass_fields__.keys() - untracked - {"version"}
    return any(getattr(before, name) != getattr(after, name) for name in names)


@dataclass(frozen=True, slots=True)
class RevisionRange:
    """Revisions up to number ``purged_through`` are deleted; ``last`` is the number of the latest. 0 for none."""

    purged_through: int
    last: int


class OwnedRevisions(Protocol):
    """One owner's revisions. Each method may raise ``Unavailable``."""

    async def page(self, request: PageRequest) -> Page[Revision[Any]]:
        """One page of the revisions that match the request, in its order."""
        ...

    async def span(self) -> RevisionRange:
        """Which numbers have been given, and which are deleted."""
        ...


class Revisions(Protocol):
    """The revisions of all owners, reached through ``of``. They are never changed."""

    def of(self, owner: OwnerId) -> OwnedRevisions: ...

    async def purge(self, before: datetime) -> int:
        """Deletes each owner's revisions up to the first that is not older than ``before``; returns how many.

        So no recent revision is deleted because of an older one with a wrong clock.
        """
        ...
