"""Request bodies: read within bounds, parsed strictly, duplicate members seen."""

import json
import re
from collections import Counter
from collections.abc import Collection
from typing import Any, NoReturn

from starlette.requests import ClientDisconnect, Request

from adapters.http_fastapi.problems import ERRORS_MAX, ProblemError, Refused, pointer

MAX_BYTES = 1 << 20
VALUES_MAX = 2000
"""Values in a body, far above any that is right: so many take the time of many requests to parse and to refuse."""
JSON_TYPES = frozenset({"application/json"})
PATCH_TYPES = JSON_TYPES | {"application/merge-patch+json"}
_WORD = r"[-!#$%&'*+.^_`|~0-9A-Za-z]+"
_VALUE = rf'{_WORD}|"(?:[^"\\]|\\.)*"'
_MEDIA_TYPE = re.compile(rf"({_WORD}/{_WORD})[ \t]*((?:;[ \t]*(?:{_WORD}=(?:{_VALUE})[ \t]*)?)*)")
_PARAMETER = re.compile(rf";[ \t]*({_WORD})=({_VALUE})")
"""Parameters may be empty (RFC 9110, section 5.6.6)."""


async def read_json(request: Request, media_types: Collection[str]) -> Any:
    """The body as a JSON value; raises ``Refused`` with 413, 415, 400 or 422, in this order."""
    raw = await _read(request)
    _require_media_type(request, media_types)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("malformed_json") from None
    if raw.count(b",") + raw.count(b"[") + raw.count(b"{") > VALUES_MAX:
        raise _unacceptable("too_many_values", "The body holds too many values.")
    try:
        return json.loads(text, object_pairs_hook=_members, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Refused("malformed_json", f"The body is not JSON: {error.msg} at character {error.pos}.") from None
    except RecursionError:
        raise _unacceptable("too_deep", "The body is nested too deeply.") from None
    except ValueError:  # Python refuses to convert integers of more than some thousand digits
        raise _unacceptable("number_too_large", "The body holds a number of too many digits.") from None


def lines(request: Request, name: bytes) -> list[str]:
    """The values of every header of this name, in small letters."""
    return [value.decode("latin-1") for sent, value in request.scope["headers"] if sent == name]


async def _read(request: Request) -> bytearray:
    for length in lines(request, b"content-length"):
        if not length.isdecimal() or int(length[:20]) > MAX_BYTES:
            raise Refused("body_too_large")
    body, more = bytearray(), True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > MAX_BYTES:
            raise Refused("body_too_large")
        more = message.get("more_body", False)
    return body


def _require_media_type(request: Request, media_types: Collection[str]) -> None:
    given = lines(request, b"content-type")
    if len(given) != 1 or lines(request, b"content-encoding"):
        raise Refused("unsupported_media_type")
    if given[0] in media_types:
        return
    parts = _MEDIA_TYPE.fullmatch(given[0])
    if parts is None or parts[1].lower() not in media_types:
        raise Refused("unsupported_media_type")
    for name, value in _PARAMETER.findall(parts[2]):
        if name.lower().partition("*")[0] == "charset" and value.strip('"').lower() not in {"utf-8", "utf8"}:
            raise Refused("unsupported_media_type")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = [pointer(name) for name, count in counts.most_common(ERRORS_MAX) if count > 1]
        raise _unacceptable("duplicate_member", "The member is given more than once.", *twice)
    return members


def _no_constant(name: str) -> NoReturn:
    raise Refused("malformed_json", f"The body is not JSON: {name} is no JSON number.")


def _unacceptable(code: str, detail: str, *pointers: str) -> Refused:
    errors = [ProblemError(pointer=at, code=code, detail=detail) for at in sorted(pointers) or ["#"]]
    return Refused("validation_failed", detail, errors=errors)
