"""Answers that are read while they come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from goatfish.http.request import Request
from goatfish.http.response import Headers, Response

if TYPE_CHECKING:
    from types import TracebackType

    from goatfish.async_api.sender import AsyncSender
    from goatfish.http.library import httpx


class AsyncDownload:
    """The bytes of an answer, for ``async with``; they come in chunks, or all of them by ``read``.

    Raises ``ConnectionFailed`` where they end before the end: what has come until then is incomplete.
    """

    def __init__(self, sender: AsyncSender, request: Request) -> None:
        self._sender = sender
        self._request = request
        self._answer: httpx.Response | None = None

    @property
    def response(self) -> Response:
        """Status and headers. Raises ``RuntimeError`` outside of ``async with``."""
        answer = self._opened()
        return Response(answer.status_code, Headers(answer.headers.multi_items()))

    async def __aenter__(self) -> AsyncDownload:
        self._answer = await self._sender.open(self._request, stream=True)
        return self

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._sender.chunks(self._opened()):
            yield chunk

    async def aread(self) -> bytes:
        """All of it."""
        return b"".join([chunk async for chunk in self])

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._answer is not None:
            await self._answer.aclose()

    def _opened(self) -> httpx.Response:
        if self._answer is None:
            raise RuntimeError("A download is read within its with block.")
        return self._answer
