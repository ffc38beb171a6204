"""Expressions for QuerySets that are compiled once: parameters, conditions on a column, and the position of a page."""

from __future__ import annotations

from typing import Any, cast

from django.db import models
from django.db.models.expressions import Expression, F, Func


class Param(Expression):
    """A parameter of a QuerySet, whose value is given by this name each time the statement runs."""

    def __init__(self, name: str, field: models.Field[Any, Any]) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "%s", [self]


def param(model: type[models.Model], column: str, name: str | None = None) -> Param:
    """A parameter with the type of this column, named like the column unless another name is given."""
    return Param(name or column, field_of(model, column))


class ColumnCondition(Func):
    """A condition on a column and one parameter, written in the SQL of each database."""

    output_field = models.BooleanField()
    conditional = True

    def __init__(self, column: str, param: Param) -> None:
        super().__init__(F(column))
        self.param = param

    def condition(self, column: str, connection: Any) -> tuple[str, models.Field[Any, Any]]:
        """The SQL of the condition, with ``%s`` for the parameter, and the type of the parameter."""
        raise NotImplementedError

    def as_sql(  # type: ignore[override]  # -- it has no template, and its parameters are Params
        self, compiler: Any, connection: Any
    ) -> tuple[str, list[Any]]:
        column, _ = compiler.compile(self.get_source_expressions()[0])  # a column has no parameters
        sql, field = self.condition(column, connection)
        return sql, [Param(self.param.name, field)]


class KeysetAfter(Func):
    """Whether a row's (value, id) comes after another's, as a row comparison, so that an index scan starts right there.

    With separate comparisons and ``OR``, every page would read all rows with an equal value.
    """

    output_field = models.BooleanField()

    def __init__(self, *value_id_value_id: Any, descending: bool, inclusive: bool = False) -> None:
        super().__init__(*value_id_value_id)
        self.sign = ("<" if descending else ">") + ("=" if inclusive else "")

    def as_sql(  # type: ignore[override]  # -- it has no template, and its parameters are Params
        self, compiler: Any, connection: Any
    ) -> tuple[str, list[Any]]:
        parts = [compiler.compile(expression) for expression in self.get_source_expressions()]
        (value, id, there, there_id) = (sql for sql, _ in parts)
        params = [param for _, params in parts for param in params]
        return f"({value}, {id}) {self.sign} ({there}, {there_id})", params


RLS_CONTEXT_IS_SET = "(SELECT v FROM named) IS NOT NULL"


class RlsContextIsSet(Expression):
    """Always true; makes PostgreSQL set the context of row-level security before it reads rows."""

    output_field = models.BooleanField()
    conditional = True

    def __init__(self) -> None:
        super().__init__(output_field=models.BooleanField())

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return RLS_CONTEXT_IS_SET, []


class PlannedAnew(Expression):
    """Always true; has PostgreSQL plan a statement for the very values of its parameters, each time.

    Otherwise it may keep a plan for values of average frequency, which is slow where most values are rare and this one
    is common: it compares the estimated costs of both. With a value for ``param`` the alternative is dropped before the
    plan is made; the plan for any values has to reckon with it, though it is never run.
    """

    output_field = models.BooleanField()
    conditional = True

    def __init__(self, param: Param) -> None:
        super().__init__(output_field=models.BooleanField())
        self.param = param

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        kind = self.param.output_field.db_type(connection)
        never_run = "(SELECT count(*) FROM generate_series(1, 1000000000)) = 0"
        return f"(%s::{kind} IS NOT NULL OR {never_run})", [self.param]


def field_of(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    """The field of a column, or of a related model's by a path with ``__``."""
    *path, name = name.split("__")
    for part in path:
        related = model._meta.get_field(part).related_model
        model = cast(type[models.Model], related)
    return cast("models.Field[Any, Any]", model._meta.get_field(name))
