"""Conditions on members of maps, and the order by one of them: labels and quantities.

A quantity is kept as ``[value, unit]``. PostgreSQL compares numbers of JSON by value, as exact decimals; SQLite calls
the criterion itself, since its own reading of decimal fractions may differ in the last bit.
"""

from __future__ import annotations

import json
from enum import Enum
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.expressions import Expression, F, Func

from adapters.django_orm.sql.expressions import RLS_CONTEXT_IS_SET, Param, field_of
from adapters.django_orm.sqlite.functions import FULFILS, NUMBER
from domain.quantity_conditions import ComparisonOperator, QuantityCriterion

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain.labels import LabelCriterion


class _PartField(models.Field):  # type: ignore[type-arg]  # -- generic for the type checker alone, not at run time
    """A part of a criterion, which is the value of the parameter."""

    def __init__(self, part: Callable[[Any], Any]) -> None:
        super().__init__()
        self._part = part

    def get_prep_value(self, value: Any) -> Any:
        return self._part(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return self._part(value)


def _name(criterion: QuantityCriterion | LabelCriterion) -> str:
    return criterion.name


def _json_value(criterion: QuantityCriterion) -> str:
    return json.dumps(criterion.value, ensure_ascii=False)


class _MapCondition(Func):
    """A condition on a column with a map."""

    output_field = models.BooleanField()
    conditional = True

    def __init__(self, column: str, criterion: str) -> None:
        super().__init__(F(column))
        self.criterion = criterion

    def _part(self, part: Callable[[Any], Any]) -> Param:
        return Param(self.criterion, _PartField(part))

    def as_sql(  # type: ignore[override]  # -- it has no template, and its parameters are Params
        self, compiler: Any, connection: Any
    ) -> tuple[str, list[Any]]:
        (column, _) = compiler.compile(self.get_source_expressions()[0])
        return self.condition(column, connection.vendor)

    def condition(self, column: str, vendor: str) -> tuple[str, list[Param]]:
        """The SQL, and the parameters of its ``%s``."""
        raise NotImplementedError


class LabelIn(Enum):
    """Where PostgreSQL looks for a label."""

    MAP = "map"
    """In the map of each row: where another condition leaves few."""
    MEMBERS = "members"
    """In the table of the map's members."""
    WALKED = "walked"
    """In the same table, which is read by the query itself, to be in its order."""


class HasLabel(_MapCondition):
    """Whether the column has a label of this name, and of this text if one is given.

    ``members`` is the table of the map's members on PostgreSQL.
    """

    def __init__(self, column: str, criterion: str, *, text: bool, members: str, found: LabelIn) -> None:
        super().__init__(column, criterion)
        self.text, self.members, self.found = text, members, found

    def condition(self, column: str, vendor: str) -> tuple[str, list[Param]]:
        name = self._part(_name)
        text = [self._part(lambda criterion: criterion.text)] if self.text else []
        if vendor == "sqlite":
            where = "key = %s AND value = %s" if self.text else "key = %s"
            return f"EXISTS (SELECT 1 FROM json_each({column}) WHERE {where})", [name, *text]  # noqa: S608 -- SQL of ours
        if self.found is LabelIn.MAP:
            return f"({column} ->> %s::text)" + (" = %s" if self.text else " IS NOT NULL"), [name, *text]
        return self._in_table(column), [name, *text]

    def _in_table(self, column: str) -> str:
        table, _, _ = column.rpartition(".")
        walked = self.found is LabelIn.WALKED
        member = f'"{self.members}"' if walked else "member"
        text = f" AND {member}.text = %s" if self.text else ""
        same = f'{member}.owner_id = {table}."owner_id" AND {member}.id = {table}."id" AND {member}.name = %s{text}'
        # The context of row-level security has to be set before this table is read as well.
        looked_up = f"EXISTS (SELECT FROM {self.members} AS member WHERE {same} AND {RLS_CONTEXT_IS_SET})"
        return same if walked else looked_up


class MemberColumn(Expression):
    """A column of the table of members that a query walks through; it is the same in the entity's own table."""

    def __init__(self, model: type[models.Model], members: str, column: str) -> None:
        super().__init__(output_field=field_of(model, column))
        self.members, self.column = members, column

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return f'"{self.members}"."{self.column}"', []


class HasQuantity(_MapCondition):
    """Whether the column has a quantity of this name that compares with a value like this."""

    def __init__(self, column: str, criterion: str, *, operator: ComparisonOperator) -> None:
        super().__init__(column, criterion)
        self.operator = operator

    def condition(self, column: str, vendor: str) -> tuple[str, list[Param]]:
        name, value = self._part(_name), self._part(_json_value)
        if vendor == "sqlite":
            return f"{FULFILS}({column}, %s, '{self.operator}', %s)", [name, value]
        found = f"({column} -> %s::text -> 0)"
        compares = {ComparisonOperator.NOT_EQUAL: "<>"}.get(self.operator, self.operator.value)
        compared = f"{found} {compares} %s::jsonb"
        if self.operator.orders:
            return f"(jsonb_typeof({found}) = 'number' AND {compared})", [name, name, value]
        return compared, [name, value]


class NumberOf(Func):
    """The number of a quantity whose name is a parameter; NULL where there is none."""

    output_field = models.FloatField()

    def __init__(self, column: str, name: str) -> None:
        super().__init__(F(column))
        self.member = Param(name, models.TextField())

    def as_sql(  # type: ignore[override]  # -- as above
        self, compiler: Any, connection: Any
    ) -> tuple[str, list[Any]]:
        (column, _) = compiler.compile(self.get_source_expressions()[0])
        if connection.vendor == "sqlite":
            return f"{NUMBER}({column}, %s)", [self.member]
        found = f"({column} -> %s::text -> 0)"
        return f"CASE WHEN jsonb_typeof({found}) = 'number' THEN {found}::numeric END", [self.member, self.member]


class Number(Param):
    """A parameter that is a number of a quantity, exact in the database."""

    def __init__(self, name: str) -> None:
        super().__init__(name, _PartField(lambda value: value))

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        if connection.vendor == "sqlite":
            return "%s", [self]
        return "%s::text::numeric", [Param(self.name, _PartField(repr))]
