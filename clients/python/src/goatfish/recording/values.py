"""Bring what callers record into the form that the service accepts, and say what had to be changed.

Every function returns the value in that form. What was lost on the way is told to ``say``, one sentence each.
"""

from __future__ import annotations

import enum
import json
import math
import os
import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, timezone
from typing import Any, Callable, Optional, Union

from goatfish.values import moment as parsed
from goatfish.values import utc_text

Say = Callable[[str], None]
JsonValue = Union[bool, int, float, str]
QuantityForm = dict[str, Any]

MEMBERS_MAX, LABELS_MAX, ARTIFACTS_MAX = 100, 32, 50
TEXT_MAX, UNIT_MAX, LABEL_MAX = 1000, 32, 255
NAME_MAX, SOLVER_MAX, EXTERNAL_ID_MAX, REASON_MAX = 300, 100, 255, 2000
ARTIFACT_NAME_MAX, URI_MAX, BYTES_MAX = 255, 2048, 2**53
_EXACT_MAX = 2**53
_LINE_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_TEXT_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_QUANTITY_NAME = re.compile("[A-Za-z][A-Za-z0-9_.-]{0,99}")
_LABEL_NAME = re.compile("[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?")
_GREEK = re.compile("GREEK (SMALL|CAPITAL) LETTER (?:FINAL )?([A-Z]+)")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:.+", re.DOTALL)


def line(value: object, most: int, what: str, say: Say) -> Optional[str]:
    """One line of text of at most ``most`` characters, or None where nothing of it can be seen."""
    if value is None:
        return None
    text = plain_text(value)
    kept = _LINE_FORBIDDEN.sub(" ", text).strip()
    if kept != text.strip():
        say(f"{what}: control characters became blanks")
    if kept and all(unicodedata.category(each) in _INVISIBLE or _BLANK.match(each) for each in kept):
        kept = ""
    if not kept:
        say(f"{what}: an empty text is not recorded")
        return None
    return _cut(kept, most, what, say).rstrip()


def reason(value: object, say: Say) -> Optional[str]:
    """Why a run has its status: text of several lines, or None where it is empty."""
    if value is None:
        return None
    text = _TEXT_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", plain_text(value)).strip()
    return _cut(text, REASON_MAX, "the reason", say).rstrip() or None


def quantity_name(name: object, what: str, say: Say) -> str:
    """The name of a parameter or result: a letter, and then letters, digits and ``_ . -``."""
    text = plain_text(name)
    if _QUANTITY_NAME.fullmatch(text):
        return text
    kept = re.sub("[^A-Za-z0-9_.-]", "_", _in_ascii(text))
    if not re.match("[A-Za-z]", kept):
        kept = f"x{kept}" if kept.startswith("_") else f"x_{kept}"
    kept = kept[:MEMBERS_MAX]
    say(f"{what} {_short(text)}: recorded as {kept}")
    return kept


def label_name(name: object, say: Say) -> str:
    """The name of a label."""
    text = plain_text(name)
    if _LABEL_NAME.fullmatch(text):
        return text
    kept = re.sub("[^A-Za-z0-9._/-]", "_", _in_ascii(text))[:63].strip("._/-") or "x"
    say(f"label {_short(text)}: recorded as {kept}")
    return kept


def _in_ascii(name: str) -> str:
    """The name without accents, and with Greek letters spelled out."""
    if name.isascii():
        return name
    parts = []
    for char in unicodedata.normalize("NFKD", name):
        letter = _GREEK.fullmatch(unicodedata.name(char, ""))
        if letter is not None:
            spelled = letter[2].lower().replace("lamda", "lambda")  # as Unicode spells it
            parts.append(spelled.capitalize() if letter[1] == "CAPITAL" else spelled)
        elif not unicodedata.combining(char):
            parts.append(char)
    return "".join(parts)


def label(value: object, what: str, say: Say) -> str:
    """The text of a label."""
    text = ("true" if value else "false") if isinstance(value, bool) else plain_text(value)
    kept = _LINE_FORBIDDEN.sub(" ", text)
    if kept != text:
        say(f"{what}: control characters became blanks")
    return _cut(kept, LABEL_MAX, what, say)


def quantity(value: Any, what: str, say: Say) -> Optional[QuantityForm]:
    """A number, boolean or text with its unit: bare, as a pair ``(12, "deg")``, a mapping, or an object with both.

    None where the value is None, whatever its unit.
    """
    if type(value) is float and math.isfinite(value):
        return {"value": value, "unit": None}
    bare, unit = _parts(value)
    if bare is None:
        return None
    if unit is not None:
        text = _LINE_FORBIDDEN.sub(" ", plain_text(unit)).strip()
        unit = _cut(text, UNIT_MAX, f"the unit of {what}", say).rstrip() or None
    return {"value": scalar(bare, what, say), "unit": unit}


