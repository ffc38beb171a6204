"""Sends each row of the table, followed by another request."""

import json

import pytest

from tests.edge.raw_client import exchange
from tests.edge.table import KEY, ROWS, Row, get, stream
from tests.running_service import Live

NEXT = get(b"/problems/not-found")
MARK = b"/problems/not-found"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_message_and_next_request_get_the_expected_responses(service: Live, address: tuple[str, int], row: Row) -> None:
    sent = row.sent.replace(KEY, service.key.encode())
    received = exchange(address, [sent, NEXT], methods=row.methods)
    answers = received.answers
    if not row.ends:
        assert answers, "there was no response"
        assert answers[-1].status == 200
        assert MARK in answers[-1].body
        answers = answers[:-1]
    expected = [wanted if isinstance(wanted, tuple) else (wanted,) for wanted in row.statuses]
    statuses = [answer.status for answer in answers]
    assert len(statuses) == len(expected), statuses
    assert all(status in wanted for status, wanted in zip(statuses, expected, strict=True)), statuses
    for answer in answers:
        if answer.status >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["x-request-id"]
    assert row.holds(received.answers)
    assert not received.reset


def test_no_body_was_executed_as_a_request(service: Live, address: tuple[str, int]) -> None:
    keys = get(b"/api/v1/keys?limit=100", b"X-API-Key: " + service.key.encode())
    (answer,) = exchange(address, [keys]).answers
    assert [key["name"] for key in json.loads(answer.body)["items"]] == ["default"]


def test_no_message_caused_a_server_error(service: Live) -> None:
    assert "ERROR" not in service.heard.getvalue()
    assert "Traceback" not in service.heard.getvalue()


def test_malformed_chunk_is_a_complete_problem_response(service: Live, address: tuple[str, int]) -> None:
    sent = stream(raw=b"zz\r\n", fields=[b"X-Request-ID: mine"]).replace(KEY, service.key.encode())
    (answer,) = exchange(address, [sent]).answers
    assert answer.status == 400
    assert answer.headers["x-request-id"] == "mine"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert json.loads(answer.body)["instance"] == "/api/v1/simulations"
