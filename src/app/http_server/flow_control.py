"""Flow control of responses: a client must read them within the write timeout."""

import asyncio
import socket
import struct
from math import inf

PROGRESS = 64 << 10
"""Bytes of a response that a client must read within each write timeout."""
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with timeout 0: drops unsent data and resets the connection


class FlowControl:
    """The writing side of a connection: ``paused``, with a ``deadline``, while the client has not read everything."""

    def __init__(self, transport: asyncio.Transport, timeout: float) -> None:
        self.paused, self.deadline = False, inf
        self._transport, self._timeout = transport, timeout
        self._loop = asyncio.get_running_loop()
        self._drained: asyncio.Future[None] | None = None
        self._unread = 0  # bytes unsent when the deadline was set

    def pause(self) -> None:
        """Pauses writing and sets the deadline to the write timeout from now."""
        self.paused, self._unread = True, self._transport.get_write_buffer_size()
        self.deadline = self._loop.time() + self._timeout

    def resume(self) -> None:
        """Everything is sent, or the client has disconnected."""
        self.paused, self.deadline = False, inf
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    async def drain(self) -> None:
        """Waits until everything is sent, or the client has disconnected."""
        if self.paused:
            self._drained = self._loop.create_future()
            await self._drained

    def has_progressed(self) -> bool:
        """Whether the client has read enough since the deadline was set."""
        return self._unread - self._transport.get_write_buffer_size() >= PROGRESS

    def abort(self) -> None:
        """Closes the connection and drops unsent data, that in the kernel's buffer included."""
        self.deadline = inf
        connection = self._transport.get_extra_info("socket")
        if self.paused and connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()
