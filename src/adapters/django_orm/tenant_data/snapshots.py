"""Validates entities that imported rows contain as JSON: in revisions and idempotency records.

They obey the same rules as rows (docs/decisions/0009), since restoring a revision stores its entity.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from adapters.django_orm.tenant_data.file_format import highest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.django_orm.repositories.reader import Reader
    from domain.repository import Owned


class InvalidSnapshot(Exception):
    """An imported row is invalid; the message says why, as a clause without a full stop."""


def check_members(text: str) -> Any:
    """The value of this JSON text; None where it is not valid JSON.

    Raises ``InvalidSnapshot`` for a duplicate member or a NUL.
    """
    with suppress(ValueError, RecursionError):  # the caller decodes it again, and reports what is wrong
        return json.loads(text, object_pairs_hook=_members)
    return None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise InvalidSnapshot("it has a duplicate member")
    if any("\0" in name or _has_nul(value) for name, value in pairs):
        raise InvalidSnapshot("it contains a NUL character")
    return members


def _has_nul(value: Any) -> bool:
    """Whether a text in it has a NUL. Nested objects were checked when they were parsed."""
    if isinstance(value, list):
        return any(map(_has_nul, value))
    return isinstance(value, str) and "\0" in value


class SnapshotReader:
    """Decodes entities from JSON, by their kind."""

    def __init__(self, readers: Mapping[str, Reader[Any]]) -> None:
        self._readers = readers
        self._members = {kind: {field.name for field in fields(rows.entity)} for kind, rows in readers.items()}
        self._highest = {kind: highest(rows.model._meta.get_field("version")) for kind, rows in readers.items()}  # type: ignore[arg-type]  # -- no relation

    def knows(self, kind: str) -> bool:
        """Whether there are entities of this kind."""
        return kind in self._readers

    def knows_many(self, plural: str) -> bool:
        """Whether entities of one kind are called so where there are many."""
        return any(getattr(rows.entity, "PLURAL", None) == plural for rows in self._readers.values())

    def read(self, kind: str, text: str) -> Owned:
        """The entity, without secrets. Raises ``InvalidSnapshot``."""
        if not self.knows(kind):
            raise InvalidSnapshot(f"the kind {kind!r} is unknown")
        members = check_members(text)
        try:
            state: Owned = msgspec.json.decode(text, type=self._readers[kind].entity)
        # Constructing an entity from wrong values may raise anything.
        except Exception as error:
            raise InvalidSnapshot(f"the {kind} in it is invalid: {' '.join(str(error).split())}") from error
        if unknown := members.keys() - self._members[kind]:
            raise InvalidSnapshot(f"a {kind} has no member {min(unknown)!r}")
        for name in self._members[kind]:
            value = getattr(state, name)
            if isinstance(value, datetime) and value.tzinfo is not UTC:
                raise InvalidSnapshot(f"{name} of the {kind} in it is not in UTC")
        if not 1 <= state.version <= self._highest[kind]:
            raise InvalidSnapshot(f"a version must be between 1 and {self._highest[kind]}")
        return state
