"""100,000 mixed requests, with errors and clients that leave: no connection too many, none left, and no memory lost."""

import asyncio
import json
import os
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from random import Random

import psycopg

from tests.edge.table import LIST, get, post, request
from tests.embedded_postgres import Server
from tests.reliability.conftest import Deployment

REQUESTS, WARM = 100_000, 25_000
CLIENTS, WORKERS, POOL = 32, 2, 6
GROWTH_MAX = 0.05
SAMPLED_EVERY = 0.1  # seconds
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with timeout 0: closing resets the connection
_RUNS = b"/api/v1/runs"

Deploy = Callable[..., Deployment]
Report = Callable[[str], None]


class Mixture:
    """Requests of many kinds; ``answers`` counts their statuses, ``left`` the clients that left before the answer."""

    def __init__(self, deployment: Deployment) -> None:
        self._port = deployment.service.port
        self._key = b"X-API-Key: " + deployment.key.encode()
        self.answers: Counter[int] = Counter()
        self.left = 0
        self._numbers = count()
        self._simulation = b""

    async def prepare(self) -> None:
        """Creates what later requests ask for."""
        reader, writer = await self._connect()
        writer.write(post(self._key, key=False))
        _, body, _ = await _read(reader)
        self._simulation = json.loads(body)["id"].encode()
        writer.close()

    async def send(self, requests: int) -> None:
        """Sends so many requests with all clients."""
        goal = next(self._numbers) + requests
        await asyncio.gather(*(self._client(Random(number), goal) for number in range(CLIENTS)))

    async def _client(self, random: Random, goal: int) -> None:
        connection = None
        while next(self._numbers) < goal:
            connection = connection or await self._connect()
            reader, writer = connection
            sent, leaves = self._one(random)
            if leaves:
                await self._leave(writer, sent, random)
                connection = None
                continue
            writer.write(sent)
            status, _, stays = await _read(reader)
            self.answers[status] += 1
            if not stays:
                writer.close()
                connection = None
        if connection:
            connection[1].close()

    async def _leave(self, writer: asyncio.StreamWriter, sent: bytes, random: Random) -> None:
        """Leaves in the middle of the request, or before its answer is read."""
        writer.write(sent[: random.choice([len(sent), len(sent), len(sent) - 20])])
        await asyncio.sleep(random.choice([0, 0.001, 0.005]))
        if random.random() < 0.5:
            raw: socket.socket = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        writer.close()
        self.left += 1

    def _one(self, random: Random) -> tuple[bytes, bool]:
        """A request, and whether the client leaves."""
        key, one = self._key, LIST + b"/" + self._simulation
        kinds = (
            (30, lambda: get(one, key)),
            (10, lambda: get(LIST + b"?limit=20&name=e", key)),
            (5, lambda: get(LIST + b"?limit=100", key)),
            (12, lambda: post(key, key=False)),
            (6, lambda: _json(b"PATCH " + one, key, {"description": random.choice(["a", "b"])})),
            (6, lambda: _json(b"POST " + _RUNS, key, {"simulation_id": self._simulation.decode()})),
            (2, lambda: _json(b"POST " + _RUNS + b"/batch", key, {"items": [self._run()] * 10})),
            (6, lambda: _json(b"POST " + LIST, key, {"name": "", "start_date": "x"})),  # 422
            (4, lambda: _json(b"PATCH " + one, key, {"end_date": "0001-01-01"})),  # 422, within the transaction
            (4, lambda: _json(b"PATCH " + one, key, {"description": "c"}, b'If-Match: "none"')),  # 412
            (5, lambda: get(LIST + b"/0199f3c2-0000-7000-8000-000000000000", key)),  # 404
            (5, lambda: get(one, b"X-API-Key: wrong")),  # 401
            (3, lambda: request(b"POST " + LIST + b" HTTP/1.1", key, b"Content-Length: 2", body=b"{}")),  # 415
            (2, lambda: get(b"/readyz")),
        )
        made: Callable[[], bytes] = random.choices([each for _, each in kinds], [weight for weight, _ in kinds])[0]
        return made(), random.random() < 0.1

    def _run(self) -> dict[str, str]:
        return {"simulation_id": self._simulation.decode()}

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)


def _json(verb_and_path: bytes, key: bytes, body: object, *fields: bytes) -> bytes:
    content = json.dumps(body).encode()
    given = (key, b"Content-Type: application/json", b"Content-Length: %d" % len(content), *fields)
    return request(verb_and_path + b" HTTP/1.1", *given, body=content)


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes, bool]:
    """The status and body of a response, and whether the connection stays open."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return int(head[9:12]), await reader.readexactly(length), b"connection: close" not in head


class Watch:
    """Samples how many connections the service has to PostgreSQL as the API's role.

    Each worker has one more as operators for a moment, once a minute, to ask how far purging is behind.
    """

    def __init__(self, server: Server) -> None:
        self._url = server.administrator_url
        self.most = self.samples = 0

    def count(self) -> int:
        """How many there are, whatever the role."""
        with psycopg.connect(self._url) as connection:
            return self._count(connection, "goatfish\\_%")

    @staticmethod
    def _count(connection: psycopg.Connection[tuple[object, ...]], roles: str) -> int:
        query = "SELECT count(*) FROM pg_stat_activity WHERE usename LIKE %s"
        row = connection.execute(query, [roles]).fetchone()
        assert row is not None
        return int(str(row[0]))

    def run(self, ended: asyncio.Event) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not ended.is_set():
                self.most = max(self.most, self._count(connection, "goatfish\\_api"))
                self.samples += 1
                time.sleep(SAMPLED_EVERY)


def resident(pids: list[int]) -> list[int]:
    """The resident memory of each process in bytes."""
    size = os.sysconf("SC_PAGE_SIZE")
    return [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * size for pid in pids]


async def test_100_000_requests_leave_nothing(postgres: Server, deploy: Deploy, report: Report) -> None:
    deployment = deploy(postgres, "--workers", str(WORKERS), POOL_SIZE=str(POOL))
    watch, mixture, ended = Watch(postgres), Mixture(deployment), asyncio.Event()
    await mixture.prepare()
    watching = asyncio.create_task(asyncio.to_thread(watch.run, ended))
    began = time.monotonic()
    try:
        await mixture.send(WARM)
        workers = deployment.service.children()
        warm = resident(workers)
        await mixture.send(REQUESTS - WARM)
        took = time.monotonic() - began
        end = resident(workers)
    finally:
        ended.set()
        with suppress(psycopg.Error):
            await watching
    assert deployment.service.children() == workers
    assert deployment.service.stop() == 0
    left = watch.count()
    growth = [after / before - 1 for before, after in zip(warm, end, strict=True)]
    report(
        f"{sum(mixture.answers.values())} requests answered and {mixture.left} left in {took:.0f} s:"
        f" {dict(sorted(mixture.answers.items()))}; at most {watch.most} connections of {WORKERS * POOL}"
        f" in {watch.samples} samples, {left} after the stop; workers of"
        f" {', '.join(f'{size / 2**20:.1f}' for size in warm)} MiB grew by {', '.join(f'{g:.1%}' for g in growth)}"
    )
    assert set(mixture.answers) <= {200, 201, 401, 404, 412, 415, 422, 503}
    assert 0 < watch.most <= WORKERS * POOL
    assert left == 0
    assert max(growth) < GROWTH_MAX
