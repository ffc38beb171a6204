"""Has an application measure itself, and tell it, for as long as it serves."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from app.container import Container
from app.lifespans import add_within
from app.metrics.workers import DIRECTORY, WorkerSocket


def measure(app: FastAPI, container: Container) -> None:
    """Adds the measurements of this container to the lifespan of its API."""

    @asynccontextmanager
    async def measured() -> AsyncIterator[None]:
        lag, purge_lag = container.loop_lag(), container.purge_lag()
        directory = os.environ.get(DIRECTORY)
        told = None if directory is None else WorkerSocket(Path(directory), container.worker_metrics())
        lag.start()
        purge_lag.start()
        if told is not None:
            told.open()
        try:
            yield
        finally:
            if told is not None:
                told.close()
            purge_lag.stop()
            lag.stop()

    add_within(app, measured)
