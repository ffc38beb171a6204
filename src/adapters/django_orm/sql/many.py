"""Values of a column in many rows, which a statement is given at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models

from adapters.django_orm.sql.expressions import Param, field_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class ManyValues(models.Field):  # type: ignore[type-arg]  # -- generic for the type checker alone, not at run time
    """The values of a column in rows that are written together: on PostgreSQL one text."""

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
class EncodeText(EncodeEach):
    """Encodes the values of a parameter as one text, which ``rows_of`` takes apart.

    Arrays take the database twice the time, and each quote in them is escaped; a driver's own take longer still, and
    cannot be encoded in slices.
    """

    def each(self, values: Sequence[Any]) -> list[str]:
        # Most columns have the same value in row after row.
        texts: list[str] = []
        last: Any = None
        text = _NULL
        for value in values:
            if value is not last:
                last, text = value, _text(value if self.encode is None else self.encode(value))
            texts.append(text)
        return texts

    def joined(self, encoded: list[str]) -> str:
        """Raises ``ValueError`` for a control character that no value may have."""
        # A text that does not begin so would have no rows, if its only value were an empty one.
        text = _SEPARATOR + _SEPARATOR.join(encoded)
        if text.count(_SEPARATOR) != len(encoded):
            raise ValueError(_RESERVED)
        return text


_SEPARATOR, _NULL = "\x1e", "\x1f"
_RESERVED = "A value holds a control character that separates values, or that stands for none."


def rows_of(types: Mapping[str, str]) -> str:
    """The SQL of rows from parameters that ``EncodeText`` has encoded, one for each of these columns with its type."""
    texts = ", ".join("string_to_table(%s::text, E'\\x1e', E'\\x1f')" for _ in types)
    # Each row is converted by itself, so the memory that this takes is used again for the next.
    columns = ", ".join(f"{name}::{type_name} AS {name}" for name, type_name in types.items())
    source = f"ROWS FROM ({texts}) WITH ORDINALITY AS texts({', '.join(types)}, row_number)"
    return f"SELECT {columns} FROM {source} WHERE row_number > 1"  # noqa: S608 -- names and types of ours


def _text(value: Any) -> str:
    if value is None:
        return _NULL
    text = value.isoformat() if isinstance(value, date) else str(value)
    if text == _NULL:
        raise ValueError(_RESERVED)
    return text


def many(model: type[models.Model], column: str, name: str | None = None) -> Param:
    """A parameter with the values of this column in many rows."""
    return Param(name or column, ManyValues(field_of(model, column)))
