"""Deletes everything of one owner, in transactions short enough for others to wait for; a second run goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from django.db import IntegrityError, connection, transaction

from adapters.django_orm.management import reachable
from adapters.django_orm.models import ChangeCountRow, OwnerRow, RevisionRow
from adapters.django_orm.tenant_tables import TenantTable, counted, tenant_tables

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from django.db.backends.utils import CursorWrapper

ERASED_AT_ONCE = 5000
"""Rows of one transaction."""


def rows_of(owner: UUID) -> dict[str, int]:
    """How many rows of each table would be deleted. Raises ``Unavailable``."""
    with reachable():
        return counted(owner)


def erase(owner: UUID) -> Iterator[tuple[str, int]]:
    """Deletes the owner's rows, the owner last, and yields the table and how many after each step.

    Then it looks once more: a request that was under way may have left something. Raises ``Unavailable``.
    """
    while any(rows_of(owner).values()):
        for table in reversed(tenant_tables()):
            if table.model not in {OwnerRow, ChangeCountRow}:
                yield from _in_chunks(table, owner)
        yield from _the_rest(owner)


def _in_chunks(table: TenantTable, owner: UUID) -> Iterator[tuple[str, int]]:
    """Goes along an index from place to place, so that no chunk looks at what another has deleted."""
    after: tuple[Any, ...] | None = None
    while True:
        last, deleted = None, 0
        with _deleting() as cursor:
            last, deleted = _delete_chunk(cursor, table, owner, after)
        if deleted:
            yield table.name, deleted
        if last is None:
            return
        after = last


def _delete_chunk(
    cursor: CursorWrapper, table: TenantTable, owner: UUID, after: tuple[Any, ...] | None
) -> tuple[tuple[Any, ...] | None, int]:
    """Deletes what comes next; gives where it ended, None at the end of the table, and how many rows there were."""
    mine, place = table.mine, table.place
    values = [table.key(owner)]
    places = ", ".join(["%s"] * len(table.order))
    if after is not None:
        mine += f" AND ({place}) > ({places})"
        values = [*values, *after]
    cursor.execute(f"SELECT {place} {mine} ORDER BY {place} LIMIT 1 OFFSET {ERASED_AT_ONCE - 1}", values)
    # Rows that refer to one another are deleted at once: any chunk might hold what another refers to.
    last = None if table.refers_to_itself else cursor.fetchone()
    if last is not None:
        mine += f" AND ({place}) <= ({places})"
        values = [*values, *last]
    if table.model is RevisionRow:
        _mark_purged(cursor, owner)
    cursor.execute(f"DELETE {mine}", values)
    return last, cursor.rowcount


def _mark_purged(cursor: CursorWrapper, owner: UUID) -> None:
    """Names the owner whose revisions may be deleted, and holds back whoever would write another one."""
    quote = connection.ops.quote_name
    count = quote(ChangeCountRow._meta.db_table)
    key = ChangeCountRow._meta.get_field("owner_id").get_db_prep_value(owner, connection)
    cursor.execute(f"UPDATE {count} SET purged_through = last WHERE owner_id = %s", [key])  # noqa: S608 -- names of ours


@contextmanager
def _deleting() -> Iterator[CursorWrapper]:
    """A transaction; nothing comes of it where somebody refers to a row meanwhile, which is looked for once more."""
    with reachable(), suppress(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        yield cursor


def _the_rest(owner: UUID) -> list[tuple[str, int]]:
    """Deletes in one transaction what has come meanwhile, the count of changes and the owner."""
    # In the order of a write, which comes to the count after its row: nobody waits in a circle.
    others = {ChangeCountRow: 2, RevisionRow: 1, OwnerRow: 3}
    tables = [*reversed(tenant_tables())]
    erased: list[tuple[str, int]] = []
    with _deleting() as cursor:
        deleted = []
        for table in sorted(tables, key=lambda table: others.get(table.model, 0)):
            if table.model is RevisionRow:
                _mark_purged(cursor, owner)
            cursor.execute(f"DELETE {table.mine}", [table.key(owner)])
            deleted.append((table.name, cursor.rowcount))
        erased += [(name, count) for name, count in deleted if count]
    return erased
