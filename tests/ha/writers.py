"""Clients that create simulations through both ways to the database, and repeat each until it is acknowledged."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2

from tests.contracts.http_api import SIMULATIONS, WING

WRITERS, PAUSE = 4, 0.1
"""How many clients each way has, and for how many seconds each waits after an acknowledged write."""
TIMEOUT = 60.0  # seconds, longer than any answer may take
PROBE_EVERY = 0.25  # seconds
MADE, MAY_BE_REPEATED = 201, {409, 503}


@dataclass(frozen=True)
class Acknowledged:
    """A simulation that the service says it has, and when it said so."""

    at: float
    name: str
    id: str
    repeated: bool


@dataclass
class Heard:
    """What the clients of one way have heard; times are in seconds."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    alive: Counter[str] = field(default_factory=Counter)

    def gap(self, since: float) -> float:
        """The longest time without an acknowledged write that ended after this moment."""
        moments = sorted(each.at for each in self.acknowledged)
        return max((end - begin for begin, end in zip(moments, moments[1:], strict=False) if end >= since), default=0)

    def count(self, since: float) -> int:
        """How many writes were acknowledged since."""
        return sum(each.at >= since for each in self.acknowledged)


class Writers:
    """``WRITERS`` clients for each way to the database, whose services are given by their URLs."""

    def __init__(self, services: Mapping[str, str], key: str, prefix: str) -> None:
        self.heard: dict[str, Heard] = defaultdict(Heard)
        self._services, self._key, self._prefix = services, key, prefix
        self._stop = threading.Event()

    def stop(self) -> None:
        """Lets each client end with the write that it is at."""
        self._stop.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as clients:
            for way, url in self._services.items():
                clients.create_task(self._probe(way, url))
                for number in range(WRITERS):
                    clients.create_task(self._write(way, url, f"{self._prefix}, {way}, {number}"))

    async def _write(self, way: str, url: str, prefix: str) -> None:
        headers = {"X-API-Key": self._key}
        async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT) as http:
            number = 0
            while not self._stop.is_set():
                await self._create(self.heard[way], http, f"{prefix}, {number}")
                number += 1
                await asyncio.sleep(PAUSE)

    async def _create(self, heard: Heard, http: httpx2.AsyncClient, name: str) -> None:
        """One simulation, sent again with the same idempotency key until it is acknowledged."""
        idempotency_key = name.replace(" ", "-")
        while True:
            began = time.monotonic()
            headers = {"Idempotency-Key": idempotency_key}
            answer = await http.post(SIMULATIONS, json=WING | {"name": name}, headers=headers)
            ended = time.monotonic()
            heard.slowest = max(heard.slowest, ended - began)
            code = "" if answer.is_success else f" {answer.json()['code']}"
            heard.answers[f"{answer.status_code}{code}"] += 1
            if answer.status_code == MADE:
                repeated = "Idempotency-Replayed" in answer.headers
                heard.acknowledged.append(Acknowledged(ended, name, answer.json()["id"], repeated))
                return
            assert answer.status_code in MAY_BE_REPEATED, answer.text
            await asyncio.sleep(float(answer.headers.get("Retry-After", PAUSE)))

    async def _probe(self, way: str, url: str) -> None:
        """Whether the process is said to be alive, all the time."""
        async with httpx2.AsyncClient(base_url=url, timeout=TIMEOUT) as http:
            while not self._stop.is_set():
                self.heard[way].alive[str((await http.get("/livez")).status_code)] += 1
                await asyncio.sleep(PROBE_EVERY)


@contextmanager
def writing(services: Mapping[str, str], key: str, prefix: str) -> Iterator[Writers]:
    """Runs the clients in a thread; at the end each finishes its write, or raises what it met."""
    writers, failure = Writers(services, key, prefix), list[BaseException]()

    def run() -> None:
        try:
            asyncio.run(writers.run())
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield writers
    finally:
        writers.stop()
        thread.join(3 * TIMEOUT)
    if failure:
        raise failure[0]
    assert not thread.is_alive(), "a write was not acknowledged in time"
