"""One request and its answer: what the envelope learns of it, and what is found out on the way to an endpoint."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeAlias

from domain.access.authentication import Caller

RawHeaders: TypeAlias = list[tuple[bytes, bytes]]
KEY = "goatfish.exchange"
"""Where it is in the ASGI scope."""


class RequestContext:
    """Lives as long as the request. ``headers`` are what its answer gets beside its own.

    ``caller`` is there once the request is authenticated, ``content``, the body as JSON gives it, once that is read;
    ``query`` holds names and values as they come. ``cross_origin`` is whether a page of another origin asks,
    ``started`` whether the answer has begun. ``size`` is what has come of the body, and ``held`` what its ``sender``
    holds for that.
    """

    __slots__ = (
        *("caller", "content", "cross_origin", "headers", "held", "query", "request_id", "sender", "sent", "size"),
        "started",
    )
    caller: Caller
    content: Any
    sender: Hashable

    def __init__(self, sent: Mapping[bytes, bytes], request_id: str) -> None:
        self.sent = sent
        self.request_id = request_id
        self.headers: RawHeaders = []
        self.size = self.held = 0
        self.cross_origin = self.started = False
        self.query: list[tuple[str, str]] = []

    def asked(self, name: str) -> list[str]:
        """The values of this name in the query."""
        return [value for given, value in self.query if given == name]


def by_name(headers: Sequence[tuple[bytes, bytes]]) -> Mapping[bytes, bytes]:
    """Headers by their names, in small letters; of several lines of one name, one list (RFC 9110, section 5.3)."""
    sent = dict(headers)
    if len(sent) < len(headers):
        lines: dict[bytes, list[bytes]] = {}
        for name, value in headers:
            lines.setdefault(name, []).append(value)
        sent = {name: b", ".join(values) for name, values in lines.items()}
    return sent
