"""Models of entities, derived from their annotated fields: columns, indexes for every sort, and constraints."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Q

from adapters.django_orm.columns import (
    AmountField,
    ChoiceField,
    FoldedField,
    ItemsField,
    JsonField,
    MapField,
    QuantitiesField,
    ReferenceField,
)
from domain.entity_spec import EntitySpec, NotBefore, spec_of
from domain.field_spec import FieldSpec, text_kind
from domain.fields import Actor, Amount, Boolean, Choice, Day, Integer, LongText, Moment, Reference, Text, Words
from domain.items import Items
from domain.maps import Map
from domain.paging import Comparison
from domain.quantities import Quantities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from domain.repository import Owned

FOLDED = "_folded"
"""The end of the name of a column that holds the case-folded text of another."""
_INT_MAX, _BIGINT_MAX = 2**31 - 1, 2**63 - 1
_INDEX_NAME_MAX = 30
"""Characters: what Django allows."""


class TenantRow(models.Model):
    """What every table of tenants' data begins with."""

    id = models.UUIDField(primary_key=True)
    owner_id = models.UUIDField()
    created_at = models.DateTimeField()

    class Meta:
        abstract = True


def entity_model(entity: type[Owned], module: str) -> Any:
    """The model of this entity, as a class of ``module``: ``SimulationRow`` in the table ``simulation``."""
    spec = spec_of(entity)
    columns: dict[str, models.Field[Any, Any]] = {}
    for field in spec.kept:
        columns |= _columns(field)
    name = f"{entity.__name__}Row"
    body = {
        "__module__": module,
        "__qualname__": name,
        "__doc__": f"A tenant's {entity.KIND}.",
        **columns,
        "updated_at": models.DateTimeField(),
        "version": models.PositiveIntegerField(),
        "Meta": _meta(entity, spec),
    }
    if "name" in columns:
        body["__str__"] = lambda row: row.name or str(row.pk)
    return type(name, (TenantRow,), body)


def sort_column(field: FieldSpec) -> str:
    """The column that lists are sorted by and searched in."""
    return field.name + FOLDED if text_kind(field) else field.name


def column_reader(entity: type[Any], columns: Sequence[str]) -> Callable[[Any], list[Any]]:
    """What reads the values of these columns from an entity."""
    folded = {sort_column(field): field for field in spec_of(entity).fields.values() if text_kind(field)}
    read = attrgetter(*(folded[column].name if column in folded else column for column in columns))
    fold = [(place, folded[column].kind.order) for place, column in enumerate(columns) if column in folded]

    def values(one: Any) -> list[Any]:
        row = [*read(one)]
        for place, order in fold:
            row[place] = None if row[place] is None else order(row[place])
        return row

    return values


def unique_constraint(entity: type[Any], field: FieldSpec) -> str:
    """The name of the constraint that a taken value violates."""
    return f"{entity.KIND}_{field.taken}"


def _index_name(name: str) -> str:
    """The name itself, or where it is too long its beginning and a digest of it."""
    if len(name) <= _INDEX_NAME_MAX:
        return name
    return f"{name[: _INDEX_NAME_MAX - 7]}_{sha256(name.encode()).hexdigest()[:6]}"


def _columns(field: FieldSpec) -> dict[str, models.Field[Any, Any]]:
    columns = {field.name: _column(field)}
    if text := text_kind(field):
        folded: Any = {} if field.required or field.default is None else _default(text.order(field.default))
        columns[sort_column(field)] = FoldedField(max_length=text.folded_max, null=field.optional, **folded)
    return columns


def _default(default: Any) -> dict[str, Any]:
    """The options of a column with this default, as a migration writes them: they must not follow the code.

    Rows that are there already get it. It stays in the database, so that a version before the column can insert rows.
    """
    plain = default.value if isinstance(default, StrEnum) else default
    plain = dict(plain) if isinstance(plain, Mapping) else plain
    return {"default": plain, "db_default": plain}


def _column(field: FieldSpec) -> models.Field[Any, Any]:  # noqa: C901, PLR0911, PLR0912 -- one for each kind
    options: Any = {"null": True, "blank": True} if field.optional else {}
    if not field.required and field.default is not None:
        options |= _default(field.default)
    match field.kind:
        case Text(max_length=length):
            return models.CharField(max_length=length, **options)
        case LongText():
            return models.TextField(**options)
        case Choice(options=values):
            return ChoiceField(options=values, max_length=max(map(len, values)), **options)
        case Boolean():
            return models.BooleanField(**options)
        case Integer(minimum=least, maximum=most):
            if max(-least, most) > _BIGINT_MAX:
                raise TypeError(f"{field.name} may be larger than 64 bits can hold.")
            small = max(-least, most) <= _INT_MAX
            return models.IntegerField(**options) if small else models.BigIntegerField(**options)
        case Amount(digits=digits, places=places):
            if digits > AmountField.DIGITS_MAX:
                raise TypeError(f"{field.name} may have more than {AmountField.DIGITS_MAX} digits.")
            return AmountField(max_digits=digits, decimal_places=places, **options)
        case Day():
            return models.DateField(**options)
        case Moment():
            return models.DateTimeField(**options)
        case Quantities():
            return QuantitiesField(**options)
        case Items(of=of):
            return ItemsField(of=of, **options)
        case Actor():
            return models.CharField(max_length=Actor.MAX, **options)
        case Words():
            return JsonField(python=tuple, **options)
        case Map(indexed=indexed):
            return MapField(indexed=indexed, **options)
        case Reference(to=kind):
            return ReferenceField(to=kind, **options)
    raise TypeError(f"{field.name} is of a kind that has no column yet: {type(field.kind).__name__}")


def _index(name: str, *columns: str) -> models.Index:
    return models.Index(fields=["owner_id", *columns, "id"], name=_index_name(name))


def _sort_column(spec: EntitySpec, name: str) -> str:
    return sort_column(spec.fields[name]) if name in spec.fields else name


def _looked_up(spec: EntitySpec) -> Iterator[FieldSpec]:
    """The references, and the fields that lists are filtered by for equality and whose values are not unique."""
    exact = {Comparison.EQUAL, Comparison.ANY_OF}
    for field in spec.fields.values():
        filtered = any(each.comparison in exact for each in field.kind.filters)
        if isinstance(field.kind, Reference) or (filtered and not field.kind.unique):
            yield field


def _meta(entity: type[Owned], spec: EntitySpec) -> type:
    kind = entity.KIND
    indexes = [
        _index(f"{kind}_newest" if name == "created_at" else f"{kind}_by_{name}", _sort_column(spec, name))
        for name in spec.sorts
    ]
    # What is found by a value is listed newest first.
    indexes += [_index(f"{kind}_of_{field.name}", field.name, "created_at") for field in _looked_up(spec)]
    constraints: list[models.BaseConstraint] = [
        models.CheckConstraint(
            condition=Q(**{f"{rule.fields[1]}__gte": F(rule.fields[0])}),
            name=f"{kind}_{rule.violation.code}",
        )
        for rule in spec.rules
        if isinstance(rule, NotBefore)
    ]
    # With a condition: PostgreSQL takes columns of any other unique index for part of the key, so that to change them
    # would wait for whoever refers to the row.
    constraints += [
        models.UniqueConstraint(
            fields=["owner_id", field.name],
            condition=Q(**{f"{field.name}__isnull": False}),
            name=unique_constraint(entity, field),
        )
        for field in spec_of(entity).unique
    ]
    return type(
        "Meta",
        (),
        {
            "db_table": kind,
            "verbose_name": kind.replace("_", " "),
            "indexes": indexes,
            "constraints": constraints,
        },
    )
