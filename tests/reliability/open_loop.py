"""Sends requests at a given rate, whether or not earlier ones are answered: as many clients do that know nothing of
each other."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import quantiles
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Timed:
    """An answer: its status, when its request was due, and how many seconds later it was there."""

    status: int
    due: float
    seconds: float


class Sender:
    """HTTP/1.1 over connections that stay open, as many as requests are under way."""

    def __init__(self, url: str) -> None:
        self._host, self._port = urlsplit(url).hostname, urlsplit(url).port
        self._free: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = deque()
        self._open: set[asyncio.StreamWriter] = set()

    async def send(self, request: bytes, due: float) -> Timed:
        """The answer to a request that was due at this moment. Raises ``OSError``."""
        reader, writer = self._free.pop() if self._free else await asyncio.open_connection(self._host, self._port)
        self._open.add(writer)
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length or 0))
        self._free.append((reader, writer))
        return Timed(int(head[9:12]), due, time.monotonic() - due)

    def close(self) -> None:
        """Closes every connection."""
        for writer in self._open:
            writer.transport.abort()

    async def offer(self, rate: float, seconds: float, request: Callable[[], bytes]) -> list[Timed]:
        """All answers to so many requests a second."""
        began, tasks = time.monotonic(), []
        for number in range(int(rate * seconds)):
            due = began + number / rate
            if (early := due - time.monotonic()) > 0:
                await asyncio.sleep(early)
            tasks.append(asyncio.create_task(self.send(request(), due)))
        return [*await asyncio.gather(*tasks)]

    async def saturate(self, clients: int, seconds: float, request: Callable[[], bytes]) -> list[Timed]:
        """All answers to so many clients, each of which sends its next request once it has an answer."""
        until = time.monotonic() + seconds

        async def client() -> list[Timed]:
            answers = []
            while (now := time.monotonic()) < until:
                answers.append(await self.send(request(), now))
            return answers

        return [each for some in await asyncio.gather(*(client() for _ in range(clients))) for each in some]


def percentile(answers: Iterable[Timed], number: int) -> float:
    """The seconds within which so many percent of the answers came."""
    times = [each.seconds for each in answers]
    return quantiles(times, n=100, method="inclusive")[number - 1] if len(times) > 1 else max(times, default=0.0)
