"""The admin's ASGI application: Django's own with the use cases, and with limits of concurrency.

A request occupies a thread, and maybe a database connection. It takes a slot once its body is received, and releases it
before the response is sent, so that no slow client occupies either.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from functools import cache
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import RequestAborted, RequestDataTooBig, SuspiciousOperation
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpResponse, HttpResponseBadRequest
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve

from adapters.django_orm.admin.concurrency_limit import Busy, ConcurrencyLimit
from adapters.django_orm.admin.status_page import METRICS
from adapters.django_orm.admin.use_case_actions import SCOPE, AdminUseCases
from adapters.django_orm.middleware import unavailable_page
from domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prometheus_client.registry import Collector

_log = logging.getLogger("goatfish.admin")

PASSWORD_HASHES_MAX = 2
"""Password hashes that one worker computes at a time: each takes a CPU core for a large part of a second."""

PASSWORD_HASHES_WAITING = 8

_PASSWORD_VIEWS = frozenset({"login", "password_change", "goatfish_operator_add", "auth_user_password_change"})
"""The URL names of views that check or hash a password when a form is submitted."""


class AdminApplication(ASGIHandler):
    """Runs ``at_once`` requests while twice as many wait; further ones get a 503, without a database query."""

    def __init__(self, use_cases: AdminUseCases, *, at_once: int, metrics: Collector | None = None) -> None:
        super().__init__()
        self._in_scope = {SCOPE: use_cases, METRICS: metrics}
        self._requests = ConcurrencyLimit("requests of the admin", at_once=at_once, waiting=2 * at_once)
        self._passwords = ConcurrencyLimit(
            "sign-ins", at_once=PASSWORD_HASHES_MAX, waiting=PASSWORD_HASHES_WAITING, retry_after=5
        )
        self._running: set[asyncio.Task[_Answer]] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)  # refuses anything but HTTP
            return
        try:
            body = await _body(receive)
        except RequestAborted:
            return
        except RequestDataTooBig:
            await self.send_response(HttpResponse("413 Payload too large", status=413), send)
            return
        # Shielded: cancelling cannot stop the thread, so the request keeps its slot until the thread ends.
        work = asyncio.create_task(self._within_limits(scope, body))
        self._running.add(work)
        work.add_done_callback(self._running.discard)
        try:
            answer = await asyncio.shield(work)
        except asyncio.CancelledError:
            work.add_done_callback(_close_unsent)
            raise
        except Busy as busy:
            await self.send_response(_busy_page(busy), send)
            return
        except Unavailable as error:
            _log.warning("%s %r could not be served: %s", scope["method"], scope["path"], error)
            await self.send_response(unavailable_page(), send)
            return
        await answer.send(send)

    def create_request(self, scope: Any, body_file: Any) -> Any:
        """Answers 400 to a query string or charset on which Django itself would fail."""
        try:
            return super().create_request(scope, body_file)
        except (SuspiciousOperation, LookupError, ValueError) as error:
            _log.warning("A request cannot be parsed: %s", error)
            return None, HttpResponseBadRequest()

    def load_middleware(self, is_async: bool = False) -> None:
        """Makes a synchronous chain, as are all views: an asynchronous one changes threads for each middleware."""
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: Any) -> Any:
        """The response of the synchronous chain, from one thread."""
        return await sync_to_async(self.get_response)(request)

    async def _within_limits(self, scope: Mapping[str, Any], body: bytes) -> _Answer:
        async with AsyncExitStack() as turns:
            if _hashes_password(scope):
                await turns.enter_async_context(self._passwords.slot())
            await turns.enter_async_context(self._requests.slot())
            return await self._answer(scope, body)

    async def _answer(self, scope: Mapping[str, Any], body: bytes) -> _Answer:
        """The complete response; the request's database connection is closed by then."""
        answer = _Answer()
        unread = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Any:
            return unread.pop() if unread else await asyncio.Event().wait()

        try:
            await super().__call__({**scope, **self._in_scope}, receive, answer.keep)
        except BaseException:
            answer.close()
            raise
        return answer


class _Answer:
    """A response that waits to be sent: in memory, or on disk where it is longer than ``IN_MEMORY_MAX``."""

    IN_MEMORY_MAX = 1 << 20  # bytes
    PART_SIZE = 64 << 10

    def __init__(self) -> None:
        self._start: Any = None
        self._body = SpooledTemporaryFile(max_size=self.IN_MEMORY_MAX)  # noqa: SIM115 -- until it is sent

    async def keep(self, event: Mapping[str, Any]) -> None:
        """Takes the place of the ASGI server that receives the response."""
        if event["type"] == "http.response.start":
            self._start = event
        else:
            self._body.write(event.get("body", b""))

    def close(self) -> None:
        self._body.close()

    async def send(self, send: Any) -> None:
        """Sends the response, as fast as the client reads it."""
        with self._body as body:
            body.seek(0)
            await send(self._start)
            is_last = False
            while not is_last:
                part = body.read(self.PART_SIZE)
                is_last = len(part) < self.PART_SIZE
                await send({"type": "http.response.body", "body": part, "more_body": not is_last})


def _close_unsent(work: asyncio.Task[_Answer]) -> None:
    if not work.cancelled() and work.exception() is None:
        work.result().close()


async def _body(receive: Any) -> bytes:
    """The whole body, in memory: Django itself would write it to a file. Raises the same exceptions as Django."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestAborted
        body += message.get("body", b"")
        if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig
        more = message.get("more_body", False)
    return bytes(body)


def _hashes_password(scope: Mapping[str, Any]) -> bool:
    if scope["method"] in {"GET", "HEAD"}:
        return False
    try:
        return resolve(scope["path"]).url_name in _PASSWORD_VIEWS
    except Resolver404:
        return False


@cache
def _busy_text() -> str:
    return render_to_string("goatfish/unavailable.html", {"busy": True})


def _busy_page(busy: Busy) -> HttpResponse:
    headers = {"Retry-After": str(busy.retry_after), "Cache-Control": "no-store"}
    return HttpResponse(_busy_text(), status=503, headers=headers)
