"""Traces: a span for each request and each statement, joined to the caller's trace, without names, keys and values."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from app.tracing.provider import are_traces_wanted, provider_of_process
from app.tracing.statements import summary
from tests.integration.test_processes import PATIENCE, READY, Shell

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
NAME = "hidden-text"


class Receiver(ThreadingHTTPServer):
    """An OTLP endpoint that keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[ExportTraceServiceRequest] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        assert self.path == "/v1/traces"
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def attributes(span: Span) -> dict[str, Any]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def ask(base: str, path: str, key: str, body: Any = None, **headers: str) -> int:
    sent = {"X-API-Key": key, "Content-Type": "application/json"} | headers
    try:
        with urlopen(Request(base + path, None if body is None else json.dumps(body).encode(), sent)) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def test_requests_and_statements_have_spans_of_one_trace_without_values(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell("migrate")
    owner = shell("owner", "create", NAME).stdout.strip()
    key = json.loads(shell("key", "create", NAME, "--json").stdout)
    made = {"name": NAME, "start_date": "2026-01-05", "end_date": "2026-02-01"}
    with receiver() as server:
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": server.url, "GOATFISH_LOG_FORMAT": "json"}
        with shell.running("serve", "--port", "0", until=READY, variables=variables) as running:
            base = running.url
            traceparent = f"00-{TRACE}-{PARENT}-01"
            assert ask(base, "/api/v1/simulations", key["key"], made, traceparent=traceparent) == 201
            assert ask(base, f"/api/v1/simulations?name={NAME}", key["key"]) == 200
            assert ask(base, f"/{NAME}", key["key"]) == 404
            running.wait("goatfish.access", times=3)
        spans = server.spans
        service = server.requests[0].resource_spans[0].resource.attributes
    assert {"service.name": "goatfish"}.items() <= {each.key: each.value.string_value for each in service}.items()
    post, get, none = [span for span in spans if span.kind == Span.SPAN_KIND_SERVER]
    assert (post.name, get.name, none.name) == ("POST /api/v1/simulations", "GET /api/v1/simulations", "GET")
    assert (post.trace_id.hex(), post.parent_span_id.hex()) == (TRACE, PARENT)
    assert get.trace_id.hex() != TRACE
    expected = {"http.route": "/api/v1/simulations", "http.response.status_code": 201, "goatfish.owner_id": owner}
    assert expected.items() <= attributes(post).items()
    inner = [span for span in spans if span.kind == Span.SPAN_KIND_CLIENT and span.trace_id == post.trace_id]
    assert {"INSERT simulation"} <= {span.name for span in inner}
    assert {span.parent_span_id for span in inner} == {post.span_id}
    assert all(attributes(span)["db.system.name"] == "sqlite" for span in inner)
    told = str(spans)
    for secret in (NAME, key["key"], key["id"], key["prefix"]):
        assert secret not in told
    lines = [json.loads(line) for line in running.said.splitlines()]
    logged = [line["trace_id"] for line in lines if line["logger"] == "goatfish.access"]
    assert logged == [span.trace_id.hex() for span in (post, get, none)]


def test_an_endpoint_that_is_away_is_no_fault(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell("migrate")
    with receiver() as server:
        gone = server.url
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": gone, "OTEL_BSP_SCHEDULE_DELAY": "50"}
    with shell.running("serve", "--port", "0", until=READY, variables=variables) as running:
        assert ask(running.url, "/livez", "") == 200


def test_what_cannot_be_sent_is_said(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell("migrate")
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "127.0.0.1:1"}
    with shell.running("serve", "--port", "0", until=READY, variables=variables) as running:
        assert "No traces are sent: OTEL_EXPORTER_OTLP_ENDPOINT must be a URL like" in running.said


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_the_standard_variables_decide(environ: dict[str, str], wanted: bool) -> None:
    assert are_traces_wanted(environ) is wanted


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ('SELECT "run"."id" FROM "run" WHERE', "SELECT run"),
        ('WITH step1 AS (INSERT INTO "simulation" ("id") SELECT * FROM "x"', "INSERT simulation"),
        ('UPDATE "api_key" SET', "UPDATE api_key"),
        ('DELETE FROM "revision" WHERE', "DELETE revision"),
        ("SELECT 1", "SELECT"),
    ],
)
def test_a_span_is_named_after_what_its_statement_does(sql: str, name: str) -> None:
    assert summary(sql) == name


def test_without_the_packages_no_traces_are_sent(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    assert provider_of_process() is None
    assert "goatfish[tracing]" in caplog.text


def test_nothing_is_imported_for_traces_that_nobody_wants(tmp_path: Path) -> None:
    # FastAPI itself imports the API.
    check = "import sys, app.asgi; assert not {'opentelemetry.sdk', 'opentelemetry.exporter'} & {*sys.modules}"
    command = [sys.executable, "-c", check]  # a process that has imported nothing
    subprocess.run(command, cwd=tmp_path, env=Shell(tmp_path).environment(), check=True, timeout=PATIENCE)
