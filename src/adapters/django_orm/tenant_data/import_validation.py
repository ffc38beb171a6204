"""Validates imported rows: an owner may import only what it could have written itself."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from django.db import models

from adapters.django_orm.columns import JsonTextField
from adapters.django_orm.models import IdempotencyRow, OwnerRow, RevisionRow
from adapters.django_orm.tenant_data.snapshots import InvalidSnapshot, SnapshotReader, check_members
from domain.batches import ITEMS_MAX
from domain.entity import violations_of
from domain.entity_spec import spec_of
from domain.references import taken
from domain.revisions import is_of_moment, revision_id, violations_without_secrets, without_secrets
from domain.validation import has_control_characters

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.django_orm.repositories.reader import Reader
    from adapters.django_orm.tenant_tables import TenantTable
    from domain.errors import Violation


class RowValidator:
    """Validates the rows of one table.

    ``rows`` maps them to entities, where the table stores any; ``name`` replaces the owner's; ``states`` reads entities
    that rows contain as JSON.
    """

    def __init__(
        self,
        table: TenantTable,
        rows: Reader[Any] | None,
        owner: UUID,
        name: str | None,
        states: SnapshotReader,
    ) -> None:
        self._table, self._rows, self._owner, self._states = table, rows, owner, states
        self._name = name if table.model is OwnerRow else None
        self._columns = [field.attname for field in table.fields]
        self._owner_index = self._columns.index(table.owner)
        self._times = [place for place, field in enumerate(table.fields) if isinstance(field, models.DateTimeField)]
        self._json = [place for place, field in enumerate(table.fields) if isinstance(field, JsonTextField)]
        self._unique: dict[str, set[Any]] = {}
        if rows is not None:
            self._unique = {field.name: set() for field in spec_of(rows.entity).unique}
            self._derived = [name for name in self._columns if name not in rows.names]
            self._loaded = [self._converter(name) for name in rows.names]

    def _converter(self, name: str) -> tuple[int, Callable[[Any], Any] | None]:
        """The index of an attribute in a row, and what converts the column's value to the entity's, if anything."""
        place = self._columns.index(name)
        field = self._table.fields[place]
        return place, None if type(field).__module__.startswith("django.") else field.to_python

    def __call__(self, row: msgspec.Struct) -> tuple[Any, ...]:
        """The row's values in the order of the columns. Raises ``InvalidSnapshot``."""
        values = list(msgspec.structs.astuple(row))
        if values[self._owner_index] != self._owner:
            raise InvalidSnapshot("the row belongs to another owner")
        if self._name is not None:
            values[self._columns.index("name")] = self._name
        for place in self._times:
            if values[place] is not None and values[place].tzinfo is not UTC:
                raise InvalidSnapshot(f"{self._columns[place]} is not in UTC")
        for place in self._json:
            if values[place] is not None:
                check_members(values[place])
        if self._table.model is RevisionRow:
            revision = dict(zip(self._columns, values, strict=True))
            self._check_states(revision)
            values[self._columns.index("id")] = _timed_id(revision)
        if self._rows is not None:
            self._check_entity(self._rows, values)
        if self._table.model is IdempotencyRow:
            self._check_idempotency_record(dict(zip(self._columns, values, strict=True)))
        return tuple(values)

    def _check_entity(self, rows: Reader[Any], values: list[Any]) -> None:
        try:
            entity = rows.load([values[place] if read is None else read(values[place]) for place, read in self._loaded])
        # Constructing an entity from wrong values may raise anything.
        except Exception as error:
            raise InvalidSnapshot(" ".join(str(error).split())) from error
        _raise_violations(violations_of(entity))
        if entity.version < 1:
            raise InvalidSnapshot("a version must be at least 1")
        for name, known in self._unique.items():
            value = getattr(entity, name)
            if value in known:
                raise taken(rows.entity, spec_of(rows.entity).fields[name])
            if value is not None:
                known.add(value)
        derived = rows.row(entity)
        for name in self._derived:
            if derived[name] != values[self._columns.index(name)]:
                raise InvalidSnapshot(f"{name} does not match the columns it is derived from")

    def _check_states(self, revision: dict[str, Any]) -> None:
        for state in ("before", "after"):
            if revision[state] is not None:
                self._states.read(revision["kind"], revision[state])

    def _check_idempotency_record(self, record: dict[str, Any]) -> None:
        kind = record["operation"].partition("_")[2]
        if any(has_control_characters(record[name]) for name in ("operation", "key", "fingerprint")):
            raise InvalidSnapshot("the idempotency record contains control characters")
        if self._states.knows_many(kind):
            _check_ids(record)
            return
        if not self._states.knows(kind):
            raise InvalidSnapshot("the idempotency record is of an unknown operation")
        kept = self._states.read(kind, record["entity"])
        if (kept.id, kept.owner_id, kept.created_at) != (record["id"], self._owner, record["created_at"]):
            raise InvalidSnapshot("the idempotency record does not match the entity in it")
        if without_secrets(kept) != kept:
            raise InvalidSnapshot("the idempotency record contains a secret")
        _raise_violations(violations_without_secrets(kept))


def _timed_id(revision: dict[str, Any]) -> UUID:
    """The revision's id, or a new one if it is not of its time: files of earlier versions have such ids."""
    id: UUID = revision["id"]
    at = revision["created_at"]
    return id if is_of_moment(id, at) else revision_id(revision["entity_id"], at)


def _check_ids(record: dict[str, Any]) -> None:
    """Raises ``InvalidSnapshot`` where the record of a batch does not hold ids, of which the first is its own."""
    try:
        ids = msgspec.json.decode(record["entity"], type=list[UUID])
    except msgspec.MsgspecError as error:
        raise InvalidSnapshot("the idempotency record does not hold ids") from error
    if not 1 <= len(set(ids)) == len(ids) <= ITEMS_MAX or ids[0] != record["id"]:
        raise InvalidSnapshot("the idempotency record does not match the ids in it")


def _raise_violations(violations: list[Violation]) -> None:
    if violations:
        raise InvalidSnapshot(" ".join(violation.detail for violation in violations).rstrip("."))
