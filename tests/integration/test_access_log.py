"""The access log of a running service: every answer's request id is in it once, and no key, cookie or query."""

import json
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.test_processes import PATIENCE, READY, Running, Shell
from tests.restartable import wait_until

LIMITS = {
    "GOATFISH_HEAD_TIMEOUT": "0.5",
    "GOATFISH_BODY_TIMEOUT": "3",
    "GOATFISH_CONNECTIONS_MAX": "4",
    "GOATFISH_LOG_LEVEL": "DEBUG",
    "GOATFISH_CORS_ORIGINS": "https://app.example",
}
LISTENS = "Goatfish listens"
AS_JSON = {"GOATFISH_LOG_FORMAT": "JSON"}
ORIGIN = "https://app.example"
PREFLIGHT = (f"Origin: {ORIGIN}", "Access-Control-Request-Method: PUT")
FOREIGN = ("Origin: https://hidden-text.example", "Access-Control-Request-Method: PUT")
FIELDS = [
    "request_id",
    "trace_id",
    "method",
    "route",
    "status",
    "milliseconds",
    "bytes",
    "owner_id",
    "key_id",
    "client_address",
]


@dataclass
class Logging:
    """A service that writes an access log as JSON, with an owner and a key of it."""

    running: Running
    port: int
    owner: str
    key: dict[str, Any]

    def lines(self) -> list[dict[str, Any]]:
        """The whole log."""
        return [json.loads(line) for line in self.running.said.splitlines()]

    def line(self, request_id: str) -> dict[str, Any]:
        """The only line of this request in the access log."""
        wait_until(lambda: self._found(request_id) != [], "the line is there")
        (line,) = self._found(request_id)
        assert [name for name in line if name in FIELDS] == FIELDS
        return line

    def _found(self, request_id: str) -> list[dict[str, Any]]:
        lines = [each for each in self.lines() if each["logger"] == "goatfish.access"]
        return [each for each in lines if each["request_id"] == request_id]

    def ask(self, request: bytes, *, wait: bool = True) -> tuple[int, str, bytes]:
        """The status, the request id and the body that a raw request gets on a connection of its own."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            connection.sendall(request)
            received = b""
            with suppress(ConnectionError):
                while wait and (part := connection.recv(65536)):
                    received += part
        head, _, body = received.partition(b"\r\n\r\n")
        found = re.search(rb"(?i)\r\nx-request-id: (\S+)", head)
        assert found, received
        return int(head.split()[1]), found[1].decode(), body


def request(method: str, path: str, *headers: str, body: str = "") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Connection: close", *headers]
    if not any(header.startswith("Host:") for header in headers):
        lines.append("Host: localhost")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + f"\r\n\r\n{body}").encode("latin-1")


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database that is empty."""
    directory = tmp_path_factory.mktemp("migrated")
    assert Shell(directory)("migrate").returncode == 0
    return directory


@pytest.fixture
def shell(migrated: Path, tmp_path: Path) -> Shell:
    return Shell(Path(shutil.copytree(migrated, tmp_path / "migrated")))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Logging]:
    shell = Shell(Path(shutil.copytree(migrated, tmp_path_factory.mktemp("logging") / "migrated")))
    owner = shell("owner", "create", "Acme").stdout.strip()
    key = json.loads(shell("key", "create", "Acme", "--json").stdout)
    with shell.running("serve", "--port", "0", "--log-format", "json", until=READY, variables=LIMITS) as running:
        yield service_of(running, owner, key)


def service_of(running: Running, owner: str = "", key: dict[str, Any] | None = None) -> Logging:
    """The service that has said where it listens, be it in JSON."""
    found = re.search(r"http://127\.0\.0\.1:(\d+)", running.said)
    assert found, running.said
    return Logging(running, int(found[1]), owner, key or {})


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", "/api/v1/simulations?name=hidden-text", "/api/v1/simulations", 200),
        ("HEAD", "/api/v1/me", "/api/v1/me", 200),
        ("GET", f"/api/v1/simulations/{uuid4()}", "/api/v1/simulations/{id}", 404),
        ("DELETE", "/api/v1/simulations/hidden-text", "/api/v1/simulations/{id}", 404),
        ("GET", "/api/v1/runs?hidden-text=1", "/api/v1/runs", 422),
        ("POST", "/api/v1/simulations", "/api/v1/simulations", 415),
    ],
)
def test_requests_of_a_key_are_logged_with_it(
    service: Logging, method: str, path: str, route: str, status: int
) -> None:
    answer, request_id, body = service.ask(request(method, path, f"X-API-Key: {service.key['key']}"))
    line = service.line(request_id)
    assert (line["method"], line["route"], line["status"], line["bytes"]) == (method, route, answer, len(body))
    assert (line["owner_id"], line["key_id"], line["client_address"]) == (service.owner, service.key["id"], "127.0.0.1")
    assert answer == status
    assert 0 <= line["milliseconds"] < PATIENCE * 1000


