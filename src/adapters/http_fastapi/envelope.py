"""Around every request: its id, the host check, HEAD, the headers of every answer, and an answer to what went wrong."""

import logging
import re
import secrets
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http_fastapi.problems import Refused, answer

_log = logging.getLogger("goatfish.http")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_PORT = re.compile(r":[0-9]*$")


class Envelope:
    """Pure ASGI middleware, the outermost. An unexpected exception is logged and answered as a bare 500."""

    def __init__(self, app: ASGIApp, *, allowed_hosts: Sequence[str]) -> None:
        self._app = app
        self._hosts = tuple(allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        asked = headers.get("x-request-id", "")
        request_id = asked if _REQUEST_ID.fullmatch(asked) else secrets.token_hex(16)
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        head, scope["method"] = scope["method"] == "HEAD", "GET" if scope["method"] == "HEAD" else scope["method"]
        private = scope["path"].startswith("/api/")
        started = False

        async def send_on(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                more = MutableHeaders(raw=message["headers"])
                more["X-Request-ID"] = request_id
                if private:
                    more["Cache-Control"] = "private, no-cache"
                    more["Vary"] = "X-API-Key, Authorization"
            elif head:
                message = {**message, "body": b""}
            await send(message)

        try:
            if not self._admits(headers.get("host", "")):
                await answer(Refused("invalid_host"), scope)(scope, receive, send_on)
                return
            await self._app(scope, receive, send_on)
        except ClientDisconnect:
            return
        except Exception as error:
            _log.exception("request %s failed: %s %s", request_id, scope["method"], scope["path"])
            if started:
                raise
            await answer(error, scope)(scope, receive, send_on)

    def _admits(self, host: str) -> bool:
        name = _PORT.sub("", host.lower())
        return any(
            allowed in {"*", name} or (allowed.startswith(".") and f".{name}".endswith(allowed))
            for allowed in self._hosts
        )
