"""Limits of connections and their timeouts, on a service with short timeouts."""

import os
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from select import POLLERR, select
from select import poll as poller
from urllib.parse import urlsplit

import pytest

from tests.edge.raw_client import connected, exchange, receive
from tests.edge.table import BODY, KEY, get, post, request
from tests.restartable import PATIENCE, wait_until
from tests.running_service import Live, live

MIB = 1 << 20


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    url = f"sqlite:///{tmp_path_factory.mktemp('short')}/goatfish.sqlite3"
    bounds = {"HEAD_TIMEOUT": "1", "BODY_TIMEOUT": "1.5", "WRITE_TIMEOUT": "1", "KEEP_ALIVE": "1"}
    with live(url, url, **bounds) as running:
        yield running


def address_of(of: Live) -> tuple[str, int]:
    parts = urlsplit(of.url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


def drip(connection: socket.socket, piece: bytes) -> None:
    """Sends the piece repeatedly until the server responds."""
    while not select([connection], [], [], 0.1)[0]:
        connection.sendall(piece)


def test_a_silent_connection_is_closed(short: Live) -> None:
    with connected(address_of(short)) as connection:
        received = receive(connection)
    assert received.answers == []
    assert not received.reset


@pytest.mark.parametrize("begin", [b"GET /", b"GET /livez HTTP/1.1\r\nA: "])
def test_a_slow_head_is_refused(short: Live, begin: bytes) -> None:
    with connected(address_of(short)) as connection:
        connection.sendall(begin)
        drip(connection, b"a")
        assert receive(connection).statuses == [408]


@pytest.mark.parametrize(
    ("framing", "piece"), [(b"Content-Length: 70", b" "), (b"Transfer-Encoding: chunked", b"1\r\n \r\n")]
)
def test_a_slow_body_is_refused(short: Live, framing: bytes, piece: bytes) -> None:
    head = post(b"X-API-Key: " + short.key.encode(), framing, key=False, length=False, body=b"")
    with connected(address_of(short)) as connection:
        connection.sendall(head)
        drip(connection, piece)
        assert receive(connection).statuses == [408]


def test_an_idle_connection_is_closed(short: Live) -> None:
    with connected(address_of(short)) as connection:
        connection.sendall(get())
        received = receive(connection)
    assert received.statuses == [200]
    assert not received.reset


def test_client_that_does_not_read_is_disconnected(short: Live) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(20)
        connection.connect(address_of(short))
        connection.sendall(get(b"/docs/assets/swagger-ui-bundle.js"))
        poll = poller()
        poll.register(connection, POLLERR)
        assert poll.poll(1000 * PATIENCE), "the connection stays open, although the client does not read"


def test_idle_connections_are_closed_for_new_ones_but_busy_ones_are_not(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/goatfish.sqlite3"
    with live(url, url, CONNECTIONS_MAX="20") as running, ExitStack() as stack:

        def opened(sent: bytes, answered: bytes) -> socket.socket:
            """A connection on which this is answered: the server knows it then as idle or busy."""
            connection = stack.enter_context(connected(address_of(running)))
            connection.sendall(sent)
            assert connection.recv(1 << 16).startswith(answered)
            return connection

        begun = post(b"Connection: close", b"Expect: 100-continue", body=BODY).replace(KEY, running.key.encode())
        idle = [opened(request(b"HEAD /livez HTTP/1.1"), b"HTTP/1.1 200 ") for _ in range(20)]
        busy = [opened(begun.removesuffix(BODY), b"HTTP/1.1 100 ") for _ in range(20)]
        assert [receive(connection).statuses for connection in idle] == [[]] * 20
        assert receive(stack.enter_context(connected(address_of(running)))).statuses == [503]
        for connection in busy:
            connection.sendall(BODY)
        assert [receive(connection).statuses for connection in busy] == [[201]] * 20
        assert exchange(address_of(running), [get()]).statuses == [200]
        wait_until(lambda: "20 connections are busy, the limit of GOATFISH_CONNECTIONS_MAX" in running.heard.getvalue())


@pytest.mark.parametrize(("clients", "most"), [(5, 10), (200, 50)])
@pytest.mark.parametrize("path", [b"/livez", b"/docs/assets/swagger-ui-bundle.js"])
def test_pipelined_requests_use_little_memory(
    service: Live, address: tuple[str, int], clients: int, most: int, path: bytes
) -> None:
    pid = worker(address[1])
    assert exchange(address, [get(path)]).statuses == [200]
    before = resident(pid)
    with ExitStack() as stack:
        for _ in range(clients):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(address)
            connection.setblocking(False)
            with suppress(BlockingIOError):
                connection.sendall(get(path) * 8000)
        time.sleep(1)
        assert resident(pid) - before < most * MIB
        assert exchange(address, [get()]).statuses == [200]
    wait_until(lambda: resident(pid) - before < most * MIB)


def worker(port: int) -> int:
    """The process that listens on this port."""
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    (inode,) = [each[9] for each in sockets if each[1].endswith(f":{port:04X}") and each[3] == "0A"]
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if str(link.readlink()) == f"socket:[{inode}]":
                return int(link.parts[2])
    raise AssertionError(port)


def resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_too_low_limit_of_open_files_is_logged(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    url = f"sqlite:///{tmp_path}/goatfish.sqlite3"
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 300), hard))
    try:
        with live(url, url, CONNECTIONS_MAX="1000000") as running:
            assert exchange(address_of(running), [get()]).statuses == [200]
            if hard != resource.RLIM_INFINITY and hard < 1_000_000:
                wait_until(lambda: "Raise ulimit -n" in running.heard.getvalue())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
