"""The admin in the service: concurrency, an unreachable database, HTTPS, and closed connections."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import SyncToAsync
from django.conf import settings
from django.contrib.messages import get_messages
from django.db import OperationalError, connection
from django.test import Client

from adapters.django_orm import bootstrap
from adapters.django_orm.models import Operator, OwnerRow
from app.container import Container
from config.loading import load
from tests.contracts.http_client import Running
from tests.integration.admin.admin_client import (
    KEYS,
    OWNERS,
    PASSWORD,
    OperatorBrowser,
    issue,
    key_in,
    open_connections,
    operator_client,
    sent_at_once,
    service,
)
from tests.integration.conftest import MakeStorage
from tests.restartable import wait_until


def test_concurrent_changes_all_succeed(operator_browser: OperatorBrowser) -> None:
    path, names = f"{OWNERS}/add/", [f"Acme {uuid4().hex}" for _ in range(12)]
    form = operator_browser.filled(path)
    answers = sent_at_once(operator_browser, [(path, form | {"name": name}) for name in names])
    assert {answer.status_code for answer in answers} == {302}
    assert OwnerRow.objects.filter(name__in=names).count() == len(names)


def test_a_page_is_made_by_one_thread(operator_browser: OperatorBrowser, monkeypatch: pytest.MonkeyPatch) -> None:
    changes, real = [], SyncToAsync.__call__

    def watched(call: Any, *arguments: Any, **more: Any) -> Any:
        changes.append(call.func)
        return real(call, *arguments, **more)

    monkeypatch.setattr(SyncToAsync, "__call__", watched)
    assert operator_browser.http.get("/admin/").status_code == 200
    assert len(changes) <= 3, changes  # Django's signal before the request, the request, and closing the response


def test_a_lockout_does_not_affect_api_keys(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    key = key_in(issue(operator_browser, owner))
    assert key is not None
    operator_browser.http.cookies.clear()
    limit = settings.AXES_FAILURE_LIMIT
    assert [operator_browser.sign_in("a guess").status_code for _ in range(limit)] == [200] * (limit - 1) + [429]
    assert operator_browser.sign_in().status_code == 429
    assert operator_browser.api_accepts(key)


def test_an_unreachable_database_is_a_503(db: None) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("the server closed the connection")

    client = Client(headers={"host": "localhost"})
    client.force_login(Operator.objects.create(username="boss", is_staff=True, is_superuser=True))
    with connection.execute_wrapper(fail):
        answer = client.get(f"{OWNERS}/")
    assert answer.status_code == 503
    assert "cannot be reached" in answer.text
    assert not list(get_messages(answer.wsgi_request))


def test_a_change_with_an_unreachable_database_is_a_503(operator: Operator, committing: MakeStorage) -> None:
    unreachable_url = "postgresql://nobody@127.0.0.1:1/nothing"
    unreachable = bootstrap.asyncpg_storage(
        unreachable_url, size=1, acquire_timeout=1, statement_timeout=1, list_timeout=1
    )
    with service(Container(settings=load(), storage=committing(), operator_storage=unreachable)) as running:
        browser = operator_client(running, username=operator.username)
        browser.sign_in()
        answer = browser.send(f"{KEYS}/add/", owner="Acme", name="CI", scopes=["simulations:read"])
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert "cannot be reached" in answer.text


def test_requests_leave_no_connection_open(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    def issue_keys(times: int) -> None:
        for _ in range(times):
            assert key_in(issue(operator_browser, owner))
            assert operator_browser.http.get(f"{OWNERS}/{owner.pk}/change/").status_code == 200
            assert operator_browser.http.get(f"{OWNERS}/none/change/").status_code == 302

    issue_keys(3)  # SQLite keeps and reuses some file handles of closed connections while another connection is open
    before = open_connections()
    issue_keys(4)
    wait_until(lambda: open_connections() <= before, "its connections are closed")


def test_over_https_only_forms_of_the_same_origin_are_accepted(operator: Operator, running: Running) -> None:
    browser = operator_client(running, base="https://localhost", username=operator.username)
    path = "/admin/login/"
    form = browser.filled(path) | {"username": operator.username, "password": PASSWORD}
    for origin, status in (("https://evil.example", 403), ("http://localhost", 403), ("https://localhost", 302)):
        assert browser.http.post(path, data=form, headers={"Origin": origin}).status_code == status
