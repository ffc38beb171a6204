"""The admin in the service: concurrency, an unreachable database, HTTPS, and closed connections."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.contrib.messages import get_messages
from django.db import OperationalError, connection
from django.test import Client

from adapters.django_orm import bootstrap
from adapters.django_orm.models import Operator, OwnerRow
from tests.integration.admin.admin_client import (
    KEYS,
    OWNERS,
    PASSWORD,
    OperatorBrowser,
    desk,
    issue,
    key_in,
    sent_at_once,
    service,
    within_a_second,
)
from tests.integration.conftest import VENDOR, MakeStorage


def test_changes_at_once_wait_for_each_other(operator_browser: OperatorBrowser) -> None:
    path, names = f"{OWNERS}/add/", [f"Acme {uuid4().hex}" for _ in range(12)]
    form = operator_browser.filled(path)
    answers = sent_at_once(operator_browser, [(path, form | {"name": name}) for name in names])
    assert {answer.status_code for answer in answers} == {302}
    assert OwnerRow.objects.filter(name__in=names).count() == len(names)


def test_whoever_guesses_is_locked_out_but_their_keys_are_not(
    operator_browser: OperatorBrowser, owner: OwnerRow
) -> None:
    key = key_in(issue(operator_browser, owner))
    assert key is not None
    operator_browser.http.cookies.clear()
    limit = settings.AXES_FAILURE_LIMIT
    assert [operator_browser.sign_in("a guess").status_code for _ in range(limit)] == [200] * (limit - 1) + [429]
    assert operator_browser.sign_in().status_code == 429
    assert operator_browser.may(key)


def test_a_database_out_of_reach_is_a_503(operator_browser: OperatorBrowser, db: None) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("the server closed the connection")

    client = Client(headers={"host": "localhost"})
    client.force_login(Operator.objects.create(username="boss", is_staff=True, is_superuser=True))
    with connection.execute_wrapper(fail):
        answer = client.get(f"{OWNERS}/")
    assert answer.status_code == 503
    assert "cannot be reached" in answer.text
    assert not list(get_messages(answer.wsgi_request))


def test_a_change_that_cannot_reach_the_database_is_a_503(operator: Operator, committing: MakeStorage) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    unreachable = bootstrap.asyncpg_storage(nowhere, size=1, acquire_timeout=1, statement_timeout=1, list_timeout=1)
    with desk(service(committing(), unreachable), username=operator.username) as sitting:
        sitting.sign_in()
        answer = sitting.send(f"{KEYS}/add/", owner="Acme", name="CI", scopes=["simulations:read"])
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert "cannot be reached" in answer.text


def test_no_connection_is_left_open(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    def work(times: int) -> None:
        for _ in range(times):
            assert key_in(issue(operator_browser, owner))
            assert operator_browser.http.get(f"{OWNERS}/{owner.pk}/change/").status_code == 200
            assert operator_browser.http.get(f"{OWNERS}/none/change/").status_code == 302

    work(3)  # SQLite keeps some handles of closed connections for the next, as long as another connection is open
    before = open_connections()
    work(10)
    assert within_a_second(lambda: open_connections() <= before)


def test_stopping_gives_every_connection_back(committing: MakeStorage, operator: Operator) -> None:
    connection.close()
    before = open_connections()
    with desk(service(committing()), username=operator.username) as sitting:
        sitting.sign_in()
        assert sitting.send(f"{OWNERS}/add/", name=f"Acme {uuid4().hex}").status_code == 302
        assert sitting.http.get("/readyz").status_code == 200
        assert open_connections() > before
    connection.close()
    assert within_a_second(lambda: open_connections() == before)


def open_connections() -> int:
    """How many connections to the test database there are: PostgreSQL knows, and SQLite's are files of this process."""
    if VENDOR == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
            return int(cursor.fetchone()[0])
    name = str(connection.settings_dict["NAME"])
    return sum(_target(handle) == name for handle in Path("/proc/self/fd").iterdir())


def _target(handle: Path) -> str | None:
    """The file of a descriptor; None where it has been closed since it was listed."""
    try:
        return str(handle.readlink())
    except FileNotFoundError:
        return None


def test_by_https_a_form_is_taken_from_its_own_pages_alone(operator: Operator, committing: MakeStorage) -> None:
    with desk(service(committing()), base="https://localhost", username=operator.username) as sitting:
        path = "/admin/login/"
        form = sitting.filled(path) | {"username": operator.username, "password": PASSWORD}
        for origin, status in (("https://evil.example", 403), ("http://localhost", 403), ("https://localhost", 302)):
            assert sitting.http.post(path, data=form, headers={"Origin": origin}).status_code == status
