"""uvicorn's server with a stop that loses no request: first it drains, then it stops listening, then it ends."""

import asyncio
import logging
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager
from math import inf
from multiprocessing import parent_process
from threading import Timer
from time import monotonic
from types import FrameType

import uvicorn

from adapters.http_fastapi.kit.layers.middleware import DRAINING
from app.http_server.listeners import HANDSHAKE_TIME, accept_waiting, turn_away_new
from app.http_server.stop_signals import StopSignals

REQUESTS_TIME = 10
"""Seconds after draining for requests to finish, before they are cancelled."""
CLOSE_TIME = 5.0
"""Seconds after that for the application to close its connections, before the process is ended."""
STOP_TIME = HANDSHAKE_TIME + REQUESTS_TIME + CLOSE_TIME
"""Seconds that a stop takes at most, after draining."""
_log = logging.getLogger("goatfish.server")


class DrainingServer(uvicorn.Server):
    """Goes on serving for ``drain_time`` seconds after SIGTERM, while readiness is refused and connections are closed.

    Then, or at once after SIGINT, nobody can connect any more. Those that are connected are answered, for at most
    ``REQUESTS_TIME``. A second signal ends the process at once, unless it has a parent, which sees to that.
    """

    def __init__(self, config: uvicorn.Config, drain_time: float) -> None:
        super().__init__(config)
        self._is_worker = parent_process() is not None
        self._signals = StopSignals(drain_time, self._end_at_once)

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serves until a signal stops it."""
        self._signals.listen()  # before there is a coroutine that a signal could leave without its first step
        super().run(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """uvicorn's hook: the signals are received already, and not raised again after the stop."""
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """uvicorn's handler of signals."""
        self._signals.receive(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """uvicorn's start, after which a signal that has come meanwhile stops the server: it was never ready."""
        await super().startup(sockets)
        self.should_exit = self._signals.first is not None

    async def on_tick(self, counter: int) -> bool:
        """uvicorn's hook, called ten times a second: whether to stop now."""
        await super().on_tick(counter)
        stop_at = self._signals.stop_at
        if stop_at < inf and DRAINING not in self.lifespan.state:
            self.lifespan.state[DRAINING] = True
            if (left := stop_at - monotonic()) > 0:
                _log.info("Draining: not ready, and stopping in %.1f seconds", left)
        return monotonic() >= stop_at

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """uvicorn's stop, before which every connection that the kernel has completed is accepted."""
        guard = Timer(STOP_TIME, _give_up)
        guard.daemon = True
        guard.start()
        self.lifespan.state[DRAINING] = True
        if sockets:
            await self._stop_listening(sockets)
        await super().shutdown([])

    async def _stop_listening(self, sockets: list[socket.socket]) -> None:
        if not self._is_worker:  # or else it is for the parent to say: the other workers may go on
            turn_away_new(sockets[0])
        await asyncio.sleep(HANDSHAKE_TIME)
        waiting = accept_waiting(sockets[0])
        for server in self.servers:
            server.close()
        for each in sockets:
            each.close()
        loop = asyncio.get_running_loop()
        for connection in waiting:
            await loop.connect_accepted_socket(self._protocol, connection)

    def _protocol(self) -> asyncio.Protocol:
        protocol: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]  # -- uvicorn's call
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol

    def _end_at_once(self, number: int) -> None:
        if not self._is_worker:
            os._exit(128 + number)


def _give_up() -> None:
    _log.error("The process has not stopped in time, so it is ended.")
    os._exit(1)
