"""What the fake service does for tests alone: failures, absence, the clock, the record of requests, and a real port."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

import goatfish.testing
from goatfish.http.library import httpx
from goatfish.testing import FakeOwner, FakeService

WING = ("Wing", "2026-01-05", "2026-02-01")


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def http(service: FakeService) -> Iterator[httpx.Client]:
    headers = {"X-API-Key": service.key}
    with httpx.Client(base_url=service.url, transport=service.transport, headers=headers) as http:
        yield http


def test_failures_come_as_often_as_asked_for(service: FakeService, http: httpx.Client) -> None:
    service.fail_next(2)
    service.fail_next(status=429, retry_after=7)
    service.fail_next(status="disconnect")
    answers = [http.get("/livez") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 429]
    assert [answer.headers["Retry-After"] for answer in answers] == ["1", "1", "7"]
    assert [answer.json()["code"] for answer in answers] == ["unavailable", "unavailable", "rate_limited"]
    with pytest.raises(httpx.RemoteProtocolError):
        http.get("/livez")
    assert http.get("/livez").status_code == 200
    assert [each.status for each in service.requests] == [503, 503, 429, None, 200]


@pytest.mark.parametrize("status", [200, 404, 409, 418, 500, 502, 504, "explode"])
def test_only_failures_of_the_service_can_be_asked_for(service: FakeService, status: Any, http: httpx.Client) -> None:
    if status in {200, 418, "explode"}:
        with pytest.raises(ValueError, match=str(status)):
            service.fail_next(status=status)
        return
    service.fail_next(status=status)
    assert http.get("/livez").json()["status"] == status


def test_failures_can_be_of_some_requests_alone(service: FakeService, http: httpx.Client) -> None:
    service.fail_next(status=500, method="POST", path="/api/v1/runs")
    assert http.get("/api/v1/runs").status_code == 200
    assert http.post("/api/v1/simulations", json={}).status_code == 422
    assert http.post("/api/v1/runs/batch", json={}).status_code == 500
    assert http.post("/api/v1/runs/batch", json={}).status_code == 422


@pytest.mark.parametrize(("how", "made"), [("disconnect", 0), ("disconnect_after", 1), ("timeout", 1), ("away", 0)])
def test_a_lost_request_may_have_been_carried_out(
    service: FakeService, http: httpx.Client, how: str, made: int
) -> None:
    body = dict(zip(("name", "start_date", "end_date"), WING))
    if how != "away":
        service.fail_next(status=how)
    with service.away() if how == "away" else nullcontext(), pytest.raises(httpx.TransportError) as lost:
        http.post("/api/v1/simulations", json=body)
    assert isinstance(lost.value, httpx.ConnectError) is (how == "away")
    assert isinstance(lost.value, httpx.ReadTimeout) is (how == "timeout")
    assert len(http.get("/api/v1/simulations").json()["items"]) == made


def test_a_client_that_retries_makes_one_object(service: FakeService) -> None:
    with service.client() as client:
        service.fail_next(status="disconnect_after")
        made = client.simulations.create(*WING)
        assert [each.id for each in client.simulations.list()] == [made.id]
    posts = [each for each in service.requests if each.method == "POST"]
    assert len({each.headers["idempotency-key"] for each in posts}) == 1
    assert [(each.operation, each.status) for each in posts] == [
        ("create_simulation", None),
        ("create_simulation", 201),
    ]
    assert posts[1].json["name"] == "Wing"
    assert service.key not in repr(service.requests)


def test_a_key_in_flight_is_asked_for_again(service: FakeService) -> None:
    with service.client() as client:
        service.fail_next(status=409)
        assert client.simulations.create(*WING).name == "Wing"


def test_the_clock_is_the_tests(service: FakeService) -> None:
    then = datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    service.clock.set(then)
    with service.client() as client:
        made = client.simulations.create(*WING, idempotency_key="once")
        assert made.created_at == then
        service.clock.advance(timedelta(hours=24))
        assert client.simulations.create(*WING, idempotency_key="once").id == made.id
        service.clock.advance(0.001)
        assert client.simulations.create(*WING, idempotency_key="once").id != made.id
    with pytest.raises(ValueError, match="time zone"):
        service.clock.set(datetime(2030, 1, 1))  # noqa: DTZ001 -- what is refused


def test_keys_expire(service: FakeService) -> None:
    key = service.owner.add_key(expires_at=service.clock.now() + timedelta(hours=1))
    with service.client(key=key) as client:
        assert client.me().expires_at is not None
        service.clock.advance(3600)
        with pytest.raises(goatfish.Unauthenticated):
            client.me()


def test_keys_have_the_scopes_that_they_are_given(service: FakeService) -> None:
    with service.client(key=service.owner.add_key("reader", scopes=["runs:read"])) as client:
        assert client.me().key.name == "reader"
        with pytest.raises(goatfish.MissingScope):
            client.simulations.create(*WING)
    for scopes in ([], ["everything"]):
        with pytest.raises(ValueError, match="scope"):
            service.owner.add_key(scopes=scopes)


def test_owners_see_nothing_of_each_other(service: FakeService) -> None:
    other = service.add_owner("others")
    with service.client() as client, other.client() as others:
        made = client.simulations.create(*WING)
        assert others.me().owner.name == "others"
        assert list(others.simulations.list()) == []
        with pytest.raises(goatfish.SimulationNotFound):
            others.simulations.get(made.id)


def test_changes_can_be_forgotten(service: FakeService) -> None:
    with service.client() as client:
        cursor = client.changes.latest()
        client.simulations.create(*WING)
        service.owner.forget_changes()
        with pytest.raises(goatfish.ChangesForgotten):
            client.changes.list(after=cursor)
        assert client.changes.list(after=client.changes.latest()).items == []


def test_an_owner_may_only_make_so_many_requests() -> None:
    service = FakeService(rate_limit=2)
    with service.client(max_retries=0) as client:
        assert client.me().response is not None
        client.me()
        with pytest.raises(goatfish.RateLimited) as refused:
            client.me()
    response = refused.value.response
    assert response is not None
    assert response.headers["RateLimit-Policy"] == '"owner";q=2;w=60'
    assert 1 <= int(response.headers["Retry-After"]) <= 30


@pytest.mark.anyio
async def test_asynchronous_clients_come_by_the_same_transport(service: FakeService) -> None:
    async with service.async_client() as client, service.add_owner("others").async_client() as others:
        made = await client.simulations.create(*WING)
        assert (await client.simulations.get(made.id)).name == "Wing"
        with pytest.raises(goatfish.NotFound):
            await others.simulations.get(made.id)


def test_threads_do_not_disturb_each_other(service: FakeService) -> None:
    with service.client() as client, ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: client.simulations.create(*WING, idempotency_key="one"), range(40)))
    assert len({each.id for each in made}) == 1


def test_other_processes_reach_it_by_a_port(service: FakeService) -> None:
    program = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1] + '/livez').read().decode())"
    with service.listening() as url:
        command = [sys.executable, "-c", program, url]
        assert '{"status":"ok"}' in subprocess.run(command, capture_output=True, text=True, check=True).stdout
        with goatfish.Client(url, service.key) as client:
            assert client.simulations.create(*WING, labels={"a": "\u00e4"}).labels == {"a": "\u00e4"}
            assert client.request("HEAD", "/livez").body == b""


def test_nobody_connects_to_a_port_that_is_away(service: FakeService) -> None:
    with service.listening() as url, httpx.Client(base_url=url) as http:
        assert http.get("/livez").status_code == 200
        with service.away():
            with pytest.raises(httpx.TransportError):
                http.get("/livez")
            with pytest.raises(httpx.ConnectError), httpx.Client(base_url=url) as another:
                another.get("/livez")
        assert http.get("/livez").status_code == 200
        service.fail_next(status="disconnect")
        with pytest.raises(httpx.RemoteProtocolError):
            http.get("/livez")
        service.fail_next(status="timeout")
        with pytest.raises(httpx.ReadTimeout):
            http.get("/livez", timeout=0.05)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/livez")


def test_a_body_in_chunks_is_read_to_its_end(service: FakeService) -> None:
    with service.listening() as url, httpx.Client(base_url=url, headers={"X-API-Key": service.key}) as http:
        headers = {"Content-Type": "application/json"}
        parts = (part for part in (b'{"name": "Wing", ', b'"start_date": "2026-01-05", "end_date": "2026-02-01"}'))
        assert http.post("/api/v1/simulations", content=parts, headers=headers).status_code == 201
        assert http.get("/livez").status_code == 200


def test_it_begins_with_an_owner(service: FakeService) -> None:
    assert [owner.name for owner in service.owners] == ["tests"]
    assert isinstance(service.owner, FakeOwner)
    assert service.requests == []


def test_the_example_of_the_module_works() -> None:
    example = (goatfish.testing.__doc__ or "").partition("```python\n")[2].partition("```")[0]
    exec(compile(example, "the example", "exec"), {})
