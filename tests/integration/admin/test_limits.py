"""The admin's concurrency limits: requests, database connections and password hashes."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from django.contrib.auth.hashers import MD5PasswordHasher

from adapters.django_orm.admin.application import PASSWORD_HASHES_MAX, PASSWORD_HASHES_WAITING
from adapters.django_orm.models import Operator
from config.loading import load
from tests.contracts.http_client import Running
from tests.integration.admin.admin_client import OWNERS, PASSWORD, OperatorBrowser, open_connections

MANY = 60
REJECTED = MANY - PASSWORD_HASHES_MAX - PASSWORD_HASHES_WAITING  # of MANY concurrent password checks
ADMIN_REQUESTS_MAX = load().admin_requests
LOGIN = "/admin/login/"


class GatedHasher(MD5PasswordHasher):
    """A hasher that waits for its gate; records the highest concurrency, and when the limit is first reached."""

    algorithm = "gated"
    gate, entered, full = threading.Event(), threading.Event(), threading.Event()
    lock = threading.Lock()
    active = peak = 0

    def encode(self, password: str, salt: str) -> str:
        kind = type(self)
        with kind.lock:
            kind.active += 1
            kind.peak = max(kind.peak, kind.active)
            kind.entered.set()
            if kind.active >= PASSWORD_HASHES_MAX:
                kind.full.set()
        kind.gate.wait(60)
        with kind.lock:
            kind.active -= 1
        return str(super().encode(password, salt))


@pytest.fixture(autouse=True)
def in_background(running: Running) -> Iterator[None]:
    """The application runs in another thread: what it does at once is looked at meanwhile."""
    with running.in_background():
        yield


@pytest.fixture
def gate(operator_browser: OperatorBrowser, settings: Any) -> Iterator[type[GatedHasher]]:
    """Hashes passwords behind a closed gate; the operator has signed in before."""
    settings.PASSWORD_HASHERS = [f"{__name__}.GatedHasher"]
    GatedHasher.gate.clear()
    GatedHasher.entered.clear()
    GatedHasher.full.clear()
    GatedHasher.peak = 0
    yield GatedHasher
    GatedHasher.gate.set()


class ConcurrentRequests:
    """Sends MANY concurrent requests in the background."""

    def __init__(self, operator_browser: OperatorBrowser) -> None:
        self._loop, self._sender = operator_browser.running.loop, operator_browser.sender

    def send(self, method: str, path: str, **options: Any) -> Any:
        """A future that counts the statuses of all responses."""

        async def send() -> Counter[int]:
            async with httpx2.AsyncClient(transport=self._sender, base_url="http://localhost") as http:
                answers = await asyncio.gather(*(http.request(method, path, **options) for _ in range(MANY)))
            for answer in answers:
                if answer.status_code == 503:
                    assert int(answer.headers["retry-after"]) >= 1
                    assert answer.headers["cache-control"] == "no-store"
                    assert "at once" in answer.text
            return Counter(answer.status_code for answer in answers)

        return asyncio.run_coroutine_threadsafe(send(), self._loop)


def most_connections(future: Any) -> int:
    """The highest number of open database connections until the future is done."""
    peak = 0
    while not future.done():
        peak = max(peak, open_connections())
        time.sleep(0.003)
    return peak


def login_form() -> dict[str, Any]:
    token = "c" * 32
    form = {"username": f"nobody-{uuid4().hex}", "password": "a guess", "csrfmiddlewaretoken": token}
    return {"data": form, "headers": {"Cookie": f"csrftoken={token}"}}


def test_anonymous_requests_open_no_connection(operator_browser: OperatorBrowser) -> None:
    before = open_connections()
    for method, path in (("GET", LOGIN), ("GET", f"{OWNERS}/"), ("POST", "/admin/"), ("GET", "/admin/none/")):
        answers = ConcurrentRequests(operator_browser).send(method, path)
        assert most_connections(answers) <= before
        statuses = answers.result()
        assert statuses[503] <= MANY - ADMIN_REQUESTS_MAX
        assert set(statuses) <= {200, 302, 403, 503}


def test_concurrent_requests_use_a_limited_number_of_connections(operator_browser: OperatorBrowser) -> None:
    before = open_connections()
    answers = ConcurrentRequests(operator_browser).send(
        "GET", f"{OWNERS}/", headers={"Cookie": f"sessionid={'x' * 32}"}
    )
    assert most_connections(answers) <= before + ADMIN_REQUESTS_MAX
    assert set(answers.result()) <= {302, 503}


def test_concurrent_sign_ins_do_not_block_other_requests(
    operator_browser: OperatorBrowser, gate: type[GatedHasher]
) -> None:
    assert operator_browser.http.get("/readyz").status_code == 200  # which opens a connection that stays open
    before = open_connections()
    answers = ConcurrentRequests(operator_browser).send("POST", LOGIN, **login_form())
    assert gate.full.wait(60)
    assert operator_browser.http.get("/readyz").status_code == 200
    assert operator_browser.http.get(f"{OWNERS}/").status_code == 200
    assert open_connections() <= before + ADMIN_REQUESTS_MAX
    assert not answers.done()
    gate.gate.set()
    statuses = answers.result()
    assert gate.peak == PASSWORD_HASHES_MAX
    # Responses other than 503: a wrong password, and a lockout after too many of them.
    assert statuses[503] >= REJECTED
    assert statuses[200] >= PASSWORD_HASHES_MAX
    assert set(statuses) <= {200, 429, 503}


def test_a_cancelled_sign_in_counts_until_its_hashing_ends(
    operator_browser: OperatorBrowser, gate: type[GatedHasher]
) -> None:
    async def cancel_sign_ins() -> None:
        async with httpx2.AsyncClient(transport=operator_browser.sender, base_url="http://localhost") as http:
            tasks = [asyncio.create_task(http.post(LOGIN, **login_form())) for _ in range(PASSWORD_HASHES_MAX)]
            assert await asyncio.to_thread(gate.full.wait, 60)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    operator_browser.running.call(cancel_sign_ins)
    assert gate.active == PASSWORD_HASHES_MAX  # the hashing threads still run
    answers = ConcurrentRequests(operator_browser).send("POST", LOGIN, **login_form())
    assert operator_browser.http.get(f"{OWNERS}/").status_code == 200
    gate.gate.set()
    assert answers.result()[503] >= REJECTED
    assert gate.peak == PASSWORD_HASHES_MAX


@pytest.mark.parametrize(
    "path",
    ["/admin/password_change/", "/admin/goatfish/operator/{}/password/", "/admin/goatfish/operator/add/"],
)
def test_every_page_that_hashes_passwords_is_limited(
    operator_browser: OperatorBrowser, operator: Operator, gate: type[GatedHasher], path: str
) -> None:
    form = {"old_password": PASSWORD, "set-password": "1", "csrfmiddlewaretoken": "c" * 32, "usable_password": "true"}
    form["username"] = f"made-{uuid4().hex}"
    form |= dict.fromkeys(("password1", "password2", "new_password1", "new_password2"), "another horse battery")
    cookies = f"sessionid={operator_browser.http.cookies['sessionid']}; csrftoken={'c' * 32}"
    answers = ConcurrentRequests(operator_browser).send(
        "POST", path.format(operator.pk), data=form, headers={"Cookie": cookies}
    )
    assert gate.entered.wait(60)  # not always more than one: a new operator is created in a transaction
    gate.gate.set()
    assert answers.result()[503]
    assert gate.peak <= PASSWORD_HASHES_MAX
    Operator.objects.filter(username=form["username"]).delete()


@pytest.mark.parametrize("blocked_in", ["body", "answer"])
def test_a_slow_client_does_not_count_against_the_limit(operator_browser: OperatorBrowser, blocked_in: str) -> None:
    async def get_login_page() -> int:
        async def receive() -> Any:
            if blocked_in == "body":
                await asyncio.sleep(60)
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(_: Any) -> None:
            await asyncio.sleep(60)

        http_scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": LOGIN,
            "raw_path": LOGIN.encode(),
            "query_string": b"",
        }
        headers = [(b"host", b"localhost"), (b"cookie", b"sessionid=" + b"x" * 32)]
        scope = {**http_scope, "headers": headers, "scheme": "http", "http_version": "1.1", "client": ("192.0.2.9", 1)}
        scope |= {"server": ("localhost", 80), "state": {}, "root_path": "", "asgi": {"version": "3.0"}}
        app: Any = operator_browser.running.app
        tasks = [asyncio.create_task(app(dict(scope), receive, send)) for _ in range(ADMIN_REQUESTS_MAX + 2)]
        await asyncio.sleep(0.3)
        try:
            async with httpx2.AsyncClient(transport=operator_browser.sender) as http:
                return (await http.get("http://localhost/admin/login/")).status_code
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    assert operator_browser.running.call(get_login_page) == 200


def test_a_body_over_the_limit_is_rejected(operator_browser: OperatorBrowser) -> None:
    parts = (b"x" * 65536 for _ in range(17))
    answer = operator_browser.http.post(
        LOGIN, content=parts, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 413
