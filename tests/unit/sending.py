"""Endpoints on loopback, names that lead anywhere, and a sender for them."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult

from adapters.webhook_sender.sender import HttpSender
from domain.webhooks.ports import Answer

Respond = Callable[[bytes], Awaitable[bytes] | bytes]


class FakeResolver(AbstractResolver):
    """Names a host that always has these addresses, one list after the other."""

    def __init__(self, *addresses: list[str]) -> None:
        self.addresses = [*addresses]
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = self.addresses[min(self.asked, len(self.addresses) - 1)]
        self.asked += 1
        kinds = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [
            ResolveResult(hostname=host, host=each, port=port, family=kinds[ip_address(each).version], proto=0, flags=0)
            for each in found
        ]

    async def close(self) -> None:
        """Nothing to close."""


@asynccontextmanager
async def endpoint(respond: Respond, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[int, list[bytes]]]:
    """An endpoint on loopback: its port, and the requests that came, each as it was sent."""
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                requests.append(head + await reader.readexactly(length))
                answer = respond(requests[-1])
                writer.write(answer if isinstance(answer, bytes) else await answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1], requests


@asynccontextmanager
async def sending(
    *networks: str, resolver: AbstractResolver | None = None
) -> AsyncIterator[Callable[[str], Awaitable[Answer]]]:
    client = HttpSender(networks, "Goatfish/test", resolver)
    await client.open()
    try:
        yield lambda url: client.post(url, {"webhook-id": "msg_1"}, b'{"type":"run.updated"}')
    finally:
        await client.close()


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body
