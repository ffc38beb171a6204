"""A wire to PostgreSQL that counts what clients ask in its own protocol, so that no layer of ours can hide a statement.

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
_ASKS_TO_ENCRYPT = {80877103, 80877104}  # by TLS, by GSSAPI
_ANSWERED = {b"S", b"F", b"H"}  # Sync, FunctionCall, Flush: a client sends one of these where it waits for an answer


@dataclass
class Traffic:
    """The text of each statement that was executed, and how often a client waited for the server."""

    statements: list[str] = field(default_factory=list)
    round_trips: int = 0


@dataclass
class Wiretap:
    """Listens at ``url``, in a thread of its own; a message is counted before the server has it."""

    url: str
    traffic: Traffic = field(default_factory=Traffic)

    def reset(self) -> Traffic:
        """What is counted from now on."""
        self.traffic = Traffic()
        return self.traffic


@contextmanager
def tapped(url: str) -> Iterator[Wiretap]:
    """A wire to the server of this URL, which is reached by TCP and without encryption."""
    parts = urlsplit(url)
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    tap = Wiretap("")

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await asyncio.open_connection(parts.hostname, parts.port or 5432)
        back = asyncio.create_task(_copied(there, writer))
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                await _watched(reader, writer, here, tap)
        finally:
            here.close()
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
        tap.url = parts._replace(netloc=f"{login}@127.0.0.1:{port}", query="").geturl()
        yield tap
        asyncio.run_coroutine_threadsafe(end(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(1 << 16):
            writer.write(chunk)
    writer.close()


async def _watched(
    reader: asyncio.StreamReader, back: asyncio.StreamWriter, server: asyncio.StreamWriter, tap: Wiretap
) -> None:
    """Passes on what the client says, message by message."""
    while True:  # the first message has no letter
        head = await reader.readexactly(8)
        size, code = struct.unpack("!II", head)
        if code not in _ASKS_TO_ENCRYPT:
            break
        back.write(b"N")
    server.write(head + await reader.readexactly(size - 8))
    prepared: dict[bytes, str] = {}
    bound: dict[bytes, bytes] = {}
    while True:
        head = await reader.readexactly(5)
        kind, size = _HEAD.unpack(head)
        body = await reader.readexactly(size - 4)
        traffic, words = tap.traffic, body.split(b"\0", 2)
        if kind == b"P":  # Parse
            prepared[words[0]] = words[1].decode()
        elif kind == b"B":  # Bind
            bound[words[0]] = words[1]
        elif kind == b"E":  # Execute
            traffic.statements.append(prepared[bound[words[0]]])
        elif kind == b"Q":  # Query
            traffic.statements.append(words[0].decode())
            traffic.round_trips += 1
        traffic.round_trips += kind in _ANSWERED
        server.write(head + body)
