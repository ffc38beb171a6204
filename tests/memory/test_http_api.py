"""The HTTP contract on in-memory storage, and storage failures."""

import json
import logging
from collections.abc import Iterator

import pytest

from adapters.in_memory.storage import Storage
from app.logs import KeyHidingFormatter
from domain.errors import Unavailable
from tests.contracts.http_api import SIMULATIONS, WING, HttpContract, Service, expect_problem, serving
from tests.contracts.http_webhooks import WebhookRefusalsContract, WebhooksContract


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with serving(Storage()) as service:
        yield service


class TestHttpOverMemory(HttpContract):
    pass


class TestWebhooksOverMemory(WebhookRefusalsContract, WebhooksContract):
    pass


def test_unreachable_storage_is_a_503(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = service.tenant()

    async def fail(*_: object) -> None:
        raise Unavailable("connection to 10.0.0.7 refused")

    monkeypatch.setattr(Storage, "check", fail)
    monkeypatch.setattr("adapters.in_memory.repository.OwnedRepository.add", fail)
    for answer in (service.http.get("/readyz"), tenant.send("POST", SIMULATIONS, json=WING)):
        body = expect_problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"] == "1"
        assert "10.0.0.7" not in json.dumps(body)


def test_many_requests_that_cannot_be_served_are_few_lines_of_the_log(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tenant = service.tenant()

    async def fail(*_: object) -> None:
        raise Unavailable("The database is far too slow.")

    monkeypatch.setattr("adapters.in_memory.repository.OwnedRepository.add", fail)
    for _ in range(20):
        expect_problem(tenant.send("POST", SIMULATIONS, json=WING), 503, "unavailable")
    lines = [record.getMessage() for record in caplog.records]
    assert lines.count("The request could not be served: The database is far too slow.") == 1


def test_an_internal_error_is_logged_and_not_disclosed(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tenant = service.tenant()

    async def fail(*_: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr("adapters.in_memory.repository.OwnedRepository.add", fail)
    caplog.handler.setFormatter(KeyHidingFormatter())
    with caplog.at_level(logging.ERROR):
        answer = tenant.send("POST", SIMULATIONS, json=WING)
    expect_problem(answer, 500, "internal_error")
    assert "secret inside" not in answer.text
    assert "secret inside" in caplog.text
    assert answer.headers["x-request-id"] in caplog.text
    assert tenant.key not in caplog.text
