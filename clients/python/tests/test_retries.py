"""Requests are sent again where that may help, after as long as the service asks for."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest
from clients.python.tests.scripted import RUN, Script, Step

import goatfish
from goatfish.http.library import httpx

CONNECT = httpx.ConnectError("refused")
READ = httpx.ReadError("reset")
IN_FLIGHT: Step = (409, {}, {"code": "request_in_flight", "status": 409})
AWAY: Step = (503, {}, {"code": "unavailable", "status": 503})
UNKNOWN: Step = (503, {}, {"code": "outcome_unknown", "status": 503})
TAKEN: Step = (409, {}, {"code": "external_id_taken", "status": 409})


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that would have been waited."""
    waits: list[float] = []
    monkeypatch.setattr("goatfish.sync_api.sender.sleep", waits.append)

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("goatfish.async_api.sender.async_sleep", sleep)
    monkeypatch.setattr("random.uniform", lambda least, most: most)
    return waits


@pytest.mark.parametrize(
    "step",
    [408, 429, 502, 503, 504, IN_FLIGHT, CONNECT, READ, httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("gone")],
    ids=str,
)
def test_what_may_pass_is_tried_again(step: Step, waits: list[float]) -> None:
    script = Script(step, step, 200)
    assert script.client().runs.get(RUN["id"]).id == RUN["id"]
    assert len(script.requests) == 3
    assert waits == [0.5, 1.0]


@pytest.mark.parametrize("step", [400, 401, 403, 404, 405, 410, 412, 413, 415, 422, 431, 500, 501, TAKEN, 301], ids=str)
def test_what_does_not_pass_is_raised_at_once(step: Step, waits: list[float]) -> None:
    script = Script(step)
    with pytest.raises(goatfish.APIError):
        script.client().runs.create(RUN["simulation_id"])
    assert len(script.requests) == 1
    assert waits == []


def test_waits_grow_to_half_a_minute_and_end_after_max_retries(waits: list[float]) -> None:
    script = Script(*[503] * 20)
    with pytest.raises(goatfish.ServerError) as caught:
        script.client(max_retries=8).runs.get(RUN["id"])
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert len(script.requests) == 9
    assert caught.value.status == 503


def test_the_log_tells_of_each_try_without_the_key(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "goatfish"):
        Script(503, READ, 200).client().runs.get(RUN["id"])
    told = [record.getMessage() for record in caplog.records if record.name == "goatfish"]
    assert len(told) == 2
    assert told[0].startswith(f"GET /api/v1/runs/{RUN['id']} failed, and is sent again in 0.5 s")
    assert "gf_secret" not in caplog.text


def test_waits_are_spread(monkeypatch: pytest.MonkeyPatch, waits: list[float]) -> None:
    monkeypatch.setattr("random.uniform", lambda least, most: least)
    Script(503, 503, 200).client().runs.get(RUN["id"])
    assert waits == [0, 0]


def test_none_is_tried_again_without_retries() -> None:
    for step in (503, CONNECT):
        script = Script(step)
        with pytest.raises(goatfish.GoatfishError):
            script.client(max_retries=0).runs.get(RUN["id"])
        assert len(script.requests) == 1


NOW = 1_800_000_000


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 7 "}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": formatdate(NOW + 9, usegmt=True)}, 9.0),
        ({"retry-after": formatdate(NOW - 9, usegmt=True)}, 0.0),
        # The service's clock is not ours: its own Date counts.
        ({"retry-after": formatdate(NOW + 3609, usegmt=True), "date": formatdate(NOW + 3600, usegmt=True)}, 9.0),
        ({}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e3"}, None),
        ({"retry-after": "7, 9"}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": "Mon, 99 Foo 2026 99:99:99 GMT"}, None),
        ({"retry-after": "9" * 400}, float("inf")),
    ],
)
def test_retry_after(headers: dict[str, str], expected: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: float(NOW))
    answer = goatfish.Response(503, headers)
    assert answer.retry_after == expected


@pytest.mark.parametrize(("asked", "waited"), [("2", 2.5), ("60", 60.5), ("soon", 0.5)])
def test_the_service_is_not_asked_before_it_wants(asked: str, waited: float, waits: list[float]) -> None:
    Script((429, {"retry-after": asked}), 200).client().runs.get(RUN["id"])
    assert waits == [waited]


