"""Columns that Django does not have: what fields of entities and keys need to come back alike from every database."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from django.db import models

from domain.access.scopes import Scope
from domain.quantities import EXACT_MAX, Quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from enum import StrEnum


def known_scopes(stored: Iterable[str]) -> frozenset[Scope]:
    """The scopes that this version knows: a later one may have given a key more."""
    return frozenset(_SCOPES[scope] for scope in stored if scope in _SCOPES)


class ScopesField(models.CharField):  # type: ignore[type-arg]  # -- generic for the type checker alone, not at run time
    """A set of scopes as one text, in order and separated by spaces."""

    def from_db_value(self, value: str, expression: Any, connection: Any) -> frozenset[Scope]:
        return known_scopes(value.split())

    def to_python(self, value: Any) -> frozenset[Scope]:
        return frozenset(map(Scope, value.split() if isinstance(value, str) else value))

    def get_prep_value(self, value: Any) -> str:
        return " ".join(sorted(self.to_python(value)))


class FoldedField(models.CharField):  # type: ignore[type-arg]  # -- generic for the type checker alone, not at run time
    """Text that sorts by its code points on every database."""

    COLLATIONS: ClassVar = {"postgresql": "C", "sqlite": "BINARY"}

    def db_parameters(self, connection: Any) -> Any:
        return {**super().db_parameters(connection), "collation": self.COLLATIONS[connection.vendor]}


class ChoiceField(FoldedField):
    """One value of an enumeration, kept as its text. A migration knows it as text: it must not follow the code."""

    def __init__(self, *args: Any, options: type[StrEnum], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.options = options

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, f"{FoldedField.__module__}.{FoldedField.__qualname__}", args, kwargs

    def clone(self) -> ChoiceField:
        *_, args, kwargs = self.deconstruct()
        return type(self)(*args, options=self.options, **kwargs)

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> StrEnum | None:
        return self.to_python(value)

    def to_python(self, value: Any) -> StrEnum | None:
        return None if value is None else self.options(value)

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else self.options(value).value


class AmountField(models.DecimalField):  # type: ignore[type-arg]  # -- as above
    """An exact decimal number. SQLite, whose decimals are floats, keeps it as a whole number of its last place."""

    DIGITS_MAX: ClassVar = 18
    """What fits into 64 bits."""

    def get_internal_type(self) -> str:
        return "AmountField"  # or Django would read a float on SQLite

    def db_type(self, connection: Any) -> str:
        exact = f"numeric({self.max_digits}, {self.decimal_places})"
        return "bigint" if connection.vendor == "sqlite" else exact

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        number = self.to_python(value)
        return int(number.scaleb(self.decimal_places)) if number is not None and _is_sqlite(connection) else number

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Decimal | None:
        return Decimal(value).scaleb(-self.decimal_places) if isinstance(value, int) else value


class JsonField(models.Field):  # type: ignore[type-arg]  # -- as above
    """A list or a map of texts as JSON; ``python`` makes of it what the entity has."""

    def __init__(self, *args: Any, python: Callable[[Any], Any] = dict, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.python = python

    def clone(self) -> JsonField:
        *_, args, kwargs = self.deconstruct()
        return type(self)(*args, python=self.python, **kwargs)

    def get_internal_type(self) -> str:
        return "JSONField"

    def db_type(self, connection: Any) -> str:
        return "text" if _is_sqlite(connection) else "jsonb"

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        return None if value is None else self.to_python(_decode(value))

    def to_python(self, value: Any) -> Any:
        return None if value is None else self.python(value)

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else _encoded(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return value if prepared else self.get_prep_value(value)


class QuantitiesField(JsonField):
    """Quantities by their names, each as ``[value, unit]``. A migration knows JSON."""

    def deconstruct(self) -> Any:
        return _as_json_field(super().deconstruct())

    def clone(self) -> QuantitiesField:
        *_, args, kwargs = self.deconstruct()
        return type(self)(*args, **kwargs)

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        return None if value is None else _decode_quantities(value)

    def to_python(self, value: Any) -> Any:
        return None if value is None else {name: Quantity(*member) for name, member in value.items()}


class ItemsField(JsonField):
    """A list of value objects as JSON, each an object with its fields. A migration knows JSON."""

    def __init__(self, *args: Any, of: type[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.of = of
        # It leaves out members that a later version has added.
        self._decoder = msgspec.json.Decoder(tuple[of, ...])  # type: ignore[valid-type]  # -- known at run time

    def deconstruct(self) -> Any:
        return _as_json_field(super().deconstruct())

    def clone(self) -> ItemsField:
        *_, args, kwargs = self.deconstruct()
        return type(self)(*args, of=self.of, **kwargs)

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        return None if value is None else self._decoder.decode(value)

    def to_python(self, value: Any) -> Any:
        return None if value is None else tuple(value)


def _as_json_field(deconstructed: Any) -> Any:
    name, _, args, kwargs = deconstructed
    return name, f"{JsonField.__module__}.{JsonField.__qualname__}", args, kwargs


_SCOPES = {scope.value: scope for scope in Scope}
_decode, _encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode
_QUANTITIES = msgspec.json.Decoder(dict[str, Quantity])


def _encoded(value: Any) -> str:
    return _encode(value).decode()


def _decode_quantities(text: str) -> dict[str, Quantity]:
    quantities = _QUANTITIES.decode(text)
    for name, (value, unit) in quantities.items():
        # PostgreSQL shows a large floating-point number with all its digits, and no point.
        if value.__class__ is int and not -EXACT_MAX <= value <= EXACT_MAX:
            quantities[name] = Quantity(float(value), unit)
    return quantities


class MapField(JsonField):
    """A map of texts; PostgreSQL finds rows by its members if it is ``indexed``. A migration knows JSON."""

    def __init__(self, *args: Any, indexed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.indexed = indexed

    def deconstruct(self) -> Any:
        return _as_json_field(super().deconstruct())

    def clone(self) -> MapField:
        *_, args, kwargs = self.deconstruct()
        return type(self)(*args, indexed=self.indexed, **kwargs)


def indexed_maps(model: type[models.Model]) -> dict[str, str]:
    """The indexed maps of a model, each with the table of its members, which ``IndexMap`` makes on PostgreSQL."""
    return {
        field.column: members_table(model._meta.db_table, field.column)
        for field in model._meta.concrete_fields
        if isinstance(field, MapField) and field.indexed
    }


def members_table(table: str, column: str) -> str:
    """The name of the table of a map's members."""
    return f"{table}_{column}"