@pytest.mark.parametrize(
    ("asked", "route", "status"),
    [
        (request("GET", "/livez"), "/livez", 200),
        (request("GET", "/hidden-text"), None, 404),
        (request("DELETE", "/api/v1/simulations"), "/api/v1/simulations", 405),
        (request("POST", "/api/v1/simulations/hidden-text/revisions"), "/api/v1/simulations/{id}/revisions", 405),
        (request("PUT", "/livez?hidden-text"), "/livez", 405),
        (request("OPTIONS", "/api/v1/simulations/hidden-text", *PREFLIGHT), "/api/v1/simulations/{id}", 200),
        (request("OPTIONS", "/api/v1/simulations/hidden-text", *FOREIGN), "/api/v1/simulations/{id}", 400),
        (request("OPTIONS", "/api/v1/hidden-text", *PREFLIGHT), None, 200),
        (request("OPTIONS", "/api/v1/me"), "/api/v1/me", 405),
        (request("GET", "/api/v1/me"), "/api/v1/me", 401),
        (request("GET", "/api/v1/me", f"X-API-Key: gf_{'x' * 14}_{'y' * 49}"), "/api/v1/me", 401),
        (request("GET", "/api/v1/me", "Host: hidden-text.example"), None, 400),
        (request("GET", "/admin/login/?next=hidden-text", "Cookie: sessionid=hidden-text"), "/admin/{path:path}", 200),
        (request("GET", "/admin/%0A2026-11-26%20INFO%20forged"), None, 404),
        (request("GET", "/static/admin/css/hidden-text.css"), "/static", 404),
        (request("GET", "/%0d%0aforged%1b[2J"), None, 404),
        (request("GET", "/x", "X-Request-ID: forged\x85line"), None, 404),
        (b"FOO BAR\r\n\r\n", None, 400),
        (b"GET / HTTP/1.1\r\n\r\n", None, 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 70_000, None, 431),
        (request("GET", "/", "X: " + "x" * 40_000), None, 431),
        (b"GET / HTTP", None, 408),
    ],
)
def test_requests_of_nobody_are_logged_without_their_texts(
    service: Logging, asked: bytes, route: str | None, status: int
) -> None:
    answer, request_id, body = service.ask(asked)
    assert answer == status
    line = service.line(request_id)
    assert (line["route"], line["status"], line["bytes"]) == (route, status, len(body))
    assert (line["owner_id"], line["key_id"], line["client_address"]) == (None, None, "127.0.0.1")


def test_a_given_request_id_is_logged(service: Logging) -> None:
    given = f"mine.{uuid4()}"
    _, request_id, _ = service.ask(request("GET", "/livez", f"X-Request-ID: {given}"))
    assert request_id == given
    assert service.line(given)["status"] == 200


@pytest.mark.parametrize(
    ("sent", "trace"),
    [
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "0af7651916cd43dd8448eb211c80319c"),
        ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", "0af7651916cd43dd8448eb211c80319c"),
        ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", None),
        (f"00-{'0' * 32}-b7ad6b7169203331-01", None),
        ("00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01", None),
        ("hidden-text", None),
    ],
)
def test_the_trace_of_a_request_is_logged(service: Logging, sent: str, trace: str | None) -> None:
    _, request_id, _ = service.ask(request("GET", "/livez", f"traceparent: {sent}"))
    assert service.line(request_id)["trace_id"] == trace


