"""The access log: one line for each answer, whoever gives it, that no request can forge; nothing when off."""

import asyncio
import json
import logging
import re
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http_server import access_log, request_cycle
from app.http_server.access_log import log_access
from app.http_server.connection_registry import CHECK_INTERVAL, ConnectionRegistry
from app.logs import Fields, JsonFormatter, KeyHidingFormatter
from domain.access.token import ApiKeyToken
from tests.edge.raw_client import parsed
from tests.unit.test_http_server import (
    GET,
    Client,
    _raises,
    _raises_within_the_body,
    _sends_nothing,
    limits_with,
)
from tests.unit.virtual_time import run

CALLS_MAX = 60
"""Python calls of one line, text and all."""
LINE_ENDS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def logged(caplog: pytest.LogCaptureFixture) -> list[Fields]:
    messages: list[object] = [record.msg for record in caplog.records if record.name == "goatfish.access"]
    lines = [message for message in messages if isinstance(message, Fields)]
    assert len(lines) == len(messages)
    return lines


@pytest.mark.parametrize(
    ("sent", "status"),
    [(b"FOO\r\n\r\n", 400), (b"GET /x HTTP/1.1\r\nA: " + b"b" * (70 << 10), 431), (b"GET / HT", 408)],
)
def test_answers_to_what_is_no_request_are_logged(sent: bytes, status: int, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        client = Client(limits_with(head_timeout=0.1), access_log=True)
        client.deliver(sent)
        await asyncio.sleep(0.1 + 2 * CHECK_INTERVAL if status == 408 else 0)
        (answer,) = parsed(bytes(client.transport.out))
        (line,) = logged(caplog)
        assert (line["request_id"], line["status"]) == (answer.headers["x-request-id"], answer.status)
        assert line["status"] == status
        assert line["bytes"] == len(answer.body)
        assert (line["method"], line["route"], line["owner_id"], line["key_id"]) == (None, None, None, None)
        await client.end()

    run(test)


def test_refused_connections_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        registry = ConnectionRegistry(limits_with(connections_max=1))
        busy = Client(registry=registry)
        busy.deliver(GET[:9])
        (answer,) = parsed(bytes(Client(registry=registry, access_log=True).transport.out))
        (line,) = logged(caplog)
        assert (line["request_id"], line["status"]) == (answer.headers["x-request-id"], 503)

    run(test)


@pytest.mark.parametrize(
    ("application", "status", "is_complete"),
    [(_raises, 500, True), (_sends_nothing, 500, True), (_raises_within_the_body, 200, False)],
)
def test_failures_of_the_application_are_logged_once(
    application: Callable[..., Any], status: int, is_complete: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        client = Client(access_log=True)
        client.connection._application = application
        client.deliver(GET)
        await client.settle()
        (line,) = logged(caplog)
        assert (line["status"], "incomplete" not in line) == (status, is_complete)
        if is_complete:
            assert f"x-request-id: {line['request_id']}".encode() in client.transport.out
        client.transport.close()

    run(test)


@pytest.mark.parametrize("started", [True, False])
def test_a_client_that_leaves_is_logged_once(started: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        client = Client(access_log=True)
        client.application.gate = asyncio.Event()
        client.deliver(GET)
        if started:
            await asyncio.sleep(0)
        client.connection.connection_lost(None)
        client.application.gate.set()
        await client.settle()
        (line,) = logged(caplog)
        assert line["incomplete"] is True
        assert line["bytes"] == 0

    run(test)


def test_each_of_several_requests_is_logged_with_the_bytes_of_its_body(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        client = Client(access_log=True)
        client.deliver(GET * 2 + GET.replace(b"GET", b"HEAD"))
        await client.settle()
        lines = logged(caplog)
        assert [line["method"] for line in lines] == ["GET", "GET", "HEAD"]
        sizes = [line["bytes"] for line in lines]
        assert sizes[0] == sizes[1] != sizes[2] == 0
        client.transport.close()

    run(test)


def test_nothing_is_done_for_a_line_that_is_not_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    def unexpected(*_: Any, **__: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(request_cycle.RequestCycle, "report", unexpected)

    async def test() -> None:
        client = Client()
        client.deliver(GET + b"FOO\r\n\r\n")
        await client.settle()
        assert [answer.status for answer in await client.end()] == [200, 400]

    run(test)


def test_a_line_takes_few_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    class Nowhere(logging.StreamHandler[Any]):
        def flush(self) -> None:
            pass

    calls, lines = 0, list[str]()

    class Stream:
        write = lines.append

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal calls
        del frame
        calls += event == "call"

    handler = Nowhere(Stream())
    handler.setFormatter(JsonFormatter())
    logger = logging.Logger("goatfish.access")
    logger.addHandler(handler)
    monkeypatch.setattr(access_log, "_log", logger)
    sys.setprofile(count)
    try:
        log_access(began=0.0, status=200, sent=3, client=("127.0.0.1", 1), request_id="abc")
    finally:
        sys.setprofile(None)
    assert json.loads("".join(lines))["request_id"] == "abc"
    assert 0 < calls <= CALLS_MAX, calls


values = st.one_of(
    st.none(), st.integers(), st.floats(allow_nan=False), st.text(), st.sampled_from(['"', "a b", "=", "-"])
)


def record(message: object, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord("goatfish.access", logging.INFO, "here.py", 7, message, arguments, None)


@given(values=st.dictionaries(st.sampled_from(["client", "route", "request_id"]), values))
def test_no_value_ends_the_line_or_makes_a_field(values: dict[str, Any]) -> None:
    text = KeyHidingFormatter("{levelname} {message}", style="{").format(record(Fields(values)))
    assert not LINE_ENDS.search(text)
    assert re.findall(r'(?:^| )(\w+)=(?:"(?:[^"\\]|\\.)*"|\S+)', text.removeprefix("INFO")) == [*values]
    line = JsonFormatter().format(record(Fields(values)))
    assert not LINE_ENDS.search(line)
    assert {name: json.loads(line)[name] for name in values} == values


@given(text=st.text())
def test_no_argument_of_a_message_ends_its_line(text: str) -> None:
    assert not LINE_ENDS.search(KeyHidingFormatter("{message}", style="{").format(record("for %s", text)))
    line = JsonFormatter().format(record("for %s", text))
    assert not LINE_ENDS.search(line)
    assert json.loads(line)["message"] == f"for {text}"


def with_error(error: Exception) -> logging.LogRecord:
    return logging.LogRecord("goatfish", logging.ERROR, "here.py", 7, "failed", (), (type(error), error, None))


def test_no_text_of_an_error_can_pass_for_a_line() -> None:
    forged = with_error(ValueError("x\n2026-01-01 INFO goatfish.access: forged\r\x85y"))
    first, *more = KeyHidingFormatter("{levelname} {message}", style="{").format(forged).splitlines()
    assert first == "ERROR failed"
    assert all(line.startswith("  ") for line in more)
    line = JsonFormatter().format(with_error(ValueError("x\ny")))
    assert "\n" not in line
    assert json.loads(line)["exception"].endswith("ValueError: x\ny")


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no")

    __str__ = __repr__


def test_the_json_formatter_hides_keys_and_never_raises() -> None:
    text = ApiKeyToken.new(lambda size: bytes(range(size)))
    key = text.reveal()
    for hidden in (record("for %s", key), with_error(ValueError(key)), record(Fields(client=key)), record("%22" + key)):
        line = JsonFormatter().format(hidden)
        assert key not in line
        assert text.public_id in line
        json.loads(line)
    for broken in (record("%d", key), record("%s and %s", key), record("%r", Unprintable()), record(Unprintable())):
        line = json.loads(JsonFormatter().format(broken))
        assert "while formatting a message logged at here.py:7" in line["message"]
        assert key not in str(line)
