"""A span for each request, as OpenTelemetry's semantic conventions for HTTP servers have it, but for paths.

Neither paths nor queries nor headers are recorded: what clients write there may be a key.
"""

from http import HTTPStatus
from typing import Any

from opentelemetry import context as contexts
from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind, Status, StatusCode, TracerProvider
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http_fastapi.kit.context import KEY, RequestContext


class TraceRequests:
    """ASGI middleware round an application whose requests have a ``RequestContext``.

    A request continues the trace of its ``traceparent`` header. For the application that header is the span's own, so
    that the log has the id of the trace, whoever has begun it.
    """

    def __init__(self, app: ASGIApp, provider: TracerProvider) -> None:
        self._app, self._tracer = app, provider.get_tracer("goatfish")
        self._fields = {name.encode(): name for name in propagate.get_global_textmap().fields}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent: dict[str, str] = {}
        others = []
        for name, value in scope["headers"]:
            if name in self._fields:
                sent[self._fields[name]] = value.decode("latin-1")
            else:
                others.append((name, value))
        method = scope["method"]
        span = self._tracer.start_span(
            method,
            propagate.extract(sent),
            SpanKind.SERVER,
            {"http.request.method": method, "url.scheme": scope["scheme"]},
        )
        token = contexts.attach(trace.set_span_in_context(span))
        own: dict[str, str] = {}
        propagate.inject(own)
        scope["headers"] = [*others, *((name.encode(), value.encode("latin-1")) for name, value in own.items())]
        status: int | None = None

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        finally:
            contexts.detach(token)
            if span.is_recording():
                _describe(span, method, scope.get(KEY), status)
            span.end()


def _describe(span: trace.Span, method: str, context: RequestContext | None, status: int | None) -> None:
    """What is known of the request now that it has ended."""
    attributes: dict[str, Any] = {}
    if context is not None:
        attributes["goatfish.request_id"] = context.request_id
        if context.route is not None:
            attributes["http.route"] = context.route
            span.update_name(f"{method} {context.route}")
        if context.caller is not None:
            attributes["goatfish.owner_id"] = str(context.caller.owner.id)
    if status is not None:
        attributes["http.response.status_code"] = status
    if status is None or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        attributes["error.type"] = "no response" if status is None else str(status)
        span.set_status(Status(StatusCode.ERROR))
    span.set_attributes(attributes)
