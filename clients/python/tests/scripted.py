"""A transport that answers as it is told, and records what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Union

import goatfish
from goatfish.http.library import httpx

Step = Union[int, tuple[int, dict[str, str]], tuple[int, dict[str, str], Any], Exception, Callable[..., Any]]
RUN = {"id": "0199f3c2-7a10-7000-8000-000000000002", "simulation_id": "0199f3c2-7a10-7000-8000-000000000001"}
CODES = {404: "run_not_found", 409: "request_in_flight", 412: "precondition_failed", 429: "rate_limited"}


class Script(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers each request with the next step: a status, with headers and a body, or a failure."""

    def __init__(self, *steps: Step) -> None:
        self.steps: list[Step] = list(steps)
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        step = self.steps.pop(0) if self.steps else 200
        if callable(step):
            step = step(request)
        if isinstance(step, httpx.Response):
            return step
        if isinstance(step, Exception):
            raise step
        status, headers, body = (*((step,) if isinstance(step, int) else step), {}, None)[:3]
        if body is None:
            body = RUN if status < 300 else {"status": status, "code": CODES.get(status), "title": "No", "detail": "no"}
        return httpx.Response(status, headers=headers, json=body)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)

    def client(self, **options: Any) -> goatfish.Client:
        return goatfish.Client("http://localhost", "gf_secret", transport=self, **options)

    def headers(self, name: str) -> Sequence[str | None]:
        return [request.headers.get(name) for request in self.requests]
