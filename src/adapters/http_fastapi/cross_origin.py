"""Cross-origin requests: pages of the origins that are configured may call the API, with a key of their own."""

from collections.abc import Collection
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.http_fastapi.problems import Refused

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_SENT = (
    *("X-API-Key", "Authorization", "Content-Type", "If-Match", "If-None-Match"),
    *("Idempotency-Key", "X-Request-ID"),
)
_READ = (
    *("ETag", "Location", "Link", "Idempotency-Replayed", "X-Request-ID"),
    *("RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate"),
)


class CrossOrigin(CORSMiddleware):
    """Starlette's own, whose refusals are problems like all others.

    No credentials, which are those that a browser sends by itself: a key is none, so that ``*`` may be admitted too.
    """

    def __init__(self, app: ASGIApp, *, origins: Collection[str]) -> None:
        super().__init__(app, origins, _METHODS, _SENT, expose_headers=_READ)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The interactive page, the admin and its files are nobody's but our own pages'.
        answers = super().__call__ if scope["type"] == "http" and scope["path"].startswith("/api/") else self.app
        await answers(scope, receive, send)

    def preflight_response(self, request_headers: Headers) -> Response:
        response = super().preflight_response(request_headers)
        if response.status_code != HTTPStatus.OK:
            raise Refused("cross_origin_refused")
        return response
