"""The file format of exports: JSON Lines of a header, a line for each row, and a footer with the counts.

{"format":"goatfish-owner","version":1,"owner":"01a2…","name":"Acme","exported_at":"2026-11-22T12:00:00Z"}
{"table":"owner","id":"01a2…","name":"Acme","created_at":"2026-11-01T08:00:00.000000Z", …}
{"rows":{"owner":1, …}}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import partial, reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import msgspec
from django.db import models
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddField

from adapters.django_orm.columns import AmountField, ItemsField, JsonField, QuantitiesField, SealedField

if TYPE_CHECKING:
    from collections.abc import Iterable

    from adapters.django_orm.tenant_tables import TenantTable

FORMAT, VERSION = "goatfish-owner", 1
ROW_BEGINS = b'{"table":'


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line."""

    format: str
    version: int
    owner: UUID
    name: str
    exported_at: datetime


class Footer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last line: how many rows of each table there are. A file without it is truncated."""

    rows: dict[str, int]


def row_type(table: TenantTable, added_later: Mapping[str, Callable[[], Any]] | None = None) -> type[msgspec.Struct]:
    """The type of a table's lines: exactly its columns, each with the values that the column can hold.

    A column that is ``added_later`` may be left out, and has the value that this function returns.
    """
    later = added_later or {}
    fields: list[Any] = [
        (name, _type(field), msgspec.field(default_factory=later[name])) if name in later else (name, _type(field))
        for name, field in ((field.attname, field) for field in table.fields)
    ]
    return msgspec.defstruct(
        table.name, fields, tag_field="table", tag=table.name, forbid_unknown_fields=True, kw_only=bool(later)
    )


def columns_added_later(table: TenantTable, loader: MigrationLoader) -> dict[str, Callable[[], Any]]:
    """The columns that an earlier version did not have, with functions that return their values in older files.

    They are those that a migration has added to the table after another one had made it. Rows that were there already
    have got the same values.
    """
    name = table.model._meta.model_name
    added = (
        operation
        for (app, _), migration in loader.disk_migrations.items()
        if app == table.model._meta.app_label
        for operation in migration.operations
        if isinstance(operation, AddField) and operation.model_name_lower == name
    )
    columns = {field.attname for field in table.fields}
    return {each.name: each.field.get_default for each in added if each.name in columns} | _BEFORE_MIGRATIONS.get(
        table.name, {}
    )


def row_decoder(types: Iterable[type[msgspec.Struct]]) -> msgspec.json.Decoder[Any]:
    """Decodes a line of any of these types."""
    return msgspec.json.Decoder(reduce(or_, types))


def _type(field: models.Field[Any, Any]) -> Any:
    """The type of a column's JSON value. Raises ``TypeError`` for a kind of column that is not supported yet."""
    column = field.target_field if isinstance(field, models.ForeignKey) else field
    kind = _kind(column)
    return kind | None if field.null else kind


def highest(column: models.Field[Any, Any]) -> int:
    """The highest number that a file may have for this column: half its range, so that counting can continue."""
    return BaseDatabaseOperations.integer_field_ranges[column.get_internal_type()][1] // 2


def _kind(column: models.Field[Any, Any]) -> Any:
    if isinstance(column, models.CharField):
        return Annotated[str, msgspec.Meta(max_length=column.max_length)]
    if isinstance(column, models.IntegerField):
        least, most = BaseDatabaseOperations.integer_field_ranges[column.get_internal_type()]
        counts = isinstance(column, models.PositiveIntegerField | models.PositiveBigIntegerField)
        return Annotated[int, msgspec.Meta(ge=least, le=highest(column) if counts else most)]
    if isinstance(column, QuantitiesField):
        return dict[str, tuple[bool | int | float | str, str | None]]
    if isinstance(column, ItemsField):
        return list[column.of]  # type: ignore[name-defined]  # -- known at run time
    if isinstance(column, JsonField):
        return list[str] if column.python is tuple else dict[str, str]
    for known, kind in (
        (models.UUIDField, UUID),
        (models.TextField, str),
        (
            models.DateTimeField,
            Annotated[datetime, msgspec.Meta(tz=True)],
        ),  # before DateField, of which it is a subclass
        (models.DateField, date),
        (models.BooleanField, bool),
        (AmountField, Decimal),
    ):
        if isinstance(column, known):
            return kind
    raise TypeError(f"{column} has a type that exports do not support: {type(column).__name__}")


def as_json(field: models.Field[Any, Any], vendor: str, column: str) -> str:
    """SQL that formats a column as its JSON text, so that no Python object is made of it.

    Times are in UTC, with six digits of a second. Encrypted secrets are left empty.
    """
    if isinstance(field, models.ForeignKey):
        field = field.target_field
    if isinstance(field, SealedField):
        return "''"
    if isinstance(field, models.DateTimeField):
        return {
            "postgresql": f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
            "sqlite": f"substr(replace({column}, ' ', 'T') || '.000000', 1, 26) || 'Z'",
        }[vendor]
    if isinstance(field, models.DateField):
        return f"CAST({column} AS text)"
    if isinstance(field, models.UUIDField):
        parts = (f"substr({column}, {start}, {length})" for start, length in _UUID_PARTS)
        return {"postgresql": f"CAST({column} AS text)", "sqlite": " || '-' || ".join(parts)}[vendor]
    if isinstance(field, AmountField) and vendor == "postgresql":
        return f"CAST({column} AS text)"
    return column


def from_column(field: models.Field[Any, Any], vendor: str) -> Callable[[Any], Any] | None:
    """What makes the value that JSON has for a column of what ``as_json`` selects; None where it is that already."""
    if isinstance(field, QuantitiesField):
        return partial(_quantities, field)
    if isinstance(field, JsonField):
        return _raw
    if vendor == "sqlite" and isinstance(field, models.BooleanField):
        return _bool
    if vendor == "sqlite" and isinstance(field, AmountField):
        return partial(_plain, field)
    return None


def _raw(value: str | None) -> msgspec.Raw | None:
    return None if value is None else msgspec.Raw(value.encode())


def _quantities(field: QuantitiesField, value: str | None) -> msgspec.Raw | None:
    """The members with their numbers as Python writes them: PostgreSQL writes 1e300 with all its digits."""
    return _raw(field.get_prep_value(field.from_db_value(value, None, None)))


def _bool(value: int | None) -> bool | None:
    return None if value is None else bool(value)


def _plain(field: AmountField, value: int | None) -> str | None:
    return None if value is None else f"{field.from_db_value(value, None, None):f}"


def _none() -> None:
    return None


_BEFORE_MIGRATIONS: Mapping[str, dict[str, Callable[[], Any]]] = {
    "api_key": {"created_by": _none, "original_expires_at": _none}
}
"""Columns added later that today's first migration makes with their table."""
_UUID_PARTS = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
