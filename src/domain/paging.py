"""Pages by keyset: what to list and in which order; a page says where it ended, and the next one goes on from there."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Generic, TypeAlias, TypeVar
from uuid import UUID

T = TypeVar("T")
SortValue: TypeAlias = str | int | date | datetime | UUID

LIMIT_DEFAULT = 20
LIMIT_MAX = 100


@dataclass(frozen=True, slots=True)
class Sort:
    """An order: by this attribute of the entities, and by id where that ties, in the same direction."""

    by: str
    descending: bool = False


NEWEST_FIRST = Sort("created_at", descending=True)


class Comparison(Enum):
    """How a condition compares the attribute with its value."""

    EQUAL = "equal"
    AT_LEAST = "at least"
    AT_MOST = "at most"
    CONTAINS = "contains"


@dataclass(frozen=True, slots=True)
class Condition:
    """What an attribute of every listed entity has to fulfil."""

    attribute: str
    comparison: Comparison
    value: SortValue

    def holds(self, entity: object) -> bool:
        """Whether this entity fulfils it."""
        actual = getattr(entity, self.attribute)
        match self.comparison:
            case Comparison.EQUAL:
                return bool(actual == self.value)
            case Comparison.AT_LEAST:
                return bool(actual >= self.value)
            case Comparison.AT_MOST:
                return bool(actual <= self.value)
            case Comparison.CONTAINS:
                return bool(self.value in actual)


@dataclass(frozen=True, slots=True)
class Position:
    """The place of one entity in the order of its list: its sort value and, where that ties, its id."""

    value: SortValue
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """At most ``limit`` entities (1 to ``LIMIT_MAX``) that fulfil the conditions and come after ``after``."""

    limit: int = LIMIT_DEFAULT
    sort: Sort = NEWEST_FIRST
    conditions: tuple[Condition, ...] = ()
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some entities in order; ``next`` is where to go on, None at the end."""

    items: tuple[T, ...]
    next: Position | None
