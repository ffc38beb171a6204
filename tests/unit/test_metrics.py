"""Metrics of one process: what is counted, and how processes tell them to each other."""

import asyncio
import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.routing import Route

from adapters.http_fastapi.kit.context import KEY
from adapters.http_fastapi.kit.layers.middleware import DRAINING
from adapters.http_fastapi.kit.problems import REFUSALS, ProblemException, as_problem, problem_response
from adapters.http_fastapi.resources.system import system_routes
from adapters.in_memory.storage import Storage
from app.http_server.connection_registry import ConnectionRegistry
from app.http_server.figures import BUCKETS, ServerFigures
from app.metrics import loop_lag, workers
from app.metrics.loop_lag import LoopLag
from app.metrics.purge_lag import PurgeLag
from app.metrics.workers import AllWorkers, OneWorker, WorkerSocket
from domain.errors import ListTimeout, PoolTimeout, Unavailable
from tests.unit.test_http_server import GET, Client, _raises, limits_with
from tests.unit.virtual_time import run


class Matched:
    """A request that matched a route."""

    route = "/things/{id}"


def scope(method: str = "GET", **given: Any) -> dict[str, Any]:
    return {"method": method, KEY: Matched(), **given}


def test_requests_are_counted_by_method_route_and_status() -> None:
    figures, now = ServerFigures(), time.perf_counter()
    figures.count(began=now, status=200, scope=scope())
    figures.count(began=now - 0.3, status=200, scope=scope())
    figures.count(began=now, status=None, scope=scope("PATCH"))
    figures.count(began=now, status=404, scope={"method": "GET"})
    figures.count(began=now, status=400)
    found = figures.requests()
    assert {key: sum(numbers[:-1]) for key, numbers in found.items()} == {
        ("GET", "/things/{id}", "200"): 2,
        ("PATCH", "/things/{id}", "none"): 1,
        ("GET", "unmatched", "404"): 1,
        ("other", "unmatched", "400"): 1,
    }
    numbers = found["GET", "/things/{id}", "200"]
    assert numbers[BUCKETS.index(0.5)] == 1
    assert 0.3 <= numbers[-1] < 0.4


def test_what_took_longer_than_all_buckets_is_counted() -> None:
    figures = ServerFigures()
    figures.count(began=time.perf_counter() - 60, status=200, scope=scope())
    ((*numbers, _),) = figures.requests().values()
    assert numbers == [0] * len(BUCKETS) + [1]


def test_clients_cannot_make_metrics() -> None:
    figures = ServerFigures()
    for number in range(1000):
        figures.count(began=0.0, status=405, scope={"method": f"M{number}"})
    assert figures.requests().keys() == {("other", "unmatched", "405")}
    assert len(figures._requests) == 1


def test_every_answer_of_the_server_is_counted_once() -> None:
    async def test() -> None:
        figures = ServerFigures()
        client = Client(report=figures.count)
        client.deliver(GET * 2)
        await client.settle()
        client.connection._application = _raises
        client.deliver(GET)
        await client.settle()
        Client(report=figures.count).deliver(b"FOO\r\n\r\n")
        left = Client(report=figures.count)
        left.application.gate = asyncio.Event()
        left.deliver(GET)
        left.connection.connection_lost(None)
        left.application.gate.set()
        await left.settle()
        assert {key: sum(numbers[:-1]) for key, numbers in figures.requests().items()} == {
            ("GET", "unmatched", "200"): 2,
            ("GET", "unmatched", "500"): 1,
            ("other", "unmatched", "400"): 1,
            ("GET", "unmatched", "none"): 1,
        }

    run(test)


def refused(error: Exception) -> set[str]:
    """The reasons that are counted for this error."""
    before = REFUSALS.copy()
    problem_response(error, "/", "id")
    return {*(REFUSALS - before)}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ProblemException("unauthenticated"), "unauthenticated"),
        (ProblemException("unavailable", reason="body_budget"), "body_budget"),
        (Unavailable("away"), "database"),
        (PoolTimeout("full"), "pool_timeout"),
        (ListTimeout("long"), "list_timeout"),
        (ValueError("a bug"), "internal_error"),
    ],
)
def test_refusals_are_counted_by_what_operators_want_to_know(error: Exception, reason: str) -> None:
    assert refused(error) == {reason}
    assert as_problem(error).kind.code in {reason, "unavailable"}


