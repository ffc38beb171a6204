"""The database is frozen, cut off or slow: what clients are answered meanwhile, and how soon all is well again."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

import httpx2
import psycopg
import pytest

from tests.contracts.http_api import SIMULATIONS, WING
from tests.reliability.served_through import served_through
from tests.reliability.tcp_proxy import TcpProxy

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from tests.embedded_postgres import Server
    from tests.running_service import Live

DEADLINE, STATEMENT, POOL = 6.0, 3.0, 1.0
BEFORE, FAULT, AFTER = 1.5, 8.0, 4.0
"""Seconds of each part of a test. The fault is longer than the deadline."""
NOTICED, RECOVERED, SLACK = 3.0, 3.0, 1.0
"""Seconds until readiness is 503, until all is well after the fault, and that a busy machine may add to a deadline."""
CLIENTS = 16
LIMITS = {"REQUEST_TIMEOUT": f"{DEADLINE}", "STATEMENT_TIMEOUT": f"{STATEMENT}", "POOL_TIMEOUT": f"{POOL}"}
Fault: TypeAlias = Callable[["Server", TcpProxy], "AbstractAsyncContextManager[None]"]


@asynccontextmanager
async def frozen(server: Server, _: TcpProxy) -> AsyncIterator[None]:
    with server.frozen():
        yield


@asynccontextmanager
async def swallowed(_: Server, proxy: TcpProxy) -> AsyncIterator[None]:
    proxy.swallows = True
    yield
    proxy.swallows = False


@asynccontextmanager
async def cut_off(_: Server, proxy: TcpProxy) -> AsyncIterator[None]:
    await proxy.cut()
    yield
    await proxy.listen()


@asynccontextmanager
async def slow(_: Server, proxy: TcpProxy) -> AsyncIterator[None]:
    proxy.delay = 0.1
    yield
    proxy.delay = 0.0


@dataclass(frozen=True)
class Answer:
    """One request: when it was sent and answered, and how."""

    what: str
    sent: float
    answered: float
    status: int
    code: str
    name: str = ""

    @property
    def seconds(self) -> float:
        return self.answered - self.sent


@dataclass
class Observed:
    """All answers of a test, and the moments at which the fault began and ended."""

    answers: list[Answer] = field(default_factory=list)
    began: float = 0.0
    ended: float = 0.0

    def of(self, what: str, since: float = 0.0, until: float = float("inf")) -> list[Answer]:
        return [each for each in self.answers if each.what == what and since <= each.sent < until]

    def recovered(self, what: str) -> float:
        """Seconds from the end of the fault to the first answer of this kind after which none fails."""
        late = [each for each in self.of(what) if each.answered > self.ended]
        failed = max((each.answered for each in late if each.status >= 400), default=self.ended)
        return min(each.answered for each in late if each.answered >= failed and each.status < 400) - self.ended

    def summary(self, name: str) -> str:
        during = [each for each in self.answers if self.began <= each.sent < self.ended]
        lines = [f"\n{name}:"]
        for what in ("get", "post", "livez", "readyz"):
            found = [each for each in during if each.what == what]
            counts = Counter(f"{each.status} {each.code}".strip() for each in found)
            longest = max((each.seconds for each in self.of(what)), default=0.0)
            lines.append(
                f"  {what}: {dict(counts)} during it; longest {longest:.2f} s; well after {self.recovered(what):.2f} s"
            )
        return "\n".join(lines)


async def observe(running: Live, fault: Callable[[], Awaitable[None]], observed: Observed) -> None:
    """Sends requests before, during and after the fault."""
    over = asyncio.Event()
    limits = httpx2.Limits(max_connections=100)
    async with httpx2.AsyncClient(base_url=running.url, timeout=60, limits=limits) as http:
        key = {"X-API-Key": running.key}
        made = await http.post(SIMULATIONS, json=WING, headers=key)
        assert made.status_code == 201, made.text
        path = f"{SIMULATIONS}/{made.json()['id']}"

        async def send(what: str, pause: float) -> None:
            while not over.is_set():
                name, sent = f"{what} {uuid4()}", time.monotonic()
                if what == "post":
                    answer = await http.post(SIMULATIONS, json=WING | {"name": name}, headers=key)
                else:
                    answer = await http.get(path if what == "get" else f"/{what}", headers=key)
                code = "" if answer.is_success else answer.json()["code"]
                if answer.status_code == 503:
                    assert answer.headers["retry-after"]
                observed.answers.append(Answer(what, sent, time.monotonic(), answer.status_code, code, name))
                await asyncio.sleep(pause)

        work = [*["get", "post"] * (CLIENTS // 2), "livez", "readyz"]
        tasks = [asyncio.create_task(send(what, 0.1)) for what in work]
        await asyncio.sleep(BEFORE)
        await fault()
        await asyncio.sleep(AFTER)
        over.set()
        await asyncio.gather(*tasks)


@pytest.mark.parametrize("fault", [frozen, swallowed, cut_off, slow], ids=lambda fault: fault.__name__)
async def test_every_answer_comes_in_time_and_tells_the_truth(server: Server, fault: Fault) -> None:
    observed = Observed()
    async with TcpProxy(server.port) as proxy:

        async def happen() -> None:
            observed.began = time.monotonic()
            async with fault(server, proxy):
                await asyncio.sleep(FAULT)
            observed.ended = time.monotonic()

        starting = served_through(server, proxy, **LIMITS)
        running = await asyncio.to_thread(starting.__enter__)
        try:
            await observe(running, happen, observed)
        finally:
            await asyncio.to_thread(starting.__exit__, None, None, None)
    print(observed.summary(fault.__name__))
    check_answers(observed, is_away=fault is not slow)
    check_writes(server, observed)


def check_answers(observed: Observed, *, is_away: bool) -> None:
    assert max(each.seconds for each in observed.answers) < DEADLINE + SLACK
    assert {each.status for each in observed.answers} <= {200, 201, 503}
    assert {each.status for each in observed.of("livez")} == {200}
    assert max(each.seconds for each in observed.of("livez") + observed.of("readyz")) < SLACK
    probes = observed.of("readyz", since=observed.began)
    noticed = [each for each in probes if observed.began + NOTICED < each.answered < observed.ended]
    assert {each.status for each in noticed} == {503 if is_away else 200}
    for what in ("get", "post", "readyz"):
        assert observed.recovered(what) < RECOVERED, what
    if not is_away:
        during = observed.of("get", observed.began) + observed.of("post", observed.began)
        assert sum(each.status < 400 for each in during) > 0.9 * len(during)


def check_writes(server: Server, observed: Observed) -> None:
    """What was acknowledged is there, and what was refused, but for what may have been carried out, is not."""
    with psycopg.connect(server.administrator_url) as connection:
        there = {name for (name,) in connection.execute("SELECT name FROM simulation")}
    posts = observed.of("post")
    acknowledged = {each.name for each in posts if each.status == 201}
    refused = {each.name for each in posts if each.code == "unavailable"}
    unknown = {each.name for each in posts if each.code == "outcome_unknown"}
    print(f"  posts: {len(acknowledged)} acknowledged, {len(refused)} refused,", end=" ")
    print(f"{len(unknown & there)} of {len(unknown)} whose outcome was unknown carried out")
    assert acknowledged <= there
    assert not refused & there
    assert {each.code for each in posts} <= {"", "unavailable", "outcome_unknown"}
