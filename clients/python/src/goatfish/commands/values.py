"""Read parameters and results as they are written on a command line or in a file."""

from __future__ import annotations

import json
import math
import re
from typing import Any

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
# Groups of letters, each with an exponent or none: deg, m/s2, kg.m^-3, W/(m.K), %; but no hash such as 3fa9c2d1.
_FACTOR = r"(?:[^\W\d_]+|[%‰°]+[^\W\d_]*|1)(?:\^?[+-]?\d{1,2})?"
_UNIT = rf"\(?{_FACTOR}\)?(?:\s*[/*.·\s]\s*\(?{_FACTOR}\)?)*"
_QUANTITY = re.compile(rf"({_NUMBER})(?:\s*({_UNIT}))?")
_EXACT = 2**53
LONGEST_UNIT = 32


def parse_value(text: str) -> Any:
    """The value of `KEY=TEXT`: a number, a number with a unit as a pair, a boolean, or text.

    `12` is a number, `12deg` and `12 deg` are (12, "deg"), `true` and `false` are booleans, `"3d"` in double quotes is
    text whatever it looks like, and everything else is text as it stands.
    """
    if text in {"true", "false"}:
        return text == "true"
    if len(text) > 1 and text[0] == text[-1] == '"':
        return _unquoted(text)
    found = _QUANTITY.fullmatch(text.strip())
    if found is None:
        return text
    number, unit = _number(found.group(1)), found.group(2)
    if number is None or (unit is not None and (len(unit) > LONGEST_UNIT or _is_a_literal(found))):
        return text
    return number if unit is None else (number, unit)


def parse_pair(text: str) -> tuple[str, str]:
    """KEY and VALUE of `KEY=VALUE`. Raises ValueError."""
    key, sign, value = text.partition("=")
    if not sign or not key.strip():
        raise ValueError(f"{text!r} is not KEY=VALUE")
    return key.strip(), value


def flatten(document: Any, prefix: str = "") -> dict[str, Any]:
    """The values of a JSON document by name: nested objects are joined by dots, `[12, "deg"]` is a number with a unit.

    Raises ValueError where the document is no object.
    """
    if not isinstance(document, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 -- the file's content is at fault, not a caller
    values: dict[str, Any] = {}
    for key, value in document.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and not (value.keys() <= {"value", "unit"} and "value" in value):
            values.update(flatten(value, f"{name}."))
        elif isinstance(value, dict):
            values[name] = (value["value"], value.get("unit"))
        elif isinstance(value, list):
            values.update(_of_list(name, value))
        elif value is not None:
            values[name] = value
    return values


def _of_list(name: str, value: list[Any]) -> dict[str, Any]:
    try:
        number, unit = value
    except ValueError:
        number, unit = value, None
    if (unit is None or isinstance(unit, str)) and not isinstance(number, (str, list, dict)):
        return {name: (number, unit)}
    return {name: json.dumps(value, ensure_ascii=False)}


def _number(text: str) -> int | float | None:
    try:
        whole = int(text)
    except ValueError:
        number = float(text)
        return number if math.isfinite(number) else None
    return whole if abs(whole) <= _EXACT else None


def _is_a_literal(found: re.Match[str]) -> bool:
    """Whether it is rather 0x1f or 0b10 than a number with a unit."""
    return (
        found.group(1) == "0" and found.group(2)[:1] in set("xXbBoO") and any(each.isdigit() for each in found.group(2))
    )


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return text[1:-1]
