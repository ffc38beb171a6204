"""Applications and clients that stand round a request under test."""

import asyncio
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.contracts.hostile_requests import TYPED
from tests.contracts.http_api import SIMULATIONS, Service, Tenant

MIB = 1 << 20


class Stores:
    """Stands for an application that reads every body to its end before it looks at it, as Django does."""

    def __init__(self) -> None:
        self.asked = 0
        self.stored = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        more = True
        while more:
            message = await receive()
            self.stored += len(message.get("body", b""))
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


class Plain:
    """Keeps Starlette from taking a function for an endpoint."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class Slow:
    """A request that has sent some of its body, and no end of it."""

    def __init__(self, service: Service, tenant: Tenant | None, size: int, address: str = "192.0.2.1") -> None:
        self._service = service
        self._more = asyncio.Event()
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        path = SIMULATIONS if tenant else "/admin/"
        headers = [(b"host", b"localhost"), *TYPED, *([(b"x-api-key", tenant.key.encode())] if tenant else [])]
        scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b""}
        scope |= {"headers": headers, "client": (address, 1), "scheme": "http"}
        self._messages: list[Message] = [{"type": "http.request", "body": b" " * size, "more_body": True}]
        self.task: asyncio.Task[None] = service.call(lambda: self._begin(scope))

    async def _begin(self, scope: dict[str, Any]) -> asyncio.Task[None]:
        task = asyncio.create_task(self._service.api(scope, self._receive, self._send))
        for _ in range(20):
            await asyncio.sleep(0)
        return task

    async def _receive(self) -> Message:
        while not self._messages:
            self._more.clear()
            await self._more.wait()
        return self._messages.pop(0)

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])

    def goes_on(self, message: Message) -> None:
        async def told() -> None:
            self._messages.append(message)
            self._more.set()
            await asyncio.wait([self.task])

        self._service.call(told)

    def is_cut(self) -> None:
        async def cut() -> None:
            self.task.cancel()
            await asyncio.wait([self.task])

        self._service.call(cut)


END: Message = {"type": "http.request", "body": b"", "more_body": False}
GONE: Message = {"type": "http.disconnect"}
