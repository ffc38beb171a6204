"""Request bodies: read within bounds, parsed strictly, duplicate members seen."""

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any, NoReturn

from starlette.requests import ClientDisconnect, Request

from adapters.http_fastapi.exchange import KEY, Exchange
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
    exchange: Exchange = request.scope[KEY]
    sent = exchange.sent
    raw = await _read(request, sent.get(b"content-length"))
    _require_media_type(sent, media_types)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("malformed_json") from None
    if raw.count(b",") + raw.count(b"[") + raw.count(b"{") > VALUES_MAX:
        raise _unacceptable("too_many_values", "The body holds too many values.")
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise Refused("malformed_json", f"The body is not JSON: {error.msg} at character {error.pos}.") from None
    except RecursionError:
        raise _unacceptable("too_deep", "The body is nested too deeply.") from None
    except ValueError:  # Python refuses to convert integers of more than some thousand digits
        raise _unacceptable("number_too_large", "The body holds a number of too many digits.") from None


async def _read(request: Request, length: bytes | None) -> bytearray:
    if length is not None and not (length.isdigit() and int(length[:20]) <= MAX_BYTES):
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


def _require_media_type(sent: Mapping[bytes, bytes], media_types: Collection[str]) -> None:
    if b"content-encoding" in sent:
        raise Refused("unsupported_media_type")
    given = sent.get(b"content-type", b"").decode("latin-1")
    if given in media_types:
        return
    parts = _MEDIA_TYPE.fullmatch(given)
    if parts is None or "," in given or parts[1].lower() not in media_types:
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


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_no_constant)
