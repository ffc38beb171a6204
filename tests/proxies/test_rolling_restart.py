"""Two replicas behind a proxy are restarted in turn under load: every request is answered, and no write is lost."""

import csv
import itertools
import json
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import BinaryIO
from urllib.request import urlopen

import psycopg
import pytest

from tests.edge.raw_client import lines
from tests.edge.table import LIST, get, post
from tests.embedded_postgres import Server
from tests.ports import free_port
from tests.proxies.test_smuggling import require_program
from tests.restartable import PATIENCE, Restartable, answers, environment, wait_until
from tests.running_service import fill_database

CLIENTS = 8
RESTARTS = 2  # of each replica
STEADY = 300  # requests before each restart
HAPROXY = (Path(__file__).parents[2] / "deploy" / "haproxy.cfg").read_text()
STATS = """
frontend stats
    bind 127.0.0.1:{stats}
    stats enable
    stats uri /
"""
NGINX = """
daemon off; pid {home}/nginx.pid; error_log {home}/nginx.log; worker_processes 1;
events {{}}
http {{
    access_log off;
    client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
    upstream replicas {{
        server 127.0.0.1:{first} fail_timeout=1s;
        server 127.0.0.1:{second} fail_timeout=1s;
        keepalive 32;
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://replicas;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host localhost;
        }}
    }}
}}
"""


@contextmanager
def proxied(name: str, replicas: list[Restartable], home: Path) -> Iterator[tuple[int, Callable[[], bool]]]:
    """Runs the proxy; yields its port, and what tells whether it takes all replicas for healthy, if it checks that."""
    port, stats, first, second = free_port(), free_port(), *(replica.port for replica in replicas)
    home.chmod(0o755)
    file = home / f"{name}.conf"
    if name == "nginx":
        configuration = NGINX.format(home=home, port=port, first=first, second=second)
    else:
        configuration = re.sub(r"bind :443 .*", f"bind 127.0.0.1:{port}", HAPROXY) + STATS.format(stats=stats)
        configuration = re.sub(r".*(bind :80|redirect scheme).*\n", "", configuration)
        configuration = configuration.replace("10.0.0.11:8000", f"127.0.0.1:{first}")
        configuration = configuration.replace("10.0.0.12:8000", f"127.0.0.1:{second}")
    file.write_text(configuration)
    options = {"nginx": ["-p", str(home), "-c", str(file)], "haproxy": ["-db", "-f", str(file)]}[name]

    def all_healthy() -> bool:
        if name == "nginx":
            return True
        with urlopen(f"http://127.0.0.1:{stats}/;csv", timeout=PATIENCE) as response:
            rows = [*csv.DictReader(response.read().decode().splitlines())]
        return [row["status"] for row in rows if row["svname"] in {"first", "second"}] == ["UP", "UP"]

    with subprocess.Popen([require_program(name), *options], stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: answers(f"http://127.0.0.1:{port}/livez"), f"{name} did not start")
            yield port, all_healthy
        finally:
            process.terminate()
            process.wait(PATIENCE)


class Load:
    """Clients that read and write; half of them open a connection for each request."""

    def __init__(self, port: int, key: str) -> None:
        self._address, self._key = ("127.0.0.1", port), key
        self._numbers = itertools.count()
        self.lost: list[str] = []
        self.made: list[str] = []
        self.answered = 0
        self.slowest = 0.0
        self.ended = Event()

    def wait_for(self, requests: int) -> None:
        """Waits until so many more requests are answered."""
        goal = self.answered + requests
        wait_until(lambda: self.answered >= goal, "requests are answered")

    def run(self, *, keeps: bool) -> None:
        while not self.ended.is_set():
            with socket.create_connection(self._address, PATIENCE) as connection, connection.makefile("rb") as file:
                while self._ask(connection, file) and keeps and not self.ended.is_set():
                    pass

    def _ask(self, connection: socket.socket, file: BinaryIO) -> bool:
        """Whether the connection is still open."""
        request = post(key=False) if next(self._numbers) % 2 else get(LIST)
        request = request.replace(b"\r\n", b"\r\nX-API-Key: %b\r\n" % self._key.encode(), 1)
        began = time.monotonic()
        try:
            connection.sendall(request)
            status = file.readline().split()[1]
            fields = dict(line.decode().lower().strip().split(": ", 1) for line in lines(file))
            body = file.read(int(fields["content-length"]))
        except (OSError, IndexError, ValueError) as error:
            self.lost.append(f"{request[:40]!r}: {error!r}")
            return False
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.answered += 1
        if status == b"201":
            self.made.append(json.loads(body)["id"])
        elif status != b"200":
            self.lost.append(f"{request[:40]!r}: {status!r} {body!r}")
        return fields.get("connection") != "close"


@pytest.mark.parametrize("name", ["haproxy", "nginx"])
def test_rolling_restart_loses_no_request(name: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(Server(in_memory=True))
        env = environment(server.url, server.operator_url)
        key = fill_database(env, server.url)
        replicas = [Restartable(env, tmp_path / "log.txt") for _ in range(2)]
        for replica in replicas:
            stack.callback(replica.kill)
            replica.start()
        port, all_healthy = stack.enter_context(proxied(name, replicas, tmp_path))
        wait_until(all_healthy, "both replicas are healthy")
        load = Load(port, key)
        pool = stack.enter_context(ThreadPoolExecutor(CLIENTS))
        stack.callback(load.ended.set)
        clients = [pool.submit(load.run, keeps=bool(number % 2)) for number in range(CLIENTS)]
        for replica in replicas * RESTARTS:
            load.wait_for(STEADY)
            assert replica.stop() == 0
            replica.start()
            wait_until(all_healthy, "the replica that was restarted is healthy")
        load.wait_for(STEADY)
        load.ended.set()
        for client in clients:
            client.result()
        with psycopg.connect(server.administrator_url) as connection:
            stored = {str(id) for (id,) in connection.execute("SELECT id FROM simulation").fetchall()}
    print(f"{name}: {load.answered} requests, {len(load.lost)} lost; the slowest took {load.slowest:.2f} s")  # noqa: T201 -- figures, shown with -s
    assert load.lost == []
    assert set(load.made) <= stored
