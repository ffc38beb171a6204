"""Around every request: its id, the host check, HEAD, the headers of every answer, and an answer to what went wrong."""

import logging
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from random import getrandbits
from typing import NamedTuple

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http_fastapi.answer_headers import complete
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


class _Sent(NamedTuple):
    """What matters here of a request's headers: their size in bytes, the hosts that are named, and a sound id."""

    size: int
    hosts: list[bytes]
    request_id: str

    @classmethod
    def of(cls, headers: Iterable[tuple[bytes, bytes]]) -> "_Sent":
        size, hosts, request_id = 0, [], ""
        for name, value in headers:
            size += len(name) + len(value)
            if name == b"host":
                hosts.append(value)
            elif name == b"x-request-id" and not request_id:
                request_id = value.decode("latin-1")
        sound = _REQUEST_ID.fullmatch(request_id) and request_id == hidden(request_id)  # a key is kept nowhere
        return cls(size, hosts, request_id if sound else "")


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
        sent = _Sent.of(scope["headers"])
        request_id = sent.request_id or f"{getrandbits(128):032x}"
        state = {**scope.get("state", {}), "request_id": request_id, "headers": {}}
        head = scope["method"] == "HEAD"
        if head:
            scope = {**scope, "method": "GET"}  # a copy: the server goes by the method in its own
        scope["state"] = state
        scope["scheme"] = scheme = _SCHEMES.get(scope.get("scheme", ""), "http")
        started = False

        async def send_on(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                answered = message["headers"] = list(message["headers"])
                complete(answered, path=scope["path"], scheme=scheme)
                answered.append((b"x-request-id", request_id.encode()))
                answered += [(name.lower().encode(), value.encode()) for name, value in state["headers"].items()]
            elif head:
                message = {**message, "body": b""}
            await send(message)

        try:
            self._admit(sent, scope["path"], scope["query_string"])
            await self._app(scope, receive, send_on)
        except ClientDisconnect:
            return
        except Refused as refused:
            await answer(refused, scope)(scope, receive, send_on)
        except Exception as error:
            _log.exception("request %s failed: %s %r", request_id, scope["method"], scope["path"])
            if started:
                raise
            await answer(error, scope)(scope, receive, send_on)

    def _admit(self, sent: "_Sent", path: str, query: bytes) -> None:
        """Raises ``Refused``."""
        if sent.size > HEADERS_MAX:
            raise Refused("headers_too_large")
        if len(sent.hosts) != 1 or not self._admits(sent.hosts[0]):
            raise Refused("invalid_host")
        if path.endswith("\n"):  # to Starlette it would be the path without
            raise Refused("not_found")
        if path.startswith("/admin"):  # which would repeat it, and send whoever asks to a URL with it
            asked = f"{path}?{query.decode('latin-1')}"
            if asked != hidden(asked):
                raise Refused("not_found")

    def _is_ours(self, host: bytes) -> bool:
        name = _PORT.sub("", host.decode("latin-1").lower())
        return any(
            allowed in {"*", name} or (allowed.startswith(".") and f".{name}".endswith(allowed))
            for allowed in self._hosts
        )
