"""Use a transport of ``AsyncClient`` in the thread that sends journals."""

from __future__ import annotations

import asyncio

from goatfish.http.library import httpx


class Bridge(httpx.BaseTransport):
    """Runs each request in an event loop of its own."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, read wholly."""
        return asyncio.run(self._send(request))

    async def _send(self, request: httpx.Request) -> httpx.Response:
        answer = await self._transport.handle_async_request(request)
        content = b"".join([part async for part in answer.stream])  # type: ignore[union-attr]  # -- answers of async clients stream so
        await answer.aclose()
        return httpx.Response(answer.status_code, headers=answer.headers, content=content)
