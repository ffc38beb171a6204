"""Revisions of seeded owners: kept in a temporary file, until they are inserted in the order of their times."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from uuid import UUID

from adapters.django_orm.repositories.revisions import encoded
from adapters.django_orm.tenant_data.bulk_insert import insert_revisions
from domain.repository import OwnerId, or_not_found

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from domain.revisions import Revision

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_COLUMNS = ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after")
_UUIDS = (0, 1, 4)  # places of columns
_TIME = 2


class RevisionSpool:
    """Holds only their number in memory, however many they are."""

    def __init__(self) -> None:
        self.size = 0
        self._file = sqlite3.connect("", isolation_level=None)  # a file without a name, which goes when it is closed
        self._file.executescript(f"PRAGMA journal_mode = OFF; CREATE TABLE spool ({', '.join(_COLUMNS)}); BEGIN")

    def add(self, revisions: Iterable[Revision[Any]]) -> None:
        """Adds all revisions of one entity, in their order; none is of its deletion."""
        before = None
        for each in revisions:
            after = encoded(or_not_found(each.after, each.kind))
            time = (each.created_at - _EPOCH) // _MICROSECOND
            ids = (each.id.bytes, each.owner_id.bytes, each.entity_id.bytes)
            self._file.execute(
                "INSERT INTO spool VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*ids[:2], time, each.kind, ids[2], each.version, each.actor, each.request_id, before, after),
            )
            before = after
            self.size += 1

    def insert(self) -> Iterator[int]:
        """Inserts all, and yields how many after each transaction. Raises ``Unavailable``."""
        with closing(self._file):
            self._file.execute("CREATE INDEX in_order ON spool (owner_id, created_at)")
            rows = self._file.execute("SELECT * FROM spool ORDER BY owner_id, created_at, rowid")
            for owner, found in groupby(rows, itemgetter(1)):
                yield from insert_revisions(OwnerId(UUID(bytes=owner)), map(_values, found))


def _values(row: tuple[Any, ...]) -> dict[str, Any]:
    values = list(row)
    for place in _UUIDS:
        values[place] = UUID(bytes=values[place])
    values[_TIME] = _EPOCH + values[_TIME] * _MICROSECOND
    return dict(zip(_COLUMNS, values, strict=True))
