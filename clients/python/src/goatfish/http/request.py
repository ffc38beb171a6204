"""A request to the service, before it is sent."""

from __future__ import annotations

import json as jsons
import platform
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Union
from urllib.parse import quote

from goatfish.version import __version__

Parameter = Union[str, int, float, bool, None, Sequence[str]]
USER_AGENT = f"goatfish-python/{__version__} python/{'.'.join(platform.python_version_tuple()[:2])}"


@dataclass(frozen=True)
class Request:
    """A request. ``path`` begins with a slash and is relative to the URL of the service."""

    method: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    retried: bool = True


def new_request(
    method: str,
    path: str,
    *,
    params: Mapping[str, Parameter] | None = None,
    json: Any = None,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
    if_match: str | None = None,
    retried: bool = True,
) -> Request:
    """A request with these values as text, and a request id of its own, which stays the same on every try.

    ``content`` is JSON already. Raises ``ValueError`` for a path that could lead to another host, and for values that
    no JSON or header can hold.
    """
    if not path.startswith("/") or path.startswith("//") or "\\" in path:
        raise ValueError(f"A path begins with one slash and is relative to the service's URL: {path!r}")
    if any(character <= " " or character in "?#\x7f" for character in path):
        raise ValueError(f"A path has neither blanks nor a query; the latter is given as params: {path!r}")
    content = content if json is None else encode(json)
    sent = {"accept": "application/json", "user-agent": USER_AGENT, "x-request-id": uuid.uuid4().hex}
    if content is not None:
        sent["content-type"] = "application/json"
    if idempotency_key is not None:
        sent["idempotency-key"] = idempotency_key
    if if_match is not None:
        sent["if-match"] = if_match
    for name, value in (headers or {}).items():
        if name.lower() in {"authorization", "x-api-key"}:
            raise ValueError("The key is the client's own; make another Client for another key.")
        sent[name.lower()] = value
    for name, value in sent.items():
        if not value.isascii() or not value.isprintable():
            raise ValueError(f"The header {name} holds a character that no header can have.")
    return Request(method.upper(), path, tuple(query(params or {})), content, sent, retried)


def encode(value: Any) -> bytes:
    """The JSON of this value, in UTF-8. Raises ``ValueError`` for NaN and infinities."""
    try:
        return jsons.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # a lone surrogate: the service says where
        return jsons.dumps(value, allow_nan=False, separators=(",", ":")).encode()


def query(params: Mapping[str, Parameter]) -> Iterable[tuple[str, str]]:
    """The query parameters as text; one that is None is left out, one that is a list is repeated."""
    for name, value in params.items():
        if value is None:
            continue
        if isinstance(value, (str, int, float)):
            yield name, text(value)
        else:
            for each in value:
                yield name, text(each)


def text(value: str | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def segment(value: str) -> str:
    """A part of a path; it cannot lead to another path. Raises ``ValueError`` where it is empty."""
    if not value.strip():
        raise ValueError("An id is needed, and this one is empty.")
    return quote(value, safe="", errors="surrogatepass").replace(".", "%2E")
