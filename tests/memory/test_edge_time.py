"""The request timeout, and what remains of a request that exceeded it."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from adapters.in_memory.repository import OwnedRepository
from adapters.in_memory.storage import Storage
from tests.contracts.http_api import SIMULATIONS, Service, expect_problem, serving
from tests.memory.edges import MIB, AsgiApp, SlowClient


class TestRequestTimeout:
    @pytest.fixture
    def impatient(self) -> Iterator[Service]:
        timeouts: dict[str, Any] = {"pool_timeout": 0.1, "statement_timeout": 0.1, "request_timeout": 0.3}
        with serving(Storage(), cors_origins=["*"], **timeouts) as service:
            yield service

    @pytest.mark.parametrize("method", ["GET", "DELETE"])
    def test_a_slow_request_is_cancelled_and_answered_503(
        self, impatient: Service, monkeypatch: pytest.MonkeyPatch, method: str
    ) -> None:
        cancelled: list[str] = []

        async def forever(*_: object) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                cancelled.append(method)

        tenant = impatient.tenant()
        path = f"{SIMULATIONS}/{tenant.make()['id']}"
        with monkeypatch.context() as patch:
            patch.setattr(OwnedRepository, "get" if method == "GET" else "remove", forever)
            answer = tenant.send(method, path, headers={"Origin": "https://app.example"})
        body = expect_problem(answer, 503, "unavailable" if method == "GET" else "outcome_unknown")
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert cancelled == [method]
        assert ("may have been carried out" in body["detail"]) is (method != "GET")
        assert tenant.send("GET", path).status_code == 200

    def test_the_timeout_covers_receiving_the_body(self, impatient: Service) -> None:
        client = SlowClient(impatient, impatient.tenant(), MIB)
        impatient.call(lambda: asyncio.wait([client.task]))
        assert client.status == 503
        bodies, deadlines = impatient.container.bodies(), impatient.container.deadlines()
        assert (bodies._held, deadlines._since, deadlines.overdue) == ({}, {}, set())

    def test_a_started_response_may_take_longer(self, impatient: Service) -> None:
        async def long(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await asyncio.sleep(0.6)
            await send({"type": "http.response.body", "body": b"the end"})

        impatient.api.router.routes.append(Route("/admin/long", AsgiApp(long), include_in_schema=False))
        assert impatient.http.get("/admin/long").text == "the end"

    def test_an_endpoint_that_suppresses_cancellation_still_responds(self, impatient: Service) -> None:
        async def stubborn(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"late"})

        impatient.api.router.routes.append(Route("/admin/stubborn", AsgiApp(stubborn), include_in_schema=False))
        assert impatient.http.get("/admin/stubborn").text == "late"
        assert impatient.container.deadlines().overdue == set()

    def test_cancellation_by_the_server_ends_the_request(self, impatient: Service) -> None:
        client = SlowClient(impatient, impatient.tenant(), 10)
        client.disconnect()
        assert client.task.cancelled()
        assert client.status == 0
