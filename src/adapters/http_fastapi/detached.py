"""An application that stores bodies as it likes, and must not be cut off, such as Django: its threads nobody stops."""

import asyncio
import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http_fastapi.body import whole_body

_log = logging.getLogger("goatfish.http")


class Detached:
    """Runs each request of this application in a task of its own, once all of its body is here and is not too large.

    The application is told how long the body is, also where its client did not say: Django holds forms to a bound by
    that. Where the request is cancelled, the application goes on by itself: it is told that its client has gone, and
    what it still sends goes nowhere. Cancelled, Django would hold up the event loop until its thread is done.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._left: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytes(await whole_body(receive))
        if body:
            length = (b"content-length", b"%d" % len(body))
            scope = {**scope, "headers": [*(pair for pair in scope["headers"] if pair[0] != length[0]), length]}
        gone = given = False

        async def receive_on() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send_on(message: Message) -> None:
            if not gone:
                await send(message)

        async def run() -> None:
            await self._app(scope, receive_on, send_on)

        task = asyncio.create_task(run())
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.done():
                gone = True
                self._left.add(task)
                task.add_done_callback(self._done)
            raise

    def _done(self, task: asyncio.Task[None]) -> None:
        self._left.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.warning("a request that was given up has failed: %r", task.exception())
