"""The HTTP protocol, fed packet by packet: what reaches the application, and what is buffered or refused."""

import asyncio
import json
import logging
import resource
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.config import Config
from uvicorn.server import ServerState

from adapters.http_fastapi.kit.context import RequestContext
from adapters.http_fastapi.kit.layers.middleware import OVERLOADED
from adapters.http_fastapi.kit.problems import REFUSALS
from app.http_server import connection_registry
from app.http_server.access_log import log_access
from app.http_server.connection import LINGER_TIMEOUT, HttpConnection
from app.http_server.connection_registry import (
    CHECK_INTERVAL,
    COUNTED_OF_PASS,
    REJECTED_MAX,
    START_WITHIN,
    STARTS_MAX,
    STARTS_PER_PASS,
    ConnectionRegistry,
)
from app.http_server.framing import BLANK_LINES_MAX, Framer
from app.http_server.limits import Limits
from app.http_server.request_cycle import Report
from tests.edge.raw_client import Answer, parsed
from tests.unit.virtual_time import run

GET = b"GET /whole HTTP/1.1\r\nHost: a\r\n\r\n"
REQUESTS = [
    GET,
    b"\r\nGET /early?x=1 HTTP/1.1\r\nHost: a\r\nA:  b \t\r\n\r\n",
    b"POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 33\r\n\r\nGET /smuggled HTTP/1.1\r\nA: bcd\r\n\r\n",
    b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n\r\n\r\n\r\n\r\n",
    b"POST /whole HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 4\r\n\r\n\r\n\r\n",
    b"GET /whole HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
    b"POST /whole HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"4\r\n\r\n\r\n\r\n0\r\nX-API-Key: k\r\nA: b\r\n\r\n",
    b"POST /early HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n1;a\r\nb\r\n0\r\n\r\n",
]
Received = tuple[str, str, bytes, dict[str, str], bytes]


def limits_with(**given: Any) -> Limits:
    """Limits that no test reaches, except for the given ones."""
    usual = {"head_timeout": 10.0, "body_timeout": 30.0, "write_timeout": 30.0, "keep_alive": 65.0}
    return Limits(**{**usual, "connections_max": 3000, **given})


class Application:
    """Records its requests. It answers /early before it reads the body."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.gate: asyncio.Event | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        body, more = b"", scope["path"] != "/early"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message["body"], message["more_body"]
        self.requests.append((scope["method"], scope["path"], scope["query_string"], headers, body))
        if self.gate is not None:
            await self.gate.wait()
        answer = json.dumps([scope["path"], len(body)]).encode()
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(answer))]}
        )
        await send({"type": "http.response.body", "body": answer})


class FakeTransport(asyncio.Transport):
    """A fake transport. The client reads everything at once, unless it is ``stuck``."""

    def __init__(self, protocol: HttpConnection) -> None:
        super().__init__()
        self.protocol = protocol
        self.out = bytearray()
        self.reads, self.closing, self.ended, self.stuck = True, False, False, False
        self.unread = self.paused = 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert high == 0

    def get_write_buffer_size(self) -> int:
        return self.unread

    def write(self, data: Any) -> None:
        assert not self.ended
        self.out += data
        if self.stuck:
            self.unread += len(data)
            if not self.protocol.flow.paused:
                self.protocol.pause_writing()

    def read(self, size: int) -> None:
        """Lets the client read this many bytes."""
        self.unread -= size
        if not self.unread:
            self.stuck = False
            self.protocol.resume_writing()

    def pause_reading(self) -> None:
        assert self.reads
        self.reads = False
        self.paused += 1

    def resume_reading(self) -> None:
        assert not self.reads
        self.reads = True

    def write_eof(self) -> None:
        self.ended = True

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    abort = close


class Client:
    """A client that sends packets whenever the server reads, with the server's connection and application."""

    def __init__(
        self,
        limits: Limits | None = None,
        registry: ConnectionRegistry | None = None,
        *,
        access_log: bool = False,
        report: Report | None = None,
    ) -> None:
        self.application = Application()
        config = Config(self.application, log_config=None, lifespan="off")
        self.registry = registry or ConnectionRegistry(limits or limits_with())
        self.state = ServerState()
        report = log_access if access_log else report
        self.connection = HttpConnection(config, self.state, {}, self.registry, report)
        self.transport = FakeTransport(self.connection)
        self.connection.connection_made(self.transport)

    def deliver(self, data: bytes) -> None:
        """Passes received bytes to the protocol, as a transport does."""
        while data:
            buffer = self.connection.get_buffer(-1)
            size = min(len(buffer), len(data))
            buffer[:size] = data[:size]
            self.connection.buffer_updated(size)
            data = data[size:]

    async def send(self, packets: Sequence[bytes]) -> None:
        for packet in packets:
            for _ in range(20):
                if self.transport.reads:
                    break
                await asyncio.sleep(0)
            self.deliver(packet)
            await asyncio.sleep(0)

    async def settle(self) -> None:
        while self.state.tasks:
            await asyncio.wait(self.state.tasks)
        await asyncio.sleep(0)

    async def end(self) -> list[Answer]:
        """All responses, after the client has closed its sending side."""
        if not self.connection.eof_received():
            self.transport.close()
        await self.settle()
        await asyncio.sleep(0)
        assert self.transport.closing
        return list(parsed(bytes(self.transport.out)))


