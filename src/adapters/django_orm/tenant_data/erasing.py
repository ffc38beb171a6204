"""Deletes all data of one owner in short transactions; a second run resumes where the first was interrupted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import IntegrityError, connection, transaction

from adapters.django_orm.management import require_known_data, translate_database_errors
from adapters.django_orm.models import ChangeCountRow, OwnerRow, RevisionRow
from adapters.django_orm.sql.failures import repeated
from adapters.django_orm.tenant_tables import TenantTable, count_rows, tenant_tables

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.backends.utils import CursorWrapper

T = TypeVar("T")

_NOTHING: tuple[tuple[Any, ...] | None, int] = (None, 0)
ERASE_CHUNK = 5000
"""Rows of one transaction: short enough not to block other writers for long."""


def rows_per_table(owner: UUID) -> dict[str, int]:
    """How many rows of each table would be deleted. Raises ``Unavailable``."""
    require_known_data()
    with translate_database_errors():
        return count_rows(owner)


def erase(owner: UUID) -> Iterator[tuple[str, int]]:
    """Deletes the owner's rows, the owner last, and yields a table and how many of its rows after each transaction.

    Repeats until no row is left: a request that was still running may have written one. Raises ``Unavailable``.
    """
    while any(rows_per_table(owner).values()):
        for table in reversed(tenant_tables()):
            if table.model not in {OwnerRow, ChangeCountRow}:
                yield from _delete_in_chunks(table, owner)
        yield from _delete_remaining(owner)


def _delete_in_chunks(table: TenantTable, owner: UUID) -> Iterator[tuple[str, int]]:
    """Deletes in the order of an index, each chunk from where the last one ended, so that no dead row is read again."""
    after: tuple[Any, ...] | None = None
    while True:
        chunk = partial(_delete_chunk, table=table, owner=owner, after=after)
        last, deleted = _carried_out(chunk, _NOTHING)
        if deleted:
            yield table.name, deleted
        if last is None:
            return
        after = last


def _delete_chunk(
    cursor: CursorWrapper, table: TenantTable, owner: UUID, after: tuple[Any, ...] | None
) -> tuple[tuple[Any, ...] | None, int]:
    """Deletes the next rows; returns the key of the last one, None at the end of the table, and how many they were."""
    rows, place = table.of_owner, table.place
    values = [table.key(owner)]
    places = ", ".join(["%s"] * len(table.order))
    if after is not None:
        rows += f" AND ({place}) > ({places})"
        values = [*values, *after]
    cursor.execute(f"SELECT {place} {rows} ORDER BY {place} LIMIT 1 OFFSET {ERASE_CHUNK - 1}", values)
    # Rows that refer to each other are deleted together: any chunk might hold what another one refers to.
    last = None if table.refers_to_itself else cursor.fetchone()
    if last is not None:
        rows += f" AND ({place}) <= ({places})"
        values = [*values, *last]
    if table.model is RevisionRow:
        _mark_purged(cursor, owner)
    cursor.execute(f"DELETE {rows}", values)
    return last, cursor.rowcount


def _mark_purged(cursor: CursorWrapper, owner: UUID) -> None:
    """Lets the trigger accept the deletion of the owner's revisions, and locks the count that a new revision needs."""
    quote = connection.ops.quote_name
    count = quote(ChangeCountRow._meta.db_table)
    key = ChangeCountRow._meta.get_field("owner_id").get_db_prep_value(owner, connection)
    cursor.execute(f"UPDATE {count} SET purged_through = last WHERE owner_id = %s", [key])  # noqa: S608 -- names of ours


def _carried_out(work: Callable[[CursorWrapper], T], otherwise: T) -> T:
    """What the work returns, in a transaction that is repeated where it is rolled back.

    ``otherwise`` where another row begins to refer to a deleted one meanwhile: then rows are left, and found again.
    """

    def once() -> T:
        with translate_database_errors(), suppress(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            return work(cursor)
        return otherwise

    return repeated(once)


def _delete_remaining(owner: UUID) -> list[tuple[str, int]]:
    """Deletes rows written meanwhile, the change count and the owner, in one transaction."""
    return _carried_out(partial(_delete_tables, owner=owner), [])


def _delete_tables(cursor: CursorWrapper, owner: UUID) -> list[tuple[str, int]]:
    # In the order in which a write locks: its row, then the change count. Another order could deadlock.
    others = {ChangeCountRow: 2, RevisionRow: 1, OwnerRow: 3}
    tables, deleted = [*reversed(tenant_tables())], []
    for table in sorted(tables, key=lambda table: others.get(table.model, 0)):
        if table.model is RevisionRow:
            _mark_purged(cursor, owner)
        cursor.execute(f"DELETE {table.of_owner}", [table.key(owner)])
        deleted.append((table.name, cursor.rowcount))
    return [(name, count) for name, count in deleted if count]
