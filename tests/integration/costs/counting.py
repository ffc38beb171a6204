"""Requests asked of the application on its own event loop, and what they made Python do meanwhile."""

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
"""Requests after which whatever is kept for good has been made."""


@dataclass
class Direct:
    """A tenant that asks as a server would, without a client whose own doings would be counted too."""

    service: CountedService
    tenant: Tenant

    def calls(self, request: Request) -> Counter[CodeType]:
        """How often each function of Python was entered between the request and the end of its answer.

        A coroutine is entered each time that it goes on. What C does is not counted, the driver's protocol included.
        """
        counts: Counter[CodeType] = Counter()

        def note(frame: FrameType, event: str, _: Any) -> None:
            if event == "call":
                counts[frame.f_code] += 1

        async def counted() -> None:
            scope, body = request.message(self.tenant.key)
            answer = _Answer(body)
            gc.disable()  # whoever is told of collections is called at any time
            sys.setprofile(note)
            try:
                await self.service.container.api()(scope, answer.receive, answer.send)
            finally:
                sys.setprofile(None)
                gc.enable()
            assert answer.status == request.status

        self.service.call(counted)
        return counts

    def kept(self, request: Request, times: int) -> int:
        """How many more blocks of memory are allocated after so many requests than before, when all are answered."""

        async def more() -> int:
            await self._ask(request, WARM_UP)
            before = _blocks()
            await self._ask(request, times)
            return _blocks() - before

        gc.collect()
        gc.freeze()  # what is there by now need not be looked at again
        try:
            return int(self.service.call(more))
        finally:
            gc.unfreeze()

    def left_behind(self, request: Request, times: int) -> int:
        """How many objects of so many requests only the garbage collector finds: those that refer to each other."""

        async def found() -> int:
            await self._ask(request, 1)
            gc.collect()
            gc.disable()
            try:
                await self._ask(request, times)
                return gc.collect()
            finally:
                gc.enable()

        return int(self.service.call(found))

    async def _ask(self, request: Request, times: int) -> None:
        for _ in range(times):
            scope, body = request.message(self.tenant.key)
            answer = _Answer(body)
            await self.service.container.api()(scope, answer.receive, answer.send)
            assert answer.status == request.status


class _Answer:
    """The server's side of one request."""

    def __init__(self, body: bytes) -> None:
        self._body, self.status = body, 0

    async def receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def send(self, message: Any) -> None:
        self.status = message.get("status", self.status)


def _blocks() -> int:
    # CPython remembers look-ups of attributes by the address of the name, and keeps it, in 4096 places at most.
    forget: Callable[[], None] = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache
    forget()
    gc.collect()
    return sys.getallocatedblocks()
