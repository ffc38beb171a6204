"""Around every request: its id and deadline, the host check, HEAD, the headers of all answers, and what went wrong."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Sequence
from functools import lru_cache, partial
from itertools import chain
from random import getrandbits

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http_fastapi.kit.body_budget import BodyBudget, counted_receive, give_back
from adapters.http_fastapi.kit.context import KEY, RequestContext, by_name
from adapters.http_fastapi.kit.cors import Cors
from adapters.http_fastapi.kit.deadlines import Deadlines, Task
from adapters.http_fastapi.kit.problems import ProblemException, problem_response
from adapters.http_fastapi.kit.response_headers import complete
from domain.access.token import redact

HEADERS_MAX = 32 << 10
"""Bytes of all headers together."""
HOSTS_REMEMBERED = 100
PROBES = frozenset({"/livez", "/readyz"})
"""Paths that say how the service is."""
_log = logging.getLogger("goatfish.http")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_PORT = re.compile(r":[0-9]*$")
_SCHEMES = {"https": "https", "wss": "https"}
"""What a proxy may call HTTPS; everything else is HTTP."""


class RequestMiddleware:
    """Pure ASGI middleware round everything of ours. An unexpected exception is logged and answered as a bare 500."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        allowed_hosts: Sequence[str],
        bodies: BodyBudget,
        deadlines: Deadlines,
        cross_origin: Cors | None = None,
    ) -> None:
        self._app = app
        self._hosts = tuple(allowed_hosts)
        self._admits = lru_cache(HOSTS_REMEMBERED)(self._is_ours)
        self._bodies, self._deadlines, self._cors = bodies, deadlines, cross_origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        task = self._deadlines.begin()
        scope, send = self._begun(scope, send, task)
        context: RequestContext = scope[KEY]
        path, request_id = scope["path"], context.request_id
        receive = partial(counted_receive, receive, scope, context, self._bodies)
        try:
            self._admit(scope, context.sent.get(b"host"))
            preflight = self._cors.preflight(scope, context) if self._cors and context.cross_origin else None
            await (preflight or self._app)(scope, receive, send)
        except ClientDisconnect:
            return
        except asyncio.CancelledError:
            if not self._deadlines.has_ended(task) or context.started:
                raise
            late = _late(scope["method"], self._deadlines.seconds)
            _log.warning("request %s could not be served: %s", request_id, late.detail)
            await problem_response(late, path, request_id)(scope, receive, send)
        except ProblemException as refused:
            await problem_response(refused, path, request_id)(scope, receive, send)
        except Exception as error:
            _log.exception("request %s failed: %s %r", request_id, scope["method"], path)
            if context.started:
                raise
            await problem_response(error, path, request_id)(scope, receive, send)
        finally:
            if not context.started or self._deadlines.overdue:
                self._deadlines.end(task)
            if context.held:
                give_back(context, self._bodies)

    def _begun(self, scope: Scope, send: Send, task: Task) -> tuple[Scope, Send]:
        """The request with what is known of it from the start, and what completes its answer."""
        sent = by_name(scope["headers"])
        request_id = _sound(sent[b"x-request-id"]) if b"x-request-id" in sent else ""
        context = RequestContext(sent, request_id or f"{getrandbits(128):032x}")
        head = scope["method"] == "HEAD"
        if head:
            scope = {**scope, "method": "GET"}  # a copy: the server goes by the method in its own
        scope[KEY] = context
        scope.setdefault("state", {})["request_id"] = context.request_id  # for other applications, which know no more
        scope["scheme"] = scheme = _SCHEMES.get(scope.get("scheme", ""), "http")
        path = scope["path"]
        cors = self._cors
        if cors is not None:
            context.cross_origin = cors.concern(scope, sent)

        def send_on(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                context.started = True
                self._deadlines.answered(task)
                if cors is not None and context.cross_origin:
                    message["headers"] = cors.told(message["headers"], sent)
                headers = message["headers"] = complete(message["headers"], path=path, scheme=scheme)
                headers += context.headers
                headers.append((b"x-request-id", context.request_id.encode()))
            elif head:
                message = {**message, "body": b""}
            return send(message)

        return scope, send_on

    def _admit(self, scope: Scope, host: bytes | None) -> None:
        """Raises ``ProblemException``."""
        if sum(map(len, chain.from_iterable(scope["headers"]))) > HEADERS_MAX:
            raise ProblemException("headers_too_large")
        if not self._admits(host) and scope["path"] not in PROBES:  # who asks for those may know an address alone
            raise ProblemException("invalid_host")
        if scope["path"].endswith("\n"):  # to Starlette it would be the path without
            raise ProblemException("not_found")

    def _is_ours(self, host: bytes | None) -> bool:
        if host is None or b"," in host:  # none, or several
            return False
        name = _PORT.sub("", host.decode("latin-1").lower())
        return any(
            allowed in {"*", name} or (allowed.startswith(".") and f".{name}".endswith(allowed))
            for allowed in self._hosts
        )


def _sound(request_id: bytes) -> str:
    """The request's own id; nothing where it is none to go by."""
    id = request_id.decode("latin-1")
    return id if _REQUEST_ID.fullmatch(id) and id == redact(id) else ""  # a key is kept nowhere


def _late(method: str, seconds: float) -> ProblemException:
    """What is said where the deadline of a request has ended it: nobody knows how far it had come."""
    detail = f"The request was ended, because no answer was ready within {seconds:g} seconds."
    if method not in {"GET", "OPTIONS"}:
        detail += (
            " It may have been carried out: send it again with the same Idempotency-Key, or see first what is there."
        )
    return ProblemException("unavailable", detail, headers={"Retry-After": "1"})
