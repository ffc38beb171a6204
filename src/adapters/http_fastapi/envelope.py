"""Around every request: its id, the host check, HEAD, the headers of every answer, and an answer to what went wrong."""

import logging
import re
from collections.abc import Awaitable, Sequence
from functools import lru_cache
from itertools import chain
from random import getrandbits

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http_fastapi.answer_headers import complete
from adapters.http_fastapi.exchange import KEY, Exchange, by_name
from adapters.http_fastapi.problems import Refused, answer
from domain.access.key import hidden

HEADERS_MAX = 32 << 10
"""Bytes of all headers together."""
HOSTS_REMEMBERED = 100
_log = logging.getLogger("goatfish.http")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_PORT = re.compile(r":[0-9]*$")
_SCHEMES = {"https": "https", "wss": "https"}
"""What a proxy may call HTTPS; everything else is HTTP."""


class Envelope:
    """Pure ASGI middleware round everything of ours. An unexpected exception is logged and answered as a bare 500."""

    def __init__(self, app: ASGIApp, *, allowed_hosts: Sequence[str]) -> None:
        self._app = app
        self._hosts = tuple(allowed_hosts)
        self._admits = lru_cache(HOSTS_REMEMBERED)(self._is_ours)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = by_name(scope["headers"])
        request_id = _sound(sent[b"x-request-id"]) if b"x-request-id" in sent else ""
        exchange = Exchange(sent, request_id or f"{getrandbits(128):032x}")
        head = scope["method"] == "HEAD"
        if head:
            scope = {**scope, "method": "GET"}  # a copy: the server goes by the method in its own
        scope[KEY] = exchange
        scope.setdefault("state", {})["request_id"] = exchange.request_id  # for other applications, which know no more
        scope["scheme"] = scheme = _SCHEMES.get(scope.get("scheme", ""), "http")
        path = scope["path"]
        started = False

        def send_on(message: Message) -> Awaitable[None]:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = message["headers"] = complete(message["headers"], path=path, scheme=scheme)
                headers += exchange.headers
                headers.append((b"x-request-id", exchange.request_id.encode()))
            elif head:
                message = {**message, "body": b""}
            return send(message)

        try:
            self._admit(scope, sent.get(b"host"))
            await self._app(scope, receive, send_on)
        except ClientDisconnect:
            return
        except Refused as refused:
            await answer(refused, path, exchange.request_id)(scope, receive, send_on)
        except Exception as error:
            _log.exception("request %s failed: %s %r", exchange.request_id, scope["method"], path)
            if started:
                raise
            await answer(error, path, exchange.request_id)(scope, receive, send_on)

    def _admit(self, scope: Scope, host: bytes | None) -> None:
        """Raises ``Refused``."""
        if sum(map(len, chain.from_iterable(scope["headers"]))) > HEADERS_MAX:
            raise Refused("headers_too_large")
        if not self._admits(host):
            raise Refused("invalid_host")
        path = scope["path"]
        if path.endswith("\n"):  # to Starlette it would be the path without
            raise Refused("not_found")
        if path.startswith("/admin"):  # which would repeat it, and send whoever asks to a URL with it
            asked = f"{path}?{scope['query_string'].decode('latin-1')}"
            if asked != hidden(asked):
                raise Refused("not_found")

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
    return id if _REQUEST_ID.fullmatch(id) and id == hidden(id) else ""  # a key is kept nowhere
