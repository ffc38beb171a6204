"""The admin's ASGI application: Django's own with the use cases, and with limits of concurrency.

A request occupies a thread, and maybe a database connection. It takes a slot once its body is received, and releases it
before the response is sent, so that no slow client occupies either.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from functools import cache
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import RequestAborted, RequestDataTooBig, SuspiciousOperation
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpResponse, HttpResponseBadRequest
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve

from adapters.django_orm.admin.concurrency_limit import Busy, ConcurrencyLimit
from adapters.django_orm.admin.use_case_actions import SCOPE, AdminUseCases

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = logging.getLogger("goatfish.admin")

PASSWORD_HASHES_MAX = 2
"""Password hashes that one worker computes at a time: each takes a CPU core for a large part of a second."""

PASSWORD_HASHES_WAITING = 8

_PASSWORD_VIEWS = frozenset({"login", "password_change", "goatfish_operator_add", "auth_user_password_change"})
"""The URL names of views that check or hash a password when a form is submitted."""


class AdminApplication(ASGIHandler):
    """Runs ``at_once`` requests while twice as many wait; further ones get a 503, without a database query."""

    def __init__(self, use_cases: AdminUseCases, *, at_once: int) -> None:
        super().__init__()
        self._use_cases = use_cases
        self._requests = ConcurrencyLimit("requests of the admin", at_once=at_once, waiting=2 * at_once)
        self._passwords = ConcurrencyLimit(
            "sign-ins", at_once=PASSWORD_HASHES_MAX, waiting=PASSWORD_HASHES_WAITING, retry_after=5
        )
        self._running: set[asyncio.Task[list[Mapping[str, Any]]]] = set()

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
        except Busy as busy:
            await self.send_response(_busy_page(busy), send)
            return
        for event in answer:
            await send(event)

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

    async def _within_limits(self, scope: Mapping[str, Any], body: bytes) -> list[Mapping[str, Any]]:
        async with AsyncExitStack() as turns:
            if _hashes_password(scope):
                await turns.enter_async_context(self._passwords.slot())
            await turns.enter_async_context(self._requests.slot())
            return await self._answer(scope, body)

    async def _answer(self, scope: Mapping[str, Any], body: bytes) -> list[Mapping[str, Any]]:
        """The complete response; the request's database connection is closed by then."""
        events: list[Mapping[str, Any]] = []
        unread = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Any:
            return unread.pop() if unread else await asyncio.Event().wait()

        async def send(event: Mapping[str, Any]) -> None:
            events.append(event)

        await super().__call__({**scope, SCOPE: self._use_cases}, receive, send)
        return events


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
