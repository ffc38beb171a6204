"""Pages that end where they become too large, which PostgreSQL measures itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from adapters.django_orm.columns import JsonField
from adapters.django_orm.sql.expressions import field_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PLACE = ("page_value", "page_id")
"""The columns beside those of the rows: the value by which a page is ordered, if there is one, and the id."""
# The deletion of no path is the value itself, so its size is that of the JSON, without writing it as text.
_SIZES = {JsonField: "pg_column_size(\"{name}\" #- '{{}}')", models.TextField: 'octet_length("{name}")'}
_PAGE = """
SELECT {columns}, page_followed FROM (
SELECT rows.*, sum({size}) OVER page AS page_size, row_number() OVER page AS page_place,
lead(TRUE, 1, FALSE) OVER page AS page_followed
FROM rows WINDOW page AS (ORDER BY {order} ROWS UNBOUNDED PRECEDING)
) AS measured WHERE page_size <= {size_max} OR page_place = 1 ORDER BY {order}
"""


def sized_columns(model: type[models.Model], names: Sequence[str]) -> dict[str, str]:
    """The columns that may hold long values, each with the SQL of its size in bytes on PostgreSQL."""
    sizes: dict[str, str] = {}
    for name in names:
        field = field_of(model, name)
        for kind, size in _SIZES.items():
            if isinstance(field, kind):
                sql = size.format(name=name)
                sizes[name] = f"coalesce({sql}, 0)" if field.null else sql
    return sizes


def page_sql(
    names: Sequence[str], sizes: Iterable[str], order: Iterable[str], size_max: int, *, descending: bool
) -> str:
    """The SELECT of the rows of a page of at most this size, each with whether another follows it."""
    return _PAGE.format(
        columns=", ".join(f'"{name}"' for name in names),
        size=" + ".join(sizes),
        size_max=size_max,
        order=", ".join(f"{name}{' DESC' * descending}" for name in order),
    )
