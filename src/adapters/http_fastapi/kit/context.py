"""One request and its answer: what the layers learn of it on the way to an endpoint, in the ASGI scope."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from random import getrandbits
from typing import Any, Final, Protocol, TypeAlias
from urllib.parse import parse_qsl

from starlette._utils import get_route_path
from starlette.types import Scope

from adapters.http_fastapi.kit.bounds import BODY_MAX
from domain.access.authentication import Caller
from domain.access.token import redact

RawHeaders: TypeAlias = list[tuple[bytes, bytes]]
KEY = "goatfish.request"
"""Where it is in the ASGI scope."""
UNREAD: Final = object()
"""The content of a body that nobody has read as JSON yet."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


class Callers(Protocol):
    """Authenticates requests."""

    async def authenticate(self, scope: Scope, token: str | None) -> Caller:
        """The caller with this key; counts the request against the rate limit.

        Raises ``ProblemException`` and ``Limited``.
        """
        ...


class RequestContext:
    """Lives as long as the request.

    ``repeated_headers`` are all headers as they came, if one came more than once. ``response_headers`` are added to
    those that the answer has. ``route`` is the path of the route that matches, as it was declared. ``caller`` is there
    once it is authenticated, ``content``, the body as JSON gives it, once that is read. ``is_head`` is whether the
    method is HEAD, which is answered as GET, ``cross_origin`` whether a page of another origin asks, ``started``
    whether the answer has begun. ``size`` is what has come of the body, of at most ``body_max`` bytes, and ``held`` the
    part of the budget for bodies that its ``sender`` holds for that.
    """

    __slots__ = (
        *("authenticator", "body_max", "caller", "content", "cross_origin", "held", "is_head", "repeated_headers"),
        *("request_headers", "request_id", "response_headers", "route", "sender", "size", "started", "_query"),
    )
    sender: Hashable

    def __init__(self, scope: Scope, authenticator: Callers) -> None:
        """Puts itself into the scope, and each header that is repeated as one: all who look there see the same."""
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        self.repeated_headers: RawHeaders | None = None
        if len(headers) < len(scope["headers"]):
            self.repeated_headers = [*scope["headers"]]
            headers = by_name(scope["headers"])
            scope["headers"] = [*headers.items()]
        self.request_headers = headers
        request_id = _sound(headers[b"x-request-id"]) if b"x-request-id" in headers else ""
        self.request_id = request_id or f"{getrandbits(128):032x}"
        self.authenticator = authenticator
        scope[KEY] = self
        scope.setdefault("state", {})["request_id"] = self.request_id  # for other applications, which know no more
        self.response_headers: RawHeaders = []
        self.caller: Caller | None = None
        self.route: str | None = None
        self.content: Any = UNREAD
        self.size = self.held = 0
        self.body_max = BODY_MAX
        self.cross_origin = self.is_head = self.started = False
        self._query: list[tuple[str, str]] | None = None

    def query(self, scope: Scope) -> list[tuple[str, str]]:
        """The parameters of the query in their order, with those that are repeated or empty."""
        if self._query is None:
            query = scope["query_string"]
            self._query = parse_qsl(query.decode("latin-1"), keep_blank_values=True) if query else []
        return self._query


def path_within(scope: Scope) -> str:
    """The path without the ``root_path`` under which a proxy or another application serves this one."""
    path: str = get_route_path(scope) if scope.get("root_path") else scope["path"]
    return path


def _sound(request_id: bytes) -> str:
    """The request's own id; empty where it is not of the form that is accepted."""
    id = request_id.decode("latin-1")
    return id if _REQUEST_ID.fullmatch(id) and id == redact(id) else ""  # a key is kept nowhere


def by_name(headers: Sequence[tuple[bytes, bytes]]) -> Mapping[bytes, bytes]:
    """Headers by their names, in lower case; several lines of one name are one list (RFC 9110, section 5.3).

    Lines of ``Cookie`` are joined as cookies are (RFC 9113, section 8.2.3).
    """
    lines: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        lines.setdefault(name, []).append(value)
    return {name: (b"; " if name == b"cookie" else b", ").join(values) for name, values in lines.items()}
