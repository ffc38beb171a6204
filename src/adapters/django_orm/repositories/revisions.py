"""Revisions in their table: written by the chain of each write, read by their owner, and never changed."""

from __future__ import annotations

from functools import cached_property, partial
from math import inf
from typing import TYPE_CHECKING, Any

import msgspec
from django.db.models import OuterRef, Subquery

from adapters.django_orm.columns import known_scopes
from adapters.django_orm.models import ChangeCountRow, RevisionRow
from adapters.django_orm.repositories.reader import Reader
from adapters.django_orm.sql.expressions import Param, param
from adapters.django_orm.sql.limits import PURGED_AT_ONCE
from adapters.django_orm.sql.many import many
from adapters.django_orm.sql.statement import Executor, ReadExecutor, RlsContext, Statement, WriteStep
from domain.revisions import Revision, RevisionRange, revision_fields
from domain.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from adapters.django_orm.sql.statement import WriteBatch
    from domain.paging import Page, PageRequest
    from domain.repository import E, Owned, OwnerId
    from domain.write_context import WriteContext

_count = partial(param, ChangeCountRow)
_OF_EACH = ("id", "entity_id", "version", "after")
"""The columns that differ between the revisions of a batch, beside the number."""
_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.decode


def encoded(entity: Owned) -> str:
    """The entity as JSON; it must be without its secrets."""
    return _encode(entity).decode()


def _with_known_scopes(text: str, entity: type[E]) -> E:
    """The key of this JSON, without scopes that a later version has added. Raises ``msgspec.ValidationError``."""
    members = _decode(text)
    if "scopes" in members:
        members["scopes"] = known_scopes(members["scopes"])
    return msgspec.convert(members, entity)


