"""Stub ASGI applications and a slow client."""

import asyncio
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.contracts.hostile_requests import TYPED
from tests.contracts.http_api import SIMULATIONS, Service, Tenant

MIB = 1 << 20


class BufferingApp:
    """An application that reads every body to its end before it handles the request, as Django does."""

    def __init__(self) -> None:
        self.requests = 0
        self.bytes_read = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests += 1
        more = True
        while more:
            message = await receive()
            self.bytes_read += len(message.get("body", b""))
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


class AsgiApp:
    """Wraps an ASGI function, so that Starlette does not treat it as an endpoint."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class SlowClient:
    """A client that has sent part of a body, and not the end."""

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

    def send(self, message: Message) -> None:
        async def deliver() -> None:
            self._messages.append(message)
            self._more.set()
            await asyncio.wait([self.task])

        self._service.call(deliver)

    def disconnect(self) -> None:
        async def cancel() -> None:
            self.task.cancel()
            await asyncio.wait([self.task])

        self._service.call(cancel)


END_OF_BODY: Message = {"type": "http.request", "body": b"", "more_body": False}
DISCONNECTED: Message = {"type": "http.disconnect"}
