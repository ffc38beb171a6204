"""A client that runs the application on an event loop of the calling thread: no request changes threads.

Starlette's TestClient serves from a second thread, and each of its requests crosses over to it eight times; that took
longer than the application itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar
from urllib.parse import unquote

import uvloop
from httpx2 import BaseTransport, Client, Request, Response
from starlette.types import ASGIApp, Message

T = TypeVar("T")
Call = Callable[[Callable[[], Awaitable[T]]], T]

PORTS = {"http": 80, "https": 443}


class InProcess(BaseTransport):
    """Serves each request to its end on the loop, and returns the whole response."""

    def __init__(self, app: ASGIApp, loop: asyncio.AbstractEventLoop, state: dict[str, Any]) -> None:
        self._app, self._loop, self._state = app, loop, state

    def handle_request(self, request: Request) -> Response:
        return self._loop.run_until_complete(self._serve(request))

    async def _serve(self, request: Request) -> Response:
        bodies = [request.read()]
        parts: list[bytes] = []
        start: Message = {"status": 500, "headers": []}  # what a server answers to an application that fails
        complete = asyncio.Event()

        async def receive() -> Message:
            if bodies:
                return {"type": "http.request", "body": bodies.pop()}
            await complete.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
            elif message["type"] == "http.response.body":
                assert not complete.is_set(), "The response goes on after its end."
                parts.append(message.get("body", b""))
                if not message.get("more_body", False):
                    complete.set()

        try:
            await self._app(self._scope(request), receive, send)
        except Exception:
            start, parts = (start, parts) if parts else ({"status": 500, "headers": []}, [])
        content = b"" if request.method == "HEAD" else b"".join(parts)
        return Response(start["status"], headers=start.get("headers", []), content=content, request=request)

    def _scope(self, request: Request) -> dict[str, Any]:
        url = request.url
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "path": unquote(url.path),
            "raw_path": url.raw_path.split(b"?", 1)[0],
            "root_path": "",
            "scheme": url.scheme,
            "query_string": url.query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "client": ("testclient", 50000),
            "server": [url.host, url.port or PORTS[url.scheme]],
            "state": self._state.copy(),
        }


async def lifespan(app: ASGIApp, state: dict[str, Any], started: asyncio.Event, stop: asyncio.Event) -> None:
    """Starts the application, and stops it once told to; raises what either of them raises."""

    async def receive() -> Message:
        if not started.is_set():
            return {"type": "lifespan.startup"}
        await stop.wait()
        return {"type": "lifespan.shutdown"}

    async def send(message: Message) -> None:
        assert not message["type"].endswith(".failed"), message
        started.set()

    await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": state}, receive, send)


@contextmanager
def in_process(app: ASGIApp) -> Iterator[tuple[Client, Call[Any]]]:
    """A client of this application while it runs, and a function that runs coroutines on its event loop."""
    state: dict[str, Any] = {}
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        loop = runner.get_loop()
        started, stop = asyncio.Event(), asyncio.Event()
        running = loop.create_task(lifespan(app, state, started, stop))
        first = loop.create_task(started.wait())
        loop.run_until_complete(asyncio.wait([running, first], return_when=asyncio.FIRST_COMPLETED))
        if running.done():
            first.cancel()
            running.result()
        try:
            with Client(
                transport=InProcess(app, loop, state), base_url="http://localhost", follow_redirects=True
            ) as client:
                yield client, partial(_call, loop)
        finally:
            stop.set()
            loop.run_until_complete(running)


def _call(loop: asyncio.AbstractEventLoop, make: Callable[[], Awaitable[T]]) -> T:
    return loop.run_until_complete(make())
