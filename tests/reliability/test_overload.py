"""Ten times more load than can be served: who is admitted, how long that takes, and what the others are told."""

from __future__ import annotations

import asyncio
import time
from itertools import cycle
from typing import TYPE_CHECKING

import httpx2

from tests.contracts.http_api import SIMULATIONS, WING
from tests.reliability.open_loop import Sender, Timed, percentile
from tests.reliability.served_through import served_through
from tests.reliability.tcp_proxy import TcpProxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.embedded_postgres import Server
    from tests.running_service import Live

DELAY = 0.05
"""Seconds to the database, each way: with ten connections the service can answer some eighty requests a second, and
neither its processor nor that of the load is busy."""
OWNERS, TIMES = 4, 10
MEASURED, OVERLOADED, AFTER = 3.0, 8.0, 5.0
"""Seconds of each part."""
ADMITTED, PROBED, RECOVERED = 1.0, 0.1, 2.0
"""Seconds in which 99 of 100 requests that are admitted and probes are answered, and until all is as before."""
REFUSED = 0.25
"""Seconds in which half of those that are not admitted are told so."""


async def test_ten_times_more_than_can_be_served(server: Server) -> None:
    async with TcpProxy(server.port) as proxy:
        starting = served_through(server, proxy)
        running = await asyncio.to_thread(starting.__enter__)
        sender = Sender(running.url)
        try:
            request = await asyncio.to_thread(requests_of, running)
            proxy.delay = DELAY
            await overload(sender, request)
        finally:
            sender.close()
            proxy.delay = 0.0
            await asyncio.to_thread(starting.__exit__, None, None, None)


def requests_of(running: Live) -> Callable[[], bytes]:
    """Gets of one object of each owner in turn."""
    raw = []
    for number in range(OWNERS):
        running.goatfish("owner", "create", f"owner {number}")
        key = running.goatfish("key", "create", f"owner {number}").stdout.strip()
        made = httpx2.post(running.url + SIMULATIONS, json=WING, headers={"X-API-Key": key})
        path = f"{SIMULATIONS}/{made.json()['id']}"
        raw.append(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {key}\r\n\r\n".encode())
    return cycle(raw).__next__


async def overload(sender: Sender, request: Callable[[], bytes]) -> None:
    probes: dict[str, list[Timed]] = {"livez": [], "readyz": []}
    probing = [asyncio.create_task(probe(sender, name, answers)) for name, answers in probes.items()]
    await sender.saturate(30, 2.0, request)  # opens every connection
    served = await sender.saturate(8, MEASURED, request)
    rate = len(served) / MEASURED
    began = time.monotonic()
    answers = await sender.offer(TIMES * rate, OVERLOADED, request)
    ended = time.monotonic()
    after = await sender.offer(rate / 2, AFTER, request)
    for task in probing:
        task.cancel()
    await asyncio.gather(*probing, return_exceptions=True)
    probes = {name: [each for each in found if each.due > began] for name, found in probes.items()}
    report(rate, served, answers, after, probes)
    admitted = [each for each in answers if each.status == 200]
    refused = [each for each in answers if each.status == 503]
    assert len(admitted) + len(refused) == len(answers)
    assert len(admitted) > 0.7 * rate * OVERLOADED
    assert percentile(admitted, 99) < ADMITTED
    assert percentile(refused, 50) < REFUSED
    assert percentile(refused, 99) < ADMITTED
    assert {each.status for each in probes["livez"] + probes["readyz"]} == {200}
    assert all(percentile(found, 99) < PROBED for found in probes.values())
    late = [each for each in after if each.due > ended + RECOVERED]
    assert {each.status for each in late} == {200}
    assert percentile(late, 99) < ADMITTED


async def probe(sender: Sender, name: str, answers: list[Timed]) -> None:
    request = f"GET /{name} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    while True:
        answers.append(await sender.send(request, time.monotonic()))
        await asyncio.sleep(0.1)


def report(
    rate: float, served: list[Timed], answers: list[Timed], after: list[Timed], probes: dict[str, list[Timed]]
) -> None:
    parts = {
        "before": served,
        "admitted": [each for each in answers if each.status == 200],
        "refused": [each for each in answers if each.status != 200],
        "after, 200": [each for each in after if each.status == 200],
        "after, others": [each for each in after if each.status != 200],
        **probes,
    }
    print(f"\n{rate:.0f} a second can be served, {TIMES * rate:.0f} are sent for {OVERLOADED:g} s:")
    for name, found in parts.items():
        times = ", ".join(f"p{number} {1000 * percentile(found, number):.0f} ms" for number in (50, 99))
        print(f"  {name}: {len(found)}, {times}")
