"""Counts for the admin's first page. Recent rows are found by each owner's index of newest rows.

Every statement has a time limit; a figure that takes longer is None, and the page says so.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import OperationalError, connection, transaction
from django.db.models import Count
from django.db.models.functions import TruncDate

from adapters.django_orm.models import OwnerRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.db.models import QuerySet

T = TypeVar("T")
DAYS = 30
"""The days that are counted one by one, today included."""
COUNT_MAX = 1_000_000
"""What is counted in full; beyond that, a figure says that there are more."""
TIME_LIMIT = 1.0
"""Seconds of one statement."""
_CANCELED = "57014"  # PostgreSQL's SQLSTATE
BUSIEST = 10


class _Day(TruncDate):
    """The day in UTC. SQLite would call Python for every row; its text begins with the day."""

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, Any]:
        sql, params = compiler.compile(self.get_source_expressions()[0])
        return f"substr({sql}, 1, 10)", params


def first_day(now: datetime) -> datetime:
    """When the days begin that are counted one by one."""
    return datetime(now.year, now.month, now.day, tzinfo=UTC) - timedelta(days=DAYS - 1)


def row_count(rows: QuerySet[Any]) -> int | None:
    """How many rows there are; ``COUNT_MAX`` + 1 where there are more than that."""
    return within_limit(rows.order_by()[: COUNT_MAX + 1].count)


def by_day(rows: QuerySet[Any], since: datetime, *also: str) -> list[tuple[Any, ...]] | None:
    """The days since then on which rows were made, each with the values of these columns, and how many rows."""
    days = _recent(rows, since).annotate(day=_Day("created_at", tzinfo=UTC)).values_list("day", *also)
    return within_limit(lambda: list(days.annotate(number=Count("pk"))))


def busiest(rows: QuerySet[Any], since: datetime) -> list[tuple[OwnerRow, int]] | None:
    """The owners that have made the most rows since then, and how many."""

    def count() -> list[tuple[OwnerRow, int]]:
        grouped = _recent(rows, since).values_list("owner_id").annotate(number=Count("pk"))
        numbers = dict(grouped.order_by("-number", "owner_id")[:BUSIEST])
        owners = OwnerRow.objects.in_bulk(numbers)
        return [(owners[id], number) for id, number in numbers.items() if id in owners]

    return within_limit(count)


def _recent(rows: QuerySet[Any], since: datetime) -> QuerySet[Any]:
    """The rows since then, by owner: the indexes of tenants' tables begin with the owner."""
    return rows.order_by().filter(owner_id__in=OwnerRow.objects.values("pk"), created_at__gte=since)


def within_limit(count: Callable[[], T]) -> T | None:
    """What is counted; None where a statement takes longer than ``TIME_LIMIT``."""
    try:
        with _time_limit():
            return count()
    except OperationalError as error:
        cause: Any = error.__cause__
        if (
            getattr(cause, "sqlstate", None) == _CANCELED
            or getattr(cause, "sqlite_errorname", "") == "SQLITE_INTERRUPT"
        ):
            return None
        raise


@contextmanager
def _time_limit() -> Iterator[None]:
    """Ends statements that take longer, with ``OperationalError``."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {TIME_LIMIT * 1000:.0f}")
            yield
        return
    end = time.monotonic() + TIME_LIMIT
    own: Any = connection
    own.should_interrupt = lambda: time.monotonic() > end
    try:
        yield
    finally:
        own.should_interrupt = None
