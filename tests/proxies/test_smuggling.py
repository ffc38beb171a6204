"""A request within a request passes no proxy's rule: nginx and HAProxy keep everybody from /admin."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.edge.table import CODINGS, KEY, LENGTHS, PIPELINES, SMUGGLED, TRAILERS, UPGRADES, Row, get, post
from tests.edge.wire import connected, exchange
from tests.live import Live, live

PATIENCE = 10.0
"""Seconds."""
DENIED = SMUGGLED.replace(b"/problems/rate-limited", b"/admin/login/?next=abc")
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
        location /admin {{ deny all; }}
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
    http-request deny if {{ path_beg /admin }}
    http-request set-header X-Forwarded-For %[src]
    default_backend service
backend service
    server goatfish 127.0.0.1:{to}
"""
Proxy = Callable[[int, Path], list[str]]


def nginx(port: int, home: Path) -> list[str]:
    return [program("nginx"), "-p", str(home), "-c", str(home / "nginx.conf")]


def haproxy(port: int, home: Path) -> list[str]:
    return [program("haproxy"), "-db", "-f", str(home / "haproxy.conf")]


CONFIGURED = {"nginx": (nginx, NGINX), "haproxy": (haproxy, HAPROXY)}


def program(name: str) -> str:
    found = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], "/usr/sbin"]))
    if found is None:
        pytest.fail(f"There is no {name} on PATH. On Debian: apt install {name}", pytrace=False)
    return found


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    url = f"sqlite:///{tmp_path_factory.mktemp('proxies')}/goatfish.sqlite3"
    with live(url, url, "--access-log", "--proxy", "127.0.0.1") as running:
        yield running


@contextmanager
def proxied(name: str, to: int, home: Path) -> Iterator[tuple[str, int]]:
    """Where the proxy listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    command, configuration = CONFIGURED[name]
    home.chmod(0o755)
    (home / f"{name}.conf").write_text(configuration.format(home=home, port=port, to=to))
    with subprocess.Popen(command(port, home), stderr=subprocess.DEVNULL) as process:
        try:
            begun = time.monotonic()
            while process.poll() is None:
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                assert time.monotonic() - begun < PATIENCE
                time.sleep(0.05)
            assert process.poll() is None, f"{name} has not started"
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


def paths(service: Live) -> list[str]:
    """What the service has been asked for, by its own log."""
    return re.findall(r'"[A-Z]+ (\S+) HTTP', service.heard.getvalue())


def test_requests_pass_and_the_rule_holds(service: Live, proxy: tuple[str, int]) -> None:
    with connected(proxy) as connection:
        connection.sendall(get(b"/livez?through"))
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200")
    with connected(proxy) as connection:
        connection.sendall(get(b"/admin/"))
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 403")
    with connected(proxy) as connection:
        connection.sendall(post(b"Connection: Upgrade", b"Upgrade: h2c").replace(KEY, service.key.encode()))
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 201")
    assert "/livez?through" in paths(service)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_request_within_a_request_reaches_nothing(service: Live, proxy: tuple[str, int], row: Row) -> None:
    sent = row.sent.replace(SMUGGLED, DENIED).replace(KEY, service.key.encode())
    with connected(proxy, patience=0.5) as connection, suppress(TimeoutError, ConnectionError):
        for _ in range(3):
            connection.sendall(sent + get(b"/livez?next"))
            connection.recv(1 << 16)
    parts = urlsplit(service.url)
    assert parts.hostname is not None
    assert parts.port is not None
    assert exchange((parts.hostname, parts.port), [get(b"/livez?last")]).statuses == [200]
    assert not [path for path in paths(service) if path.startswith("/admin")]
