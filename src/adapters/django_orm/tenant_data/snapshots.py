"""Whether an entity from outside that a row holds as JSON, a revision's or an outcome's, is one that was ever stored.

It is held to the rules that rows are held to (record 9): bringing a version back must bring in nothing else.
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
    """What is wrong with a row, as a sentence without its end."""


def check_members(text: str) -> Any:
    """The value of this JSON text; None where it is not JSON.

    Raises ``InvalidSnapshot`` for a repeated member or a NUL.
    """
    with suppress(ValueError, RecursionError):  # whoever reads it says what is wrong
        return json.loads(text, object_pairs_hook=_members)
    return None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise InvalidSnapshot("a member is given more than once")
    if any("\0" in name or _has_nul(value) for name, value in pairs):
        raise InvalidSnapshot("no text may hold a NUL")
    return members


def _has_nul(value: Any) -> bool:
    """Of an object within it has been asked already."""
    if isinstance(value, list):
        return any(map(_has_nul, value))
    return isinstance(value, str) and "\0" in value


class SnapshotReader:
    """Reads entities from JSON, by their kind."""

    def __init__(self, kept: Mapping[str, Reader[Any]]) -> None:
        self._kept = kept
        self._members = {kind: {field.name for field in fields(rows.entity)} for kind, rows in kept.items()}
        self._highest = {kind: highest(rows.model._meta.get_field("version")) for kind, rows in kept.items()}  # type: ignore[arg-type]  # -- no relation

    def knows(self, kind: str) -> bool:
        """Whether there are entities of this kind."""
        return kind in self._kept

    def read(self, kind: str, text: str) -> Owned:
        """The entity, whose secrets are left out. Raises ``InvalidSnapshot``."""
        if not self.knows(kind):
            raise InvalidSnapshot(f"there is nothing of the kind {kind!r}")
        members = check_members(text)
        try:
            state: Owned = msgspec.json.decode(text, type=self._kept[kind].entity)
        # Whatever an entity raises of what it cannot be made of: its own refusals, and those of its parts.
        except Exception as error:
            raise InvalidSnapshot(f"the {kind} in it cannot be read: {' '.join(str(error).split())}") from error
        if unknown := members.keys() - self._members[kind]:
            raise InvalidSnapshot(f"no {kind} has the member {min(unknown)!r}")
        for name in self._members[kind]:
            value = getattr(state, name)
            if isinstance(value, datetime) and value.tzinfo is not UTC:
                raise InvalidSnapshot(f"{name} of the {kind} in it is not in UTC")
        if not 1 <= state.version <= self._highest[kind]:
            raise InvalidSnapshot(f"a version counts from 1 to {self._highest[kind]}")
        return state
