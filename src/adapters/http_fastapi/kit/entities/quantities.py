"""Quantities over HTTP: a number, boolean or text, bare or in an object with its unit."""

from collections.abc import Mapping
from functools import cache, partial
from itertools import starmap
from typing import Annotated, Any, TypeAlias

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema, create_model
from pydantic_core import InitErrorDetails, PydanticCustomError

from adapters.http_fastapi.kit.schemas import LINES, PLAIN
from domain.quantities import UNIT_MAX, Quantities, Quantity

Schema: TypeAlias = dict[str, Any]
_STRICT = ConfigDict(extra="forbid")
_VALUE_FIELD: Any = Field(description="a number, a boolean or a text", examples=[12])
_UNIT_FIELD: Any = Field(description="the unit of a number, which is kept and never converted", examples=["deg"])


def _value(text: Schema | None = None) -> Any:
    """The type of a value for the document, in which a text has these bounds."""
    schemas: list[Schema] = [{"type": "number"}, {"type": "boolean"}, {"type": "string", **(text or {})}]
    return Annotated[Any, WithJsonSchema({"anyOf": schemas})]


QUANTITY_VIEW: type[BaseModel] = create_model(
    "Quantity",
    __config__=_STRICT,
    __doc__="A value and its unit.",
    value=(_value(), _VALUE_FIELD),
    unit=(str | None, _UNIT_FIELD),
)
"""The schema of what is shown."""


@cache
def _input(value: Any) -> Any:
    """The schema of a quantity with its unit, as clients write it."""
    bounds = WithJsonSchema({"type": "string", "maxLength": UNIT_MAX, "pattern": f"^{PLAIN}*$"})
    return create_model(
        "QuantityInput",
        __config__=_STRICT,
        __doc__="A value with its unit.",
        value=(value, _VALUE_FIELD),
        unit=(Annotated[Annotated[str, bounds] | None, _UNIT_FIELD], None),
    )


def quantities_type(kind: Quantities, *, patch: bool) -> Any:
    """The type of a map of quantities for the document, of which a ``patch`` removes those that are null."""
    value = _value({"maxLength": kind.max_length, "pattern": LINES})
    quantity: Any = value | _input(value)
    bounds: Any = {"maxProperties": kind.max_items, "propertyNames": {"pattern": f"^{kind.key_pattern}$"}}
    member: Any = quantity | None if patch else quantity
    members: Any = dict[str, member]
    return Annotated[members, Field(json_schema_extra=bounds)]


def read_quantities(value: object, *, patch: bool) -> dict[str, Quantity | None]:
    """Quantities from bare values and from objects with ``value`` and ``unit``; the domain looks at what they are."""
    if not isinstance(value, dict):
        raise PydanticCustomError("wrong_type", "This is not an object.")
    read: dict[str, Quantity | None] | None = _of_objects(value)
    if read is not None:
        return read
    read = {}
    wrong: list[InitErrorDetails] = []
    for name, member in value.items():
        if isinstance(member, dict):
            read[name] = _quantity(name, member, wrong)
        elif isinstance(member, str | bool | int | float):
            read[name] = Quantity(member)
        elif member is None and patch:
            read[name] = None
        else:
            wrong.append(_at("quantity", _QUANTITY, name))
    if wrong:
        raise ValidationError.from_exception_data("quantities", wrong)
    return read


def _of_objects(members: dict[str, Any]) -> dict[str, Any] | None:
    """Quantities from members that are objects as they should be; None where one is not. There may be hundreds."""
    objects = members.values()
    try:
        values = [each["value"] for each in objects]
        units = [each["unit"] if len(each) > 1 else None for each in objects]
    except (KeyError, TypeError, IndexError):
        return None
    sound = _VALUES.issuperset(map(type, values)) and _UNITS.issuperset(map(type, units))
    if not sound or max(map(len, objects), default=0) > len(_OF_QUANTITY):
        return None
    return dict(zip(members, map(_make, zip(values, units, strict=True)), strict=True))


_make = partial(tuple.__new__, Quantity)


def shown_quantities(quantities: Mapping[str, Quantity]) -> dict[str, Any]:
    """Quantities as clients are shown them."""
    return dict(zip(quantities, starmap(_Shown, quantities.values()), strict=True))


class _Shown(msgspec.Struct):
    value: Any
    unit: str | None


def _quantity(name: str, member: dict[str, Any], wrong: list[InitErrorDetails]) -> Quantity | None:
    value: Any = member.get("value")
    unit = member.get("unit")
    wrong += [_at("unknown", "There is nothing of this name.", name, key) for key in member if key not in _OF_QUANTITY]
    if not isinstance(value, str | bool | int | float):
        missing = "value" not in member
        found = ("missing", "This is required.") if missing else ("quantity", _VALUE)
        wrong.append(_at(*found, name, "value"))
        return None
    if unit is not None and not isinstance(unit, str):
        wrong.append(_at("wrong_type", "This is neither a string nor null.", name, "unit"))
        return None
    return Quantity(value, unit)


_OF_QUANTITY = frozenset({"value", "unit"})
_VALUES, _UNITS = frozenset({str, bool, int, float}), frozenset({str, type(None)})
_VALUE = "This is no number, boolean or text."
_QUANTITY = "This is no number, boolean or text, and no object with a value and a unit."


def _at(code: str, detail: str, *location: str) -> InitErrorDetails:
    return InitErrorDetails(type=PydanticCustomError(code, detail), loc=location, input=None)
