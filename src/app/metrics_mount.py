"""Measures this process, and answers for its metrics, while it serves or delivers."""

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
    async def measuring_with_purge() -> AsyncIterator[None]:
        purge_lag = container.purge_lag()
        async with measuring(container):
            purge_lag.start()
            try:
                yield
            finally:
                purge_lag.stop()

    add_within(app, measuring_with_purge)


@asynccontextmanager
async def measuring(container: Container) -> AsyncIterator[None]:
    """Measures this process meanwhile, and answers the process that serves the metrics of all workers."""
    lag, directory = container.loop_lag(), os.environ.get(DIRECTORY)
    told = None if directory is None else WorkerSocket(Path(directory), container.worker_metrics())
    lag.start()
    if told is not None:
        told.open()
    try:
        yield
    finally:
        if told is not None:
            told.close()
        lag.stop()
