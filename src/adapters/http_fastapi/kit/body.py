"""Request bodies: read within bounds, as the media type that the operation takes."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from adapters.http_fastapi.kit.bounds import BODY_MAX, require_length
from adapters.http_fastapi.kit.json_decoding import (
    VALUES_MAX,
    decode,
    decode_plain,
    malformed,
    require_shallow,
    too_deep,
    too_many_values,
)
from adapters.http_fastapi.kit.problems import ProblemException

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
    raw, opened = await _read(headers, receive, media_types, _LIMITS)
    value = decode_plain(raw)
    if value is not None:
        return value
    try:
        value = decode(_text(raw))
    except json.JSONDecodeError as error:
        raise malformed(error) from None
    except RecursionError:
        raise too_deep() from None
    require_shallow(value, opened)
    return value


async def read_text(
    headers: Mapping[bytes, bytes], receive: Receive, media_types: Collection[str], limits: BodyLimits
) -> str:
    """The body as text; raises what ``read_json`` does."""
    raw, _ = await _read(headers, receive, media_types, limits)
    return _text(raw)


async def _read(
    headers: Mapping[bytes, bytes], receive: Receive, media_types: Collection[str], limits: BodyLimits
) -> tuple[bytearray, int]:
    """The body, and how many arrays and objects it may open."""
    require_length(headers, limits.size)
    raw = await _whole_body(receive)
    _require_media_type(headers, media_types)
    opened = raw.count(b"[") + raw.count(b"{")
    many = opened + raw.count(b",") > limits.values
    # To count exactly takes its time with a large body, whose limit leaves room for commas in texts.
    if many and (limits.size > BODY_MAX or _values_in(raw) > limits.values):
        _text(raw)  # what is no text has no values
        raise too_many_values()
    return raw, opened


def _text(raw: bytearray) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ProblemException("malformed_json") from None


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
