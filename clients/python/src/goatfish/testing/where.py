"""Conditions on quantities, such as ``parameters.alpha>=12``."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

from goatfish.testing.kinds import UNREAD, Lines, Read, is_number, whole
from goatfish.testing.members import QUANTITY_NAME, Quantities
from goatfish.testing.objects import Body

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}
_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_TEXT = r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"'
_DIGITS_MAX = 17


class _Expected(ValueError):
    """Something else was expected at this place."""

    def __init__(self, what: str, place: int) -> None:
        super().__init__(f"{what} was expected at character {place + 1}.")


def read_where(text: str) -> Read:
    """The map, the name, the sign and the value of the condition that this text says."""
    try:
        return _condition(text), []
    except _Expected as expected:
        return UNREAD, [((), "where", str(expected))]


def _condition(text: str) -> list[Any]:
    of, dot, _ = text.partition(".")
    if not dot or of not in {"parameters", "results"}:
        raise _Expected("A name after parameters. or results.", 0)
    name = _after(text, len(of) + 1, QUANTITY_NAME, f"The name of a quantity, {Quantities.WORDS},")
    place = len(of) + 1 + len(name)
    place += len(text[place:]) - len(text[place:].lstrip(" "))
    sign = _after(text, place, "|".join(_COMPARE), f"One of {' '.join(_COMPARE)}")
    place += len(sign)
    place += len(text[place:]) - len(text[place:].lstrip(" "))
    written = _after(text, place, f"true|false|{_NUMBER}|{_TEXT}", "A number, true, false or a text in double quotes")
    value = _value(written, place)
    if place + len(written) != len(text):
        raise _Expected("The end", place + len(written))
    if isinstance(value, (str, bool)) and sign not in {"=", "!="}:
        raise _Expected(f"A number after {sign}, which compares numbers alone,", place)
    return [of, name, sign, whole(value)]


def _after(text: str, place: int, pattern: str, what: str) -> str:
    found = re.compile(pattern).match(text, place)
    if found is None:
        raise _Expected(what, place)
    return found[0]


def _value(written: str, place: int) -> Any:
    if written[0] == '"':
        text = json.loads(written)
        for _, _, predicate in Lines(1000).rules(text):
            raise _Expected(f"A text that a quantity can have (this one {predicate})", place)
        return text
    is_long = len(written) > _DIGITS_MAX and written.strip("-").isdigit()
    value = None if is_long else json.loads(written)
    if value is None or not is_number(value):
        raise _Expected("A finite number, or a whole one within \u00b12^53 (beyond that as in 1e20),", place)
    return value


def fulfils(body: Body, condition: Sequence[Any]) -> bool:
    """Whether the object fulfils the condition."""
    of, name, sign, wanted = condition
    if name not in body[of]:
        return False
    value = body[of][name]["value"]
    if _type(value) is not _type(wanted):
        return bool(sign == "!=")
    return _COMPARE[sign](value, wanted)


def _type(value: Any) -> type:
    return float if type(value) is int else type(value)
