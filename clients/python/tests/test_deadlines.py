"""An answer that comes a byte at a time does not keep anybody longer than the timeout."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import pytest

import goatfish
from goatfish import configuration

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"


@pytest.fixture
def dripping() -> Iterator[str]:
    """A server whose answers have no end in the time of this test."""
    over = Event()
    threads: list[Thread] = []

    def drip(connection: socket.socket) -> None:
        with connection, suppress(OSError):  # the client has gone
            connection.recv(65536)
            connection.sendall(HEAD)
            while not over.wait(0.02):
                connection.sendall(b" ")

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):  # the test is over
                while True:
                    threads.append(Thread(target=drip, args=server.accept()[:1]))
                    threads[-1].start()

        accepting = Thread(target=serve)
        accepting.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        over.set()
        server.shutdown(socket.SHUT_RDWR)
        accepting.join()
    for thread in threads:
        thread.join()


def test_a_whole_answer_is_there_in_time(dripping: str) -> None:
    began = time.monotonic()
    with goatfish.Client(dripping, "key", timeout=0.2, max_retries=1) as client:
        with pytest.raises(goatfish.TimedOut) as read:
            client.me()
        with pytest.raises(goatfish.TimedOut) as changed:
            client.keys.revoke("0199f3c2-7a10-7000-8000-000000000001")
    assert (read.value.maybe_done, changed.value.maybe_done) == (False, True)
    assert time.monotonic() - began < 30


@pytest.mark.anyio
async def test_the_same_for_asyncio(dripping: str) -> None:
    async with goatfish.AsyncClient(dripping, "key", timeout=0.2, max_retries=0) as client:
        with pytest.raises(goatfish.TimedOut):
            await client.me()


def test_a_download_may_take_longer(dripping: str) -> None:
    client = goatfish.Client(dripping, "key", timeout=0.6, max_retries=0)
    with client, client.simulations.export_runs("0199f3c2-7a10-7000-8000-000000000001") as download:
        began, chunks = time.monotonic(), iter(download)
        while time.monotonic() - began < 0.7:
            assert next(chunks)


def test_nothing_is_stored_without_a_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.path.expanduser", lambda text: text)
    with pytest.raises(goatfish.ConfigurationError, match="no home"):
        configuration.save("http://127.0.0.1:8000", "key")
    assert list(tmp_path.iterdir()) == []
