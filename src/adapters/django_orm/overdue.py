"""How far ``goatfish purge`` is behind: for how long the oldest rows of each kind should have been deleted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Min, OuterRef, Subquery

from adapters.django_orm.admin.figures import within_limit
from adapters.django_orm.models import ChangeCountRow, IdempotencyRow, RevisionRow
from domain.idempotency import IDEMPOTENCY_TTL

if TYPE_CHECKING:
    from collections.abc import Callable


def overdue(now: datetime, revisions_kept: timedelta | None) -> dict[str, float]:
    """Seconds, by what is purged; without what takes too long to find, and without revisions if all are kept.

    It needs operators' rights, and closes the connection of the thread that calls it.
    """
    due: dict[str, tuple[Callable[[], datetime | None], timedelta]]
    due = {"idempotency_records": (_oldest_record, IDEMPOTENCY_TTL)}
    if revisions_kept is not None:
        due["revisions"] = (_oldest_revision, revisions_kept)
    found = {}
    try:
        for kind, (oldest, kept) in due.items():
            at = within_limit(lambda oldest=oldest: (oldest(),))  # type: ignore[misc]  # -- a default has no type
            if at is not None:
                found[kind] = 0.0 if at[0] is None else max((now - at[0] - kept).total_seconds(), 0.0)
    finally:
        connection.close()
    return found


def _oldest_record() -> datetime | None:
    """When the oldest was made, as their ids are in the order of time."""
    return IdempotencyRow.objects.order_by("id").values_list("created_at", flat=True).first()


def _oldest_revision() -> datetime | None:
    """When the oldest was made: of each owner, the first that is kept is looked at."""
    kept = RevisionRow.objects.filter(owner_id=OuterRef("owner_id"), number__gt=OuterRef("purged_through"))
    oldest = Subquery(kept.order_by("number").values("created_at")[:1])
    found: datetime | None = ChangeCountRow.objects.annotate(oldest=oldest).aggregate(of_all=Min("oldest"))["of_all"]
    return found
