"""Request smuggling does not bypass the rules of nginx and HAProxy, which deny requests for keys here."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.edge.raw_client import connected, exchange
from tests.edge.table import CODINGS, KEY, LENGTHS, PIPELINES, SMUGGLED, TRAILERS, UPGRADES, Row, get, post
from tests.ports import free_port, is_taken
from tests.restartable import PATIENCE, wait_until
from tests.running_service import Live, live

ROWS = [row for row in [*UPGRADES, *LENGTHS, *CODINGS, *TRAILERS, *PIPELINES] if SMUGGLED in row.sent]
NGINX = """
daemon off; pid {home}/nginx.pid; error_log {home}/nginx.log; worker_processes 1;
events {{}}
http {{
    access_log off;
    client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
    map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
    server {{
        listen 127.0.0.1:{port};
        location /api/v1/keys {{ deny all; }}
        location / {{
            proxy_pass http://127.0.0.1:{to};
            proxy_http_version 1.1;
            proxy_set_header Host localhost;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_set_header X-Forwarded-For $remote_addr;
        }}
    }}
}}
"""
HAPROXY = """
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend all
    bind 127.0.0.1:{port}
    http-request deny if {{ path_beg /api/v1/keys }}
    http-request set-header X-Forwarded-For %[src]
    default_backend service
backend service
    server goatfish 127.0.0.1:{to}
"""
Proxy = Callable[[int, Path], list[str]]


def nginx(port: int, home: Path) -> list[str]:
    return [require_program("nginx"), "-p", str(home), "-c", str(home / "nginx.conf")]


def haproxy(port: int, home: Path) -> list[str]:
    return [require_program("haproxy"), "-db", "-f", str(home / "haproxy.conf")]


CONFIGURED = {"nginx": (nginx, NGINX), "haproxy": (haproxy, HAPROXY)}


def require_program(name: str) -> str:
    found = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], "/usr/sbin"]))
    if found is None:
        pytest.fail(f"{name} is not on PATH. On Debian: apt install {name}", pytrace=False)
    return found


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    url = f"sqlite:///{tmp_path_factory.mktemp('proxies')}/goatfish.sqlite3"
    with live(url, url, "--proxy", "127.0.0.1") as running:
        yield running


@contextmanager
def proxied(name: str, to: int, home: Path) -> Iterator[tuple[str, int]]:
    """The address of a running proxy."""
    port = free_port()
    command, configuration = CONFIGURED[name]
    home.chmod(0o755)
    (home / f"{name}.conf").write_text(configuration.format(home=home, port=port, to=to))
    with subprocess.Popen(command(port, home), stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: is_taken(port) or process.poll() is not None, f"{name} listens")
            assert process.poll() is None, f"{name} did not start"
            yield "127.0.0.1", port
        finally:
            process.terminate()
            process.wait(PATIENCE)


@pytest.fixture(scope="module", params=list(CONFIGURED))
def proxy(
    request: pytest.FixtureRequest, service: Live, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, int]]:
    port = urlsplit(service.url).port
    assert port is not None
    with proxied(request.param, port, tmp_path_factory.mktemp("proxy")) as address:
        yield address


def names_of_keys(service: Live) -> list[str]:
    """The names of all keys, read from the service directly."""
    parts = urlsplit(service.url)
    assert parts.hostname is not None
    assert parts.port is not None
    asked = get(b"/api/v1/keys?limit=100", b"X-API-Key: " + service.key.encode())
    (answer,) = exchange((parts.hostname, parts.port), [asked]).answers
    return [key["name"] for key in json.loads(answer.body)["items"]]


def test_proxy_forwards_requests_and_denies_keys(service: Live, proxy: tuple[str, int]) -> None:
    with connected(proxy) as connection:
        connection.sendall(get(b"/livez?through"))
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200")
    with connected(proxy) as connection:
        connection.sendall(get(b"/api/v1/keys"))
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 403")
    with connected(proxy) as connection:
        connection.sendall(post(b"Connection: Upgrade", b"Upgrade: h2c").replace(KEY, service.key.encode()))
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 201")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_smuggled_request_is_not_executed(service: Live, proxy: tuple[str, int], row: Row) -> None:
    sent = row.sent.replace(KEY, service.key.encode())
    head, _, rest = sent.partition(b"\r\n\r\n")
    with connected(proxy, timeout=0.5) as connection, suppress(TimeoutError, ConnectionError):
        connection.sendall(head + b"\r\n\r\n")
        time.sleep(0.1)  # so that the proxy forwards head and body in separate packets
        connection.sendall(rest + get(b"/livez?next"))
        while connection.recv(1 << 16):
            pass
    assert names_of_keys(service) == ["default"]
