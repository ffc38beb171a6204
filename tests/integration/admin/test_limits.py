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
from config.settings import load
from tests.integration.admin.admin_client import OWNERS, PASSWORD, OperatorBrowser
from tests.integration.admin.test_service import open_connections

MANY = 60
REFUSED = MANY - PASSWORD_HASHES_MAX - PASSWORD_HASHES_WAITING  # of so many that check passwords
AT_ONCE = load().admin_requests
LOGIN = "/admin/login/"


class GatedHasher(MD5PasswordHasher):
    """Hashes while its gate is open, and knows how many were inside at once, and when so many first were as may be."""

    algorithm = "gated"
    gate, entered, full = threading.Event(), threading.Event(), threading.Event()
    lock = threading.Lock()
    inside = most = 0

    def encode(self, password: str, salt: str) -> str:
        kind = type(self)
        with kind.lock:
            kind.inside += 1
            kind.most = max(kind.most, kind.inside)
            kind.entered.set()
            if kind.inside >= PASSWORD_HASHES_MAX:
                kind.full.set()
        kind.gate.wait(10)
        with kind.lock:
            kind.inside -= 1
        return str(super().encode(password, salt))


@pytest.fixture
def gate(operator_browser: OperatorBrowser, settings: Any) -> Iterator[type[GatedHasher]]:
    """Passwords are hashed behind a closed gate, from after somebody has signed in."""
    settings.PASSWORD_HASHERS = [f"{__name__}.GatedHasher"]
    GatedHasher.gate.clear()
    GatedHasher.entered.clear()
    GatedHasher.full.clear()
    GatedHasher.most = 0
    yield GatedHasher
    GatedHasher.gate.set()