def scalar(value: Any, what: str, say: Say) -> JsonValue:
    """A value without its unit."""
    if type(value) is float and math.isfinite(value):
        return value
    value = _native(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return _whole(int(value), what, say)
    if isinstance(value, float):
        number = float(value)
        if math.isfinite(number):
            return number
        say(f'{what}: {number} is no number in JSON and was recorded as the text "{number}"')
        return str(number)
    if not isinstance(value, (str, os.PathLike, date, enum.Enum)):
        say(f"{what}: a {type(value).__name__} was recorded as text")
    text = plain_text(value)
    kept = _TEXT_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
    if kept != text:
        say(f"{what}: control characters were replaced")
    return _cut(kept, TEXT_MAX, what, say)


def artifact_uri(value: object, say: Say) -> Optional[str]:
    """An absolute URI of at most 2,048 characters, or None."""
    text = re.sub(r"[^\x21-\x7e]", _percent, plain_text(value).strip())
    text = re.sub(r'["<>\\^`{|}]', _percent, text)
    if not _URI.fullmatch(text) or len(text) > URI_MAX:
        say(f"the artifact {_short(text)} has no absolute URI of at most {URI_MAX} characters and is not recorded")
        return None
    return text


def moment(value: Any) -> str:
    """A time as the journal and the service have it: UTC, to the microsecond. One without a zone is local time."""
    if isinstance(value, str):
        value = parsed(value)
    elif isinstance(value, (int, float)):
        value = datetime.fromtimestamp(value, timezone.utc)
    return utc_text(value)


def plain_text(value: object) -> str:
    """Any object as a plain ``str``, whatever its own conversion does."""
    if type(value) is str:
        return value
    try:
        if isinstance(value, (bytes, bytearray)):
            return bytes(value).decode("utf-8", "replace")
        value = value.value if isinstance(value, enum.Enum) else value
        if isinstance(value, os.PathLike):
            return os.fsdecode(os.fspath(value))
        if isinstance(value, (list, dict, tuple)):
            return json.dumps(value, ensure_ascii=False, default=plain_text)
        return "".join(str.__str__(value) if isinstance(value, str) else str(value))
    except Exception:
        return f"<{type(value).__name__}>"


def _parts(value: Any) -> tuple[Any, Any]:
    """The bare value and the unit of what may be a quantity."""
    if isinstance(value, (bool, int, float, str)):
        return value, None
    if isinstance(value, (tuple, list)) and len(value) == len(("value", "unit")):
        number, unit = value
        # A list of two texts is a list.
        is_pair = isinstance(value, tuple) or isinstance(number, (int, float))
        return (number, unit) if is_pair and (unit is None or isinstance(unit, str)) else (value, None)
    if isinstance(value, Mapping) and "value" in value and set(value) <= {"value", "unit"}:
        return value["value"], value.get("unit")
    for number, unit in (("value", "unit"), ("magnitude", "units")):
        if not isinstance(value, enum.Enum) and hasattr(value, number) and hasattr(value, unit):
            return getattr(value, number), getattr(value, unit)
    return value, None


def _native(value: Any) -> Any:
    """The Python value of a scalar of NumPy and its like, of an enumeration, or of a decimal number."""
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, (bool, int, float, str, bytes, date, os.PathLike)):
        return value
    try:
        if callable(getattr(value, "item", None)) and not isinstance(value, Mapping):
            item = value.item()
            if isinstance(item, (bool, int, float, str, bytes, complex, date)):
                return item
        if hasattr(type(value), "__index__"):
            return int(value)
        if hasattr(type(value), "__float__"):
            return float(value)
    except Exception:
        return value
    return value


def _whole(number: int, what: str, say: Say) -> JsonValue:
    if -_EXACT_MAX <= number <= _EXACT_MAX:
        return number
    try:
        rounded = float(number)
    except OverflowError:
        infinity = "inf" if number > 0 else "-inf"
        say(f'{what}: a whole number beyond every float was recorded as the text "{infinity}"')
        return infinity
    say(f"{what}: a whole number beyond ±2^53 was recorded with the precision of a float")
    return rounded


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found.group().encode("utf-8", "replace"))


def _cut(text: str, most: int, what: str, say: Say) -> str:
    if len(text) <= most:
        return text
    say(f"{what}: cut to {most} characters")
    return text[: most - 1] + "…"


def _short(text: str) -> str:
    return ascii(text if len(text) <= 40 else text[:39] + "…")  # noqa: PLR2004 -- enough to recognise it
