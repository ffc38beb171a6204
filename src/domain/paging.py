"""Pages by keyset: a page says where it ended, and the next one goes on from there."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

T = TypeVar("T")

LIMIT_DEFAULT = 20
LIMIT_MAX = 100


@dataclass(frozen=True, slots=True)
class Position:
    """The place of one entity in the order of its list: its sort value and, where that ties, its id."""

    value: datetime
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """At most ``limit`` entities (1 to ``LIMIT_MAX``) that come after ``after``, or from the start."""

    limit: int = LIMIT_DEFAULT
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some entities in order; ``next`` is where to go on, None at the end."""

    items: tuple[T, ...]
    next: Position | None
