"""Django's own ASGI application, with the use cases, and with a bound on what is under way at once.

A request has a thread and, where it needs one, a database connection of its own. So it takes its turn once its body is
there, and gives it back before its answer is sent: no slow client holds either.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from functools import cache
from typing import TYPE_CHECKING, Any

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

PASSWORDS = 2
"""Passwords that one worker checks or hashes at once: each takes a core for a good part of a second."""

PASSWORDS_WAITING = 8

_HASHING = frozenset({"login", "password_change", "goatfish_operator_add", "auth_user_password_change"})
"""The views, by their names in the URLs, that check or hash a password when a form is sent to them."""


class AdminApplication(ASGIHandler):
    """Answers 503, from no database, to what comes while ``at_once`` requests are under way and twice as many wait."""

    def __init__(self, use_cases: AdminUseCases, *, at_once: int) -> None:
        super().__init__()
        self._use_cases = use_cases
        self._requests = ConcurrencyLimit("requests of the admin", at_once=at_once, waiting=2 * at_once)
        self._passwords = ConcurrencyLimit("sign-ins", at_once=PASSWORDS, waiting=PASSWORDS_WAITING, retry_after=5)
        self._under_way: set[asyncio.Task[list[Mapping[str, Any]]]] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)  # which refuses it
            return
        try:
            body = await _body(receive)
        except RequestAborted:
            return
        except RequestDataTooBig:
            await self.send_response(HttpResponse("413 Payload too large", status=413), send)
            return
        # What has begun ends, whoever no longer waits for it: nothing ends its thread, which has its place until then.
        work = asyncio.create_task(self._in_turn(scope, body))
        self._under_way.add(work)
        work.add_done_callback(self._under_way.discard)
        try:
            answer = await asyncio.shield(work)
        except Busy as busy:
            await self.send_response(_busy_page(busy), send)
            return
        for event in answer:
            await send(event)

    def create_request(self, scope: Any, body_file: Any) -> Any:
        """Refuses, as Django does its other faults, a query and a character set that it fails over."""
        try:
            return super().create_request(scope, body_file)
        except (SuspiciousOperation, LookupError, ValueError) as error:
            _log.warning("A request cannot be made out: %s", error)
            return None, HttpResponseBadRequest()

    async def _in_turn(self, scope: Mapping[str, Any], body: bytes) -> list[Mapping[str, Any]]:
        async with AsyncExitStack() as turns:
            if _hashes(scope):
                await turns.enter_async_context(self._passwords.turn())
            await turns.enter_async_context(self._requests.turn())
            return await self._answer(scope, body)

    async def _answer(self, scope: Mapping[str, Any], body: bytes) -> list[Mapping[str, Any]]:
        """The answer as a whole, with the request's connection closed."""
        events: list[Mapping[str, Any]] = []
        unread = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Any:
            return unread.pop() if unread else await asyncio.Event().wait()

        async def send(event: Mapping[str, Any]) -> None:
            events.append(event)

        await super().__call__({**scope, SCOPE: self._use_cases}, receive, send)
        return events


async def _body(receive: Any) -> bytes:
    """The whole body, in memory: Django's own way puts it into a file. Raises what Django raises."""
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


def _hashes(scope: Mapping[str, Any]) -> bool:
    if scope["method"] in {"GET", "HEAD"}:
        return False
    try:
        return resolve(scope["path"]).url_name in _HASHING
    except Resolver404:
        return False


@cache
def _busy_text() -> str:
    return render_to_string("goatfish/unavailable.html", {"busy": True})


def _busy_page(busy: Busy) -> HttpResponse:
    headers = {"Retry-After": str(busy.retry_after), "Cache-Control": "no-store"}
    return HttpResponse(_busy_text(), status=503, headers=headers)
