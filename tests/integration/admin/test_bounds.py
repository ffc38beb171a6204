"""Requests to the admin are limited before Django gets them, and never written to disk."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.admin.sites import AdminSite

from adapters.django_orm.postgresql.base import DatabaseWrapper
from app.container import Container
from config.settings import Settings
from tests.contracts.http_api import expect_problem
from tests.integration.admin.admin_client import (
    OWNERS,
    OperatorBrowser,
    operator_client,
    service,
)
from tests.integration.conftest import MakeStorage
from tests.restartable import wait_until

MIB = 1 << 20
LOGIN = "/admin/login/"
FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=x"
FILE = b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\nContent-Type: text/plain\r\n\r\n'


def chunks(total: int, beginning: bytes = b"") -> Iterator[bytes]:
    """A chunked body of this size, without Content-Length."""
    yield beginning
    for _ in range(0, total - len(beginning), 1 << 16):
        yield b"x" * (1 << 16)


@pytest.fixture
def on_disk(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The arguments of every temporary file that is created."""
    made: list[object] = []

    def watch(name: str, real: Any) -> None:
        def watched(*arguments: Any, **more: Any) -> Any:
            made.append(arguments)
            return real(*arguments, **more)

        monkeypatch.setattr(tempfile, name, watched)

    for name in ("TemporaryFile", "NamedTemporaryFile", "mkstemp"):
        watch(name, getattr(tempfile, name))
    return made


@pytest.mark.parametrize("signed_in", [True, False])
@pytest.mark.parametrize("method", ["POST", "GET", "PUT"])
def test_no_body_is_written_to_disk(
    operator_browser: OperatorBrowser, on_disk: list[object], method: str, signed_in: bool
) -> None:
    if not signed_in:
        operator_browser.http.cookies.clear()
    for path in (LOGIN, "/admin/", f"{OWNERS}/add/", "/admin/none/"):
        for kind, beginning in ((FORM, b"a="), (PARTS, FILE), ("application/octet-stream", b"")):
            headers = {"Content-Type": kind}
            answer = operator_browser.http.request(method, path, content=chunks(3 * MIB, beginning), headers=headers)
            expect_problem(answer, 413, "body_too_large")
            answer = operator_browser.http.request(method, path, content=chunks(MIB // 2, beginning), headers=headers)
            assert answer.status_code < 500
    assert on_disk == []


def test_a_too_large_content_length_is_rejected(operator_browser: OperatorBrowser) -> None:
    answer = operator_browser.http.post(LOGIN, content=b"x" * (MIB + 1), headers={"Content-Type": FORM})
    expect_problem(answer, 413, "body_too_large")


@pytest.mark.parametrize("chunked", [True, False])
def test_an_oversized_form_field_is_rejected(operator_browser: OperatorBrowser, chunked: bool) -> None:
    body = b"next=" + b"%ff" * 300_000
    content = iter([body]) if chunked else body
    assert operator_browser.http.post(LOGIN, content=content, headers={"Content-Type": FORM}).status_code in {400, 413}
    parts = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"x" * 100_000 + b"\r\n--x--\r\n"
    content = iter([parts]) if chunked else parts
    assert operator_browser.http.post(LOGIN, content=content, headers={"Content-Type": PARTS}).status_code in {400, 413}


@pytest.mark.parametrize("text", ['a="' + ";" * 30_000, "a=b;" * 7000, ';"' * 15_000, "boundary=" + "x" * 30_000])
def test_a_malicious_content_type_is_rejected(operator_browser: OperatorBrowser, text: str) -> None:
    answer = operator_browser.http.post(LOGIN, content=b"x", headers={"Content-Type": f"multipart/form-data; {text}"})
    expect_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("query", ["next=" + "x" * 8200, "%ff&" * 16_000, "&".join(f"p{n}=1" for n in range(101))])
def test_an_oversized_query_is_rejected(operator_browser: OperatorBrowser, query: str) -> None:
    for path in (LOGIN, f"{OWNERS}/", "/static/admin/css/base.css"):
        expect_problem(operator_browser.http.get(f"{path}?{query}"), 422, "validation_failed")


@pytest.mark.parametrize(
    "path", ["/%61dmin/login/", "/admin%2flogin/", "/admin/%6cogin/", "/static/%61dmin/css/base.css", "/admin//login/"]
)
def test_an_alternative_spelling_of_a_path_is_not_found(operator_browser: OperatorBrowser, path: str) -> None:
    expect_problem(operator_browser.http.get(path), 404, "not_found")


@pytest.mark.parametrize(
    "path",
    [
        *("/static/../__init__.py", "/static/..%2f__init__.py", "/static/%2e%2e/__init__.py", "/static//etc/passwd"),
        *("/static/admin/../../__init__.py", "/static/admin/css", "/static/", "/static", "/static/" + "a/" * 30_000),
    ],
)
def test_only_static_files_are_served(operator_browser: OperatorBrowser, path: str) -> None:
    expect_problem(operator_browser.http.get(path), 404, "not_found")


async def tasks() -> int:
    """The number of the application's tasks."""
    await asyncio.sleep(0.01)  # while they go on
    return len(asyncio.all_tasks())


def test_a_slow_page_times_out_without_blocking_other_requests(
    committing: MakeStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    each_context, gate = AdminSite.each_context, threading.Event()

    def slow(site: AdminSite, request: Any) -> Any:
        gate.wait(60)
        return each_context(site, request)

    monkeypatch.setattr(AdminSite, "each_context", slow)
    for name in ("_limits", "_answer_timeout"):  # which are for this service alone
        monkeypatch.setattr(DatabaseWrapper, name, getattr(DatabaseWrapper, name))
    settings = Settings(pool_timeout=0.1, statement_timeout=0.1, request_timeout=0.3)
    with service(Container(settings=settings, storage=committing())) as running:
        browser = operator_client(running, username="nobody")
        before = running.call(tasks)
        answer = browser.http.get(LOGIN)
        assert browser.http.get("/livez").status_code == 200
        gate.set()
        wait_until(lambda: running.call(tasks) <= before, "Django has ended")
    expect_problem(answer, 503, "unavailable")
