"""Request bodies: read within bounds, parsed strictly, duplicate members seen."""

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Any, NoReturn

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from adapters.http_fastapi.kit.bounds import BODY_MAX, require_length
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
JSON_TYPES = frozenset({"application/json"})
PATCH_TYPES = JSON_TYPES | {"application/merge-patch+json"}
_WORD = r"[-!#$%&'*+.^_`|~0-9A-Za-z]+"
_VALUE = rf'{_WORD}|"(?:[^"\\]|\\.)*"'
_MEDIA_TYPE = re.compile(rf"({_WORD}/{_WORD})[ \t]*((?:;[ \t]*(?:{_WORD}=(?:{_VALUE})[ \t]*)?)*)")
_PARAMETER = re.compile(rf";[ \t]*({_WORD})=({_VALUE})")
"""Parameters may be empty (RFC 9110, section 5.6.6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """Bytes of a body, and values in it."""

    size: int = BODY_MAX
    values: int = VALUES_MAX


_LIMITS = BodyLimits()


async def read_json(headers: Mapping[bytes, bytes], receive: Receive, media_types: Collection[str]) -> Any:
    """The body as a JSON value; raises ``ProblemException`` with 413, 415, 400 or 422, in this order."""
    text, opened = await read_text(headers, receive, media_types)
    try:
        value = decode(text)
    except json.JSONDecodeError as error:
        raise malformed(error) from None
    except RecursionError:
        raise too_deep() from None
    require_shallow(value, opened)
    return value


async def read_text(
    headers: Mapping[bytes, bytes], receive: Receive, media_types: Collection[str], limits: BodyLimits = _LIMITS
) -> tuple[str, int]:
    """The body as text, and how many arrays and objects it opens; raises what ``read_json`` does."""
    require_length(headers, limits.size)
    raw = await _whole_body(receive)
    _require_media_type(headers, media_types)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ProblemException("malformed_json") from None
    opened = raw.count(b"[") + raw.count(b"{")
    many = opened + raw.count(b",") > limits.values
    # To count exactly takes its time with a large body, whose limit leaves room for commas in texts.
    if many and (limits.size > BODY_MAX or _values_in(raw) > limits.values):
        raise too_many_values()
    return text, opened


async def _whole_body(receive: Receive) -> bytearray:
    """All of the body, which is counted on its way in. Raises ``ProblemException`` (413), ``ClientDisconnect``."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _require_media_type(headers: Mapping[bytes, bytes], media_types: Collection[str]) -> None:
    if b"content-encoding" in headers:
        raise ProblemException("unsupported_media_type")
    given = headers.get(b"content-type", b"").decode("latin-1")
    if given in media_types:
        return
    parts = _MEDIA_TYPE.fullmatch(given)
    if parts is None or "," in given or parts[1].lower() not in media_types:
        raise ProblemException("unsupported_media_type")
    for name, value in _PARAMETER.findall(parts[2]):
        if name.lower().partition("*")[0] == "charset" and value.strip('"').lower() not in {"utf-8", "utf8"}:
            raise ProblemException("unsupported_media_type")


def _values_in(raw: bytearray) -> int:
    """How many values there are about, without the commas and brackets in texts."""
    without_escapes = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    outside = b"".join(without_escapes.split(b'"')[::2])
    return sum(map(outside.count, (b",", b"[", b"{")))


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
