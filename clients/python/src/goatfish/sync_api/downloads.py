# Generated from goatfish.async_api.downloads by clients/python/generate.py: edit that.
"""Answers that are read while they come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from goatfish.http.request import Request
from goatfish.http.response import Headers, Response

if TYPE_CHECKING:
    from types import TracebackType

    from goatfish.http.library import httpx
    from goatfish.sync_api.sender import Sender


class Download:
    """The bytes of an answer, for ``with``; they come in chunks, or all of them by ``read``.

    Raises ``ConnectionFailed`` where they end before the end: what has come until then is incomplete.
    """

    def __init__(self, sender: Sender, request: Request) -> None:
        self._sender = sender
        self._request = request
        self._answer: httpx.Response | None = None

    @property
    def response(self) -> Response:
        """Status and headers. Raises ``RuntimeError`` outside of ``with``."""
        answer = self._opened()
        return Response(answer.status_code, Headers(answer.headers.multi_items()))

    def __enter__(self) -> Download:
        self._answer = self._sender.open(self._request, stream=True)
        return self

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._sender.chunks(self._opened()):
            yield chunk

    def read(self) -> bytes:
        """All of it."""
        return b"".join([chunk for chunk in self])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._answer is not None:
            self._answer.close()

    def _opened(self) -> httpx.Response:
        if self._answer is None:
            raise RuntimeError("A download is read within its with block.")
        return self._answer
