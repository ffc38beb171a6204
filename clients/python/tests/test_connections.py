"""What a connection may do is told as this library's own errors, and is survived where it passes."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import pytest
from clients.python.tests.scripted import RUN
from tests.ports import unused_port

import goatfish
from goatfish.http.library import trust

BODY = json.dumps(RUN).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
GOOD = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY


@contextmanager
def listening(*answers: bytes | None) -> Iterator[str]:
    """A server that gives each connection the next of these bytes, and closes it; None: it says nothing."""
    kept: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):  # the test is over
                for answer in answers:
                    connection, _ = server.accept()
                    connection.recv(65536)
                    if answer is None:
                        kept.append(connection)
                    else:
                        connection.sendall(answer)
                        connection.close()

        thread = Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    for connection in kept:
        connection.close()


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goatfish.sync_api.sender.sleep", lambda _: None)


LOST = {
    "closed": b"",
    "half a head": b"HTTP/1.1 200 O",
    "half a body": GOOD[:-5],
    "half a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n10\r\n{",
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "no gzip": HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone",
}


@pytest.mark.parametrize("answer", LOST.values(), ids=LOST)
def test_an_answer_that_is_lost_leaves_the_fate_unknown(answer: bytes) -> None:
    with listening(answer) as url, goatfish.Client(url, "gf_secret", max_retries=0) as client:
        with pytest.raises(goatfish.ConnectionFailed) as caught:
            client.runs.create(RUN["simulation_id"])
        assert caught.value.maybe_done
        assert "gf_secret" not in str(caught.value)


@pytest.mark.parametrize("answer", LOST.values(), ids=LOST)
def test_an_answer_that_is_lost_once_is_asked_for_again(answer: bytes) -> None:
    with listening(answer, GOOD) as url, goatfish.Client(url, "key") as client:
        assert client.runs.get(RUN["id"]).to_dict() == RUN


def test_a_service_that_says_nothing_has_timed_out() -> None:
    with listening(None) as url, goatfish.Client(url, "key", timeout=0.2, max_retries=0) as client:
        with pytest.raises(goatfish.TimedOut) as caught:
            client.runs.create(RUN["simulation_id"])
        assert caught.value.maybe_done


@pytest.mark.parametrize(
    "call", [lambda c: c.me(), lambda c: c.simulations.export_runs("1").__enter__()], ids=["me", "csv"]
)
def test_nobody_there_has_done_nothing(call: Callable[[goatfish.Client], object]) -> None:
    with unused_port() as port:
        for client in (
            goatfish.Client(f"http://127.0.0.1:{port}", "key", max_retries=1),
            goatfish.Client("http://nowhere.invalid", "key", max_retries=0),
        ):
            with client, pytest.raises(goatfish.ConnectionFailed, match="was not reached") as caught:
                call(client)
            assert not caught.value.maybe_done


def test_plain_http_needs_no_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")  # an error over HTTPS: test_configuration.py
    with listening(GOOD) as url, goatfish.Client(url, "key") as client:
        assert client.runs.get(RUN["id"]).to_dict() == RUN


def test_only_plain_http_loads_no_certificates() -> None:
    assert trust("https://goatfish.example") is True
    plain = trust("http://goatfish.example")
    assert isinstance(plain, ssl.SSLContext)
    assert (plain.verify_mode, plain.check_hostname, plain.get_ca_certs()) == (ssl.CERT_REQUIRED, True, [])


def test_the_proxy_of_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://somebody:secret@127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with listening(b"") as url:
        client = goatfish.Client(url, "gf_a_b", max_retries=0)
        with client, pytest.raises(goatfish.ConnectionFailed) as caught:
            client.runs.get(RUN["id"])
        assert f"{url} was not reached through the proxy 127.0.0.1:1: " in str(caught.value)
        assert "secret" not in str(caught.value)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with (
            goatfish.Client(url, "gf_a_b", max_retries=0) as direct,
            pytest.raises(goatfish.ConnectionFailed) as caught,
        ):
            direct.runs.get(RUN["id"])
        assert "proxy" not in str(caught.value)
