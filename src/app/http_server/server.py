"""The protocol factory for uvicorn's ``http`` setting."""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from app.http_server.connection import HttpConnection
from app.http_server.connection_registry import ConnectionRegistry
from app.http_server.limits import Limits, within_open_files


class HttpServer:
    """Creates the connections of one worker, which share a registry. Can be pickled until the first connection."""

    def __init__(self, limits: Limits, *, other_files: int) -> None:
        self._limits, self._other_files = limits, other_files
        self._registry: ConnectionRegistry | None = None

    def __call__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> asyncio.BufferedProtocol:
        if self._registry is None:
            self._registry = ConnectionRegistry(within_open_files(self._limits, self._other_files))
        return HttpConnection(config, server_state, app_state, self._registry)
