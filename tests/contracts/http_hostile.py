"""Every hostile request gets a complete and small problem response in a short time."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import pytest

from domain.registry import ENTITIES
from tests.contracts.hostile_requests import HOSTILE, Header, Hostile, post
from tests.contracts.http_service import Service, before_storage
from tests.contracts.resources import ResourceCase, ResourceFixtures

ANSWER_MAX = 64 << 10  # bytes
ERRORS_MAX = 20
SECONDS_MAX = 3.0


@dataclass
class Raw:
    """A response as the application sent it."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    chunks_read: int = 0


def ask(service: Service, hostile: Hostile) -> Raw:
    """Sends the request straight to the application: an HTTP client would correct parts of it."""
    path, _, query = hostile.target.partition(b"?")
    headers: Iterable[Header] = hostile.headers
    if not any(name == b"host" for name, _ in headers):
        headers = [(b"host", b"localhost"), *headers]
    if hostile.key:
        # A request that is refused leaves nothing behind.
        tenant = service.once("hostile", service.tenant) if hostile.code else service.tenant()
        headers = [*headers, (b"x-api-key", tenant.key.encode())]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": hostile.method,
        "scheme": "http",
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": list(headers),
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "state": {},
    }
    chunk, count = hostile.body if isinstance(hostile.body, tuple) else (hostile.body, 1)
    raw = Raw()

    async def receive() -> dict[str, Any]:
        raw.chunks_read += 1
        return {"type": "http.request", "body": chunk, "more_body": raw.chunks_read < count}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            raw.status = message["status"]
            raw.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
        else:
            raw.body += message["body"]

    service.call(lambda: service.api(scope, receive, send))
    return raw


class HostileContract(ResourceFixtures):
    """All requests of ``HOSTILE``."""

    @pytest.fixture(autouse=True)
    def tenants_have_all_referred_objects(self, service: Service) -> Iterator[None]:
        service.entities = ENTITIES
        yield
        service.entities = ()

    @pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.id)
    def test_hostile_request_gets_a_small_response_in_time(self, service: Service, hostile: Hostile) -> None:
        began = time.process_time()  # whatever else the machine does
        answer = ask(service, hostile)
        assert time.process_time() - began < SECONDS_MAX
        assert answer.status == hostile.status, answer.body[:2000]
        assert len(answer.body) < ANSWER_MAX
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", answer.headers["x-request-id"])
        assert sum(len(name) + len(value) for name, value in answer.headers.items()) < 4096
        if hostile.code is None:
            assert answer.status < 400
            return
        body = json.loads(answer.body)
        members = {"type", "title", "status", "detail", "instance", "code", "request_id"}
        assert set(body) == members | ({"errors"} if answer.status == 422 else set())
        assert all(body[name] for name in members - {"instance"})
        assert answer.headers["content-type"] == "application/problem+json"
        assert (body["code"], body["status"]) == (hostile.code, hostile.status)
        assert body["type"] == "/problems/" + hostile.code.replace("_", "-")
        assert body["request_id"] == answer.headers["x-request-id"]
        if answer.status == 422:
            assert 1 <= len(body["errors"]) <= ERRORS_MAX
            for error in body["errors"]:
                assert len(error.keys() & {"pointer", "parameter", "header"}) == 1
                assert error["code"]
                assert error["detail"]

    @before_storage
    def test_too_large_body_is_not_read_completely(self, service: Service, resource: ResourceCase) -> None:
        for body, most in (((b" " * (64 << 10), 960), 17), ((b" " * (1 << 20), 60), 2)):
            answer = ask(service, post(resource, "", 413, "body_too_large", body=body))
            assert (answer.status, answer.chunks_read) == (413, most)
