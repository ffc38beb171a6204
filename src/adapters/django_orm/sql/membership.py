"""Conditions of membership: a column that is one of several values, and a list that contains a value.

The values are one parameter, a JSON array, so that the SQL does not depend on their number.
"""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.expressions import F, Func

from adapters.django_orm.sql.compiler import column_type
from adapters.django_orm.sql.expressions import Param

if TYPE_CHECKING:
    from collections.abc import Sequence


class _ValuesField(models.Field):  # type: ignore[type-arg]  # -- generic for the type checker alone, not at run time
    """Values of a column as a JSON array, each as the database stores it."""

    def __init__(self, column: models.Field[Any, Any]) -> None:
        super().__init__()
        self._column = column

    def get_prep_value(self, values: Sequence[Any]) -> str:
        return json.dumps([value.isoformat() if isinstance(value, date) else str(value) for value in values])

    def get_db_prep_value(self, values: Sequence[Any], connection: Any, prepared: bool = False) -> str:
        if connection.vendor != "sqlite":
            return self.get_prep_value(values)
        return json.dumps([self._column.get_db_prep_value(value, connection) for value in values])


class AnyOf(Func):
    """Whether the column is one of the values of a parameter."""

    output_field = models.BooleanField()
    conditional = True

    def __init__(self, column: str, values: Param) -> None:
        super().__init__(F(column))
        self.values = values

    def as_sql(  # type: ignore[override]  # -- it has no template, and its parameters are Params
        self, compiler: Any, connection: Any
    ) -> tuple[str, Sequence[Any]]:
        sql, params = compiler.compile(self.get_source_expressions()[0])
        values = Param(self.values.name, _ValuesField(self.values.field))
        if connection.vendor == "sqlite":
            return f"{sql} IN (SELECT value FROM json_each(%s))", [*params, values]  # noqa: S608 -- SQL of ours
        kind = column_type(self.values.field, connection)
        return f"{sql} = ANY (ARRAY(SELECT jsonb_array_elements_text(%s::jsonb)::{kind}))", [*params, values]


class Has(Func):
    """Whether the column, a JSON array of texts, contains the text of a parameter, in the same case."""

    output_field = models.BooleanField()
    conditional = True

    def __init__(self, column: str, item: Param) -> None:
        super().__init__(F(column))
        self.item = item

    def as_sql(  # type: ignore[override]  # -- as above
        self, compiler: Any, connection: Any
    ) -> tuple[str, Sequence[Any]]:
        sql, params = compiler.compile(self.get_source_expressions()[0])
        item = Param(self.item.name, models.TextField())
        if connection.vendor == "sqlite":
            return f"EXISTS (SELECT 1 FROM json_each({sql}) WHERE value = %s)", [*params, item]  # noqa: S608 -- SQL of ours
        return f"{sql} @> to_jsonb(%s::text)", [*params, item]