class RevisionTable(Reader[Revision[Any]]):
    """All revisions, and how many each owner has."""

    def __init__(
        self, entities: Mapping[str, type[Owned]], executor: Executor, reads: ReadExecutor | None = None
    ) -> None:
        super().__init__(Revision, RevisionRow, executor, reads, size_max=inf)
        self._entities = entities

    def of(self, owner: OwnerId) -> OwnedRevisions:
        return OwnedRevisions(self, owner)

    def load(self, row: Sequence[Any]) -> Revision[Any]:
        """The revision, without members that a later version has added; of a kind of a later version, without sides."""
        values = dict(zip(self.names, row, strict=True))
        entity = self._entities.get(values["kind"])
        if entity is None:
            return Revision(**{**values, "before": None, "after": None})
        for side in ("before", "after"):
            if values[side] is not None:
                try:
                    values[side] = _decode(values[side], type=entity)
                except msgspec.ValidationError:
                    values[side] = _with_known_scopes(values[side], entity)
        return Revision(**values)

    @cached_property
    def insert(self) -> tuple[WriteStep, WriteStep]:
        """The last parts of every chain: the owner's next number, whose row is held until the commit; the revision."""
        count = self._compile.insert(
            ChangeCountRow,
            {"owner_id": _count("owner_id"), "last": "1", "purged_through": "0"},
            suffix=' ON CONFLICT ("owner_id") DO UPDATE SET "last" = "change_count"."last" + 1',
            returning='"last"',
        )
        columns: dict[str, Param | str] = {
            name: self._param(name, f"revision.{name}") for name in self.columns if name != "number"
        }
        columns["number"] = self._last
        more = () if self._compile.on_postgresql else (_count("owner_id"),)
        return count, self._compile.insert(RevisionRow, columns, more=more)

    @property
    def _last(self) -> str:
        """The SQL of the number that the step before has counted to."""
        # What follows a step of a chain sees its rows on PostgreSQL, and what they have become on SQLite.
        on_sqlite = '(SELECT "last" FROM "change_count" WHERE "owner_id" = %s)'
        return '"last"' if self._compile.on_postgresql else on_sqlite

    @cached_property
    def insert_all(self) -> tuple[WriteStep, ...]:
        """The last parts of the chain of a batch: the owner's next numbers, once all rows are there; the revisions."""
        count = self._compile.insert(
            ChangeCountRow,
            {"owner_id": _count("owner_id"), "last": _count("last", "revision.count"), "purged_through": "0"},
            suffix=' ON CONFLICT ("owner_id") DO UPDATE SET "last" = "change_count"."last" + excluded."last"',
            returning='"last"',
        )
        columns: dict[str, Param | str] = {
            name: self._param(name, f"revision.{name}") for name in self.columns if name not in {"number", *_OF_EACH}
        }
        columns |= {name: many(RevisionRow, name, f"revision.{name}") for name in _OF_EACH}
        left = many(RevisionRow, "number", "revision.left")
        on_postgresql = self._compile.on_postgresql
        columns["number"] = f"{self._last} - " + ('given."left"' if on_postgresql else "%s")
        more = {"left": left} if on_postgresql else {"owner_id": _count("owner_id"), "left": left}
        return (*self._compile.gather(), count, self._compile.insert_all(RevisionRow, columns, more=more))

    async def values_of_all(self, entities: Sequence[Owned], context: WriteContext) -> dict[str, Any]:
        """What ``insert_all`` is to be run with, for the revisions of new entities."""
        values: dict[str, Any] = {"revision.count": len(entities), "revision.left": [*range(len(entities))][::-1]}
        each: dict[str, list[Any]] = {name: [] for name in _OF_EACH}
        fields: dict[str, Any] = {}
        with Turns() as turns:
            for entity in entities:
                fields = revision_fields(None, entity, context)
                fields["after"] = encoded(fields["after"])
                for name, column in each.items():
                    column.append(fields[name])
                await turns.pause()
        return values | {f"revision.{name}": value for name, value in (fields | each).items()}

    def values(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """What ``insert`` is to be run with, given the fields of the revision; its sides become JSON."""
        values = {f"revision.{name}": value for name, value in fields.items()}
        for side in ("revision.before", "revision.after"):
            values[side] = values[side] and encoded(values[side])
        return values

    @cached_property
    def span(self) -> Statement:
        rows = ChangeCountRow.objects.filter(owner_id=_count("owner_id"))
        return self._compile.select(rows, "purged_through", "last")

    async def purge(self, before: datetime) -> int:
        """Forgets an owner's revisions up to the first that is not older, then deletes them: so the trigger has it."""
        purged = 0
        for owner, purged_through, last in await self.executor.fetch("", self._due, {"created_at": before}):
            values = {"owner_id": owner, "created_at": before, "number": purged_through}
            for (young,) in await self.executor.fetch("", self._first_young, values):
                last = young - 1  # noqa: PLW2901 -- the last to forget, where not all are old
            values["number"] = 0  # what an earlier run has forgotten and could not delete goes with the first
            for number in range(purged_through + PURGED_AT_ONCE, last + PURGED_AT_ONCE, PURGED_AT_ONCE):
                values["purged_through"] = min(number, last)
                await self.executor.write("", self._mark_purged, values)
                purged += await self.executor.write("", self._delete, values)
                values["number"] = values["purged_through"]
        return purged

    @cached_property
    def _due(self) -> Statement:
        """The owners whose oldest revision is too old; of each that one is looked at, and no other."""
        kept = RevisionRow.objects.filter(owner_id=OuterRef("owner_id"), number__gt=OuterRef("purged_through"))
        oldest = Subquery(kept.order_by("number").values("created_at")[:1])
        due = ChangeCountRow.objects.alias(oldest=oldest).filter(oldest__lt=self._param("created_at"))
        return self._compile.select(due, "owner_id", "purged_through", "last", rls=RlsContext.NOBODY)

    @cached_property
    def _first_young(self) -> Statement:
        kept = self._owned_rows.filter(number__gt=self._param("number"))
        young = kept.filter(created_at__gte=self._param("created_at")).order_by("number")[:1]
        return self._compile.select(young, "number", rls=RlsContext.NOBODY)

    @cached_property
    def _mark_purged(self) -> WriteBatch:
        # Never less than another run has forgotten meanwhile.
        count = ChangeCountRow.objects.filter(owner_id=_count("owner_id"), purged_through__lt=_count("purged_through"))
        return self._compile.chain(
            self._compile.update(count, ["purged_through"], rls=RlsContext.NOBODY), rls=RlsContext.NOBODY
        )

    @cached_property
    def _delete(self) -> WriteBatch:
        # From where the one before it ended, whose rows would be passed over once more.
        chunk = self._owned_rows.filter(
            number__gt=self._param("number"), number__lte=self._param("number", "purged_through")
        )
        return self._compile.chain(self._compile.delete(chunk, rls=RlsContext.NOBODY), rls=RlsContext.NOBODY)


class OwnedRevisions:
    """One owner's revisions."""

    def __init__(self, table: RevisionTable, owner: OwnerId) -> None:
        self._table, self._owner = table, owner

    async def page(self, request: PageRequest) -> Page[Revision[Any]]:
        return await self._table.page(self._owner, request)

    async def span(self) -> RevisionRange:
        rows = await self._table.executor.fetch(str(self._owner), self._table.span, {"owner_id": self._owner})
        return RevisionRange(*rows[0]) if rows else RevisionRange(0, 0)
