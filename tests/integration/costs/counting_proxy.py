"""A proxy that counts statements and round trips in PostgreSQL's wire protocol, below the driver.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

import asyncio
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread
from urllib.parse import urlsplit

_HEAD = struct.Struct("!cI")
_ENCRYPTION_REQUESTS = {80877103, 80877104}  # by TLS, by GSSAPI
_AWAITS_RESPONSE = {b"S", b"F", b"H"}  # Sync, FunctionCall, Flush: after one of these a client waits for a response


@dataclass
class Traffic:
    """The text of each statement that was executed, and how often a client waited for the server."""

    statements: list[str] = field(default_factory=list)
    round_trips: int = 0


@dataclass
class CountingProxy:
    """Listens at ``url`` in its own thread; counts a message before it forwards it."""

    url: str
    traffic: Traffic = field(default_factory=Traffic)

    def reset(self) -> Traffic:
        """Starts counting anew; the new counts."""
        self.traffic = Traffic()
        return self.traffic


@contextmanager
def running_proxy(url: str) -> Iterator[CountingProxy]:
    """A running proxy to the server of this URL, over TCP without encryption."""
    parts = urlsplit(url)
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    proxy = CountingProxy("")

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(parts.hostname, parts.port or 5432)
        back = asyncio.create_task(_forward(server_reader, writer))
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                await _forward_and_count(reader, writer, server_writer, proxy)
        finally:
            server_writer.close()
            await back

    async def end() -> None:
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    thread.start()
    try:
        server = asyncio.run_coroutine_threadsafe(asyncio.start_server(relay, "127.0.0.1", 0), loop).result()
        login, port = parts.netloc.rpartition("@")[0], server.sockets[0].getsockname()[1]
        proxy.url = parts._replace(netloc=f"{login}@127.0.0.1:{port}", query="").geturl()
        yield proxy
        asyncio.run_coroutine_threadsafe(end(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(1 << 16):
            writer.write(chunk)
    writer.close()


async def _forward_and_count(
    reader: asyncio.StreamReader, back: asyncio.StreamWriter, server: asyncio.StreamWriter, proxy: CountingProxy
) -> None:
    """Forwards the client's messages and counts them."""
    while True:  # the first message has no type byte
        head = await reader.readexactly(8)
        size, code = struct.unpack("!II", head)
        if code not in _ENCRYPTION_REQUESTS:
            break
        back.write(b"N")
    server.write(head + await reader.readexactly(size - 8))
    prepared: dict[bytes, str] = {}
    bound: dict[bytes, bytes] = {}
    while True:
        head = await reader.readexactly(5)
        kind, size = _HEAD.unpack(head)
        body = await reader.readexactly(size - 4)
        traffic, fields = proxy.traffic, body.split(b"\0", 2)
        if kind == b"P":  # Parse
            prepared[fields[0]] = fields[1].decode()
        elif kind == b"B":  # Bind
            bound[fields[0]] = fields[1]
        elif kind == b"E":  # Execute
            traffic.statements.append(prepared[bound[fields[0]]])
        elif kind == b"Q":  # Query
            traffic.statements.append(fields[0].decode())
            traffic.round_trips += 1
        traffic.round_trips += kind in _AWAITS_RESPONSE
        server.write(head + body)
