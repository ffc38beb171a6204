"""Conditions on quantities, as the parameter ``where`` of a list says them: ``parameters.alpha>=12``."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from domain.paging import Comparison, Condition
from domain.quantities import EXACT_MAX, NAME_PATTERN, NAME_WORDS, TEXT, TEXT_MAX, Quantity, QuantityValue, is_number


class ComparisonOperator(StrEnum):
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
        return self not in {ComparisonOperator.EQUAL, ComparisonOperator.NOT_EQUAL}


_COMPARE: Mapping[ComparisonOperator, Callable[[Any, Any], bool]] = {
    ComparisonOperator.EQUAL: eq,
    ComparisonOperator.NOT_EQUAL: ne,
    ComparisonOperator.LESS: lt,
    ComparisonOperator.AT_MOST: le,
    ComparisonOperator.MORE: gt,
    ComparisonOperator.AT_LEAST: ge,
}


@dataclass(frozen=True, slots=True, eq=False)
class QuantityCriterion:
    """Compares the quantity of this name with a value; without such a quantity it never holds.

    A quantity of another type is merely not equal, and in no order.
    """

    name: str
    operator: ComparisonOperator
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
            return self.operator is ComparisonOperator.NOT_EQUAL
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

    _OPERATOR = re.compile("|".join(ComparisonOperator))
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
        orders = "|".join(each for each in ComparisonOperator if each.orders)
        others = "|".join(each for each in ComparisonOperator if not each.orders)
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
            raise WhereError(f"The name of a quantity, {NAME_WORDS},", place + 1)
        place = self._after_blanks(text, name.end())
        operator = self._OPERATOR.match(text, place)
        if operator is None:
            raise WhereError(f"One of {' '.join(ComparisonOperator)}", place + 1)
        compared = ComparisonOperator(operator.group())
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
    for problem in TEXT.problems(text):
        raise WhereError(f"A text that a quantity can have (this one {problem.predicate})", place + 1)
    return text
