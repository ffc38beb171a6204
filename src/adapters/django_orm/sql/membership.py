"""Conditions of membership: a column that is one of several values, and a list that contains a value.

The values are one parameter, the text of an array, so that the SQL does not depend on their number: a JSON array on
SQLite, and on PostgreSQL one of its own, which its planner can look into.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import models

from adapters.django_orm.sql.compiler import column_type
from adapters.django_orm.sql.expressions import ColumnCondition

if TYPE_CHECKING:
    from collections.abc import Sequence


class _ValuesField(models.Field):  # type: ignore[type-arg]  # -- generic for the type checker alone, not at run time
    """Values of a column as the text of an array, each as the database stores it."""

    def __init__(self, column: models.Field[Any, Any]) -> None:
        super().__init__()
        self._column = column

    def get_prep_value(self, values: Sequence[Any]) -> str:
        return f"{{{','.join(map(_element, values))}}}"

    def get_db_prep_value(self, values: Sequence[Any], connection: Any, prepared: bool = False) -> str:
        if connection.vendor != "sqlite":
            return self.get_prep_value(values)
        return json.dumps([self._column.get_db_prep_value(value, connection) for value in values])


class AnyOf(ColumnCondition):
    """Whether the column is one of the values of the parameter."""

    def condition(self, column: str, connection: Any) -> tuple[str, models.Field[Any, Any]]:
        values = _ValuesField(self.param.field)
        if connection.vendor == "sqlite":
            return f"{column} IN (SELECT value FROM json_each(%s))", values  # noqa: S608 -- SQL of ours
        kind = column_type(self.param.field, connection)
        return f"{column} = ANY (%s::text::{kind}[])", values


class Has(ColumnCondition):
    """Whether the column, a JSON array of texts, contains the text of the parameter, in the same case."""

    def condition(self, column: str, connection: Any) -> tuple[str, models.Field[Any, Any]]:
        if connection.vendor == "sqlite":
            return f"EXISTS (SELECT 1 FROM json_each({column}) WHERE value = %s)", models.TextField()  # noqa: S608 -- SQL of ours
        return f"{column} @> to_jsonb(%s::text)", models.TextField()


def _element(value: Any) -> str:
    """A value in the text of an array (PostgreSQL, "Array Input and Output Syntax")."""
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
