"""What every write records beside its row: its revision, and the record of its idempotent request."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from domain.revisions import is_recorded, revision_fields

if TYPE_CHECKING:
    from adapters.django_orm.repositories.idempotency import IdempotencyTable
    from adapters.django_orm.repositories.revisions import RevisionTable
    from adapters.django_orm.sql.statement import WriteStep
    from domain.repository import E
    from domain.write_context import WriteContext


class WriteKind(StrEnum):
    """The writes that there are, each of which has its own statements."""

    CREATE = "create"
    CREATE_ONCE = "create_once"
    """With an idempotency key."""
    UPDATE = "update"
    UPDATE_UNTRACKED = "update_untracked"
    """Of nothing but attributes whose change leaves no revision."""
    DELETE = "delete"


class WriteRecords:
    """The steps and values that are added to every write.

    The names of the values have a point in them, which no field of an entity has in its name.
    """

    def __init__(self, idempotency_records: IdempotencyTable, revisions: RevisionTable) -> None:
        self._idempotency_records, self._revisions = idempotency_records, revisions

    def of(self, before: E | None, after: E | None, context: WriteContext) -> tuple[WriteKind, dict[str, Any]]:
        """The kind of this write, and the values of its records."""
        if not is_recorded(before, after):
            return WriteKind.UPDATE_UNTRACKED, {}
        values = self._revisions.values(revision_fields(before, after, context))
        if after is None:
            return WriteKind.DELETE, values
        if before is not None:
            return WriteKind.UPDATE, values
        if context.idempotency_key is None:
            return WriteKind.CREATE, values
        values |= self._idempotency_records.values(context.idempotency_key, after, values["revision.after"])
        return WriteKind.CREATE_ONCE, values

    def beside(self, kind: WriteKind, row: WriteStep) -> tuple[WriteStep, ...]:
        """The steps of a write, of which this one writes the row."""
        before = (self._idempotency_records.insert,) if kind is WriteKind.CREATE_ONCE else ()
        after = () if kind is WriteKind.UPDATE_UNTRACKED else self._revisions.insert
        return (*before, row, *after)
