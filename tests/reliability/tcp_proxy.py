"""A TCP proxy that delays, swallows or cuts what passes through it, as networks do."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self


class TcpProxy:
    """Listens on 127.0.0.1 and leads to a port there. Use it with ``async with``, on the event loop of the test."""

    def __init__(self, to: int) -> None:
        self._to = to
        self.port = 0
        self.delay = 0.0
        """Seconds by which every byte comes later, each way."""
        self.swallows = False
        """Whether connections stay, and take whatever is sent, but nothing arrives, then or later."""
        self._listener: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.cut()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        await asyncio.sleep(self.delay)

    async def listen(self) -> None:
        """Takes connections, at the same port as before."""
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", self.port, reuse_address=True)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Resets every connection, and refuses new ones until it listens again."""
        if self._listener is not None:
            self._listener.close()
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if self.delay:
                await asyncio.sleep(2 * self.delay)  # SYN and its answer
            there, back = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        self._open.add(back)
        for source, target in ((reader, back), (there, writer)):
            pump = asyncio.create_task(self._pump(source, target))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        swallowed = False
        with suppress(OSError):
            while data := await source.read(64 << 10):
                swallowed |= self.swallows  # what follows a gap is worth nothing
                if not swallowed:
                    loop.call_later(self.delay, target.write, data)
        if not swallowed:  # otherwise it does not even learn of the end
            loop.call_later(self.delay, target.close)
            self._open.discard(target)
