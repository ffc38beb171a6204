"""The use cases of revisions: the history of one entity, and the feed of all that an owner has changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.errors import Gone, Invalid, Unfit, Violation
from domain.paging import Comparison, Condition, Page, PageRequest
from domain.repository import E, Owned, OwnerId, or_not_found
from domain.revisions import IN_ORDER, LATEST_FIRST, Revision, Revisions

_NO_VERSION = "This version cannot be restored: it never existed, is a deletion, or has been purged."


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The use cases of revisions."""

    revisions: Revisions

    async def of_entity(self, owner: OwnerId, entity: type[Owned], id: UUID, request: PageRequest) -> Page[Any]:
        """The revisions of one entity, latest first; none for an unknown id or another owner's."""
        conditions = (_equal("entity_id", id), _equal("kind", entity.KIND))
        return await self.revisions.of(owner).page(replace(request, sort=LATEST_FIRST, conditions=conditions))

    async def version(self, owner: OwnerId, entity: type[E], id: UUID, version: int) -> E:
        """The entity in this version. Raises ``NotFound`` for an unknown version and for a deletion."""
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
        """The owner's revisions in the order of their commits; a client that follows them misses none.

        Raises ``Gone`` where what comes after the position is kept no longer, and for one that the owner's count has
        not reached: it was given before the owner was brought back from an older state.
        """
        revisions = self.revisions.of(owner)
        page = await revisions.page(replace(request, sort=IN_ORDER))
        # Read after the page, so that a purge in between is noticed.
        if request.after is not None:
            span = await revisions.span()
            if not span.purged_through <= int(str(request.after.value)) <= span.last:
                raise Gone("changes_forgotten", "The changes after this cursor have been purged.")
        return page

    async def last(self, owner: OwnerId) -> int:
        """The number of the owner's latest revision; 0 where there is none."""
        return (await self.revisions.of(owner).span()).last

    async def purge(self, kept_for: timedelta, now: datetime) -> int:
        """Deletes the revisions of all owners that are older than ``kept_for``; returns how many."""
        return await self.revisions.purge(now - kept_for)


@contextmanager
def restoring(version: int) -> Iterator[None]:
    """Turns ``Invalid`` into ``Unfit`` with the code ``not_restorable``: this version is not valid today."""
    try:
        yield
    except Invalid as error:
        detail = f"Version {version} is not valid today and is not restored: {error.detail}"
        raise Unfit([Violation("version", "not_restorable", detail)]) from error


def _equal(attribute: str, value: UUID | str | int) -> Condition:
    return Condition(attribute, Comparison.EQUAL, value)
