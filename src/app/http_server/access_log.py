"""The access log: a line for each answer, and for each request that got none."""

import logging
from time import perf_counter
from typing import Any

from adapters.http_fastapi.kit.context import KEY, RequestContext
from adapters.http_fastapi.kit.layers.current_request import trace_id
from app.logs import Fields

_log = logging.getLogger("goatfish.access")


def log_access(
    *,
    began: float,
    status: int | None,
    sent: int,
    client: tuple[str, int] | None,
    scope: Any = None,
    request_id: str | None = None,
    is_complete: bool = True,
) -> None:
    """Logs an answer, of ``sent`` bytes without its headers, to a request that began at this ``perf_counter()``.

    ``scope`` is the request's, if one was understood. ``request_id`` is the answer's where the application has given
    none. Of the path only the route's template is logged: it may contain anything, a key among that.
    """
    context: RequestContext | None = None if scope is None else scope.get(KEY)
    caller = None if context is None else context.caller
    fields = Fields(
        request_id=request_id if context is None else context.request_id,
        trace_id=None if context is None else trace_id(context),
        method=None if scope is None else scope["method"],
        route=None if context is None else context.route,
        status=status,
        milliseconds=round((perf_counter() - began) * 1000, 1),
        bytes=sent,
        owner_id=None if caller is None else str(caller.owner.id),
        key_id=None if caller is None else str(caller.key.id),
        client_address=None if client is None else client[0],
    )
    if not is_complete:
        fields["incomplete"] = True
    # Not info(): it would look through the stack for its caller, which is known.
    _log.handle(_log.makeRecord(_log.name, logging.INFO, __file__, 0, fields, (), None))
