"""What has become of everything: each write leaves a revision beside it, and an owner's revisions are a feed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Generic, Protocol
from uuid import UUID

from domain.entity import violations_of
from domain.errors import (
    Gone,
    Invalid,
    Unfit,
    Violation,
)
from domain.paging import Comparison, Condition, Page, PageRequest, Sort
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
_SPREAD = 0x278DDE6E5FD29F057CF
"""Odd, and 2**74 by the golden ratio: no two versions of an entity come out the same, and all are far apart."""
_ANY_SECRET = "0" * 64
"""Secrets are digests of this form."""
_NO_VERSION = "There is no such version to come back to: it never was, is a deletion, or is kept no longer."


class Action(StrEnum):
    """What a write did."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision(Generic[E]):
    """One write: who, when, and the entity before and after it, without its secrets.

    ``number`` counts the writes of the owner from 1 in the order in which they were committed; it is given by the
    storage. ``version`` is the entity's own; a deletion counts as one more.
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
        """The revision of this write, of which there is at least one side."""
        return Revision(number=number, **revision_fields(before, after, context))

    def violations(self) -> list[Violation]:
        """What no revision has that was made beside a write; its sides are held to the rules of their entity."""
        sides = [side for side in (self.before, self.after) if side is not None]
        told = [(side.KIND, side.id, side.owner_id) for side in sides]
        if not sides or any(of != (self.kind, self.entity_id, self.owner_id) for of in told):
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
    """What a write did that found the one and left the other."""
    if before is None:
        return Action.CREATED
    return Action.DELETED if after is None else Action.UPDATED


def revision_fields(before: E | None, after: E | None, context: WriteContext) -> dict[str, Any]:
    """The fields of this write's revision, but for its number; one of its sides may be None."""
    entity = or_not_found(before if after is None else after, Revision.KIND)
    version = entity.version + (after is None)
    return {
        "id": _id(entity, version),
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


def _id(entity: Owned, version: int) -> UUID:
    """A UUIDv7 (RFC 9562, section 5.7), the same whenever it is this version's: storage takes no version twice.

    It holds the moment at which the entity was made, and in place of chance the entity's own, moved by the version.
    """
    moment = int(entity.created_at.timestamp() * 1000) % 2**48
    chance = entity.id.int + version * _SPREAD
    return UUID(int=moment << 80 | 7 << 76 | (chance >> 62 & 0xFFF) << 64 | 2 << 62 | chance & 2**62 - 1)


def without_secrets(entity: E) -> E:
    """The entity with its secret attributes empty, as it may be recorded."""
    secrets = secrets_of(type(entity))
    return replace(entity, **dict.fromkeys(secrets, "")) if secrets else entity


def violations_without_secrets(entity: Owned) -> list[Violation]:
    """What is wrong with an entity whose secret attributes are empty."""
    return violations_of(replace(entity, **dict.fromkeys(secrets_of(type(entity)), _ANY_SECRET)))


def is_recorded(before: E | None, after: E | None) -> bool:
    """Whether this write leaves a revision: unless it changes nothing but what is unrecorded."""
    untracked: frozenset[str] = getattr(before, "UNTRACKED", frozenset())
    if before is None or after is None or not untracked:
        return True
    names = before.__dataclass_fields__.keys() - untracked - {"version"}
    return any(getattr(before, name) != getattr(after, name) for name in names)


@dataclass(frozen=True, slots=True)
class RevisionRange:
    """The highest number that is ``purged_through``, and the ``last`` there has been; 0 for none."""

    purged_through: int
    last: int


class OwnedRevisions(Protocol):
    """One owner's revisions. Each method may raise ``Unavailable``."""

    async def page(self, request: PageRequest) -> Page[Revision[Any]]:
        """One page of what fulfils the request's conditions, in its order."""
        ...

    async def span(self) -> RevisionRange:
        """Which numbers there have been, and which are kept."""
        ...


class Revisions(Protocol):
    """All revisions, of which one owner's are reached through ``of``. Nothing ever changes one."""

    def of(self, owner: OwnerId) -> OwnedRevisions: ...

    async def purge(self, before: datetime) -> int:
        """Forgets what was recorded before, whoever owns it, up to the owner's first that was not; gives how many.

        So nothing young is ever forgotten, whatever clock an older one was recorded by.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The use cases of revisions."""

    revisions: Revisions

    async def of_entity(self, owner: OwnerId, entity: type[Owned], id: UUID, request: PageRequest) -> Page[Any]:
        """The revisions of one entity, the latest first; none for an unknown or foreign id."""
        conditions = (_equal("entity_id", id), _equal("kind", entity.KIND))
        return await self.revisions.of(owner).page(replace(request, sort=LATEST_FIRST, conditions=conditions))

    async def version(self, owner: OwnerId, entity: type[E], id: UUID, version: int) -> E:
        """The entity as it was in this version. Raises ``NotFound`` for one that is unknown, or a deletion."""
        conditions = (_equal("entity_id", id), _equal("kind", entity.KIND), _equal("version", version))
        request = PageRequest(limit=1, sort=LATEST_FIRST, conditions=conditions)
        page = await self.revisions.of(owner).page(request)
        state: E | None = page.items[0].after if page.items else None
        return or_not_found(state, Revision.KIND, _NO_VERSION)

    async def latest(self, owner: OwnerId, entity: type[E], id: UUID) -> Revision[E]:
        """The last revision of one entity. Raises ``NotFound``."""
        page = await self.of_entity(owner, entity, id, PageRequest(limit=1))
        return or_not_found(page.items[0] if page.items else None, entity.KIND)

    async def changes(self, owner: OwnerId, request: PageRequest) -> Page[Revision[Any]]:
        """All revisions of the owner in the order of their commits: whoever follows it misses none.

        Raises ``Gone`` where what comes after the position is kept no longer, and for one that the owner's count has
        not reached: it was given before the owner was brought back from an older state.
        """
        revisions = self.revisions.of(owner)
        page = await revisions.page(replace(request, sort=IN_ORDER))
        # Asked afterwards: what was forgotten meanwhile is noticed.
        if request.after is not None:
            span = await revisions.span()
            if not span.purged_through <= int(str(request.after.value)) <= span.last:
                raise Gone("changes_forgotten", "The changes after this cursor are kept no longer.")
        return page

    async def last(self, owner: OwnerId) -> int:
        """The number of the owner's last change; 0 where there is none."""
        return (await self.revisions.of(owner).span()).last

    async def purge(self, kept_for: timedelta, now: datetime) -> int:
        """Forgets, for all owners, what is older; gives how many revisions."""
        return await self.revisions.purge(now - kept_for)


@contextmanager
def restoring(version: int) -> Iterator[None]:
    """Says of what the rules of today refuse that it is this version which cannot come back (``Unfit``)."""
    try:
        yield
    except Invalid as error:
        told = f"Version {version} could not be made today, and is not restored: {error.detail}"
        raise Unfit([Violation("version", "not_restorable", told)]) from error


def _equal(attribute: str, value: UUID | str | int) -> Condition:
    return Condition(attribute, Comparison.EQUAL, value)
