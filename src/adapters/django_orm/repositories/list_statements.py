"""The statements of lists: which rows fulfil the conditions, in which order, and where a page begins and ends."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from django.db import models
from django.db.models import F
from django.db.models.lookups import IsNull

from adapters.django_orm.columns import indexed_maps
from adapters.django_orm.entity_models import sort_column
from adapters.django_orm.repositories.page_sizes import PLACE, page_sql, sized_columns
from adapters.django_orm.sql.compiler import Compiler
from adapters.django_orm.sql.contains import Contains
from adapters.django_orm.sql.expressions import ColumnCondition, KeysetAfter, Param, PlannedAnew, field_of, param
from adapters.django_orm.sql.map_members import HasLabel, HasQuantity, LabelIn, MemberColumn, Number, NumberOf
from adapters.django_orm.sql.membership import AnyOf, Has
from domain.entity_spec import spec_of
from domain.labels import LabelCriterion
from domain.page_size import may_be_large
from domain.paging import PAGE_SIZE, Comparison, Condition, PageRequest, Sort
from domain.quantity_conditions import ComparisonOperator, QuantityCriterion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from adapters.django_orm.sql.statement import Executor, Statement
    from domain.repository import OwnerId

LISTS_MAX = 500
"""Statements of lists that are remembered: each order, set of conditions and limit has its own."""
_LOOKUPS = {
    Comparison.EQUAL: "exact",
    Comparison.AT_LEAST: "gte",
    Comparison.AT_MOST: "lte",
}
_CONDITIONS: Mapping[Comparison, type[ColumnCondition]] = {
    Comparison.CONTAINS: Contains,
    Comparison.ANY_OF: AnyOf,
    Comparison.HAS: Has,
}
Compared: TypeAlias = "tuple[str, Comparison, Callable[..., Any] | None]"


def compared_by(condition: Condition) -> Compared:
    """What the statement depends on of a condition, all but the values."""
    criterion = condition.value
    variant: Callable[..., Any] | None = None
    if isinstance(criterion, QuantityCriterion):
        variant = _HAS_QUANTITY[criterion.operator]
    elif isinstance(criterion, LabelCriterion):
        variant = _HAS_LABEL[criterion.text is not None]
    return condition.attribute, condition.comparison, variant


_HAS_QUANTITY = {operator: partial(HasQuantity, operator=operator) for operator in ComparisonOperator}
_HAS_LABEL = {text: partial(HasLabel, text=text) for text in (False, True)}


def condition_values(owner: OwnerId, conditions: Sequence[Condition]) -> dict[str, Any]:
    """The parameters of rows that ``matching`` has chosen."""
    values: dict[str, Any] = {"owner_id": owner}
    for place, condition in enumerate(conditions):
        values[f"condition_{place}"] = condition.value
    return values


class _Part(NamedTuple):
    """What a statement reads of a list."""

    goes_on: bool
    """Whether it starts after a position."""
    missing: bool
    """Whether it is of what has no value to sort by."""
    limit: int | None
    measured: bool


class ListStatements:
    """The statements of an entity's lists, each compiled when it is first needed, and then once and for all.

    ``owned_rows`` returns the rows of one owner. ``size_max`` is how many bytes a row may have.
    """

    def __init__(
        self,
        entity: type[Any],
        model: type[models.Model],
        executor: Executor,
        owned_rows: Callable[[], models.QuerySet[Any, Any]],
        size_max: float,
    ) -> None:
        spec = spec_of(entity)
        self._model, self._executor, self._owned_rows, self._size_max = model, executor, owned_rows, size_max
        self._names = tuple(field.name for field in fields(entity))
        self._sorted = {field.name: sort_column(field) for field in spec.fields.values()}
        self._nullable = {field.name for field in spec.fields.values() if field.optional}
        self._sizes = sized_columns(model, self._names)
        self._few = {field.name for field in (*spec.references, *spec.unique)}
        self._members = indexed_maps(model)
        self._compile = Compiler(executor)
        self._pages = lru_cache(LISTS_MAX)(self._page)

    def _param(self, column: str, name: str | None = None) -> Param:
        return param(self._model, column, name)

    def parts(self, request: PageRequest) -> tuple[bool, ...]:
        """The parts of a list that a page may be made of: what has a value to sort by, and what is missing one."""
        sort, after = request.sort, request.after
        if sort.member is None and sort.by not in self._nullable:
            return (False,)
        return (True,) if after is not None and after.value is None else (False, True)

    def page(self, request: PageRequest, *, missing: bool = False) -> Statement:
        """The statement that reads a page like this one, or that part of it which is ``missing`` a value to sort by."""
        compared = tuple(map(compared_by, request.conditions))
        goes_on = request.after is not None and (request.after.value is None) is missing
        # PostgreSQL keeps one plan where the limit is written out, and plans anew where it is a parameter, as it should
        # where another plan may be better for other conditions.
        limit = None if compared else request.limit + 1
        sort = request.sort if request.sort.member is None else replace(request.sort, by=request.sort.attribute + ".")
        part = _Part(goes_on, missing, limit, self.is_measured(request.limit))
        return self._pages(sort, compared, part)

    def is_measured(self, limit: int) -> bool:
        """Whether such a page ends where it becomes too large: each row then says whether another follows it."""
        return bool(self._sizes) and may_be_large(limit, self._size_max)

    def _are_few(self, compared: Sequence[Compared]) -> bool:
        """Whether a condition leaves so few rows that each may be looked at."""
        return any(comparison is Comparison.EQUAL and attribute in self._few for attribute, comparison, _ in compared)

    def _walked(self, sort: Sort, compared: Sequence[Compared]) -> int | None:
        """The place of the label by which PostgreSQL reads the list, in the order of the index of labels, if any."""
        if sort.by != "created_at" or not self._compile.on_postgresql or self._are_few(compared):
            return None
        labels = [place for place, (attribute, *_) in enumerate(compared) if attribute in self._members]
        with_text = (place for place in labels if compared[place][-1] is _HAS_LABEL[True])
        return next(with_text, labels[0] if labels else None)

    def _are_skewed(self, compared: Sequence[Compared]) -> bool:
        """Whether the best plan depends on how many rows have the very label, or one of the values."""
        return not self._are_few(compared) and any(
            attribute in self._members or comparison is Comparison.ANY_OF for attribute, comparison, _ in compared
        )

    def matching(self, compared: Sequence[Compared], walked: int | None = None) -> models.QuerySet[Any, Any]:
        """The owner's rows that fulfil conditions like these, whose values are parameters.

        ``walked`` is the place of the label whose table of members the query reads.
        """
        rows = self._owned_rows()
        elsewhere = LabelIn.MAP if self._are_few(compared) else LabelIn.MEMBERS
        for place, (attribute, comparison, variant) in enumerate(compared):
            if variant is not None:
                more: dict[str, Any] = {}
                if attribute in self._members:
                    found = LabelIn.WALKED if place == walked else elsewhere
                    more = {"members": self._members[attribute], "found": found}
                rows = rows.filter(variant(attribute, f"condition_{place}", **more))
                continue
            column = self._sorted[attribute] if comparison is Comparison.CONTAINS else attribute
            value = self._param(column, f"condition_{place}")
            if comparison in _CONDITIONS:
                rows = rows.filter(_CONDITIONS[comparison](column, value))
            else:
                rows = rows.filter((f"{column}__{_LOOKUPS[comparison]}", value))
        if walked is not None:
            rows = rows.extra(tables=[self._members[compared[walked][0]]])  # noqa: S610 -- a name of ours
        return rows

    def _order(self, sort: Sort, by: str) -> tuple[Any, Param]:
        """What is sorted by, and the parameter with its value at the page's position."""
        if sort.member is None:
            return F(by), self._param(by, "after_value")
        return NumberOf(sort.attribute, "sort_member"), Number("after_value")

    def _page(self, sort: Sort, compared: Sequence[Compared], part: _Part) -> Statement:
        goes_on, missing, limit, measured = part
        walked = self._walked(sort, compared)
        rows, by = self.matching(compared, walked), self._sorted.get(sort.by, sort.by)
        value, there = self._order(sort, by)
        id: Any = F("id")
        if walked is not None:
            members = self._members[compared[walked][0]]
            value, id = MemberColumn(self._model, members, by), MemberColumn(self._model, members, "id")
        if self._compile.on_postgresql and self._are_skewed(compared):
            rows = rows.filter(PlannedAnew(self._param("owner_id")))
        here = (id,) if missing else (value, id)
        if missing or sort.by in self._nullable or sort.member is not None:
            rows = rows.filter(IsNull(value, missing))
        if goes_on:
            after = self._param("id", "after_id")
            places = (id, id, after, after) if missing else (value, id, there, after)
            rows = rows.filter(KeysetAfter(*places, descending=sort.descending))
        limited = limit or Param("limit", models.PositiveIntegerField())
        # What is equal is found by an index; everything else may have to be looked for.
        searches = sort.member is not None or any(each[1] is not Comparison.EQUAL for each in compared)
        if measured and self._compile.on_postgresql:
            return self._measured(rows, here, sort, limit=limited, searches=searches)
        sized = tuple(self._sizes) if measured else ()
        ordered = _in_order(rows, here, sort)
        return self._compile.select(ordered, *self._names, limit=limited, searches=searches, sized=sized)

    def _measured(self, rows: models.QuerySet[Any, Any], here: Sequence[Any], sort: Sort, **options: Any) -> Statement:
        """The statement by which PostgreSQL ends a page where it becomes too large."""
        order = PLACE[-len(here) :]
        sql = page_sql(self._names, self._sizes.values(), order, PAGE_SIZE, descending=sort.descending)
        decoders = (*(self._executor.codec(field_of(self._model, name))[1] for name in self._names), None)
        placed = _in_order(rows.annotate(**dict(zip(order, here, strict=True))), [*map(F, order)], sort)
        return self._compile.over(placed, (*self._names, *order), sql, decoders, **options)


def _in_order(rows: models.QuerySet[Any, Any], by: Sequence[Any], sort: Sort) -> models.QuerySet[Any, Any]:
    return rows.order_by(*(each.desc() if sort.descending else each.asc() for each in by))