def test_who_would_have_to_wait_for_long_is_told_at_once(waits: list[float]) -> None:
    with pytest.raises(goatfish.RateLimited) as caught:
        Script((429, {"retry-after": "3600"}), 200).client().runs.get(RUN["id"])
    assert caught.value.retry_after == 3600
    assert waits == []


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.runs.create(RUN["simulation_id"]),
        lambda c: c.runs.create_many([{}], simulation=RUN["simulation_id"]),
        lambda c: c.simulations.create("Wing", "2026-01-05", "2026-01-05"),
        lambda c: c.simulations.create_many([{"name": "Wing"}]),
        lambda c: c.keys.create("key", ["runs:read"]),
        lambda c: c.keys.roll(RUN["id"]),
    ],
    ids=["run", "runs", "simulation", "simulations", "key", "roll"],
)
def test_a_creation_has_one_idempotency_key_on_every_try(call: Callable[[goatfish.Client], Any]) -> None:
    body = {**RUN, "items": [RUN], "key": "gf_new"}
    script = Script(READ, 503, IN_FLIGHT, (201, {}, body), (201, {}, body))
    client = script.client()
    call(client)
    first = script.headers("idempotency-key")
    assert first[0]
    assert first == [first[0]] * 4
    assert len({*script.headers("x-request-id")}) == 1
    assert len({request.content for request in script.requests}) == 1
    call(client)
    assert script.headers("idempotency-key")[4] not in first


def test_a_key_of_the_callers_own_is_sent() -> None:
    script = Script(READ)
    script.client().runs.create(RUN["simulation_id"], idempotency_key="mine")
    assert script.headers("idempotency-key") == ["mine", "mine"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"])
def test_every_raw_request_is_tried_again(method: str) -> None:
    script = Script(503, READ, 200)
    assert script.client().request(method, "/api/v1/runs").status == 200
    keys = script.headers("idempotency-key")
    assert keys == [keys[0]] * 3
    assert (keys[0] is not None) == (method == "POST")


@pytest.mark.parametrize("probe", ["live", "ready"])
def test_probes_are_asked_once(probe: str) -> None:
    script = Script(503)
    with pytest.raises(goatfish.ServerError):
        getattr(script.client(), probe)()
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("steps", "kind", "maybe_done"),
    [
        ([CONNECT, CONNECT], goatfish.ConnectionFailed, False),
        ([READ, CONNECT], goatfish.ConnectionFailed, True),
        ([CONNECT, READ], goatfish.ConnectionFailed, True),
        ([httpx.ConnectTimeout(""), httpx.ConnectTimeout("")], goatfish.TimedOut, False),
        ([httpx.PoolTimeout(""), httpx.PoolTimeout("")], goatfish.TimedOut, False),
        ([httpx.WriteTimeout(""), CONNECT], goatfish.ConnectionFailed, True),
        ([503, CONNECT], goatfish.ConnectionFailed, True),
        ([AWAY, CONNECT], goatfish.ConnectionFailed, False),
        ([AWAY, AWAY], goatfish.Unavailable, False),
        ([UNKNOWN, AWAY], goatfish.Unavailable, True),
        ([AWAY, UNKNOWN], goatfish.OutcomeUnknown, True),
        ([429, CONNECT], goatfish.ConnectionFailed, False),
        ([READ, 422], goatfish.InvalidRequest, True),
        ([429, 422], goatfish.InvalidRequest, False),
        ([500], goatfish.ServerError, True),
    ],
)
def test_errors_say_whether_it_may_have_been_done(
    steps: list[Step], kind: type[goatfish.GoatfishError], maybe_done: bool
) -> None:
    with pytest.raises(kind) as caught:
        Script(*steps).client(max_retries=1).runs.create(RUN["simulation_id"])
    assert caught.value.maybe_done is maybe_done
    assert ("may have been carried out" in str(caught.value)) == (
        maybe_done and isinstance(caught.value, goatfish.ConnectionFailed)
    )


def test_a_reading_request_has_done_nothing() -> None:
    with pytest.raises(goatfish.ConnectionFailed) as caught:
        Script(READ).client(max_retries=0).runs.get(RUN["id"])
    assert not caught.value.maybe_done


async def test_the_same_for_asyncio(waits: list[float]) -> None:
    script = Script((503, {"retry-after": "2"}), READ, 200)
    async with goatfish.AsyncClient("http://localhost", "key", transport=script) as client:
        assert (await client.runs.get(RUN["id"])).id == RUN["id"]
    assert waits == [2.5, 1.0]


def test_options_are_of_a_copy_over_the_same_connections() -> None:
    script = Script(503, 503, 200)
    client = script.client()
    with pytest.raises(goatfish.ServerError):
        client.with_options(max_retries=0, timeout=0.5).runs.get(RUN["id"])
    assert script.requests[0].extensions["timeout"]["read"] == 0.5
    assert client.runs.get(RUN["id"]).id == RUN["id"]
    assert script.requests[-1].extensions["timeout"]["read"] == 30.0
