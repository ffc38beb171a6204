"""What operators change in the admin: by the use cases, with a cause, and only where they may."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import DjangoDbBlocker

from adapters.django_orm import operations, setup
from adapters.django_orm.models import KeyRow, Operator, OwnerRow, RevisionRow
from tests.integration.admin_desk import PASSWORD, Desk, desk, key_in, service
from tests.integration.conftest import _COMMITTING, VENDOR, MakeStorage

OWNERS, KEYS, REVISIONS = (f"/admin/goatfish/{model}" for model in ("ownerrow", "keyrow", "revisionrow"))


@pytest.fixture
def operator(quick_passwords: None, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Operator]:
    """Somebody who may do everything, and is really in the database."""
    with django_db_blocker.unblock():
        name = f"boss-{uuid4().hex[:8]}"
        operations.create_operator(name, PASSWORD)
        yield Operator.objects.get(username=name)
        Operator.objects.filter(username=name).delete()
        apps.get_model("axes", "AccessAttempt").objects.filter(username=name).delete()
        connection.close()


@pytest.fixture
def at_desk(operator: Operator, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """The operator, signed in."""
    make: MakeStorage = request.getfixturevalue(_COMMITTING)
    with desk(service(make()), username=operator.username) as sitting:
        assert sitting.sign_in().status_code == 302
        yield sitting


@pytest.fixture
def owner(at_desk: Desk) -> OwnerRow:
    """A new owner, made in the admin."""
    name = f"Acme {uuid4().hex[:8]}"
    made = at_desk.send(f"{OWNERS}/add/", name=f"  {name} ")
    row = OwnerRow.objects.get(name=name)
    assert made.headers["location"] == f"{OWNERS}/{row.pk}/change/"
    return row


def issue(at_desk: Desk, for_owner: OwnerRow, **fields: Any) -> httpx2.Response:
    asked = {"owner": for_owner.name, "name": "CI", "scopes": ["simulations:read"], "expires_at": ""} | fields
    return at_desk.send(f"{KEYS}/add/?owner={for_owner.pk}", **asked)


def within_a_second(check: Any) -> bool:
    end = time.monotonic() + 1
    while not (seen := check()) and time.monotonic() < end:
        time.sleep(0.05)
    return bool(seen)


def test_an_issued_key_opens_the_api_and_is_shown_once(at_desk: Desk, owner: OwnerRow) -> None:
    path = f"{KEYS}/add/?owner={owner.pk}"
    assert f'value="{owner.pk}"' in at_desk.http.get(path).text
    form = at_desk.filled(path) | {"owner": str(owner.pk), "name": "CI", "scopes": ["simulations:read"]}
    shown = at_desk.http.post(path, data=form)
    key = key_in(shown)
    assert key is not None
    assert "no-store" in shown.headers["cache-control"]
    assert at_desk.may(key)
    again = at_desk.http.post(path, data=form)  # what a browser sends when the page is loaded again
    assert (again.status_code, key_in(again)) == (302, None)
    row = KeyRow.objects.get(owner=owner)
    assert (row.name, {str(scope) for scope in row.scopes}, row.expires_at) == ("CI", {"simulations:read"}, None)
    for page in (path, again.headers["location"], f"{KEYS}/{row.pk}/change/", f"{OWNERS}/{owner.pk}/change/"):
        answer = at_desk.http.get(page)
        assert answer.status_code == 200
        assert key_in(answer) is None
        assert row.digest not in answer.text


def test_a_form_sent_twice_at_once_issues_one_key(at_desk: Desk, owner: OwnerRow) -> None:
    path = f"{KEYS}/add/"
    form = at_desk.filled(path) | {"owner": owner.name, "name": "CI", "scopes": ["simulations:read"]}
    answers = sent_at_once(at_desk, [(path, form)] * 6)
    assert sum(key_in(answer) is not None for answer in answers) == 1
    assert {answer.status_code for answer in answers} <= {200, 302}
    assert KeyRow.objects.filter(owner=owner).count() == 1


def test_changes_at_once_wait_for_each_other(at_desk: Desk) -> None:
    path, names = f"{OWNERS}/add/", [f"Acme {uuid4().hex}" for _ in range(12)]
    form = at_desk.filled(path)
    answers = sent_at_once(at_desk, [(path, form | {"name": name}) for name in names])
    assert {answer.status_code for answer in answers} == {302}
    assert OwnerRow.objects.filter(name__in=names).count() == len(names)


def sent_at_once(at_desk: Desk, forms: list[tuple[str, dict[str, Any]]]) -> list[httpx2.Response]:
    """The answers to these forms, all sent before the first is answered."""

    async def send() -> list[httpx2.Response]:
        transport = httpx2.ASGITransport(at_desk.http.app)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://localhost", cookies=dict(at_desk.http.cookies)
        ) as http:
            return await asyncio.gather(*(http.post(path, data=form) for path, form in forms))

    assert at_desk.http.portal is not None
    return at_desk.http.portal.call(send)


def test_a_ticket_that_was_not_given_out_issues_nothing(at_desk: Desk, owner: OwnerRow) -> None:
    answer = issue(at_desk, owner, ticket="mine")
    assert "This form is too old" in answer.text
    assert key_in(answer) is None
    assert not KeyRow.objects.filter(owner=owner).exists()


def test_a_revoked_key_is_dead_within_a_second(at_desk: Desk, owner: OwnerRow) -> None:
    key = key_in(issue(at_desk, owner))
    assert key is not None
    assert at_desk.may(key)
    row = KeyRow.objects.get(owner=owner)
    assert f"{KEYS}/{row.pk}/revoke/" in at_desk.http.get(f"{KEYS}/{row.pk}/change/").text
    assert at_desk.send(f"{KEYS}/{row.pk}/revoke/").headers["location"] == f"{KEYS}/{row.pk}/change/"
    assert within_a_second(lambda: not at_desk.may(key))
    shown = at_desk.http.get(f"{KEYS}/{row.pk}/change/").text
    assert "is revoked" in shown
    assert f"{KEYS}/{row.pk}/revoke/" not in shown


def test_a_deactivated_owners_keys_are_dead_within_a_second_and_open_when_it_is_active_again(
    at_desk: Desk, owner: OwnerRow
) -> None:
    key = key_in(issue(at_desk, owner))
    assert key is not None
    assert at_desk.may(key)
    at_desk.send(f"{OWNERS}/{owner.pk}/deactivate/")
    assert within_a_second(lambda: not at_desk.may(key))
    assert f"{OWNERS}/{owner.pk}/activate/" in at_desk.http.get(f"{OWNERS}/{owner.pk}/change/").text
    at_desk.send(f"{OWNERS}/{owner.pk}/activate/")
    assert within_a_second(lambda: at_desk.may(key))


def test_every_change_leaves_a_revision_that_names_the_operator_and_the_request(at_desk: Desk, owner: OwnerRow) -> None:
    assert key_in(issue(at_desk, owner))
    row = KeyRow.objects.get(owner=owner)
    for path in (f"{KEYS}/{row.pk}/revoke/", f"{OWNERS}/{owner.pk}/deactivate/", f"{OWNERS}/{owner.pk}/activate/"):
        at_desk.send(path, headers={"X-Request-ID": f"by-{path.split('/')[-2]}"})
    left = list(RevisionRow.objects.filter(owner_id=owner.pk).order_by("number"))
    made = [("owner", 1), ("key", 1), ("key", 2), ("owner", 2), ("owner", 3)]
    assert [(revision.kind, revision.version) for revision in left] == made
    assert {revision.actor for revision in left} == {f"operator:{at_desk.username}"}
    assert [revision.request_id for revision in left[2:]] == ["by-revoke", "by-deactivate", "by-activate"]
    assert all(re.fullmatch("[0-9a-f]{32}", revision.request_id) for revision in left[:2])
    assert len({revision.request_id for revision in left[:2]}) == 2


def test_revisions_are_shown_with_both_states_and_without_a_hash(at_desk: Desk) -> None:
    name = f"<script>alert({uuid4().int})</script>"
    at_desk.send(f"{OWNERS}/add/", name=name)
    owner = OwnerRow.objects.get(name=name)
    assert key_in(issue(at_desk, owner, name=name))
    row = KeyRow.objects.get(owner=owner)
    at_desk.send(f"{KEYS}/{row.pk}/revoke/")
    found = f"{REVISIONS}/?q={owner.pk}"
    pages = {found: at_desk.http.get(found).text}
    for revision in RevisionRow.objects.filter(owner_id=owner.pk):
        path = f"{REVISIONS}/{revision.pk}/change/"
        assert path in pages[found]
        pages[path] = at_desk.http.get(path).text
        assert all(f"{part}" in pages[path] for part in (revision.actor, revision.request_id, revision.entity_id))
    revoked = next(page for page in pages.values() if "&quot;revoked_at&quot;: &quot;2" in page)
    assert "&quot;revoked_at&quot;: null" in revoked
    for path in (f"{OWNERS}/", f"{OWNERS}/{owner.pk}/change/", f"{KEYS}/{row.pk}/change/", f"{KEYS}/{row.pk}/history/"):
        pages[path] = at_desk.http.get(path).text
    for page in pages.values():
        assert name not in page
        assert row.digest not in page


def test_what_is_looked_for_in_the_revisions_is_found(at_desk: Desk, owner: OwnerRow) -> None:
    revision = RevisionRow.objects.get(owner_id=owner.pk)
    words = (owner.pk, revision.pk, revision.request_id, revision.actor)
    for word in words:
        assert f"{REVISIONS}/{revision.pk}/change/" in at_desk.http.get(f"{REVISIONS}/?q={word}").text
    assert f"{revision.pk}" not in at_desk.http.get(f"{REVISIONS}/?q={uuid4()}").text


def test_looking_at_a_page_that_asks_changes_nothing(at_desk: Desk, owner: OwnerRow) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        at_desk.http.request(method, f"{OWNERS}/{owner.pk}/deactivate/")
    assert OwnerRow.objects.get(pk=owner.pk).deactivated_at is None


def test_what_the_domain_refuses_is_said_on_the_form(at_desk: Desk, owner: OwnerRow) -> None:
    past = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    refused = {
        "exists.": at_desk.send(f"{OWNERS}/add/", name=owner.name),
        "holds control characters": at_desk.send(f"{OWNERS}/add/", name="a\tb"),
        "expired from the start": issue(at_desk, owner, expires_at=past),
        "There is no such owner.": issue(at_desk, owner, owner="Nobody at all"),
        "Select a valid choice": issue(at_desk, owner, scopes=["everything"]),
        "This field is required": issue(at_desk, owner, name=" "),
    }
    for words, answer in refused.items():
        assert answer.status_code == 200
        assert words in answer.text
        assert key_in(answer) is None
    assert not KeyRow.objects.filter(owner=owner).exists()


def test_an_expiry_is_taken_in_utc(at_desk: Desk, owner: OwnerRow) -> None:
    assert key_in(issue(at_desk, owner, expires_at="2099-01-05T12:30"))
    assert KeyRow.objects.get(owner=owner).expires_at == datetime(2099, 1, 5, 12, 30, tzinfo=UTC)


def test_an_object_that_is_not_there_is_said(at_desk: Desk) -> None:
    for path in (f"{OWNERS}/{uuid4()}/deactivate/", f"{KEYS}/{uuid4()}/revoke/", f"{OWNERS}/{uuid4()}/history/"):
        answer = at_desk.http.get(path)
        assert answer.status_code == 302
        assert "There is no such" in at_desk.http.get(answer.headers["location"]).text


def test_without_permission_nothing_can_be_changed(at_desk: Desk, owner: OwnerRow) -> None:
    key = key_in(issue(at_desk, owner))
    assert key is not None
    row = KeyRow.objects.get(owner=owner)
    Operator.objects.filter(username=at_desk.username).update(is_superuser=False)
    operator = Operator.objects.get(username=at_desk.username)
    operator.user_permissions.set(Permission.objects.filter(codename__in=["view_ownerrow", "view_keyrow"]))
    token = at_desk.filled("/admin/password_change/")
    for path in (
        f"{OWNERS}/add/",
        f"{KEYS}/add/",
        f"{OWNERS}/{owner.pk}/deactivate/",
        f"{OWNERS}/{owner.pk}/activate/",
        f"{KEYS}/{row.pk}/revoke/",
    ):
        assert at_desk.http.get(path).status_code == 403
        assert at_desk.http.post(path, data=token | {"name": "x"}).status_code == 403
    for path in (f"{OWNERS}/{owner.pk}/change/", f"{KEYS}/{row.pk}/change/"):
        shown = at_desk.http.get(path)
        assert shown.status_code == 200
        assert not any(f'/{verb}/"' in shown.text for verb in ("deactivate", "revoke", "add"))
    operator.user_permissions.clear()
    assert at_desk.http.get(f"{OWNERS}/{owner.pk}/history/").status_code == 403
    assert at_desk.may(key)


def test_a_change_without_the_token_of_a_form_is_refused(at_desk: Desk, owner: OwnerRow) -> None:
    for path in (f"{OWNERS}/add/", f"{KEYS}/add/", f"{OWNERS}/{owner.pk}/deactivate/"):
        assert at_desk.http.post(path, data={"name": "x"}).status_code == 403


def test_pages_are_not_kept_and_whoever_is_not_signed_in_is_asked_to(at_desk: Desk, owner: OwnerRow) -> None:
    pages = (f"{OWNERS}/", f"{KEYS}/add/", f"{OWNERS}/{owner.pk}/deactivate/")
    for path in pages:
        assert "no-store" in at_desk.http.get(path).headers["cache-control"]
    at_desk.http.cookies.clear()
    for path in pages:
        assert at_desk.http.get(path).headers["location"].startswith("/admin/login/")


def test_whoever_guesses_is_locked_out_but_their_keys_are_not(at_desk: Desk, owner: OwnerRow) -> None:
    key = key_in(issue(at_desk, owner))
    assert key is not None
    at_desk.http.cookies.clear()
    limit = settings.AXES_FAILURE_LIMIT
    assert [at_desk.sign_in("a guess").status_code for _ in range(limit)] == [200] * (limit - 1) + [429]
    assert at_desk.sign_in().status_code == 429
    assert at_desk.may(key)


def test_a_database_out_of_reach_is_a_503(at_desk: Desk, db: None) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("the server closed the connection")

    client = Client(headers={"host": "localhost"})
    client.force_login(Operator.objects.create(username="boss", is_staff=True, is_superuser=True))
    with connection.execute_wrapper(fail):
        answer = client.get(f"{OWNERS}/")
    assert answer.status_code == 503
    assert "cannot be reached" in answer.text
    assert not list(get_messages(answer.wsgi_request))


def test_a_change_that_cannot_reach_the_database_is_a_503(operator: Operator, request: pytest.FixtureRequest) -> None:
    make: MakeStorage = request.getfixturevalue(_COMMITTING)
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    unreachable = setup.pool_storage(nowhere, size=1, acquire_timeout=1, statement_timeout=1)
    with desk(service(make(), unreachable), username=operator.username) as sitting:
        sitting.sign_in()
        answer = sitting.send(f"{KEYS}/add/", owner="Acme", name="CI", scopes=["simulations:read"])
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert "cannot be reached" in answer.text


def test_no_connection_is_left_open(at_desk: Desk, owner: OwnerRow) -> None:
    def work(times: int) -> None:
        for _ in range(times):
            assert key_in(issue(at_desk, owner))
            assert at_desk.http.get(f"{OWNERS}/{owner.pk}/change/").status_code == 200
            assert at_desk.http.get(f"{OWNERS}/none/change/").status_code == 302

    work(3)  # SQLite keeps some handles of closed connections for the next, as long as another connection is open
    before = open_connections()
    work(10)
    assert within_a_second(lambda: open_connections() <= before)


def test_stopping_gives_every_connection_back(request: pytest.FixtureRequest, operator: Operator) -> None:
    make: MakeStorage = request.getfixturevalue(_COMMITTING)
    connection.close()
    before = open_connections()
    with desk(service(make()), username=operator.username) as sitting:
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
    return sum(str(handle.readlink()) == name for handle in Path("/proc/self/fd").iterdir() if handle.is_symlink())
