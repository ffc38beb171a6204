"""A service to be stopped, and clients that notice every request that is lost meanwhile."""

import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

from tests.edge.raw_client import Answer, exchange, parsed
from tests.edge.table import get
from tests.running_service import Live, live

Address = tuple[str, int]
CLIENTS = 12
PATIENCE = 90  # seconds: the machine may be busy
READY, LIST = get(b"/readyz"), b"/api/v1/simulations"


@contextmanager
def serving(home: Path, *options: str, drain_time: float) -> Iterator[tuple[Live, Address]]:
    url = f"sqlite:///{home}/goatfish.sqlite3"
    with live(url, url, *options, DRAIN_TIME=str(drain_time)) as running:
        parts = urlsplit(running.url)
        assert parts.hostname
        assert parts.port
        address = parts.hostname, parts.port
        assert exchange(address, [READY]).statuses == [200]
        yield running, address


def stop(running: Live, number: signal.Signals) -> int:
    running.process.send_signal(number)
    return running.process.wait(PATIENCE)


def wait_until_not_ready(address: Address) -> list[Answer]:
    """The refusal of a service that has been told to stop."""
    deadline = time.monotonic() + PATIENCE
    while (answers := exchange(address, [READY]).answers)[0].status == 200:
        assert time.monotonic() < deadline
    return answers


class Clients:
    """Ask again and again until nobody can connect any more; ``lost`` are the requests without a response."""

    def __init__(self, running: Live, address: Address) -> None:
        self._address, self._request = address, get(LIST, b"X-API-Key: " + running.key.encode())
        self.lost: list[str] = []
        self.answered = 0
        self.ended = Event()

    def run(self, *, keeps: bool) -> None:
        """One client, which ``keeps`` its connection as long as the server does."""
        while not self.ended.is_set():
            try:
                connection = socket.create_connection(self._address, 5)
            except OSError:  # refused, or ignored: nothing was sent
                continue
            with connection:
                self._ask(connection, keeps=keeps)

    def _ask(self, connection: socket.socket, *, keeps: bool) -> None:
        connection.settimeout(PATIENCE)
        while True:
            received = b""
            try:
                connection.sendall(self._request)
                while b"next_cursor" not in received:
                    part = connection.recv(1 << 16)
                    assert part, "closed"
                    received += part
            except (OSError, AssertionError) as error:
                self.lost.append(repr(error))
                return
            (answer,) = parsed(received)
            assert answer.status == 200
            self.answered += 1
            if not keeps or self.ended.is_set() or answer.headers.get("connection") == "close":
                return


def stop_under_load(home: Path, *options: str, drain_time: float) -> tuple[int, list[str]]:
    """The exit status of a service that is stopped by SIGTERM while clients are busy, and the requests lost."""
    with serving(home, *options, drain_time=drain_time) as (running, address), ThreadPoolExecutor(CLIENTS) as pool:
        clients = Clients(running, address)
        loads = [pool.submit(clients.run, keeps=number % 3 == 0) for number in range(CLIENTS)]
        try:
            deadline = time.monotonic() + PATIENCE
            while clients.answered < 50 * CLIENTS:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            status = stop(running, signal.SIGTERM)
        finally:
            clients.ended.set()
        for load in loads:
            load.result()
    return status, clients.lost
