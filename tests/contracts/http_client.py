"""A client that runs the application on an event loop of the calling thread: no request changes threads.

Starlette's TestClient serves from a second thread, and each of its requests crosses over to it eight times; that took
longer than the application itself.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event as ThreadEvent
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import unquote

import uvloop
from httpx2 import BaseTransport, Client, Request, Response
from starlette.types import ASGIApp, Message

T = TypeVar("T")

PORTS = {"http": 80, "https": 443}


def on_loop(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> T:
    """Runs this on the loop, which another thread may have in use."""
    if loop.is_running():
        return asyncio.run_coroutine_threadsafe(work, loop).result()
    return loop.run_until_complete(work)


class InProcess(BaseTransport):
    """Serves each request to its end on the loop, and returns the whole response."""

    def __init__(
        self, app: ASGIApp, loop: asyncio.AbstractEventLoop, state: dict[str, Any], peer: tuple[str, int]
    ) -> None:
        self._app, self._loop, self._state, self._peer = app, loop, state, peer

    def handle_request(self, request: Request) -> Response:
        return on_loop(self._loop, self._serve(request))

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
            "client": self._peer,
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


@dataclass(frozen=True)
class Running:
    """An application that runs on an event loop of this thread, which turns only during requests and calls."""

    app: ASGIApp
    loop: asyncio.AbstractEventLoop
    state: dict[str, Any]
    """What the application's lifespan gives to each request."""

    def client(self, *, base_url: str = "http://localhost", address: str = "testclient", **options: Any) -> Client:
        """A client of the application at this address, with cookies of its own."""
        transport = InProcess(self.app, self.loop, self.state, (address, 50000))
        return Client(transport=transport, base_url=base_url, **options)

    def call(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Runs a coroutine on the application's event loop."""
        return on_loop(self.loop, make())

    @contextmanager
    def in_background(self) -> Iterator[None]:
        """The loop turns in another thread meanwhile, so that this one can look on."""
        turns = ThreadEvent()
        self.loop.call_soon(turns.set)
        thread = Thread(target=self.loop.run_forever)
        thread.start()
        turns.wait()
        try:
            yield
        finally:
            self.loop.call_soon_threadsafe(self.loop.stop)
            thread.join()


@contextmanager
def in_process(app: ASGIApp) -> Iterator[Running]:
    """The application while it runs."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        running = Running(app, runner.get_loop(), {})
        started, stop = asyncio.Event(), asyncio.Event()
        life = running.loop.create_task(lifespan(app, running.state, started, stop))
        first = running.loop.create_task(started.wait())
        running.loop.run_until_complete(asyncio.wait([life, first], return_when=asyncio.FIRST_COMPLETED))
        if life.done():
            first.cancel()
            life.result()
        try:
            yield running
        finally:
            stop.set()
            running.loop.run_until_complete(life)