class JsonTextField(models.TextField):  # type: ignore[type-arg]  # -- as above
    """The JSON of an entity as text, exactly as it was written."""

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, f"{models.__name__}.TextField", args, kwargs


class SealedField(models.TextField):  # type: ignore[type-arg]  # -- as above
    """An encrypted secret, which no export contains. A migration knows text."""

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, f"{models.__name__}.TextField", args, kwargs


class ReferenceField(models.UUIDField):  # type: ignore[type-arg]  # -- as above
    """The id of a row of the same owner in the table ``to``; ``ProtectTenants`` has PostgreSQL keep it so."""

    def __init__(self, *args: Any, to: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.to = to

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "to": self.to}


_REFERS = "_refers"


def reference_constraint(table: str, column: str) -> str:
    """The name of the foreign key of a reference."""
    return f"{table}_{column}{_REFERS}"


def is_reference(constraint: str | None) -> bool:
    """Whether a constraint of this name is the foreign key of a reference, perhaps of one that a later version has."""
    return constraint is not None and constraint.endswith(_REFERS)


def references_in(model: type[models.Model]) -> list[ReferenceField]:
    """The references among the columns of a model, also of one that migrations know."""
    return [field for field in model._meta.concrete_fields if isinstance(field, ReferenceField)]


def _is_sqlite(connection: Any) -> bool:
    return bool(connection.vendor == "sqlite")
