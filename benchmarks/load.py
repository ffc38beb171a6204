"""Makes HTTP requests as fast as they are answered, over connections that stay open, and checks every status."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import quantiles
from types import TracebackType
from typing import Self

CONNECT_TIMEOUT = 10.0
LARGE = 64 << 10
"""Bytes from which on an answer, which comes in many parts, is not looked at before the last."""
PATIENCE = 30.0  # seconds that a request under way may still take when the time is over


class LoadError(RuntimeError):
    """A server answered with another status than it should have, or not at all."""


@dataclass(slots=True)
class Outcome:
    """What a round came to: requests answered, in how many seconds, and how long each took."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def requests(self) -> int:
        return len(self.latencies)

    def percentile(self, number: int) -> float:
        """The latency, in seconds, that so many percent of the requests stayed within."""
        if len(self.latencies) < 2:
            return max(self.latencies, default=0.0)
        return quantiles(self.latencies, n=100, method="inclusive")[number - 1]


class _Connection(asyncio.Protocol):
    """One client: sends a request, waits for the whole answer, sends the next."""

    def __init__(self, requests: Iterator[bytes], client: "Client") -> None:
        self._requests, self._client = requests, client
        self._buffer = bytearray()
        self._needed = 0
        self._sent_at = self._deadline = 0.0
        self._transport: asyncio.Transport | None = None
        self._outcome = Outcome()
        self._done: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    async def send(self, until: float, outcome: Outcome) -> None:
        """Sends one request after the other until then. Raises ``LoadError``."""
        self._deadline, self._outcome = until, outcome
        self._done = asyncio.get_running_loop().create_future()
        self._next()
        await self._done

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) > LARGE:
            self._needed = self._needed or _needed(self._buffer)
        if len(self._buffer) < self._needed:
            return
        answer = _answer(bytes(self._buffer))
        if answer is None:
            return
        status, body = answer
        self._buffer.clear()
        self._needed = 0
        self._outcome.latencies.append(time.perf_counter() - self._sent_at)
        self._outcome.statuses[status] = self._outcome.statuses.get(status, 0) + 1
        if status not in self._client.wanted:
            self._finish(LoadError(f"answered {status}: {body[:300]!r}"))
            return
        if self._client.keep_bodies:
            self._outcome.bodies.append(body)
        if self._client.heard is not None:
            self._client.heard(body)
        if self._client.pause:
            asyncio.get_running_loop().call_later(self._client.pause, self._next)
        else:
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._finish(exc or LoadError("the server closed the connection"))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _next(self) -> None:
        if self._transport is None:
            self._finish(LoadError("the server had closed the connection"))
            return
        now = time.perf_counter()
        request = next(self._requests, None) if now < self._deadline else None
        if request is None:
            self._finish(None)
            return
        self._sent_at = now
        self._transport.write(request)

    def _finish(self, error: Exception | None) -> None:
        if self._done is None or self._done.done():
            return
        if error is None:
            self._done.set_result(None)
        else:
            self._done.set_exception(error)


def _needed(data: bytearray) -> int:
    """Bytes of the whole answer, where its headers say so; 0 if they do not."""
    head = data[: data.find(b"\r\n\r\n")].lower()
    at = head.find(b"\r\ncontent-length:")
    return 0 if at < 0 else len(head) + 4 + int(head[at + 17 :].split(b"\r\n")[0])


def _answer(data: bytes) -> tuple[int, bytes] | None:
    """Status and body of a complete answer; None while some of it is missing."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    status = int(data[9:12])
    if status in {204, 304}:
        return status, b""
    head = data[:end].lower()
    body = data[end + 4 :]
    at = head.find(b"\r\ncontent-length:")
    if at >= 0:
        stop = head.find(b"\r\n", at + 17)
        length = int(head[at + 17 : stop if stop >= 0 else len(head)])
        return (status, body) if len(body) >= length else None
    if b"\r\ntransfer-encoding: chunked" in head:
        return (status, _unchunked(body)) if body.endswith(b"0\r\n\r\n") else None
    raise LoadError(f"an answer without a length: {data[:300]!r}")


def _unchunked(data: bytes) -> bytes:
    parts = []
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        parts.append(data[:length])
        data = data[length + 2 :]
    return b"".join(parts)


@dataclass(frozen=True, slots=True)
class Client:
    """One kind of requests, an endless or ending series for each connection, and the statuses they must have.

    ``pause`` seconds lie between an answer and the next request.
    """

    requests: Sequence[Iterator[bytes]]
    wanted: frozenset[int]
    keep_bodies: bool = False
    pause: float = 0.0
    heard: Callable[[bytes], None] | None = None
    """What is told every body, before the next request is asked for."""


class Load:
    """An async context that holds the open connections of some clients to a server on 127.0.0.1."""

    def __init__(self, port: int, clients: Sequence[Client]) -> None:
        self._port, self._clients = port, clients
        self._connections: list[list[_Connection]] = []

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        try:
            for client in self._clients:
                made = [_Connection(requests, client) for requests in client.requests]
                self._connections.append(made)
                for one in made:
                    opening = loop.create_connection(partial(_itself, one), "127.0.0.1", self._port)
                    await asyncio.wait_for(opening, CONNECT_TIMEOUT)
        except BaseException:
            self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; harmless when repeated."""
        for made in self._connections:
            for connection in made:
                connection.close()

    async def run(self, seconds: float) -> list[Outcome]:
        """Let all clients send for so long, or until they have nothing to send; an outcome for each.

        Raises ``LoadError``.
        """
        outcomes = [Outcome() for _ in self._clients]
        began = time.perf_counter()
        sending = [
            connection.send(began + seconds, outcome)
            for made, outcome in zip(self._connections, outcomes, strict=True)
            for connection in made
        ]
        try:
            await asyncio.wait_for(asyncio.gather(*sending), seconds + PATIENCE)
        except TimeoutError as error:
            raise LoadError("a request was never answered") from error
        for outcome in outcomes:
            outcome.seconds = time.perf_counter() - began
        return outcomes


def _itself(connection: _Connection) -> _Connection:
    return connection
