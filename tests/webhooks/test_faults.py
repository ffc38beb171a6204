"""Every endpoint gets every change, in order for each object, while endpoints fail and deliverers are killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.embedded_postgres import Server
from tests.running_service import Live, live

CHANGES = int(os.environ.get("WEBHOOK_CHANGES", "10000"))
"""A smaller number tries the proof out."""
VERSIONS = 5
OBJECTS = CHANGES // VERSIONS
ENDPOINTS = ["slow"] * 5 + ["failing"] * 5 + ["shut"] + ["good"] * 39
DELIVERERS, KILLS = 2, 5
WRITERS = 4
GREEDY = 12
TIMEOUT = 30 * 60
"""Seconds for everything."""
RECEIVER = Path(__file__).with_name("receiver.py")


class Receiver:
    """The process of the endpoints."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process, self._file = process, folder / "report.json"
        assert process.stdout is not None
        self.port, self.shut_port = map(int, process.stdout.readline().split())

    def tell(self, command: str) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"

    def report(self) -> Any:
        self.tell(f"report {self._file}")
        return json.loads(self._file.read_text())

    def url(self, kind: str, number: int) -> str:
        return f"http://127.0.0.1:{self.shut_port if kind == 'shut' else self.port}/{kind}/{number}"


class Deliverers:
    """Processes of ``goatfish deliver``, each started again when it is killed."""

    def __init__(self, service: Live) -> None:
        self._env = {**service.env}
        self._running = [self._start() for _ in range(DELIVERERS)]
        self.killed = 0

    def _start(self) -> subprocess.Popen[bytes]:
        # Not by what stands in for it elsewhere in tests: this very process is to be killed.
        return subprocess.Popen([sys.executable, "-m", "app.cli", "deliver"], env=self._env)

    def kill_one(self) -> None:
        place = self.killed % DELIVERERS
        self._running[place].kill()
        self._running[place].wait()
        self._running[place] = self._start()
        self.killed += 1

    def stop(self) -> list[int]:
        """Stops all, and returns their exit statuses."""
        for process in self._running:
            process.send_signal(signal.SIGTERM)
        return [process.wait(timeout=20) for process in self._running]

    def kill_all(self) -> None:
        for process in self._running:
            process.kill()
            process.wait()


