"""Mounts the admin beside the API: its routes, its static files, and the lifespan of its storage."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from app.container import Container
from app.lifespans import add_around


def serve_admin(app: FastAPI, container: Container) -> ASGIApp:
    """Adds the admin to the API of this container, and returns Django's application."""
    admin = container.admin()
    # Routes, not a mount: Django needs the whole path, and a mount strips its prefix.
    app.router.routes += [
        Route("/admin", admin, include_in_schema=False),
        Route("/admin/{path:path}", admin, include_in_schema=False),
        Mount("/static", StaticFiles(packages=[("django.contrib.admin", "static"), ("adapters.django_orm", "static")])),
    ]

    @asynccontextmanager
    async def storage_open() -> AsyncIterator[None]:
        storage = container.operator_storage()
        await storage.open()
        try:
            yield
        finally:
            await storage.close()

    add_around(app, storage_open)
    return admin
