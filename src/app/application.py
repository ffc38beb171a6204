"""The whole application, made from settings: the API, and the admin where the operators' database is configured."""

import gc

from fastapi import FastAPI
from starlette.types import ASGIApp

from app.admin_mount import serve_admin
from app.container import Container
from app.metrics.mount import measure
from config.settings import Settings


def build(settings: Settings) -> tuple[FastAPI, ASGIApp | None]:
    """The application that this process serves, and Django's part of it, None where the admin is not served."""
    container = Container(settings=settings)
    app = container.api()
    admin = serve_admin(app, container) if settings.has_operator else None
    if settings.metrics:
        measure(app, container)
    app.check_routes()  # the start is refused now, whatever server it is
    # Freeze start-up objects; requests create no cycles, so the collector need not run often.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    return app, admin
