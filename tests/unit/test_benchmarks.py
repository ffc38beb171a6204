"""The benchmark's own rules: how responses are classified, CPU time is counted, and targets are judged."""

import asyncio
import os
import subprocess
import sys
from contextlib import suppress
from itertools import repeat

import pytest

from benchmarks.load import Client, Load, LoadError, _answer
from benchmarks.machine import CpuMeter, tree
from benchmarks.report import columns, targets

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize("cut", range(1, len(OK)))
def test_response_is_complete_only_with_its_last_byte(cut: int) -> None:
    assert _answer(OK[:cut]) is None
    assert _answer(OK) == (200, b"{}")


def test_response_without_content_ends_with_its_headers() -> None:
    assert _answer(b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n') == (304, b"")


def test_chunked_response_is_decoded() -> None:
    head = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert _answer(head + b"1\r\n{\r\n") is None
    assert _answer(head + b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n") == (201, b"{}")


async def _run(expected: int) -> int:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while await reader.readline():
                writer.write(OK)
        writer.close()
        ended.release()

    ended = asyncio.Semaphore(0)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        client = Client([repeat(b"GET\n"), repeat(b"GET\n")], frozenset({expected}))
        async with Load(port, [client]) as load:
            try:
                (outcome,) = await load.run(0.05)
            finally:
                load.close()
                for _ in client.requests:  # otherwise a later test finds open sockets
                    await asyncio.wait_for(ended.acquire(), 5)
    return outcome.statuses[200]


def test_requests_are_counted_by_status() -> None:
    assert asyncio.run(_run(200)) > 2


def test_unexpected_status_ends_the_run() -> None:
    with pytest.raises(LoadError, match="answered 200"):
        asyncio.run(_run(304))


def test_cpu_time_of_running_and_ended_descendants_is_counted() -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass\n"
    script = (
        f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {burn!r}])\nprint(flush=True)\n{burn}input()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        meter = CpuMeter([process.pid])
        process.stdout.readline()  # the child has ended
        assert meter.read() >= 0.29
        process.communicate(b"\n")
    assert process.pid not in tree(os.getpid())


def test_target_is_compared_with_the_fastest_peer() -> None:
    def takes(microseconds: float) -> dict[str, dict[str, float]]:
        return {"server": {"median": microseconds}}

    figures = {"get": {"Goatfish": takes(100), "A": takes(400), "B": takes(240), "limit: bare ASGI": takes(70)}}
    peer, limit = targets(figures, ["A", "B"])
    assert (peer["against"], peer["reached"], peer["met"]) == ("the fastest peer, B", 2.4, False)
    assert (limit["reached"], limit["met"]) == (0.7, True)


def test_columns_are_aligned() -> None:
    assert columns([["", "a"], ["name", "10"]]) == "       a\nname  10"
