"""A deadline for an answer as a whole: the HTTP library's own timeouts are for each of its parts."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

from goatfish.http.library import httpx


def deadline(timeout: float | None) -> float:
    """The deadline for an answer that is requested now."""
    return float("inf") if timeout is None else time.monotonic() + timeout


class Timed(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The body of an answer, which raises ``httpx.ReadTimeout`` if it is not there by the deadline."""

    def __init__(self, body: Any, until: float, request: httpx.Request) -> None:
        self._body = body
        self._until = until
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._body:
            self._require_time()
            yield chunk

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._body:
            self._require_time()
            yield chunk

    def close(self) -> None:
        self._body.close()

    async def aclose(self) -> None:
        await self._body.aclose()

    def _require_time(self) -> None:
        if time.monotonic() > self._until:
            raise httpx.ReadTimeout("The answer is not there in time.", request=self._request)
