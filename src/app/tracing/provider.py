"""Sets up tracing: whether spans are recorded, and where they are sent."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from threading import Thread
from typing import TYPE_CHECKING

from fastapi import FastAPI

from app.lifespans import add_around

if TYPE_CHECKING:  # the packages are an extra
    from opentelemetry.sdk.trace import TracerProvider

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
PROTOCOL = "http/protobuf"
FLUSH_TIMEOUT = 3.0
"""Seconds at the stop in which the last spans have to be taken."""
_log = logging.getLogger("goatfish.tracing")


def are_traces_wanted(environ: Mapping[str, str]) -> bool:
    """Whether OpenTelemetry's variables name an endpoint for traces, and do not switch them off."""
    is_off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or environ.get("OTEL_TRACES_EXPORTER") == "none"
    return not is_off and any(environ.get(name) for name in ENDPOINTS)


def obstacle(environ: Mapping[str, str]) -> str | None:
    """Why no traces can be sent as OpenTelemetry's variables say; None if nothing is wrong with them."""
    protocol = next(filter(None, map(environ.get, PROTOCOLS)), PROTOCOL)
    if protocol != PROTOCOL:
        return f"No traces are sent: the protocol is {PROTOCOL} alone, and {protocol} is asked for."
    endpoint = next((name for name in ENDPOINTS if environ.get(name)), "")
    if endpoint and not environ[endpoint].lower().startswith(("http://", "https://")):
        return f"No traces are sent: {endpoint} must be a URL like http://localhost:4318."
    return None


def provider_of_process() -> "TracerProvider | None":
    """What sends the spans of this process; None, and a warning, where the variables ask for what is not there."""
    if why := obstacle(os.environ):
        _log.warning("%s", why)
        return None
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        _log.warning("No traces are sent: %s. Install Goatfish with its extra: goatfish[tracing]", error)
        return None
    os.environ.setdefault("OTEL_SERVICE_NAME", "goatfish")
    provider = TracerProvider(resource=Resource.create(), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)  # for whatever else the operator has instrumented
    return provider


def flush_at_the_end(app: FastAPI, provider: "TracerProvider") -> None:
    """Has the application send the last spans once it has stopped serving, if the endpoint takes them in time."""

    @asynccontextmanager
    async def flushed() -> AsyncIterator[None]:
        yield
        flushing = Thread(target=provider.shutdown, name="goatfish-spans", daemon=True)
        flushing.start()
        await asyncio.to_thread(flushing.join, FLUSH_TIMEOUT)

    add_around(app, flushed)
