"""A request has its time, and what is left behind of one that took longer."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from adapters.in_memory.repository import OwnedRepository
from adapters.in_memory.storage import Storage
from tests.contracts.http_api import SIMULATIONS, Service, expect_problem, serving
from tests.memory.edges import MIB, Plain, Slow


class TestTime:
    @pytest.fixture
    def hurried(self) -> Iterator[Service]:
        timeouts: dict[str, Any] = {"pool_timeout": 0.1, "statement_timeout": 0.1, "request_timeout": 0.3}
        with serving(Storage(), cors_origins=["*"], **timeouts) as service:
            yield service

    @pytest.mark.parametrize("method", ["GET", "DELETE"])
    def test_a_request_that_takes_too_long_is_ended(
        self, hurried: Service, monkeypatch: pytest.MonkeyPatch, method: str
    ) -> None:
        ended: list[str] = []

        async def forever(*_: object) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                ended.append(method)

        tenant = hurried.tenant()
        path = f"{SIMULATIONS}/{tenant.make()['id']}"
        with monkeypatch.context() as stuck:
            stuck.setattr(OwnedRepository, "get" if method == "GET" else "remove", forever)
            answer = tenant.send(method, path, headers={"Origin": "https://app.example"})
        body = expect_problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert ended == [method]
        assert ("may have been carried out" in body["detail"]) is (method != "GET")
        assert "Idempotency-Key" in body["detail"] or method == "GET"
        assert tenant.send("GET", path).status_code == 200

    def test_a_body_that_never_ends_is_part_of_it(self, hurried: Service) -> None:
        slow = Slow(hurried, hurried.tenant(), MIB)
        hurried.call(lambda: asyncio.wait([slow.task]))
        assert slow.status == 503
        bodies, deadlines = hurried.container.bodies(), hurried.container.deadlines()
        assert (bodies._held, deadlines._since, deadlines.overdue) == ({}, {}, set())

    def test_who_has_begun_to_answer_may_take_longer(self, hurried: Service) -> None:
        async def long(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await asyncio.sleep(0.6)
            await send({"type": "http.response.body", "body": b"the end"})

        hurried.api.router.routes.append(Route("/admin/long", Plain(long), include_in_schema=False))
        assert hurried.http.get("/admin/long").text == "the end"

    def test_what_minds_no_cancelling_answers_late_and_is_forgotten(self, hurried: Service) -> None:
        async def stubborn(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"late"})

        hurried.api.router.routes.append(Route("/admin/stubborn", Plain(stubborn), include_in_schema=False))
        assert hurried.http.get("/admin/stubborn").text == "late"
        assert hurried.container.deadlines().overdue == set()

    def test_who_else_cancels_a_request_is_obeyed(self, hurried: Service) -> None:
        slow = Slow(hurried, hurried.tenant(), 10)
        slow.is_cut()
        assert slow.task.cancelled()
        assert slow.status == 0
