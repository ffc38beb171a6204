"""Quantities: named numbers, booleans and texts with units, such as the parameters and the results of a run."""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from domain.fields import LongText, Problem, Text
from domain.maps import Map

QuantityValue: TypeAlias = bool | int | float | str
EXACT_MAX = 2**53
"""The largest whole number that every JSON reader keeps exactly (RFC 8259, section 6)."""
TEXT_MAX, UNIT_MAX = 1000, 32
NAME_PATTERN = "[A-Za-z][A-Za-z0-9_.-]{0,99}"
NAME_WORDS = "a letter and then up to 99 of A-Z a-z 0-9 _ . -"
_NUMBERS = frozenset({int, float})
TEXT = LongText(max_length=TEXT_MAX)
"""What texts a quantity can have."""
_UNIT = Text(max_length=UNIT_MAX)


class Quantity(NamedTuple):
    """A number, a boolean or a text, with the unit it is given in; units are kept and never converted.

    A run has dozens, and a page hundreds: tuples are made in a third of the time that frozen dataclasses take.
    """

    value: QuantityValue
    unit: str | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Quantity):
            return False
        # Python takes True for 1, and a change from the one to the other for none.
        same_type = isinstance(self.value, bool) is isinstance(other.value, bool)
        return same_type and (self.value, self.unit) == (other.value, other.unit)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((self.value, self.unit))

    @property
    def number(self) -> int | float | None:
        """The value if it is a number."""
        return None if isinstance(self.value, bool | str) else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantities(Map):
    """Quantities by their names.

    Lists can be sorted by one of them where they are filtered by ``sortable_within``: numbers by value, and entities
    without such a number last.
    """

    max_items: int = 100
    key_pattern: str = NAME_PATTERN
    key_words: str = NAME_WORDS
    max_length: int = TEXT_MAX
    sortable_within: str | None = None

    def normalized(self, value: Mapping[str, Any]) -> dict[str, Any]:
        kept = dict(value)
        for name, member in value.items():
            # Databases know no negative zero.
            if member is not None and member.value == 0 and type(member.value) is float:
                kept[name] = Quantity(0.0, member.unit)
        return kept

    def problems(self, value: Mapping[str, Any]) -> Iterator[Problem]:
        # Nearly all are sound, and there may be hundreds in each of a thousand runs.
        if len(value) <= self.max_items and _are_sound_numbers(value.values()):
            return self.key_problems(value)
        return Map.problems(self, value)

    def member_problems(self, member: Any) -> Iterator[Problem]:
        value, unit = member.value, member.unit
        if isinstance(value, str):
            for code, predicate, _ in TEXT.problems(value):
                yield Problem(code, f"cannot hold a text that {predicate}", ("value",))
        elif not isinstance(value, bool) and not is_number(value):
            yield Problem(
                "out_of_range", "cannot hold a number that is not finite, or a whole one beyond ±2^53", ("value",)
            )
        if unit:
            # One that is too long is not worth remembering.
            for code, predicate, _ in _unit_problems(unit) if len(unit) <= UNIT_MAX else _UNIT.problems(unit):
                yield Problem(code, f"cannot hold a unit that {predicate}", ("unit",))


def _are_sound_numbers(quantities: Collection[Quantity]) -> bool:
    """Whether they are numbers with which nothing is wrong."""
    numbers: list[Any] = [quantity.value for quantity in quantities]
    if not _NUMBERS.issuperset(map(type, numbers)):
        return False
    whole = [number for number in numbers if type(number) is int]
    if not all(map(is_number, whole)) or not all(map(math.isfinite, numbers)):
        return False
    units = {unit for _, unit in quantities if unit}
    return all(len(unit) <= UNIT_MAX and not _unit_problems(unit) for unit in units)


@lru_cache(1000)
def _unit_problems(unit: str) -> tuple[Problem, ...]:
    return tuple(_UNIT.problems(unit))  # the same few units come again and again


def is_number(value: object) -> bool:
    """Whether this is a number that a quantity may have."""
    if isinstance(value, int):
        return -EXACT_MAX <= value <= EXACT_MAX
    return isinstance(value, float) and math.isfinite(value)
