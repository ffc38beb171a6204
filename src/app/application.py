"""The whole application, made from settings: the API, and the admin where the operators' database is configured."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.types import ASGIApp

from app.admin_mount import serve_admin
from app.container import Container
from config.settings import Settings


def build(settings: Settings) -> tuple[FastAPI, ASGIApp | None]:
    """The application that this process serves, and Django's part of it, None where the admin is not served."""
    container = Container(settings=settings)
    app = container.api()
    if settings.database_url.is_sqlite:
        _deliver_beside(app, container)
    admin = serve_admin(app, container) if settings.has_operator else None
    app.check_routes()  # the start is refused now, whatever server it is
    # Freeze start-up objects; requests create no cycles, so the collector need not run often.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    return app, admin


def _deliver_beside(app: FastAPI, container: Container) -> None:
    """Has the application deliver webhooks while it serves, so that on SQLite one process is enough."""
    service = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(api: Starlette) -> AsyncIterator[None]:
        async with service(api):
            delivering = asyncio.create_task(container.deliverer().run())
            try:
                yield
            finally:
                delivering.cancel()
                await asyncio.gather(delivering, return_exceptions=True)

    app.router.lifespan_context = lifespan