class Crowd:
    """Requests that are all sent before the first is answered, and what is seen meanwhile."""

    def __init__(self, operator_browser: OperatorBrowser) -> None:
        assert operator_browser.http.portal is not None
        self._portal, self._app = operator_browser.http.portal, operator_browser.http.app

    def send(self, method: str, path: str, **how: Any) -> Any:
        """A future of the statuses of all answers, none of which may be of a server's fault but 503."""

        async def send() -> Counter[int]:
            transport = httpx2.ASGITransport(self._app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
                answers = await asyncio.gather(*(http.request(method, path, **how) for _ in range(MANY)))
            for answer in answers:
                if answer.status_code == 503:
                    assert int(answer.headers["retry-after"]) >= 1
                    assert answer.headers["cache-control"] == "no-store"
                    assert "at once" in answer.text
            return Counter(answer.status_code for answer in answers)

        return self._portal.start_task_soon(send)


def most_connections(future: Any) -> int:
    """The most connections to the database that were open until it is done, beside those of before."""
    most = 0
    while not future.done():
        most = max(most, open_connections())
        time.sleep(0.001)
    return most


def login_form() -> dict[str, Any]:
    token = "c" * 32
    form = {"username": f"nobody-{uuid4().hex}", "password": "a guess", "csrfmiddlewaretoken": token}
    return {"data": form, "headers": {"Cookie": f"csrftoken={token}"}}


def test_strangers_need_no_connection(operator_browser: OperatorBrowser) -> None:
    before = open_connections()
    for method, path in (("GET", LOGIN), ("GET", f"{OWNERS}/"), ("POST", "/admin/"), ("GET", "/admin/none/")):
        answers = Crowd(operator_browser).send(method, path)
        assert most_connections(answers) <= before
        statuses = answers.result()
        assert statuses[503] <= MANY - AT_ONCE
        assert set(statuses) <= {200, 302, 403, 503}


def test_however_many_come_they_have_so_many_connections(operator_browser: OperatorBrowser) -> None:
    before = open_connections()
    answers = Crowd(operator_browser).send("GET", f"{OWNERS}/", headers={"Cookie": f"sessionid={'x' * 32}"})
    assert most_connections(answers) <= before + AT_ONCE
    assert set(answers.result()) <= {302, 503}


def test_sign_ins_hold_up_nobody_else(operator_browser: OperatorBrowser, gate: type[GatedHasher]) -> None:
    assert operator_browser.http.get("/readyz").status_code == 200  # which keeps a connection of its own
    before = open_connections()
    answers = Crowd(operator_browser).send("POST", LOGIN, **login_form())
    assert gate.full.wait(10)
    assert operator_browser.http.get("/readyz").status_code == 200
    assert operator_browser.http.get(f"{OWNERS}/").status_code == 200
    assert open_connections() <= before + AT_ONCE
    assert not answers.done()
    gate.gate.set()
    statuses = answers.result()
    assert gate.most == PASSWORD_HASHES_MAX
    # What is not refused at once is answered: a wrong password, until there were too many of them.
    assert statuses[503] >= REFUSED
    assert statuses[200] >= PASSWORD_HASHES_MAX
    assert set(statuses) <= {200, 429, 503}


def test_what_is_given_up_has_its_place_until_it_ends(
    operator_browser: OperatorBrowser, gate: type[GatedHasher]
) -> None:
    async def give_up() -> None:
        transport = httpx2.ASGITransport(operator_browser.http.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
            tasks = [asyncio.create_task(http.post(LOGIN, **login_form())) for _ in range(PASSWORD_HASHES_MAX)]
            assert await asyncio.to_thread(gate.full.wait, 10)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    assert operator_browser.http.portal is not None
    operator_browser.http.portal.call(give_up)
    assert gate.inside == PASSWORD_HASHES_MAX  # nor has the event loop waited for them
    answers = Crowd(operator_browser).send("POST", LOGIN, **login_form())
    assert operator_browser.http.get(f"{OWNERS}/").status_code == 200
    gate.gate.set()
    assert answers.result()[503] >= REFUSED
    assert gate.most == PASSWORD_HASHES_MAX


@pytest.mark.parametrize(
    "path",
    ["/admin/password_change/", "/admin/goatfish/operator/{}/password/", "/admin/goatfish/operator/add/"],
)
def test_every_page_that_hashes_takes_its_turn(
    operator_browser: OperatorBrowser, operator: Operator, gate: type[GatedHasher], path: str
) -> None:
    form = {"old_password": PASSWORD, "set-password": "1", "csrfmiddlewaretoken": "c" * 32, "usable_password": "true"}
    form["username"] = f"made-{uuid4().hex}"
    form |= dict.fromkeys(("password1", "password2", "new_password1", "new_password2"), "another horse battery")
    cookies = f"sessionid={operator_browser.http.cookies['sessionid']}; csrftoken={'c' * 32}"
    answers = Crowd(operator_browser).send("POST", path.format(operator.pk), data=form, headers={"Cookie": cookies})
    assert gate.entered.wait(10)  # more than one do not always get there: a new operator is made in a transaction
    gate.gate.set()
    assert answers.result()[503]
    assert gate.most <= PASSWORD_HASHES_MAX
    Operator.objects.filter(username=form["username"]).delete()


@pytest.mark.parametrize("stuck", ["body", "answer"])
def test_a_slow_client_holds_no_place(operator_browser: OperatorBrowser, stuck: str) -> None:
    async def crowd() -> int:
        async def receive() -> Any:
            if stuck == "body":
                await asyncio.sleep(60)
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(_: Any) -> None:
            await asyncio.sleep(60)

        head: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": LOGIN,
            "raw_path": LOGIN.encode(),
            "query_string": b"",
        }
        headers = [(b"host", b"localhost"), (b"cookie", b"sessionid=" + b"x" * 32)]
        scope = {**head, "headers": headers, "scheme": "http", "http_version": "1.1", "client": ("192.0.2.9", 1)}
        scope |= {"server": ("localhost", 80), "state": {}, "root_path": "", "asgi": {"version": "3.0"}}
        app: Any = operator_browser.http.app
        tasks = [asyncio.create_task(app(dict(scope), receive, send)) for _ in range(AT_ONCE + 2)]
        await asyncio.sleep(0.3)
        try:
            async with httpx2.AsyncClient(transport=httpx2.ASGITransport(operator_browser.http.app)) as http:
                return (await http.get("http://localhost/admin/login/")).status_code
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    assert operator_browser.http.portal is not None
    assert operator_browser.http.portal.call(crowd) == 200


def test_a_body_beyond_the_limit_is_refused_without_being_kept(operator_browser: OperatorBrowser) -> None:
    parts = (b"x" * 65536 for _ in range(17))
    answer = operator_browser.http.post(
        LOGIN, content=parts, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 413