async def _requests_and_responses(packets: Sequence[bytes]) -> tuple[list[Received], list[bytes]]:
    client = Client()
    await client.send(packets)
    await client.settle()
    return client.application.requests, [answer.body for answer in await client.end()]


@st.composite
def cut_streams(draw: st.DrawFn) -> tuple[list[bytes], list[int]]:
    chosen = draw(st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=6))
    length = sum(map(len, chosen))
    return chosen, sorted(draw(st.sets(st.integers(1, length - 1), max_size=length // 4)))


@given(cut=cut_streams())
def test_splitting_into_packets_makes_no_difference(cut: tuple[list[bytes], list[int]]) -> None:
    async def test() -> None:
        chosen, places = cut
        alone = [await _requests_and_responses([each]) for each in chosen]
        whole = b"".join(chosen)
        packets = [whole[begin:end] for begin, end in zip([0, *places], [*places, None], strict=True)]
        requests, answers = await _requests_and_responses(packets)
        assert [received for received, _ in alone] == [[received] for received in requests]
        assert [body for _, body in alone] == [[body] for body in answers]

    run(test)


@pytest.mark.parametrize("each", REQUESTS)
def test_body_is_not_parsed_as_another_request(each: bytes) -> None:
    async def test() -> None:
        requests, answers = await _requests_and_responses([each + GET])
        assert len(requests) == len(answers) == 2
        assert requests[1] == ("GET", "/whole", b"", {"host": "a"}, b"")
        assert "x-api-key" not in requests[0][3]

    run(test)


def test_reading_pauses_while_a_request_is_handled() -> None:
    async def test() -> None:
        client = Client()
        client.application.gate = asyncio.Event()
        client.deliver(GET * 3)
        for _ in range(5):
            await asyncio.sleep(0)
        assert len(client.application.requests) == 1
        assert client.transport.paused == 1
        client.application.gate.set()
        await client.settle()
        assert len(client.application.requests) == 3
        assert client.transport.reads

    run(test)


def test_unread_response_pauses_reading_and_the_next_request() -> None:
    async def test() -> None:
        client = Client()
        client.transport.stuck = True
        client.deliver(GET * 2)
        await client.settle()
        client.deliver(GET)
        await client.settle()
        assert len(client.application.requests) == 1
        assert not client.transport.reads
        client.transport.read(client.transport.unread)
        await client.settle()
        assert len(client.application.requests) == 3
        assert client.transport.reads

    run(test)


def test_buffer_of_an_unread_body_is_bounded() -> None:
    async def test() -> None:
        client = Client()
        client.application.gate = asyncio.Event()
        client.deliver(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n")
        kept = 0
        while client.transport.reads:
            client.deliver(b"x" * 65536)
            kept += 65536
            await asyncio.sleep(0)
        assert kept <= 3 * 65536

    run(test)


@pytest.mark.parametrize(
    ("begin", "limits", "status"),
    [
        (b"", limits_with(head_timeout=0.1), None),
        (b"GET / HT", limits_with(head_timeout=0.1), 408),
        (b"POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc", limits_with(body_timeout=0.1), 408),
        (GET, limits_with(keep_alive=0.1), 200),
    ],
)
def test_slow_client_is_disconnected(begin: bytes, limits: Limits, status: int | None) -> None:
    async def test() -> None:
        client = Client(limits)
        client.deliver(begin) if begin else None
        await asyncio.sleep(0.1 + 2 * CHECK_INTERVAL)
        assert client.transport.closing or client.transport.ended
        answers = list(parsed(bytes(client.transport.out)))
        assert [answer.status for answer in answers] == ([] if status is None else [status])
        await client.end()

    run(test)


def test_client_that_stops_reading_is_disconnected_and_a_slow_reader_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        monkeypatch.setattr(loop, "time", lambda: now)
        stuck, slow = Client(limits_with(write_timeout=30.0)), Client(limits_with(write_timeout=30.0))
        for client in (stuck, slow):
            client.transport.stuck = True
            client.deliver(GET)
            await client.settle()
            client.transport.unread += 1 << 20
            client.connection.pause_writing()
        for _ in range(6):
            now += 20
            slow.transport.read(1 << 16)
            for client in (stuck, slow):
                client.registry._check()
        assert stuck.transport.closing
        assert not slow.transport.closing
        slow.transport.read(slow.transport.unread)
        await slow.end()

    run(test)


def test_busy_connections_are_limited_and_idle_ones_are_closed_first(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        registry = ConnectionRegistry(limits_with(connections_max=2))
        idle, busy = Client(registry=registry), Client(registry=registry)
        busy.deliver(GET[:9])
        third = Client(registry=registry)
        assert idle.transport.closing
        assert not third.transport.out
        third.deliver(GET[:9])
        for _ in range(2):
            (answer,) = parsed(bytes(Client(registry=registry).transport.out))
            assert answer.status == 503
            assert answer.headers["retry-after"]
        third.transport.close()
        await asyncio.sleep(0)
        assert not Client(registry=registry).transport.out
        assert len([record for record in caplog.records if "GOATFISH_CONNECTIONS_MAX" in record.message]) == 1

    run(test)


def test_simultaneous_requests_start_in_batches_and_probes_immediately() -> None:
    async def test() -> None:
        registry = ConnectionRegistry(limits_with())
        clients = [Client(registry=registry) for _ in range(10 * STARTS_PER_PASS)]
        probe = Client(registry=registry)
        for client in clients:
            client.deliver(GET)
        probe.deliver(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
        assert sum(map(len, (client.state.tasks for client in clients))) == STARTS_PER_PASS
        assert probe.state.tasks
        for _ in range(40):
            await asyncio.sleep(0)
        assert all(client.application.requests for client in clients)

    run(test)


def test_after_a_long_pass_more_requests_start(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(connection_registry, "monotonic", lambda: now)

    async def test() -> None:
        nonlocal now
        registry = ConnectionRegistry(limits_with())
        clients = [Client(registry=registry) for _ in range(100)]
        for client in clients:
            client.deliver(GET)
        started = []
        for took in (0.001, 0.0205, 1.0):  # seconds
            now += took
            registry._start_more()
            started.append(sum(bool(client.state.tasks) for client in clients))
        assert started == [STARTS_PER_PASS * 2, STARTS_PER_PASS * 2 + 20, STARTS_PER_PASS * 2 + 20 + STARTS_MAX]

    run(test)


def test_requests_are_refused_while_others_wait_too_long_for_their_start(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(connection_registry, "monotonic", lambda: now)

    def is_refused(client: Client) -> bool:
        assert client.connection._cycle is not None
        return OVERLOADED in client.connection._cycle.scope["state"]

    async def test() -> None:
        nonlocal now
        registry = ConnectionRegistry(limits_with())
        passes = int(START_WITHIN / COUNTED_OF_PASS) + 1
        first = [Client(registry=registry) for _ in range(STARTS_PER_PASS + STARTS_MAX * passes + 1)]
        for client in first:
            client.deliver(GET)
        late = []
        for _ in range(passes):
            now += 10  # seconds
            registry._start_more()
            late.append(Client(registry=registry))
            late[-1].deliver(GET)
        probe, after = Client(registry=registry), Client(registry=registry)
        probe.deliver(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
        assert not any(map(is_refused, (*first, *late[:-1], probe)))
        assert is_refused(late[-1])
        assert late[-1].state.tasks
        registry._start_more()
        after.deliver(GET)
        assert not is_refused(after)

    run(test)


def test_rejected_connections_are_closed() -> None:
    async def test() -> None:
        registry = ConnectionRegistry(limits_with(connections_max=1))
        busy = Client(registry=registry)
        busy.deliver(GET[:9])
        refused = [Client(registry=registry) for _ in range(REJECTED_MAX + 5)]
        assert sum(client.transport.closing for client in refused) == 5
        assert all(client.transport.closing is not bool(client.transport.out) for client in refused)
        await asyncio.sleep(LINGER_TIMEOUT + 2 * CHECK_INTERVAL)
        assert all(client.transport.closing for client in refused)
        assert not registry.rejected
        assert not busy.transport.closing

    run(test)


@pytest.mark.parametrize("blanks", [b"\r\n" * 4000, b"x\r\n\r\n" * 2000, b"0\r\n\r\n" * 2000])
def test_parsing_cost_does_not_grow_with_blank_lines(blanks: bytes) -> None:
    """Each blank line could end a chunked body, but parsing pauses only at the first ones."""
    pieces = 0

    class Counted(Framer):
        def _feed(self, piece: memoryview) -> None:
            nonlocal pieces
            pieces += 1
            super()._feed(piece)

    async def test() -> None:
        client = Client()
        client.connection._framer = Counted(client.connection)
        head = b"POST /whole HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.deliver(head + b"%x\r\n" % (len(blanks) * 20))
        for _ in range(20):
            client.deliver(blanks)
            await asyncio.sleep(0)
        client.deliver(b"\r\n0\r\nA: b\r\n\r\n" + GET)
        await client.settle()
        ((_, _, _, headers, body),) = client.application.requests
        assert body == blanks * 20
        assert "a" not in headers
        assert client.transport.ended
        assert pieces < BLANK_LINES_MAX + 20 * len(blanks) / 4096

    run(test)


def test_context_variables_do_not_leak_into_the_next_request() -> None:
    kept: ContextVar[str] = ContextVar("kept", default="nothing")
    received: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        received.append(kept.get())
        kept.set(scope["path"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def test() -> None:
        client = Client()
        client.connection._application = application
        client.deliver(GET * 3)
        await client.settle()
        await client.end()

    run(test)
    assert received == ["nothing"] * 3


def test_cancelled_request_gets_503_at_shutdown(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        client = Client()
        client.application.gate = asyncio.Event()
        client.deliver(GET)
        await asyncio.sleep(0)
        for task in client.state.tasks:
            task.cancel()
        await client.settle()
        (answer,) = parsed(bytes(client.transport.out))
        assert answer.status == 503
        assert answer.headers["retry-after"]

    run(test)
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


@pytest.mark.parametrize(("method", "code"), [(b"GET", "unavailable"), (b"POST", "outcome_unknown")])
def test_what_the_shutdown_cuts_short_may_have_been_carried_out(method: bytes, code: str) -> None:
    nobody: Any = None  # is asked who the caller is

    async def waits_for_ever(scope: Any, receive: Any, send: Any) -> None:
        RequestContext(scope, nobody)
        await asyncio.Event().wait()

    async def test() -> None:
        client = Client()
        client.connection._application = waits_for_ever
        client.deliver(method + b" /api/v1/runs HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        await asyncio.sleep(0)
        for task in client.state.tasks:
            task.cancel()
        await client.settle()
        (answer,) = parsed(bytes(client.transport.out))
        assert (answer.status, json.loads(answer.body)["code"]) == (503, code)
        assert bytes(client.transport.out).lower().count(b"retry-after: 1") == 1

    before = REFUSALS["shutdown"]
    run(test)
    assert REFUSALS["shutdown"] == before + 1


def test_malformed_request_after_an_error_response_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def refusing(scope: Any, receive: Any, send: Any) -> None:
        try:
            {}[scope["path"]]
        except LookupError:
            await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body"})

    async def test() -> None:
        client = Client()
        client.connection._application = refusing
        client.deliver(GET + b"x\r\n\r\n")
        await client.settle()
        assert [answer.status for answer in await client.end()] == [404, 400]

    run(test)
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


def test_lack_of_file_descriptors_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    async def test() -> None:
        client = Client()
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            await asyncio.sleep(3 * CHECK_INTERVAL)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        await client.end()

    run(test)
    assert len([record for record in caplog.records if "No file descriptor is left" in record.message]) == 1


async def _raises(scope: Any, receive: Any, send: Any) -> None:
    raise LookupError("a secret")


async def _raises_before_the_body(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-inside", b"a secret")]})
    raise LookupError("a secret")


async def _sends_nothing(scope: Any, receive: Any, send: Any) -> None:
    pass


async def _raises_within_the_body(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"6")]})
    await send({"type": "http.response.body", "body": b"abc", "more_body": True})
    raise LookupError("a secret")


@pytest.mark.parametrize("broken", [_raises, _raises_before_the_body, _sends_nothing])
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_application_without_response_gets_an_internal_error_without_details(
    broken: Callable[..., Any], method: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        client = Client()
        client.connection._application = broken
        client.deliver(GET.replace(b"GET", method))
        await client.settle()
        head, _, body = bytes(client.transport.out).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 500 ")
        assert b"content-type: application/problem+json" in head
        assert b"connection: close" in head
        for inside in (b"secret", b"LookupError", b"x-inside"):
            assert inside not in head + body
        if method == b"HEAD":
            assert not body
        else:
            problem = json.loads(body)
            assert (problem["code"], problem["instance"]) == ("internal_error", "/whole")
        assert client.transport.ended
        await client.end() if method == b"GET" else client.transport.close()

    run(test)
    assert ("LookupError" in caplog.text) is (broken is not _sends_nothing)


def test_connection_is_closed_if_a_response_breaks_off(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        client = Client()
        client.connection._application = _raises_within_the_body
        client.deliver(GET)
        await client.settle()
        assert client.transport.closing
        assert client.transport.out.endswith(b"\r\n\r\nabc")

    run(test)
    assert "LookupError" in caplog.text
