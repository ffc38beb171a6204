"""Sends requests, and sends them again where that may help."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from goatfish.configuration import Configuration
from goatfish.errors import ConnectionFailed
from goatfish.http.async_waiting import AsyncRuntime, async_runtime_is_closed, async_sleep, async_this_runtime
from goatfish.http.request import Request
from goatfish.http.response import Headers, Response
from goatfish.http.retries import Tries

if TYPE_CHECKING:
    from goatfish.http.library import httpx
    from goatfish.recording.sender import Sender as Recordings


class AsyncConnections:
    """The connections to the service: opened where they are needed first, as in a forked process or a new event loop.

    There is no lock: a process that is forked while a thread has it could never take it.
    """

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None) -> None:
        self._url = url
        self._transport = transport
        self._opened_in: dict[AsyncRuntime, httpx.AsyncClient] = {}
        self._closed = False
        self.recording: Recordings | None = None
        """Sends recorded runs over them; None where nothing was recorded."""

    def client(self) -> httpx.AsyncClient:
        """Raises ``RuntimeError`` once they are closed."""
        runtime = async_this_runtime()
        opened = self._opened_in.get(runtime)
        if opened is None and not self._closed:
            for each in filter(async_runtime_is_closed, list(self._opened_in)):
                self._opened_in.pop(each, None)
            # Of threads that begin at the same moment, all get the first one's.
            opened = self._opened_in.setdefault(runtime, self._opened())
        if opened is None or self._closed:  # maybe by another thread, meanwhile
            raise RuntimeError("This client is closed.")
        return opened

    def _opened(self) -> httpx.AsyncClient:
        from goatfish.http.failures import NOT_SET_UP, setup_failure  # noqa: PLC0415 -- needs the HTTP library
        from goatfish.http.library import httpx, trust  # noqa: PLC0415 -- takes long to import

        try:
            return httpx.AsyncClient(transport=self._transport, verify=trust(self._url), follow_redirects=False)
        except NOT_SET_UP as error:
            raise setup_failure(error) from error

    def __getstate__(self) -> dict[str, object]:
        """For another process: it opens connections of its own."""
        return {**self.__dict__, "_opened_in": {}, "recording": None}

    async def aclose(self) -> None:
        self._closed = True
        opened = self._opened_in.pop(async_this_runtime(), None)
        if opened is not None:
            await opened.aclose()


class AsyncSender:
    """Sends requests with the key, to the one URL that it belongs to."""

    def __init__(
        self, configuration: Configuration, connections: AsyncConnections, timeout: float | None, max_retries: int
    ) -> None:
        self.configuration = configuration
        self.connections = connections
        self.timeout = timeout
        self.max_retries = max_retries

    async def send(self, request: Request) -> Response:
        """The answer, which is a success.

        Raises ``APIError`` by its problem code for another answer, and ``ConnectionFailed`` where there was none.
        """
        answer = await self.open(request, stream=False)
        return _response(answer)

    async def open(self, request: Request, *, stream: bool) -> httpx.Response:
        """As ``send``, but returns the library's own answer; with ``stream`` its body is still to be read."""
        tries = Tries(request, self.max_retries)
        while True:
            try:
                answer = await self._once(request, stream)
            except ConnectionFailed as failure:
                wait: float | None = tries.failed(failure)
            else:
                wait = tries.answered(_response(answer))
                if wait is None:
                    return answer
            await async_sleep(wait or 0.0)

    async def _once(self, request: Request, stream: bool) -> httpx.Response:
        from goatfish.http.deadlines import deadline  # noqa: PLC0415 -- takes long to import
        from goatfish.http.failures import FAILURES, failure_of  # noqa: PLC0415 -- needs the HTTP library, loaded late

        client, until = self.connections.client(), deadline(self.timeout)
        try:
            built = client.build_request(
                request.method,
                self.configuration.url + request.path,
                params=request.params or None,
                content=request.content,
                headers={**request.headers, "authorization": f"Bearer {self.configuration.key}"},
                timeout=self.timeout,
            )
            answer = await client.send(built, stream=True)
            if not stream or not answer.is_success:
                await _read(answer, until)
        except FAILURES as error:
            raise failure_of(error, self.configuration.url) from error
        return answer

    async def chunks(self, answer: httpx.Response) -> AsyncIterator[bytes]:
        """The body of an answer that is being streamed."""
        from goatfish.http.failures import FAILURES, failure_of  # noqa: PLC0415 -- needs the HTTP library, loaded late -- takes long to import

        try:
            async for chunk in answer.aiter_bytes():
                yield chunk
        except FAILURES as error:
            raise failure_of(error, self.configuration.url) from error


async def _read(answer: httpx.Response, until: float) -> None:
    from goatfish.http.deadlines import Timed  # noqa: PLC0415 -- takes long to import

    answer.stream = Timed(answer.stream, until, answer.request)
    try:
        await answer.aread()
    except BaseException:
        await answer.aclose()
        raise


def _response(answer: httpx.Response) -> Response:
    body = answer.content if answer.is_closed else b""
    return Response(answer.status_code, Headers(answer.headers.multi_items()), body)
