"""Keyset pagination: filters, order, and the position at which the next page starts."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, Protocol, TypeAlias, TypeVar
from uuid import UUID

T = TypeVar("T")
SortValue: TypeAlias = str | bool | int | float | Decimal | date | datetime | UUID


class Criterion(Protocol):
    """A condition of its own kind on one attribute. It can be hashed, and its ``repr`` says all of it."""

    @property
    def shape(self) -> str:
        """How it compares, whatever it compares with."""
        ...

    def holds(self, actual: Any, /) -> bool: ...


LIMIT_DEFAULT = 20
LIMIT_MAX = 100
PAGE_SIZE = 1_000_000
"""Bytes of the long texts, maps and lists of a page, as they are stored, at which it ends before its limit."""


@dataclass(frozen=True, slots=True)
class Sort:
    """An order: by this attribute, then by id, both in the same direction; what has no value comes last in both.

    ``by`` may name a member of a map, as in ``parameters.alpha``: its number.
    """

    by: str
    descending: bool = False

    @property
    def attribute(self) -> str:
        """The attribute that is sorted by, or the map that has the member."""
        return self.by.partition(".")[0]

    @property
    def member(self) -> str | None:
        """The name of the member that is sorted by; None where it is the attribute itself."""
        _, dot, member = self.by.partition(".")
        return member if dot else None


NEWEST_FIRST = Sort("created_at", descending=True)


class Comparison(Enum):
    """How a condition compares the attribute with its value."""

    EQUAL = "equal"
    AT_LEAST = "at least"
    AT_MOST = "at most"
    CONTAINS = "contains"
    """Of texts, by Unicode case folding."""
    ANY_OF = "any of"
    """One of several values."""
    HAS = "has"
    """Of lists: the value is one of the items."""
    FULFILS = "fulfils"
    """The value is a ``Criterion``."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A filter on one attribute; a missing value (None) never matches.

    The value of ``CONTAINS`` is case-folded already, that of ``ANY_OF`` a tuple.
    """

    attribute: str
    comparison: Comparison
    value: SortValue | tuple[SortValue, ...] | Criterion

    def holds(self, actual: Any) -> bool:  # noqa: PLR0911 -- one for each comparison
        """Whether the attribute's value matches; for ``CONTAINS`` it is the case-folded one."""
        if actual is None:
            return False
        match self.comparison:
            case Comparison.EQUAL:
                return bool(actual == self.value)
            case Comparison.AT_LEAST:
                return bool(actual >= self.value)
            case Comparison.AT_MOST:
                return bool(actual <= self.value)
            case Comparison.ANY_OF:
                return actual in self.value  # type: ignore[operator]  # -- a tuple, see above
            case Comparison.CONTAINS | Comparison.HAS:
                return self.value in actual
            case Comparison.FULFILS:
                return self.value.holds(actual)  # type: ignore[union-attr]  # -- a criterion, see above


@dataclass(frozen=True, slots=True)
class Position:
    """Where an entity stands in a list: its sort value, None where it has none, then its id."""

    value: SortValue | None
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """At most ``limit`` entities (1 to ``LIMIT_MAX``) that match the conditions and come after ``after``.

    There are fewer where the page would have more than about ``PAGE_SIZE``, and one at least.
    """

    limit: int = LIMIT_DEFAULT
    sort: Sort = NEWEST_FIRST
    conditions: tuple[Condition, ...] = ()
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of entities; ``next`` is where the next page starts, None on the last."""

    items: tuple[T, ...]
    next: Position | None
