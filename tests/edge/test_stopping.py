"""How the service stops: it drains, answers everyone who is connected, waits for nobody for long, and ends with 0."""

import json
import signal
import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from app.http_server.stop_signals import SAME_SIGNAL
from tests.edge.raw_client import connected, receive
from tests.edge.stopping import PATIENCE, serving, stop, stop_under_load, wait_until_not_ready
from tests.edge.table import get, post


@pytest.mark.parametrize(("workers", "drain_time"), [("1", 0.6), ("2", 0.0)])
def test_under_load_every_connected_client_is_answered(tmp_path: Path, workers: str, drain_time: float) -> None:
    assert stop_under_load(tmp_path, "--workers", workers, drain_time=drain_time) == (0, [])


def test_service_is_alive_but_not_ready_while_it_drains(tmp_path: Path) -> None:
    with serving(tmp_path, drain_time=3600) as (running, address):
        running.process.send_signal(signal.SIGTERM)
        (refusal,) = wait_until_not_ready(address)
        assert (refusal.status, refusal.headers["retry-after"]) == (503, "1")
        with connected(address) as connection:
            connection.sendall(get() + get())
            received = receive(connection)
        assert received.statuses == [200]
        assert received.answers[0].headers["connection"] == "close"


def test_ctrl_c_does_not_drain(tmp_path: Path) -> None:
    with serving(tmp_path, drain_time=3600) as (running, _):
        assert stop(running, signal.SIGINT) == 0


def test_second_signal_ends_the_service_at_once(tmp_path: Path) -> None:
    with serving(tmp_path, drain_time=3600) as (running, address):
        running.process.send_signal(signal.SIGTERM)
        wait_until_not_ready(address)
        time.sleep(SAME_SIGNAL)
        assert stop(running, signal.SIGTERM) == 128 + signal.SIGTERM


def test_stuck_clients_hold_the_service_for_no_longer_than_the_limit(tmp_path: Path) -> None:
    with serving(tmp_path, drain_time=0) as (running, address), ExitStack() as stack:
        idle, headless, bodyless, unread = (stack.enter_context(socket.socket()) for _ in range(4))
        unread.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for each in (idle, headless, bodyless, unread):
            each.connect(address)
        idle.sendall(get())
        assert idle.recv(1 << 16)
        headless.sendall(b"GET / HTTP/1.1\r\n")
        bodyless.sendall(
            post(b"X-API-Key: " + running.key.encode(), b"Content-Length: 70", key=False, length=False, body=b"")
        )
        unread.sendall(get(b"/docs/assets/swagger-ui-bundle.js"))
        assert unread.recv(1, socket.MSG_PEEK)
        began = time.monotonic()
        assert stop(running, signal.SIGTERM) == 0
        assert time.monotonic() - began < PATIENCE / 2
        assert receive(idle).answers == []
        with suppress(ConnectionError):
            (refusal,) = receive(bodyless).answers
            assert (refusal.status, json.loads(refusal.body)["code"]) == (503, "outcome_unknown")