@pytest.fixture
def service() -> Iterator[Live]:
    with Server(in_memory=True) as server:
        more = {"WEBHOOK_NETWORKS": "127.0.0.0/8", "LOG_LEVEL": "WARNING"}
        with live(server.url, server.operator_url, **more) as running:
            yield running


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    program = [sys.executable, str(RECEIVER)]
    with subprocess.Popen(program, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Receiver(process, tmp_path)
        process.kill()


@contextmanager
def delivering(service: Live) -> Iterator[Deliverers]:
    deliverers = Deliverers(service)
    try:
        yield deliverers
    finally:
        deliverers.kill_all()


async def make_changes(http: httpx2.AsyncClient) -> None:
    """Makes the objects in batches, then changes each of them until it has all its versions."""
    ids: list[str] = []
    for start in range(0, OBJECTS, 500):
        items = [
            {"name": f"{n}", "start_date": "2026-01-05", "end_date": "2026-02-01"}
            for n in range(start, min(start + 500, OBJECTS))
        ]
        answer = await http.post("/api/v1/simulations/batch", json={"items": items})
        ids += [item["id"] for item in answer.raise_for_status().json()["items"]]

    async def change(ids: list[str]) -> None:
        for version in range(2, VERSIONS + 1):
            for id in ids:
                answer = await http.patch(f"/api/v1/simulations/{id}", json={"name": f"version {version}"})
                answer.raise_for_status()

    await asyncio.gather(*(change(ids[writer::WRITERS]) for writer in range(WRITERS)))


async def watch(receiver: Receiver, deliverers: Deliverers) -> Any:
    """Waits until everything has arrived; on the way deliverers are killed, and one endpoint is shut and opened."""
    wanted, began = CHANGES * len(ENDPOINTS), time.monotonic()
    is_shut = was_shut = False
    while True:
        report = await asyncio.to_thread(receiver.report)
        share = sum(report["received"].values()) / wanted
        if share > 0.3 and not was_shut:
            receiver.tell("shut")
            is_shut = was_shut = True
        if share > 0.6 and is_shut:
            receiver.tell("open")
            is_shut = False
        if deliverers.killed < KILLS and share > (deliverers.killed + 0.5) / (KILLS + 1):
            deliverers.kill_one()
        if sum(report["received"].values()) == wanted:
            return report
        assert time.monotonic() - began < TIMEOUT, report
        await asyncio.sleep(0.5)


async def register(http: httpx2.AsyncClient, receiver: Receiver, endpoints: list[str]) -> None:
    for number, kind in enumerate(endpoints):
        sent = {"url": receiver.url(kind, number), "kinds": ["simulation"]}
        (await http.post("/api/v1/webhooks", json=sent)).raise_for_status()


async def arrived(receiver: Receiver, changes: int) -> Any:
    """Waits until every endpoint has so many changes."""
    began = time.monotonic()
    while sum((report := receiver.report())["received"].values()) < changes * len(ENDPOINTS):
        assert time.monotonic() - began < TIMEOUT, report
        await asyncio.sleep(0.5)
    return report


async def requested(receiver: Receiver, kind: str, number: int) -> Any:
    """Waits until endpoints of this kind have had so many requests."""
    began = time.monotonic()
    while True:
        report = receiver.report()
        if sum(count for path, count in report["requests"].items() if f"/{kind}/" in path) >= number:
            return report
        assert time.monotonic() - began < TIMEOUT, report
        await asyncio.sleep(0.5)


async def test_changes_arrive_soon_where_nothing_fails(
    service: Live, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    headers, changes = {"X-API-Key": service.key}, 100
    async with httpx2.AsyncClient(base_url=service.url, headers=headers, timeout=60) as http:
        await register(http, receiver, ["good"] * len(ENDPOINTS))
        with delivering(service):
            for number in range(1 + changes):
                body = {"name": f"{number}", "start_date": "2026-01-05", "end_date": "2026-02-01"}
                (await http.post("/api/v1/simulations", json=body)).raise_for_status()
                if number == 0:
                    await arrived(receiver, 1)  # the deliverers have started
                    receiver.tell("clear")
                await asyncio.sleep(0.1)  # a rate that is far from what can be delivered
            report = await arrived(receiver, 1 + changes)
    lag = report["lag"]
    with capsys.disabled():
        sys.stdout.write(
            f"\n{changes} changes in 10 s to {len(ENDPOINTS)} endpoints without faults: lag median {lag['50']} s,"
            f" p99 {lag['99']} s, longest {lag['100']} s\n"
        )
    assert (report["disordered"], report["unsigned"]) == (0, 0)


async def test_hanging_endpoints_of_others_delay_nobody(
    service: Live, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twelve owners want more places than both deliverers have, for endpoints that take eight seconds each."""
    body = {"name": "Wing", "start_date": "2026-01-05", "end_date": "2026-02-01"}
    keys, changes = [], 40
    for number in range(GREEDY):
        service.goatfish("owner", "create", f"Greedy {number}")
        keys.append(service.goatfish("key", "create", f"Greedy {number}").stdout.strip())
    async with httpx2.AsyncClient(base_url=service.url, timeout=60) as http:

        async def begin(key: str, kinds: list[str]) -> None:
            http.headers["X-API-Key"] = key
            await register(http, receiver, kinds)
            for _ in range(changes):
                (await http.post("/api/v1/simulations", json=body)).raise_for_status()

        for key in keys:
            await begin(key, ["hanging"] * 100)
        with delivering(service):
            await requested(receiver, "hanging", GREEDY * 100 // 2)
            await begin(service.key, ["good"] * 5)
            report = await requested(receiver, "good", 5 * changes)
    lag = report["lag"]
    with capsys.disabled():
        sys.stdout.write(
            f"\n{GREEDY * 100} endpoints of {GREEDY} other owners take 8 s each; {5 * changes} messages of one owner:"
            f" lag median {lag['50']} s, p99 {lag['99']} s, longest {lag['100']} s\n"
        )
    assert lag["100"] < 8


async def test_service_on_sqlite_delivers_by_itself(receiver: Receiver, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/goatfish.sqlite3"
    with live(url, url, WEBHOOK_NETWORKS="127.0.0.0/8") as service:
        async with httpx2.AsyncClient(base_url=service.url, headers={"X-API-Key": service.key}) as http:
            await register(http, receiver, ["good"] * len(ENDPOINTS))
            body = {"name": "Wing", "start_date": "2026-01-05", "end_date": "2026-02-01"}
            (await http.post("/api/v1/simulations", json=body)).raise_for_status()
        await arrived(receiver, 1)


async def test_every_endpoint_gets_every_change_in_order(
    service: Live, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    headers = {"X-API-Key": service.key}
    with ExitStack() as running:
        async with httpx2.AsyncClient(base_url=service.url, headers=headers, timeout=60) as http:
            await register(http, receiver, ENDPOINTS)
            deliverers = running.enter_context(delivering(service))
            began = time.monotonic()
            made, report = await asyncio.gather(timed(make_changes(http)), watch(receiver, deliverers))
        took = time.monotonic() - began
        with capsys.disabled():
            sys.stdout.write(
                f"\n{CHANGES} changes in {made:.0f} s to {len(ENDPOINTS)} endpoints: {report['accepted']} messages in"
                f" {took:.0f} s ({report['accepted'] / took:.0f} a second), {report['repeated']} of them repeated;"
                f" lag of the 39 endpoints without faults: median {report['lag']['50']} s, p99 {report['lag']['99']} s,"
                f" longest {report['lag']['100']} s; {deliverers.killed} deliverers killed\n"
            )
        assert deliverers.killed == KILLS
        assert report["disordered"] == 0
        assert report["unsigned"] == 0
        assert len(report["received"]) == len(ENDPOINTS)
        assert {*report["received"].values()} == {CHANGES}
        assert deliverers.stop() == [0] * DELIVERERS


async def timed(work: Any) -> float:
    """How many seconds it took."""
    began = time.monotonic()
    await work
    return time.monotonic() - began
