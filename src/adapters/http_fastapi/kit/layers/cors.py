"""Cross-origin requests: pages of the origins that are configured may call the API, with a key of their own."""

from collections.abc import Collection, Iterable, Mapping
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from adapters.http_fastapi.kit.context import RawHeaders, RequestContext, path_within
from adapters.http_fastapi.kit.problems import ProblemException

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_REQUEST_HEADERS = (
    *("X-API-Key", "Authorization", "Content-Type", "If-Match", "If-None-Match"),
    *("Idempotency-Key", "X-Request-ID"),
)
_EXPOSED_HEADERS = (
    *("ETag", "Location", "Link", "Idempotency-Replayed", "X-Request-ID"),
    *("RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate"),
)


class Cors:
    """Starlette's rules, but with its headers on every response, and with problems where it refuses.

    Credentials, which browsers send by themselves, are not allowed. A key is none, so ``*`` may be an origin.
    """

    def __init__(self, origins: Collection[str]) -> None:
        self._rules = CORSMiddleware(_nobody, origins, _METHODS, _REQUEST_HEADERS, expose_headers=_EXPOSED_HEADERS)

    def applies(self, scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a page of some origin asks for the API; all else is for pages of this service alone."""
        return b"origin" in headers and path_within(scope).startswith("/api/")

    def with_cors(self, headers: Iterable[tuple[bytes, bytes]], request_headers: Mapping[bytes, bytes]) -> RawHeaders:
        """The headers of an answer, with those that say which pages may read it."""
        rules, answer = self._rules, MutableHeaders(raw=[*headers])
        answer.update(rules.simple_headers)
        origin = request_headers[b"origin"].decode("latin-1")
        if not rules.allow_all_origins and rules.is_allowed_origin(origin):
            rules.allow_explicit_origin(answer, origin)
        else:
            answer["Vary"] = ", ".join([*answer.getlist("Vary"), "Origin"])
        return answer.raw

    def preflight(self, scope: Scope, context: RequestContext) -> Response | None:
        """The answer to an OPTIONS of a browser that asks before the request itself; None for any other.

        Raises ``ProblemException``.
        """
        if b"access-control-request-method" not in context.request_headers:
            return None
        context.cross_origin = False  # the answer says all itself, and a refusal is for no page to read
        response = self._rules.preflight_response(Headers(scope=scope))
        if response.status_code != HTTPStatus.OK:
            raise ProblemException("cross_origin_refused")
        return response


async def _nobody(scope: Scope, receive: Receive, send: Send) -> None:
    """What Starlette's rules would stand before, which is never asked."""
    raise NotImplementedError
