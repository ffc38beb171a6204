"""A hostile request, and how one is made: bytes that no well-meaning client sends."""

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
    """A request as bytes, and its answer; ``None`` for the code of an answer that is no refusal."""

    id: str
    status: int
    code: str | None
    target: bytes
    method: str = "POST"
    headers: tuple[Header, ...] = TYPED
    body: bytes | tuple[bytes, int] = b""
    """All of it, or a chunk and how many of it come without a word of how many there will be."""
    key: bool = True


def whole(to: ResourceCase, **members: object) -> bytes:
    """A whole object of the resource."""
    return json.dumps(to.body | members).encode()


def raw(to: ResourceCase, value: bytes, member: str | None = None) -> bytes:
    """A whole object in which these bytes, of JSON or not, stand for the value of one member: its name, if no other."""
    return whole(to, **{member or to.label: "…"}).replace(json.dumps("…").encode(), value)


def post(to: ResourceCase, id: str, status: int, code: str | None, **more: Any) -> Hostile:
    """A request to make an object."""
    return Hostile(id, status, code, to.path.encode(), **more)


def get(id: str, status: int, code: str | None, target: str, *headers: Header, **more: Any) -> Hostile:
    return Hostile(id, status, code, target.encode("latin-1"), "GET", headers, **more)


def typed(
    to: ResourceCase, id: str, value: bytes, status: int = 415, code: str | None = "unsupported_media_type"
) -> Hostile:
    return post(to, id, status, code, headers=((b"content-type", value),), body=whole(to))
