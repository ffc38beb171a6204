"""What every write records beside its row: its revision, and the record of its idempotent request."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from domain.revisions import is_recorded, revision_fields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.django_orm.repositories.idempotency import IdempotencyTable
    from adapters.django_orm.repositories.revisions import RevisionTable
    from adapters.django_orm.sql.statement import WriteStep
    from domain.repository import E, Owned
    from domain.write_context import WriteContext


class WriteKind(StrEnum):
    """The writes that there are, each of which has its own statements."""

    CREATE = "create"
    CREATE_ONCE = "create_once"
    """With an idempotency key."""
    CREATE_MANY = "create_many"
    CREATE_MANY_ONCE = "create_many_once"
    UPDATE = "update"
    UPDATE_UNTRACKED = "update_untracked"
    """Of nothing but attributes whose change leaves no revision."""
    DELETE = "delete"


ONCE = frozenset({WriteKind.CREATE_ONCE, WriteKind.CREATE_MANY_ONCE})
"""Writes of which an idempotency record is kept."""
BATCHES = frozenset({WriteKind.CREATE_MANY, WriteKind.CREATE_MANY_ONCE})


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

    async def of_all(self, entities: Sequence[Owned], context: WriteContext) -> tuple[WriteKind, dict[str, Any]]:
        """The kind of the write that adds these, and the values of its records."""
        values = await self._revisions.values_of_all(entities, context)
        if context.idempotency_key is None:
            return WriteKind.CREATE_MANY, values
        values |= self._idempotency_records.values_of_all(context.idempotency_key, entities)
        return WriteKind.CREATE_MANY_ONCE, values

    def beside(self, kind: WriteKind, row: WriteStep) -> tuple[WriteStep, ...]:
        """The steps of a write, of which this one writes the row, or all rows of a batch."""
        before = (self._idempotency_records.insert,) if kind in ONCE else ()
        if kind in BATCHES:
            return (*before, row, *self._revisions.insert_all)
        after = () if kind is WriteKind.UPDATE_UNTRACKED else self._revisions.insert
        return (*before, row, *after)
