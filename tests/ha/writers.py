"""Clients that create simulations through each way to the database, and repeat each until it is acknowledged."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import httpx2

from tests.contracts.http_api import SIMULATIONS, WING

CLIENTS, PAUSE = 4, 0.1
"""How many clients each way has, and for how many seconds each waits after an acknowledged write."""
TIMEOUT = 60.0  # seconds, longer than any answer may take
PROBE_EVERY = 0.25  # seconds


@dataclass(frozen=True)
class Acknowledged:
    """A simulation that the service says it has, and when it said so."""

    at: float
    name: str
    id: str


@dataclass
class Heard:
    """What the clients of one way have heard; times are in seconds."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    refused: int = 0
    slowest: float = 0.0

    def gap(self, since: float) -> float:
        """The longest time without an acknowledged write that ended after this moment."""
        moments = sorted(each.at for each in self.acknowledged)
        return max((end - begin for begin, end in pairwise(moments) if end >= since), default=0)

    def count(self, since: float) -> int:
        """How many writes were acknowledged since."""
        return sum(each.at >= since for each in self.acknowledged)


class Writers:
    """``CLIENTS`` clients for each way to the database, whose services are given by their URLs."""

    def __init__(self, services: Mapping[str, str], key: str, prefix: str) -> None:
        self.heard: dict[str, Heard] = defaultdict(Heard)
        self._services, self._key, self._prefix = services, key, prefix
        self._stop = threading.Event()

    def stop(self) -> None:
        """Lets each client end with the write that it is at."""
        self._stop.set()

    async def run(self) -> None:
        """Writes until ``stop``. Raises an error for an answer that does not belong here."""
        async with asyncio.TaskGroup() as clients:
            for way, url in self._services.items():
                clients.create_task(self._probe(url))
                for number in range(CLIENTS):
                    clients.create_task(self._write(way, url, f"{self._prefix}, {way}, {number}"))

    async def _write(self, way: str, url: str, prefix: str) -> None:
        headers = {"X-API-Key": self._key}
        async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT) as http:
            number = 0
            while not self._stop.is_set():
                await _create(self.heard[way], http, f"{prefix}, {number}")
                number += 1
                await asyncio.sleep(PAUSE)

    async def _probe(self, url: str) -> None:
        """The process says that it is alive, all the time."""
        async with httpx2.AsyncClient(base_url=url, timeout=TIMEOUT) as http:
            while not self._stop.is_set():
                assert (await http.get("/livez")).status_code == httpx2.codes.OK
                await asyncio.sleep(PROBE_EVERY)


async def _create(heard: Heard, http: httpx2.AsyncClient, name: str) -> None:
    """Creates a simulation; a refused request is sent again, with the same idempotency key."""
    headers = {"Idempotency-Key": name.replace(" ", "-")}
    while True:
        began = time.monotonic()
        answer = await http.post(SIMULATIONS, json=WING | {"name": name}, headers=headers)
        ended = time.monotonic()
        heard.slowest = max(heard.slowest, ended - began)
        if answer.status_code == httpx2.codes.CREATED:
            heard.acknowledged.append(Acknowledged(ended, name, answer.json()["id"]))
            return
        in_flight = answer.status_code == httpx2.codes.CONFLICT and answer.json()["code"] == "request_in_flight"
        assert in_flight or answer.status_code == httpx2.codes.SERVICE_UNAVAILABLE, answer.text
        heard.refused += 1
        await asyncio.sleep(float(answer.headers.get("Retry-After", PAUSE)))


@contextmanager
def writing(services: Mapping[str, str], key: str, prefix: str) -> Iterator[Writers]:
    """Runs the clients in a thread; at the end each finishes its write, or raises what it met."""
    writers, failures = Writers(services, key, prefix), list[BaseException]()

    def run() -> None:
        try:
            asyncio.run(writers.run())
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield writers
    finally:
        writers.stop()
        thread.join(TIMEOUT)
        if failures:
            raise failures[0]
    assert not thread.is_alive(), "a write was not acknowledged in time"
