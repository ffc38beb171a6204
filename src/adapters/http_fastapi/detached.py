"""An application that must not be cut off in the middle, such as Django, whose threads nobody can stop."""

import asyncio
import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger("goatfish.http")


class Detached:
    """Runs each request of this application in a task of its own.

    Where the request is cancelled, the application goes on by itself: it is told that its client has gone, and what it
    still sends goes nowhere. Cancelled, Django would hold up the event loop until its thread is done.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._left: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = False

        async def send_on(message: Message) -> None:
            if not gone:
                await send(message)

        async def run() -> None:
            await self._app(scope, receive, send_on)

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
