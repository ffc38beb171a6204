"""The id of the request that is being served, and of its trace, for the log."""

from __future__ import annotations

import re
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the log of every command is formatted without FastAPI
    from adapters.http_fastapi.kit.context import RequestContext

CURRENT: ContextVar[RequestContext | None] = ContextVar("request", default=None)
"""The request whose task, or thread, this is; None outside of any."""
_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
"""A ``traceparent`` header (W3C Trace Context, section 3.2)."""


def trace_id(request: RequestContext) -> str | None:
    """The id of the trace that the request belongs to, 32 hex digits; None where it belongs to none."""
    found = _TRACEPARENT.fullmatch(request.request_headers.get(b"traceparent", b""))
    return found and found[1].decode()
