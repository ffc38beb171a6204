"""A client that leaves in the middle, wherever that is, leaves no error in the log."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.integration.test_access_log import request
from tests.integration.test_processes import PATIENCE, READY, Running, Shell

RESET = b"\1\0\0\0\0\0\0\0"
"""Makes the kernel reset a connection that is closed (SO_LINGER)."""
POST = '{"name": "x", "start_date": "2026-01-05", "end_date": "2026-02-01"}'


def begun(path: str, key: str, *headers: str, form: bool = False) -> bytes:
    """The head of a POST, and a part of its body."""
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    lines = (f"X-API-Key: {key}", f"Content-Type: {kind}", "Content-Length: 500", *headers)
    return request("POST", path, *lines) + b'{"name": "'


def requests_to_leave(key: str, simulation: str) -> Iterator[bytes]:
    with_key = f"X-API-Key: {key}"
    yield b"GET /livez HT"
    yield request("GET", "/livez")
    yield request("GET", "/api/v1/simulations?limit=100", with_key) * 20  # pipelined
    yield request("GET", f"/api/v1/simulations/{simulation}/runs.csv", with_key)
    yield request("POST", "/api/v1/simulations", with_key, body=POST)
    yield begun("/api/v1/simulations", key)
    yield begun("/api/v1/simulations", "none")
    yield begun("/api/v1/simulations/batch", key)
    yield begun("/api/v1/simulations", key, "Expect: 100-continue")[:-10]
    yield begun("/admin/login/", "none", form=True)
    yield request("GET", "/admin/login/")
    yield request("GET", "/static/admin/css/base.css")
    yield request("GET", "/openapi.json")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str, str]]:
    shell = Shell(tmp_path_factory.mktemp("left"))
    shell("migrate")
    (owner,) = shell("seed", "--owners", "1", "--each", "3", "--runs", "400").stdout.split()
    key = shell("key", "create", owner).stdout.strip()
    variables = {"GOATFISH_LOG_LEVEL": "DEBUG", "GOATFISH_RATE_LIMIT": "0"}
    with shell.running("serve", "--port", "0", "--access-log", until=READY, variables=variables) as running:
        yield running, key, simulation_with_runs(running, key)


def simulation_with_runs(running: Running, key: str) -> str:
    with connected(running) as connection:
        connection.sendall(request("GET", "/api/v1/runs?limit=1", f"X-API-Key: {key}"))
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    return str(json.loads(received.partition(b"\r\n\r\n")[2])["items"][0]["simulation_id"])


def connected(running: Running) -> socket.socket:
    found = re.search(r"http://127\.0\.0\.1:(\d+)", running.said)
    assert found
    return socket.create_connection(("127.0.0.1", int(found[1])), PATIENCE)


def test_no_client_that_leaves_is_an_error(service: tuple[Running, str, str]) -> None:
    running, key, simulation = service
    for sent in requests_to_leave(key, simulation):
        for reads, resets in ((False, False), (False, True), (True, True)):
            with connected(running) as connection:
                connection.sendall(sent)
                if reads:
                    connection.settimeout(0.1)
                    with suppress(TimeoutError):
                        connection.recv(1)
                if resets:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    with connected(running) as connection:
        connection.sendall(request("GET", "/livez", "X-Request-ID: the-last"))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    running.wait("request_id=the-last")
    assert "incomplete=True" in running.said
    assert not re.search(r"^\S+ \S+ (WARNING|ERROR|CRITICAL)", running.said, re.MULTILINE), running.said
