"""Values of a column in many rows, which a statement is given at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models

from adapters.django_orm.sql.expressions import Param, field_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


class ManyValues(models.Field):  # type: ignore[type-arg]  # -- generic for the type checker alone, not at run time
    """The values of a column in rows that are written together: on PostgreSQL the text of an array."""

    def __init__(self, column: models.Field[Any, Any]) -> None:
        super().__init__()
        self.of = column


@dataclass(frozen=True, slots=True)
class EncodeEach:
    """Encodes the values of a parameter one by one; ``encode`` is None where the driver does it."""

    encode: Callable[[Any], Any] | None

    def __call__(self, values: Sequence[Any]) -> Any:
        return self.joined(self.each(values))

    def each(self, values: Sequence[Any]) -> list[Any]:
        """Some of the values, encoded."""
        return [*values] if self.encode is None else [*map(self.encode, values)]

    def joined(self, encoded: list[Any]) -> Any:
        """All of the encoded values as one parameter."""
        return encoded


@dataclass(frozen=True, slots=True)
class EncodeArray(EncodeEach):
    """Encodes the values of a parameter as the text of a PostgreSQL array.

    A driver's own arrays take several times as long, and cannot be encoded in slices.
    """

    def each(self, values: Sequence[Any]) -> list[str]:
        return ["NULL" if value is None else _element(value) for value in EncodeEach.each(self, values)]

    def joined(self, encoded: list[str]) -> str:
        return _array(encoded)


def array_text(values: Iterable[Any]) -> str:
    """The text of a PostgreSQL array of these values, none of them None."""
    return _array(map(_element, values))


def _array(elements: Iterable[str]) -> str:
    return f"{{{','.join(elements)}}}"


def _element(value: Any) -> str:
    """A value in the text of an array (PostgreSQL, "Array Input and Output Syntax")."""
    if isinstance(value, date):
        value = value.isoformat()
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def many(model: type[models.Model], column: str, name: str | None = None) -> Param:
    """A parameter with the values of this column in many rows."""
    return Param(name or column, ManyValues(field_of(model, column)))
