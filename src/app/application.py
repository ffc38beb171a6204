"""The whole application, made from settings: the API, and the admin where the operators' database is configured."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.types import ASGIApp

from app.admin_mount import serve_admin
from app.container import Container
from app.lifespans import add_within
from app.metrics_mount import measure
from app.tracing.provider import are_traces_wanted, flush_at_the_end, provider_of_process
from config.settings import Settings

if TYPE_CHECKING:  # OpenTelemetry is an extra
    from opentelemetry.sdk.trace import TracerProvider


def build(settings: Settings) -> tuple[ASGIApp, ASGIApp | None]:
    """The application that this process serves, and Django's part of it, None where the admin is not served."""
    provider = provider_of_process() if are_traces_wanted(os.environ) else None
    container = Container(settings=settings, tracer_provider=provider)
    app = container.api()
    if settings.database_url.is_sqlite:
        _deliver_beside(app, container)
    admin = serve_admin(app, container) if settings.has_operator else None
    if settings.metrics:
        measure(app, container)
    app.check_routes()  # the start is refused now, whatever server it is
    # Freeze start-up objects; requests create no cycles, so the collector need not run often.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    return app if provider is None else traced(app, provider), admin


def traced(app: FastAPI, provider: "TracerProvider") -> ASGIApp:
    """The application with a span for each request."""
    from app.tracing.requests import TraceRequests

    flush_at_the_end(app, provider)
    return TraceRequests(app, provider)


def _deliver_beside(app: FastAPI, container: Container) -> None:
    """Has the application deliver webhooks while it serves, so that on SQLite one process is enough."""

    @asynccontextmanager
    async def delivering() -> AsyncIterator[None]:
        task = asyncio.create_task(container.deliverer().run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    add_within(app, delivering)
