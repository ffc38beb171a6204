"""Sends requests on the application's event loop, and counts Python calls and memory."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

from tests.contracts.http_service import Tenant
from tests.integration.costs.counted_requests import Request
from tests.integration.costs.counted_service import CountedService

WARM_UP = 100
"""Requests after which all permanent objects exist."""


@dataclass
class Direct:
    """Calls the application as a server would; an HTTP client's own calls would be counted too."""

    service: CountedService
    tenant: Tenant

    def calls(self, request: Request) -> Counter[CodeType]:
        """How often each Python function was entered during the request.

        A coroutine is entered each time that it resumes. C code is not counted, which includes the driver's protocol.
        """
        counts: Counter[CodeType] = Counter()

        def count_call(frame: FrameType, event: str, _: Any) -> None:
            if event == "call":
                counts[frame.f_code] += 1

        async def counted() -> None:
            scope, body = request.message(self.tenant.key)
            exchange = _Exchange(body)
            gc.disable()  # callbacks of the collector would be counted
            sys.setprofile(count_call)
            try:
                await self.service.container.api()(scope, exchange.receive, exchange.send)
            finally:
                sys.setprofile(None)
                gc.enable()
            assert exchange.status == request.status

        self.service.call(counted)
        return counts

    def memory_growth(self, request: Request, times: int) -> int:
        """The growth in allocated memory blocks after this number of requests."""

        async def growth() -> int:
            await self._send(request, WARM_UP)
            before = _blocks()
            await self._send(request, times)
            return _blocks() - before

        return self.service.call(growth)

    def cyclic_garbage(self, request: Request, times: int) -> int:
        """The number of objects in reference cycles that this number of requests leave to the garbage collector."""

        async def collected() -> int:
            await self._send(request, 1)
            gc.collect()
            gc.disable()
            try:
                await self._send(request, times)
                return gc.collect()
            finally:
                gc.enable()

        return self.service.call(collected)

    async def _send(self, request: Request, times: int) -> None:
        for _ in range(times):
            scope, body = request.message(self.tenant.key)
            exchange = _Exchange(body)
            await self.service.container.api()(scope, exchange.receive, exchange.send)
            assert exchange.status == request.status


class _Exchange:
    """The ASGI receive and send of one request."""

    def __init__(self, body: bytes) -> None:
        self._body, self.status = body, 0

    async def receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def send(self, message: Any) -> None:
        self.status = message.get("status", self.status)


def _blocks() -> int:
    # CPython's type attribute cache, of up to 4096 entries, keeps names alive.
    clear_type_cache: Callable[[], None] = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache
    clear_type_cache()
    gc.collect()
    return sys.getallocatedblocks()
