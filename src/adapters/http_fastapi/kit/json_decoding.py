"""JSON decoded strictly: duplicate members, deep nesting and numbers without an end are refused.

What is as it should be is read by msgspec, in a third of the time that ``json`` takes. What is wrong with anything
else, ``json`` finds, which reads it from the beginning.
"""

import json
from collections import Counter
from itertools import accumulate, islice
from typing import Any, Final, NoReturn

import msgspec

from adapters.http_fastapi.kit.problems import (
    ERRORS_MAX,
    ProblemError,
    ProblemException,
    pointer,
)

VALUES_MAX, DEPTH_MAX, DIGITS_MAX = 2000, 64, 400
"""Values in a body, how deep they are nested, and digits of a whole number, far above any that is right.

Many values take the time of many requests to parse and to refuse, and so do long numbers; and what Python could just
parse, the next step could fail on, which has been called from deeper down.
"""
_POINTERS_MAX = 8 << 10
"""Characters of the pointers to repeated members, of which there may be many deep inside of a body."""
_DECODE_PLAIN = msgspec.json.Decoder().decode
_DIGITS: Final = bytes(ord("0") if byte in b"-0123456789" else ord(" ") for byte in range(256))
"""Translates digits and their sign to 0, and all else to blanks."""
_MANY_DIGITS: Final = b"0" * (DIGITS_MAX + 1)
_OTHERS: Final = bytes({*range(256)} - {*b',[{"'})
_OBJECTS = {dict}


def decode_plain(raw: bytes | bytearray) -> Any:
    """The JSON value, which is what ``decode`` would make of it; None for null, or if something may be wrong."""
    try:
        value = _DECODE_PLAIN(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if _separators(value) != _separators_in(raw) or _MANY_DIGITS in raw.translate(_DIGITS):
        return None
    return value


def _separators_in(raw: bytes | bytearray) -> tuple[int, int]:
    """The commas and the opening brackets in JSON: outside of texts, or of all where a text holds an escape."""
    marks = raw.translate(None, _OTHERS)
    if b"\\" not in raw:
        # Most texts hold none, and without them the rest stays as far within or outside of texts as it was.
        marks = b"".join(marks.replace(b'""', b"").split(b'"')[::2])
    return marks.count(b","), marks.count(b"{") + marks.count(b"[")


def _separators(value: Any) -> tuple[int, int]:
    """The commas and the opening brackets that JSON needs for this value and for two levels within it.

    If it was read from as many, there is nothing in it below that, and no member was given twice: the first of the two
    is lost, but its comma is not.
    """
    if value.__class__ is not dict:
        return 0, 0
    commas, opened = max(0, len(value) - 1), 1
    for member in value.values():
        if member.__class__ is dict or member.__class__ is list:
            inner = member.values() if member.__class__ is dict else member
            commas += max(0, len(inner) - 1)
            opened += 1
            if {*map(type, inner)} == _OBJECTS and all(inner):
                commas += sum(map(len, inner)) - len(inner)
                opened += len(inner)
    return commas, opened


def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object with these members. Raises ``ProblemException`` for one that is given more than once."""
    known = dict(pairs)
    if len(known) < len(pairs):
        raise _repeated(_Pairs(pairs))
    return known


class _Pairs(list[tuple[str, Any]]):
    """The members of an object with all that are given more than once."""


class _RepeatedMemberError(Exception):
    """An object has a member more than once."""


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known = dict(pairs)
    if len(known) < len(pairs):
        raise _RepeatedMemberError
    return known


def _repeated(value: Any) -> ProblemException:
    """The refusal of the members that are given more than once, wherever they are in the value.

    As many are named as an answer has room for.
    """
    found: list[str] = []
    within: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    for path, each in within:  # and what is added meanwhile
        if len(path) > DEPTH_MAX:
            return too_deep()
        if isinstance(each, _Pairs):
            twice = (name for name, count in Counter(name for name, _ in each).items() if count > 1)
            found += [pointer(*path, name) for name in islice(twice, ERRORS_MAX)]
            within += [((*path, name), inner) for name, inner in each if isinstance(inner, list)]
        else:
            within += [((*path, place), inner) for place, inner in enumerate(each) if isinstance(inner, list)]
        if len(found) >= ERRORS_MAX:
            break
    lengths = accumulate(map(len, found))
    named = [at for at, length in zip(found, lengths, strict=True) if length <= _POINTERS_MAX][:ERRORS_MAX]
    return unacceptable("duplicate_member", "The member is given more than once.", *named or found[:1])


def _whole_number(digits: str) -> int:
    if len(digits) > DIGITS_MAX:
        raise unacceptable("number_too_large", "The body holds a number of too many digits.")
    return int(digits)


def _depth(value: Any) -> int:
    """How deep arrays and objects are nested, without any nesting of its own."""
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, list | dict)]:
        depth += 1
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
    return depth


def require_shallow(value: Any, opened: int, above: int = 0) -> None:
    """Raises ``ProblemException`` for a value that is nested too deeply.

    It opens so many arrays and objects, and is within some that are ``above`` it.
    """
    most = DEPTH_MAX - above
    if opened > most and _depth(value) > most:
        raise too_deep()


def malformed(error: json.JSONDecodeError) -> ProblemException:
    """The refusal of a body that is not JSON."""
    return ProblemException("malformed_json", f"The body is not JSON: {error.msg} at character {error.pos}.")


def too_many_values() -> ProblemException:
    """The refusal of a body, or of an item, with too many values."""
    return unacceptable("too_many_values", "The body holds too many values.")


def too_deep() -> ProblemException:
    """The refusal of values that are nested too deeply."""
    return unacceptable("too_deep", "The body is nested too deeply.")


def _no_constant(name: str) -> NoReturn:
    raise ProblemException("malformed_json", f"The body is not JSON: {name} is no JSON number.")


def unacceptable(code: str, detail: str, *pointers: str) -> ProblemException:
    """The refusal of a body (422), at these pointers or as a whole."""
    errors = [ProblemError(pointer=at, code=code, detail=detail) for at in sorted(pointers) or ["#"]]
    return ProblemException("validation_failed", detail, errors=errors)


_HOOKS: dict[str, Any] = {"parse_constant": _no_constant, "parse_int": _whole_number}
_DECODER = json.JSONDecoder(object_pairs_hook=_unique_members, **_HOOKS)
_PAIRS_DECODER = json.JSONDecoder(object_pairs_hook=_Pairs, **_HOOKS)


def decode(text: str) -> Any:
    """The JSON value that is the whole text.

    Raises ``JSONDecodeError``, ``RecursionError``, and ``ProblemException`` (422) for members that are repeated.
    """
    try:
        return _DECODER.decode(text)
    except _RepeatedMemberError:
        raise _repeated(_PAIRS_DECODER.decode(text)) from None


def decode_first(text: str) -> tuple[Any, int]:
    """The JSON value with which the text begins, and its length. Raises what ``decode`` does."""
    try:
        return _DECODER.raw_decode(text)
    except _RepeatedMemberError:
        value, _ = _PAIRS_DECODER.raw_decode(text)
        raise _repeated(value) from None
