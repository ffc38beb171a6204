"""The protocol factory for uvicorn's ``http`` setting."""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from app.http_server.access_log import log_access
from app.http_server.connection import HttpConnection
from app.http_server.connection_registry import ConnectionRegistry
from app.http_server.figures import FIGURES
from app.http_server.limits import Limits, within_open_files
from app.http_server.request_cycle import Report


class HttpServer:
    """Creates the connections of one worker, which share a registry. Can be pickled until the first connection.

    Where ``counts``, the requests are counted in ``FIGURES``.
    """

    def __init__(self, limits: Limits, *, other_files: int, counts: bool = False) -> None:
        self._limits, self._other_files, self._counts = limits, other_files, counts
        self._registry: ConnectionRegistry | None = None
        self._report: Report | None = None

    def __call__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> asyncio.BufferedProtocol:
        if self._registry is None:
            self._registry = ConnectionRegistry(within_open_files(self._limits, self._other_files))
            self._report = report_of(logs=config.access_log, counts=self._counts)
            FIGURES.connections = self._registry
        return HttpConnection(config, server_state, app_state, self._registry, self._report)


def report_of(*, logs: bool, counts: bool) -> Report | None:
    """Logs and counts ended requests; None where neither is configured."""
    if logs and counts:

        def both(**of_request: Any) -> None:
            FIGURES.count(**of_request)
            log_access(**of_request)

        return both
    if counts:
        return FIGURES.count
    return log_access if logs else None
