"""Hostile requests: raw bytes that no regular client sends."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.contracts.resources import ResourceCase

Header: TypeAlias = tuple[bytes, bytes]
MIB = 1 << 20
INVALID, NO_JSON, GONE = "validation_failed", "malformed_json", "not_found"
TYPED: tuple[Header, ...] = ((b"content-type", b"application/json"),)


@dataclass(frozen=True, slots=True)
class Hostile:
    """A request as bytes, with the expected status and problem code; the code is ``None`` for a success."""

    id: str
    status: int
    code: str | None
    target: bytes
    method: str = "POST"
    headers: tuple[Header, ...] = TYPED
    body: bytes | tuple[bytes, int] = b""
    """The whole body, or a chunk and how often it is sent without a Content-Length."""
    key: bool = True


def whole(to: ResourceCase, **members: object) -> bytes:
    """A complete JSON body of the resource."""
    return json.dumps(to.body | members).encode()


def raw(to: ResourceCase, value: bytes, member: str | None = None) -> bytes:
    """A complete body in which these bytes, valid JSON or not, are the value of one member (by default the label)."""
    return whole(to, **{member or to.label: "…"}).replace(json.dumps("…").encode(), value)


def post(to: ResourceCase, id: str, status: int, code: str | None, **more: Any) -> Hostile:
    """A request to create an object."""
    return Hostile(id, status, code, to.path.encode(), **more)


def get(id: str, status: int, code: str | None, target: str, *headers: Header, **more: Any) -> Hostile:
    return Hostile(id, status, code, target.encode("latin-1"), "GET", headers, **more)


def typed(
    to: ResourceCase, id: str, value: bytes, status: int = 415, code: str | None = "unsupported_media_type"
) -> Hostile:
    return post(to, id, status, code, headers=((b"content-type", value),), body=whole(to))
