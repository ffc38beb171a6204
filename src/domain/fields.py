"""The kinds of fields that an entity may have: each says once what it holds, and everything else follows from that.

A field of an entity is annotated with its kind, as in ``name: Annotated[str, Text(max_length=300)]``. Validation,
schemas, columns, indexes, sorts and filters are derived from it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple

from domain.field_filters import FieldFilter
from domain.paging import Comparison
from domain.validation import CONTROL_CHARACTERS, is_visible


class Problem(NamedTuple):
    """What is wrong with a value: ``predicate`` is how a sentence goes on after the field's name, as in "is empty".

    ``path`` leads to it within the value.
    """

    code: str
    predicate: str
    path: tuple[str | int, ...] = ()


INDEXED_MAX = 400
"""Characters of a text that is sorted by or unique: more, case-folded, might not fit into PostgreSQL's indexes."""
FOLDING_GROWTH = 3
"""Case folding makes up to three characters of one (Unicode's CaseFolding.txt, "full")."""
_EXACT = frozenset({Comparison.EQUAL, Comparison.ANY_OF})
_ORDERED = frozenset({Comparison.EQUAL, Comparison.AT_LEAST, Comparison.AT_MOST})


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What all kinds have: texts for the document, and what lists may do with the field.

    ``immutable`` fields are set when the entity is made and never changed. ``unique`` values are taken once among an
    owner's entities of the kind; None is never taken. A replacement that leaves a ``kept`` field out keeps its value.
    """

    description: str = ""
    example: Any = None
    sortable: bool = False
    immutable: bool = False
    unique: bool = False
    kept: bool = False
    filters: tuple[FieldFilter, ...] = ()

    SORTABLE: ClassVar[bool] = False
    """Whether lists can be sorted by fields of this kind."""
    COMPARISONS: ClassVar[frozenset[Comparison]] = frozenset()
    """What filters can compare fields of this kind by."""

    def normalized(self, value: Any) -> Any:
        """The value as it is kept."""
        return value

    def problems(self, value: Any) -> Iterator[Problem]:  # noqa: ARG002 -- most kinds look at it
        """What is wrong with a normalized value."""
        yield from ()

    def order(self, value: Any) -> Any:
        """What the value is sorted by and searched in."""
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Field):
    """One line of text, trimmed and not empty: no control characters, and at least one that can be seen.

    Sorted and searched by Unicode case folding.
    """

    SORTABLE: ClassVar = True
    COMPARISONS: ClassVar = _EXACT | {Comparison.CONTAINS}

    max_length: int
    pattern: str | None = None
    """A regular expression that the whole text has to match; ``pattern_words`` says it in words."""
    pattern_words: str = ""

    def normalized(self, value: str) -> str:
        return value if CONTROL_CHARACTERS.search(value) else value.strip()

    def problems(self, value: str) -> Iterator[Problem]:
        if CONTROL_CHARACTERS.search(value):
            yield Problem("control_characters", "holds control characters")
        elif not value:
            yield Problem("too_short", "is empty")
        elif len(value) > self.max_length:
            yield Problem("too_long", f"is longer than {self.max_length} characters")
        elif not is_visible(value):
            yield Problem("invisible", "holds nothing that can be seen")
        elif self.pattern is not None and not re.fullmatch(self.pattern, value):
            yield Problem("pattern", f"is not {self.pattern_words}")

    def order(self, value: str) -> str:
        return value.casefold()

    @property
    def folded(self) -> bool:
        """Whether the folded text is needed, for an order or a search."""
        return self.sortable or any(each.comparison is Comparison.CONTAINS for each in self.filters)

    @property
    def folded_max(self) -> int:
        """Characters of a folded text at most, and of a folded part of one."""
        return FOLDING_GROWTH * self.max_length


@dataclass(frozen=True, slots=True, kw_only=True)
class LongText(Field):
    """Text of several lines: line breaks and tabs are allowed, other control characters are not.

    It is kept as it is, or if ``trimmed`` without blanks around it, and then it is not empty.
    """

    max_length: int
    trimmed: bool = False

    _FORBIDDEN: ClassVar = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

    def normalized(self, value: str) -> str:
        return value.strip() if self.trimmed and not self._FORBIDDEN.search(value) else value

    def problems(self, value: str) -> Iterator[Problem]:
        if self._FORBIDDEN.search(value):
            yield Problem("control_characters", "holds control characters other than line breaks and tabs")
        elif self.trimmed and not value:
            yield Problem("too_short", "is empty")
        elif len(value) > self.max_length:
            yield Problem("too_long", f"is longer than {self.max_length} characters")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Field):
    """One value of an enumeration."""

    COMPARISONS: ClassVar = _EXACT

    options: type[StrEnum]


@dataclass(frozen=True, slots=True, kw_only=True)
class Boolean(Field):
    """True or false."""

    COMPARISONS: ClassVar = frozenset({Comparison.EQUAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Integer(Field):
    """A whole number, both bounds included."""

    SORTABLE: ClassVar = True
    COMPARISONS: ClassVar = _ORDERED

    minimum: int = 0
    maximum: int = 2**31 - 1

    def problems(self, value: int) -> Iterator[Problem]:
        if not self.minimum <= value <= self.maximum:
            yield Problem("out_of_range", f"is not a whole number from {self.minimum} to {self.maximum}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount(Field):
    """A decimal number, exact: at most ``digits`` digits, of which ``places`` come after the point. Bounds included."""

    SORTABLE: ClassVar = True
    COMPARISONS: ClassVar = _ORDERED

    digits: int
    places: int
    minimum: Decimal | None = None
    maximum: Decimal | None = None

    def normalized(self, value: Decimal) -> Decimal:
        if not value.is_finite() or abs(value) >= Decimal(10) ** (self.digits - self.places):
            return value
        rounded = round(value, self.places)
        return abs(rounded) if rounded == value == 0 else rounded if rounded == value else value

    def problems(self, value: Decimal) -> Iterator[Problem]:
        too_large = not value.is_finite() or abs(value) >= Decimal(10) ** (self.digits - self.places)
        if too_large or round(value, self.places) != value:
            yield Problem(
                "out_of_range",
                f"is not a number of at most {self.digits} digits, {self.places} of them after the point",
            )
        elif self.minimum is not None and value < self.minimum:
            yield Problem("out_of_range", f"is less than {self.minimum}")
        elif self.maximum is not None and value > self.maximum:
            yield Problem("out_of_range", f"is more than {self.maximum}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Day(Field):
    """A date, of the years 1 to 9999."""

    SORTABLE: ClassVar = True
    COMPARISONS: ClassVar = _ORDERED


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment(Field):
    """A time with its zone, kept in UTC to the microsecond."""

    SORTABLE: ClassVar = True
    COMPARISONS: ClassVar = _ORDERED


@dataclass(frozen=True, slots=True, kw_only=True)
class Words(Field):
    """A list of short texts, each like ``Text``; none comes twice. With ``options`` it holds only those."""

    COMPARISONS: ClassVar = frozenset({Comparison.HAS})

    max_items: int
    max_length: int
    min_items: int = 0
    options: tuple[str, ...] = ()

    def normalized(self, value: Sequence[str]) -> tuple[str, ...]:
        if self.options:
            return tuple(value)
        return tuple(word if CONTROL_CHARACTERS.search(word) else word.strip() for word in value)

    def problems(self, value: Sequence[str]) -> Iterator[Problem]:
        if len(value) > self.max_items:
            yield Problem("too_many", f"cannot hold more than {self.max_items} items")
        elif len(set(value)) < len(value):
            yield Problem("repeated", "cannot hold an item twice")
        elif len(value) < self.min_items:
            yield Problem("too_few", f"cannot hold fewer than {self.min_items} items")
        if self.options:
            wrong = (place for place, word in enumerate(value[: self.max_items]) if word not in self.options)
            yield from (
                Problem("unknown_value", f"can hold {', '.join(self.options)} alone", (place,)) for place in wrong
            )
            return
        one = Text(max_length=self.max_length)
        for place, word in enumerate(value[: self.max_items]):
            yield from (
                Problem(code, f"cannot hold an item that {predicate}", (place,))
                for code, predicate, _ in one.problems(word)
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor(Field):
    """Who made the entity, as a ``WriteContext`` names it: set when it is made, never sent by a client."""

    def problems(self, value: str) -> Iterator[Problem]:
        if CONTROL_CHARACTERS.search(value):
            yield Problem("control_characters", "holds control characters")
        elif not 0 < len(value) <= self.MAX:
            yield Problem("too_long", f"is empty or longer than {self.MAX} characters")

    MAX: ClassVar[int] = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference(Field):
    """The id of another entity of the same owner, of the kind ``to``, which exists as long as this one refers to it.

    ``in_use`` is the problem code of deleting what is referred to, ``missing`` that of restoring an entity whose
    reference is gone.
    """

    COMPARISONS: ClassVar = _EXACT

    to: str
    in_use: str
    missing: str

    @property
    def unknown(self) -> str:
        """The code of a violation: there is no such entity of this owner."""
        return f"unknown_{self.to}"
