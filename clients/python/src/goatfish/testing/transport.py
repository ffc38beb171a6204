"""The fake service as a transport of httpx: no network, no port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goatfish.http.library import httpx
from goatfish.testing.failures import TIMEOUT, Lost

if TYPE_CHECKING:
    from goatfish.testing.service import FakeService


class FakeTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Hands requests to the service, from synchronous and from asynchronous clients."""

    def __init__(self, service: FakeService) -> None:
        self._service = service

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._answer(request, request.read())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self._answer(request, await request.aread())

    def _answer(self, request: httpx.Request, body: bytes) -> httpx.Response:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
        try:
            answer = self._service.handle(request.method, request.url.raw_path.decode("ascii"), headers, body)
        except Lost as lost:
            raise _error(lost.how, request) from None
        return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body, request=request)


def _error(how: str, request: httpx.Request) -> Any:
    """What httpx raises in such a case."""
    if how == "away":
        return httpx.ConnectError("The fake service is away.", request=request)
    if how == TIMEOUT:
        return httpx.ReadTimeout("The fake service does not answer.", request=request)
    return httpx.RemoteProtocolError("The fake service has lost the connection.", request=request)