def test_a_body_that_does_not_come_is_logged_with_its_key(service: Logging) -> None:
    begun = request("POST", "/api/v1/simulations", f"X-API-Key: {service.key['key']}", body="{    }")[:-3]
    status, request_id, body = service.ask(begun)
    line = service.line(request_id)
    assert (line["status"], line["bytes"], line["key_id"]) == (status, len(body), service.key["id"])
    assert status == 408


def test_busy_answers_and_clients_that_leave_are_logged(service: Logging) -> None:
    given = f"left.{uuid4()}"
    begun = request("POST", "/api/v1/simulations", f"X-Request-ID: {given}", f"X-API-Key: {service.key['key']}")
    more = b"\r\nContent-Type: application/json\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
    begun = begun.replace(b"\r\n\r\n", more)
    busy = [socket.create_connection(("127.0.0.1", service.port), PATIENCE) for _ in range(4)]
    for connection in busy:
        connection.sendall(begun)
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")  # the body is waited for
        begun = begun.replace(given.encode(), uuid4().hex.encode())
    status, request_id, _ = service.ask(b"")
    assert status == 503
    assert service.line(request_id)["status"] == 503
    for connection in busy:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # it is reset
        connection.close()
    line = service.line(given)
    assert (line["incomplete"], line["bytes"], line["owner_id"]) == (True, 0, service.owner)
    assert line["route"] == "/api/v1/simulations"


def test_no_line_contains_a_secret_or_a_text_of_the_client(service: Logging) -> None:
    service.ask(request("GET", f"/{service.key['key']}?hidden-text", f"Authorization: Bearer {service.key['key']}"))
    log = service.running.said
    assert "goatfish.access" in log
    for secret in (service.key["key"], "y" * 49, "sessionid", "csrftoken", "hidden-text"):
        lines = [line for line in log.splitlines() if secret in line and "goatfish.access" in line]
        assert not lines, lines
    assert service.key["key"] not in log
    assert all({"time", "level", "logger"} <= line.keys() for line in service.lines())
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]", log)


@pytest.mark.parametrize(
    ("options", "variables"),
    [((), {}), (("--log-format", "json", "--no-access-log"), {}), (("--log-format", "text"), AS_JSON)],
    ids=["by-default", "json", "text-again"],
)
def test_it_is_not_written_unless_asked_for(shell: Shell, options: tuple[str, ...], variables: dict[str, str]) -> None:
    with shell.running("serve", "--port", "0", *options, until=LISTENS, variables=variables) as running:
        service_of(running).ask(request("GET", "/livez"))
    assert "goatfish.access" not in running.said


ADDRESSES = ("203.0.113.9", 'x" status=200 owner_id=\x85forged \x9b2J', "2001:db8::1")


def logged(shell: Shell, *options: str, **variables: str) -> list[str]:
    """The lines of the access log for a request that is forwarded from each of the addresses."""
    arguments = ("serve", "--port", "0", "--proxy", "*", *options)
    with shell.running(*arguments, until=LISTENS, variables=variables) as running:
        for address in ADDRESSES:
            service_of(running).ask(request("GET", "/livez", f"X-Forwarded-For: {address}"))
        running.wait("goatfish.access", times=3)
    assert not re.search("[\x7f-\x9f]", running.said)
    lines = [line for line in running.said.splitlines() if "goatfish.access" in line]
    assert len(lines) == 3
    return lines


def test_it_is_written_as_text_whatever_the_level_and_a_forwarded_address_forges_nothing(shell: Shell) -> None:
    lines = logged(shell, "--access-log", "--log-format", "text", GOATFISH_LOG_LEVEL="ERROR")
    start = re.compile(r".*goatfish\.access: request_id=\S+ trace_id=- method=GET route=/livez ")
    assert all(map(start.match, lines)), lines
    addresses = [re.search(r'client_address=("(?:[^"\\]|\\.)*"|\S+)$', line) for line in lines]
    assert [each and each[1] for each in addresses][::2] == ["203.0.113.9", "2001:db8::1"]
    assert addresses[1] is not None


def test_it_is_written_with_json_and_a_forwarded_address_forges_nothing(shell: Shell) -> None:
    lines = [json.loads(line) for line in logged(shell, **AS_JSON)]
    assert {(line["logger"], line["trace_id"], line["method"]) for line in lines} == {("goatfish.access", None, "GET")}
    assert [line["client_address"] for line in lines][::2] == ["203.0.113.9", "2001:db8::1"]
