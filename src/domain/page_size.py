"""Decides which pages of objects have to be measured, since they may exceed the size of a page."""

from functools import cache
from math import inf
from typing import Any

from domain.entity_spec import spec_of
from domain.fields import Field, LongText, Text, Words
from domain.items import Items
from domain.maps import NAME_MAX, Map
from domain.paging import PAGE_SIZE
from domain.quantities import Quantities

UNMEASURED_MAX = 2 * PAGE_SIZE
"""Bytes of a page that is not measured, because its objects are few and cannot have more."""
_CHARACTER_MAX = 4
"""Bytes of a character in JSON, in UTF-8 or escaped."""


@cache
def largest(entity: type[Any]) -> float:
    """Bytes that the texts, maps and lists of one object may have; infinite where its kinds set no such bound."""
    return sum(_largest(field.kind) for field in spec_of(entity).kept)


def may_be_large(limit: int, object_max: float) -> bool:
    """Whether a page of ``limit`` objects has to be measured. One object is a page, whatever its size."""
    return limit > 1 and limit * object_max > UNMEASURED_MAX


def _largest(kind: Field) -> float:
    match kind:
        case Quantities() | Items():
            return inf
        case Map():
            return kind.max_items * (NAME_MAX + kind.max_length) * _CHARACTER_MAX
        case Words():
            return kind.max_items * kind.max_length * _CHARACTER_MAX
        case Text() | LongText():
            return kind.max_length * _CHARACTER_MAX
        case _:
            return 0
