"""Quantities: named numbers, booleans and texts with units, such as the parameters and the results of a run."""

import json
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne
from typing import Any, NamedTuple, TypeAlias

from domain.fields import LongText, Map, Problem, Text
from domain.paging import Comparison, Condition

QuantityValue: TypeAlias = bool | int | float | str
EXACT_MAX = 2**53
"""The largest whole number that every JSON reader keeps exactly (RFC 8259, section 6)."""
TEXT_MAX, UNIT_MAX = 1000, 32
NAME_PATTERN = "[A-Za-z][A-Za-z0-9_.-]{0,99}"
_NAME_WORDS = "a letter and then up to 99 of A-Z a-z 0-9 _ . -"
_NUMBERS = frozenset({int, float})
_TEXT = LongText(max_length=TEXT_MAX)
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
    key_words: str = _NAME_WORDS
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
            for code, predicate, _ in _TEXT.problems(value):
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


class Operator(StrEnum):
    """The comparisons of ``where``."""

    AT_MOST = "<="
    AT_LEAST = ">="
    NOT_EQUAL = "!="
    EQUAL = "="
    LESS = "<"
    MORE = ">"

    @property
    def orders(self) -> bool:
        """Whether it compares numbers by their order."""
        return self not in {Operator.EQUAL, Operator.NOT_EQUAL}


_COMPARE: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUAL: eq,
    Operator.NOT_EQUAL: ne,
    Operator.LESS: lt,
    Operator.AT_MOST: le,
    Operator.MORE: gt,
    Operator.AT_LEAST: ge,
}


@dataclass(frozen=True, slots=True, eq=False)
class QuantityCriterion:
    """Compares the quantity of this name with a value; without such a quantity it never holds.

    A quantity of another type is merely not equal, and in no order.
    """

    name: str
    operator: Operator
    value: QuantityValue

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QuantityCriterion) and self._compared == other._compared

    def __hash__(self) -> int:
        return hash(self._compared)

    @property
    def _compared(self) -> tuple[object, ...]:
        return self.name, self.operator, type_name(self.value), self.value  # for Python, 1 is equal to True

    @property
    def shape(self) -> str:
        return self.operator

    def holds(self, quantities: Mapping[str, Quantity]) -> bool:
        """Whether these quantities fulfil it."""
        quantity = quantities.get(self.name)
        if quantity is None:
            return False
        if type_name(quantity.value) != type_name(self.value):
            return self.operator is Operator.NOT_EQUAL
        return _COMPARE[self.operator](quantity.value, self.value)


def type_name(value: QuantityValue) -> str:
    """The type of a value as JSON names it."""
    if isinstance(value, bool):
        return "boolean"
    return "string" if isinstance(value, str) else "number"


class WhereError(ValueError):
    """A condition that cannot be read; ``position`` counts its characters from 1."""

    def __init__(self, expected: str, position: int) -> None:
        super().__init__(f"{expected} was expected at character {position}.")
        self.position = position


class Where:
    """Reads conditions such as ``parameters.alpha>=12``: a field, a name, a comparison, and a value.

    The value is a number, ``true``, ``false`` or a text in double quotes, written as in JSON. Blanks may stand round
    the comparison.
    """

    _OPERATOR = re.compile("|".join(Operator))
    _NAME = re.compile(NAME_PATTERN)
    _NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
    _TEXT = re.compile(r'"([^"\\\x00-\x1f]|\\(["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"')
    _BLANKS = re.compile(" *")

    def __init__(self, *fields: str) -> None:
        self.fields = fields

    @property
    def pattern(self) -> str:
        """A regular expression of conditions: all but those with very large numbers, or with other escapes."""
        number = r"-?(0|[1-9][0-9]{0,14})(\.[0-9]+)?([eE][-+]?[0-9]{1,2})?"
        text = rf'"([^"\\\u0000-\u001f\u007f-\u009f]|\\["\\/nrt]){{0,{TEXT_MAX}}}"'
        orders = "|".join(each for each in Operator if each.orders)
        others = "|".join(each for each in Operator if not each.orders)
        compared = f"({others}) *({number}|true|false|{text})|({orders}) *{number}"
        return rf"^({'|'.join(self.fields)})\.{NAME_PATTERN} *({compared})$"

    def __call__(self, text: str) -> Condition:
        """The condition that this text says. Raises ``WhereError``."""
        field = next((each for each in self.fields if text.startswith(f"{each}.")), None)
        if field is None:
            raise WhereError(f"A name after {' or '.join(f'{each}.' for each in self.fields)}", 1)
        place = len(field) + 1
        name = self._NAME.match(text, place)
        if name is None:
            raise WhereError(f"The name of a quantity, {_NAME_WORDS},", place + 1)
        place = self._after_blanks(text, name.end())
        operator = self._OPERATOR.match(text, place)
        if operator is None:
            raise WhereError(f"One of {' '.join(Operator)}", place + 1)
        compared = Operator(operator.group())
        place = self._after_blanks(text, operator.end())
        value, end = self._value(text, place)
        if end != len(text):
            raise WhereError("The end", end + 1)
        if compared.orders and type_name(value) != "number":
            raise WhereError(f"A number after {compared}, which compares numbers alone,", place + 1)
        return Condition(field, Comparison.FULFILS, QuantityCriterion(name.group(), compared, value))

    def _after_blanks(self, text: str, place: int) -> int:
        blanks = self._BLANKS.match(text, place)
        return blanks.end() if blanks else place

    def _value(self, text: str, place: int) -> tuple[QuantityValue, int]:
        for word, meaning in (("true", True), ("false", False)):
            if text.startswith(word, place):
                return meaning, place + len(word)
        if number := self._NUMBER.match(text, place):
            digits = number.group()
            value = float(digits) if number.group(2) or number.group(3) else _whole(digits)
            if value is None or not is_number(value):
                raise WhereError("A finite number, or a whole one within ±2^53 (beyond that as in 1e20),", place + 1)
            # 12.0 is 12: conditions that mean the same are the same, whatever they are bound to.
            whole = isinstance(value, float) and value.is_integer() and abs(value) <= EXACT_MAX
            return int(value) if whole else value, number.end()
        if quoted := self._TEXT.match(text, place):
            return _unquoted(quoted.group(), place), quoted.end()
        raise WhereError("A number, true, false or a text in double quotes", place + 1)


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= len(str(-EXACT_MAX)) else None


def _unquoted(quoted: str, place: int) -> str:
    """The text of a JSON string. Raises ``WhereError`` for one that no quantity can have."""
    text: str = json.loads(quoted)
    for problem in _TEXT.problems(text):
        raise WhereError(f"A text that a quantity can have (this one {problem.predicate})", place + 1)
    return text
