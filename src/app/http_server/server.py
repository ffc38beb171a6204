"""What uvicorn makes connections with: its ``http`` setting takes whatever gives a protocol for each of them."""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from app.http_server.connection import HttpConnection
from app.http_server.limits import Limits, within_open_files
from app.http_server.register import Register


class HttpServer:
    """Makes the connections of one worker, which share a register. Until the first one it can be sent to a worker."""

    def __init__(self, limits: Limits, *, other_files: int) -> None:
        self._limits, self._other_files = limits, other_files
        self._register: Register | None = None

    def __call__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> asyncio.BufferedProtocol:
        if self._register is None:
            self._register = Register(within_open_files(self._limits, self._other_files))
        return HttpConnection(config, server_state, app_state, self._register)
