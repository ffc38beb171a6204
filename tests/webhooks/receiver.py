"""Endpoints of webhooks in a process of their own: well, slow, hanging, failing now and then, and one that can be shut.

Each line of stdin is a command: ``shut`` and ``open`` for that one endpoint, ``report FILE``, which writes as JSON what
has been received, or ``clear``, which forgets how late it came. Each is answered with a line. The first line of stdout
has the ports.
"""

import asyncio
import json
import sys
import time
from collections import Counter, defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

SLOW_SECONDS = 0.02
HANGING_SECONDS = 8
FAILS_EVERY = 1500
"""A failing endpoint answers 503 to the first of so many requests, the very first among them."""


class Endpoints:
    """What came to each endpoint, by its path: whether it was new, in which order, and how late."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.accepted: Counter[str] = Counter()
        self.versions: dict[str, dict[str, int]] = defaultdict(dict)
        self.repeated: Counter[str] = Counter()
        self.disordered: Counter[str] = Counter()
        self.unsigned = 0
        self.lags: list[float] = []
        self.first_at = self.last_at = 0.0
        self.connections: dict[int, set[asyncio.StreamWriter]] = defaultdict(set)
        """The open ones, by the port of the endpoint."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones = self.connections[writer.get_extra_info("sockname")[1]]
        open_ones.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
                body = await reader.readexactly(length)
                writer.write(await self.answer(head, body))
        open_ones.discard(writer)
        writer.close()

    async def answer(self, head: str, body: bytes) -> bytes:
        path = head.split(" ", 2)[1]
        self.requests[path] += 1
        if "/failing" in path and self.requests[path] % FAILS_EVERY == 1:
            return b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"
        if "/hanging" in path:
            await asyncio.sleep(HANGING_SECONDS)
        if "/slow" in path:
            await asyncio.sleep(SLOW_SECONDS)
        self.unsigned += "webhook-signature: v1," not in head
        self.receive(path, json.loads(body)["data"])
        return b"HTTP/1.1 204 No Content\r\n\r\n"

    def receive(self, path: str, data: dict[str, Any]) -> None:
        now = time.time()
        self.first_at, self.last_at = self.first_at or now, now
        self.accepted[path] += 1
        known = self.versions[path]
        last = known.get(data["id"], 0)
        if data["version"] <= last:
            self.repeated[path] += 1
        elif data["version"] == last + 1:
            known[data["id"]] = data["version"]
            if "/good" in path:
                self.lags.append(now - _seconds(data["at"]))
        else:
            self.disordered[path] += 1

    def report(self) -> dict[str, Any]:
        lags = sorted(self.lags) or [0.0]
        return {
            "received": {path: sum(known.values()) for path, known in self.versions.items()},
            "requests": self.requests,
            "repeated": sum(self.repeated.values()),
            "disordered": sum(self.disordered.values()),
            "unsigned": self.unsigned,
            "seconds": self.last_at - self.first_at,
            "accepted": sum(self.accepted.values()),
            "lag": {share: round(lags[int((len(lags) - 1) * share / 100)], 3) for share in (50, 99, 100)},
        }


def _seconds(moment: str) -> float:
    whole, _, rest = moment.removesuffix("Z").partition(".")
    return time.mktime(time.strptime(whole + "UTC", "%Y-%m-%dT%H:%M:%S%Z")) - time.timezone + float(f"0.{rest or 0}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def main() -> None:
    endpoints = Endpoints()
    usual = await asyncio.start_server(endpoints.serve, "127.0.0.1", 0, backlog=2000)
    shut = await asyncio.start_server(endpoints.serve, "127.0.0.1", 0)
    port = shut.sockets[0].getsockname()[1]
    _say(f"{usual.sockets[0].getsockname()[1]} {port}")
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := (await commands.readline()).decode().split():
        match line:
            case ["shut"]:
                shut.close()
                for writer in [*endpoints.connections[port]]:
                    writer.close()
            case ["open"]:
                shut = await asyncio.start_server(endpoints.serve, "127.0.0.1", port)
            case ["clear"]:
                endpoints.lags.clear()
            case ["report", file]:
                await asyncio.to_thread(Path(file).write_text, json.dumps(endpoints.report()))
        _say("done")


asyncio.run(main())
