"""Around every request: its id and deadline, the host check, HEAD, the headers of all answers, and what went wrong."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from ipaddress import IPv6Address
from itertools import chain

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http_fastapi.kit.authentication import Authenticator
from adapters.http_fastapi.kit.context import KEY, RequestContext, path_within
from adapters.http_fastapi.kit.layers.body_budget import BodyBudget, counted_receive, release
from adapters.http_fastapi.kit.layers.cors import Cors
from adapters.http_fastapi.kit.layers.current_request import CURRENT
from adapters.http_fastapi.kit.layers.deadlines import Deadlines, Task
from adapters.http_fastapi.kit.layers.exception_handlers import Handler, cut_short, respond
from adapters.http_fastapi.kit.layers.refusal_warnings import REFUSAL_WARNINGS
from adapters.http_fastapi.kit.layers.response_headers import complete
from adapters.http_fastapi.kit.layers.websockets import noting_start, refuse
from adapters.http_fastapi.kit.problems import ProblemException, problem_response

HEADERS_MAX = 32 << 10
"""Bytes of all headers together."""
HOSTS_MAX = 100
"""Host headers of which is remembered whether they are allowed."""
PROBES = frozenset({"/livez", "/readyz"})
"""Paths that say how the service is."""
DRAINING = "draining"
"""The member of the ASGI state that is there once the server is about to stop: not ready, and closing connections."""
OVERLOADED = "overloaded"
"""The member of the ASGI state of a request that is refused, because more come than the processor can serve."""
_log = logging.getLogger("goatfish.http")
_PORT = re.compile(r":[0-9]*$")
_SCHEMES = {"https": "https", "wss": "https"}
"""What a proxy may call HTTPS; everything else is HTTP."""


class RequestMiddleware:
    """Pure ASGI middleware round all other. An unexpected exception is logged and answered as a bare 500.

    ``path_of`` gives the path of a request as its route was declared. ``on_error`` is the application's own handler of
    unexpected exceptions, if it has one.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        authenticator: Authenticator,
        allowed_hosts: Sequence[str],
        bodies: BodyBudget,
        deadlines: Deadlines,
        path_of: Callable[[Scope], str | None],
        cors: Cors | None = None,
        on_error: Handler | None = None,
    ) -> None:
        self._app, self._authenticator, self._on_error = app, authenticator, on_error
        self._path_of = path_of
        self._hosts = {host.lower() for host in allowed_hosts}
        self._domains = tuple(host.lstrip("*") for host in self._hosts if host.startswith((".", "*.")))
        self._is_allowed = lru_cache(HOSTS_MAX)(self._is_ours)
        self._bodies, self._deadlines, self._cors = bodies, deadlines, cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._websocket_or_lifespan(scope, receive, send)
            return
        task = self._deadlines.begin()
        scope, send = self._begun(scope, send, task)
        context: RequestContext = scope[KEY]
        path, request_id = scope["path"], context.request_id
        receive = partial(counted_receive, receive, scope, context, self._bodies)
        try:
            self._check(scope, context.request_headers.get(b"host"))
            preflight = None
            if self._cors and context.cross_origin and scope["method"] == "OPTIONS":
                context.route = self._path_of(scope)
                preflight = self._cors.preflight(scope, context)
            await (preflight or self._app)(scope, receive, send)
        except ClientDisconnect:
            return
        except asyncio.CancelledError:
            if not self._deadlines.expired(task) or context.started:
                raise
            why = f"The request was ended, because no answer was ready within {self._deadlines.seconds:g} seconds."
            late = cut_short(scope, why, "request_deadline")
            REFUSAL_WARNINGS.add(late.detail)
            await problem_response(late, path, request_id)(scope, receive, send)
        except Exception as error:
            if not await self._is_answered(error, scope, receive, send):
                raise
        finally:
            if not context.started or self._deadlines.overdue:
                self._deadlines.end(task)
            if context.held:
                release(context, self._bodies)

    async def _is_answered(self, error: Exception, scope: Scope, receive: Receive, send: Send) -> bool:
        """Whether the error, which no handler has answered, could be: not once an answer has begun."""
        context: RequestContext = scope[KEY]
        path, request_id = scope["path"], context.request_id
        is_expected = isinstance(error, HTTPException)  # raised by middleware
        if not is_expected:
            _log.exception("The request failed: %s %r", scope["method"], path)
        if context.started:
            return False
        response = problem_response(error, path, request_id)
        if self._on_error is not None and not is_expected:
            try:
                response = await respond(self._on_error, Request(scope, receive, send), error)
            except Exception:
                _log.exception("The request failed again, in the handler of its failure")
        await response(scope, receive, send)
        return True

    async def _websocket_or_lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A WebSocket, which has no deadline, or the lifespan."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        context = RequestContext(scope, self._authenticator)
        CURRENT.set(context)
        send = noting_start(context, send, path_within(scope))
        try:
            self._check(scope, context.request_headers.get(b"host"))
            await self._app(scope, receive, send)
        except HTTPException as error:
            response = problem_response(error, scope["path"], context.request_id)
            await refuse(response, context, scope, receive, send)
        except Exception as error:
            _log.exception("The request failed: WebSocket %r", scope["path"])
            response = problem_response(error, scope["path"], context.request_id)
            await refuse(response, context, scope, receive, send)

    def _begun(self, scope: Scope, send: Send, task: Task) -> tuple[Scope, Send]:
        """The scope with its context, and a ``send`` that completes the headers of the answer."""
        head, of_server = scope["method"] == "HEAD", scope
        if head:
            scope = {**scope, "method": "GET"}  # a copy: the server goes by the method in its own
        context = of_server[KEY] = RequestContext(scope, self._authenticator)
        CURRENT.set(context)  # the task is the request's own, and so is its context
        context.is_head = head
        headers = context.request_headers
        scope["scheme"] = scheme = _SCHEMES.get(scope.get("scheme", ""), "http")
        path = path_within(scope)
        cors = self._cors
        if cors is not None:
            context.cross_origin = cors.applies(scope, headers)

        def send_on(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                context.started = True
                self._deadlines.answered(task)
                if cors is not None and context.cross_origin:
                    message["headers"] = cors.with_cors(message["headers"], headers)
                completed = message["headers"] = complete(message["headers"], path=path, scheme=scheme)
                completed += context.response_headers
                completed.append((b"x-request-id", context.request_id.encode()))
            elif head:
                message = {**message, "body": b""}
            return send(message)

        return scope, send_on

    def _check(self, scope: Scope, host: bytes | None) -> None:
        """Raises ``ProblemException`` in overload, and for headers too large, a host or a path that is not allowed."""
        if OVERLOADED in scope.get("state", ()):
            REFUSAL_WARNINGS.add("More requests come than the processor can serve.")
            raise ProblemException("unavailable", headers={"Retry-After": "1"}, reason="processor")
        if sum(map(len, chain.from_iterable(scope["headers"]))) > HEADERS_MAX:
            raise ProblemException("headers_too_large")
        if (
            not self._is_allowed(host) and path_within(scope) not in PROBES
        ):  # who asks for those may know an address alone
            raise ProblemException("invalid_host")
        if scope["path"].endswith("\n"):  # to Starlette it would be the path without
            raise ProblemException("not_found")

    def _is_ours(self, host: bytes | None) -> bool:
        if host is None or b"," in host:  # none, or several
            return False
        name = _host_name(host.decode("latin-1"))
        return not self._hosts.isdisjoint({"*", name, f".{name}"}) or name.endswith(self._domains)


def _host_name(host: str) -> str:
    """The name of a Host header without its port, as it is compared: in lower case and without a trailing dot."""
    name = _PORT.sub("", host.lower())
    if name.startswith("["):
        with suppress(ValueError):
            return f"[{IPv6Address(name[1:-1])}]"
    return name.removesuffix(".")