async def test_readiness_that_is_refused_while_draining_is_counted_as_of_the_stop() -> None:
    routes = [each for each in system_routes(Storage()).routes if isinstance(each, Route)]
    (readiness,) = (each for each in routes if each.path == "/readyz")
    request = Request({"type": "http", "state": {DRAINING: True}})
    with pytest.raises(ProblemException) as refusal:
        await readiness.endpoint(request)
    assert refused(refusal.value) == {"shutdown"}


def test_a_connection_too_many_is_counted() -> None:
    async def test() -> None:
        registry = ConnectionRegistry(limits_with(connections_max=1))
        Client(registry=registry).deliver(GET[:9])
        before = REFUSALS["connections_max"]
        Client(registry=registry)
        assert REFUSALS["connections_max"] == before + 1

    run(test)


class Fixed(Collector):
    """One metric, after a while."""

    def __init__(self, value: float, gate: threading.Event | None = None) -> None:
        self._value, self._gate = value, gate

    def collect(self) -> Iterable[Metric]:
        if self._gate is not None:
            self._gate.wait(10)
        counter = CounterMetricFamily("things", 'of a "kind"\\', labels=("kind",))
        counter.add_metric(('a"\n\\',), self._value)
        return [counter]


@pytest.fixture
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("m")  # short: the path of a socket has at most 107 bytes


def listening(directory: Path, collector: Collector, pid: int) -> WorkerSocket:
    """A worker of this process that says it has another id."""
    worker = WorkerSocket(directory, collector)
    worker._path = directory / f"{pid}.sock"
    worker.open()
    return worker


def samples(collector: Collector) -> set[tuple[str, str, float]]:
    return {
        (sample.name, sample.labels["pid"], sample.value) for metric in collector.collect() for sample in metric.samples
    }


def test_all_workers_are_asked_and_those_that_are_gone_forgotten(directory: Path) -> None:
    first, second = listening(directory, Fixed(1), 11), listening(directory, Fixed(2), 22)
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(directory / "33.sock"))
    everything = AllWorkers(directory)
    assert samples(everything) == {
        ("goatfish_worker_up", "11", 1),
        ("goatfish_worker_up", "22", 1),
        ("things_total", "11", 1),
        ("things_total", "22", 2),
    }
    assert not (directory / "33.sock").exists()
    first.close()
    assert samples(everything) == {("goatfish_worker_up", "22", 1), ("things_total", "22", 2)}
    second.close()
    assert list(directory.iterdir()) == []


def test_a_worker_that_does_not_answer_in_time_is_not_up(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "TIMEOUT", 0.5)
    gate = threading.Event()
    stuck, other = listening(directory, Fixed(1, gate), 11), listening(directory, Fixed(2), 22)
    try:
        assert samples(AllWorkers(directory)) == {
            ("goatfish_worker_up", "11", 0),
            ("goatfish_worker_up", "22", 1),
            ("things_total", "22", 2),
        }
    finally:
        gate.set()
        stuck.close()
        other.close()


def test_one_process_alone_gives_the_same(directory: Path) -> None:
    worker = WorkerSocket(directory, Fixed(3))
    worker.open()
    try:
        texts = []
        for collector in (AllWorkers(directory), OneWorker(Fixed(3))):
            registry = CollectorRegistry()
            registry.register(collector)
            texts.append(generate_latest(registry).decode())
    finally:
        worker.close()
    assert texts[0] == texts[1]
    assert f'things_total{{kind="a\\"\\n\\\\",pid="{os.getpid()}"}} 3.0' in texts[0]


def test_a_late_event_loop_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_lag, "INTERVAL", 0.001)

    async def test() -> None:
        lag = LoopLag()
        lag.start()
        time.sleep(0.06)  # noqa: ASYNC251 -- that is what makes it late
        await asyncio.sleep(0.002)  # due later
        lag.stop()
        *numbers, seconds = lag.numbers()
        late = sum(number for number, bound in zip(numbers, (*loop_lag.BUCKETS, 99.0), strict=True) if bound > 0.05)
        assert late >= 1
        assert seconds > 0.05

    asyncio.run(test())


def test_what_is_overdue_is_unknown_while_the_database_is_away() -> None:
    def answers() -> Iterator[Any]:
        yield {"revisions": 5.0}
        yield ConnectionError("away")

    found = answers()

    def overdue() -> dict[str, float]:
        answer = next(found)
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    lag = PurgeLag(overdue)
    assert lag.seconds == {}
    lag.ask()
    assert lag.seconds == {"revisions": 5.0}
    lag.ask()
    assert lag.seconds == {}
