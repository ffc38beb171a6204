"""Adds context managers to the lifespan of an application."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from starlette.applications import Starlette

Context = Callable[[], AbstractAsyncContextManager[None]]


def add_around(app: FastAPI, context: Context) -> None:
    """Enters the context before everything that the application does so far when it starts, and leaves it last."""
    before = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(api: Starlette) -> AsyncIterator[None]:
        async with context(), before(api):
            yield

    app.router.lifespan_context = lifespan


def add_within(app: FastAPI, context: Context) -> None:
    """Enters the context after everything that the application does so far when it starts, and leaves it first."""
    before = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(api: Starlette) -> AsyncIterator[None]:
        async with before(api), context():
            yield

    app.router.lifespan_context = lifespan
