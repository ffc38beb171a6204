"""What a client has not read of its answers yet, and how long it may leave it so."""

import asyncio
import socket
import struct
from math import inf

PROGRESS = 64 << 10
"""Bytes of an answer that a client has to read within the write timeout."""
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: what is unsent is dropped, and the client told by a reset


class Outflow:
    """The writing side of a connection: ``paused`` while something is unread, for which ``deadline`` is set."""

    def __init__(self, transport: asyncio.Transport, timeout: float) -> None:
        self.paused, self.deadline = False, inf
        self._transport, self._timeout = transport, timeout
        self._loop = asyncio.get_running_loop()
        self._drained: asyncio.Future[None] | None = None
        self._unread = 0  # bytes that the client had not read when the deadline was set

    def pause(self) -> None:
        """From now on the client has the write timeout."""
        self.paused, self._unread = True, self._transport.get_write_buffer_size()
        self.deadline = self._loop.time() + self._timeout

    def resume(self) -> None:
        """Everything is read, or the client is gone."""
        self.paused, self.deadline = False, inf
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    async def drained(self) -> None:
        """Waits until the client has read what was written, or is gone."""
        if self.paused:
            self._drained = self._loop.create_future()
            await self._drained

    def is_read(self) -> bool:
        """Whether the client has read enough since the deadline was set."""
        return self._unread - self._transport.get_write_buffer_size() >= PROGRESS

    def cut(self) -> None:
        """Ends the connection; what is not read is dropped, also what the kernel has of it."""
        self.deadline = inf
        connection = self._transport.get_extra_info("socket")
        if self.paused and connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()
