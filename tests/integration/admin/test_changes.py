"""Changes in the admin create revisions and need permission."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.utils.html import escape

from adapters.django_orm.models import (
    ApiKeyRow,
    Operator,
    OwnerRow,
    RevisionRow,
)
from tests.integration.admin.admin_client import (
    KEYS,
    OWNERS,
    REVISIONS,
    OperatorBrowser,
    issue,
    key_in,
)


def test_every_change_has_a_revision_with_operator_and_request_id(operator_browser: OperatorBrowser) -> None:
    name = f"Acme {uuid4().hex[:8]}"
    answer = operator_browser.send(f"{OWNERS}/add/", name=f"  {name} ")
    owner = OwnerRow.objects.get(name=name)
    assert answer.headers["location"] == f"{OWNERS}/{owner.pk}/change/"
    assert key_in(issue(operator_browser, owner))
    row = ApiKeyRow.objects.get(owner=owner)
    for path in (f"{KEYS}/{row.pk}/revoke/", f"{OWNERS}/{owner.pk}/deactivate/", f"{OWNERS}/{owner.pk}/activate/"):
        operator_browser.send(path, headers={"X-Request-ID": f"by-{path.split('/')[-2]}"})
    recorded = list(RevisionRow.objects.filter(owner_id=owner.pk).order_by("number"))
    made = [("owner", 1), ("key", 1), ("key", 2), ("owner", 2), ("owner", 3)]
    assert [(revision.kind, revision.version) for revision in recorded] == made
    assert {revision.actor for revision in recorded} == {f"operator:{operator_browser.username}"}
    assert [revision.request_id for revision in recorded[2:]] == ["by-revoke", "by-deactivate", "by-activate"]
    assert all(re.fullmatch("[0-9a-f]{32}", revision.request_id) for revision in recorded[:2])
    assert len({revision.request_id for revision in recorded[:2]}) == 2


def test_revision_pages_show_both_states_escaped_and_no_hash(operator_browser: OperatorBrowser) -> None:
    name = f"<script>alert({uuid4().int})</script>"
    operator_browser.send(f"{OWNERS}/add/", name=name)
    owner = OwnerRow.objects.get(name=name)
    assert key_in(issue(operator_browser, owner, name=name))
    row = ApiKeyRow.objects.get(owner=owner)
    operator_browser.send(f"{KEYS}/{row.pk}/revoke/")
    found = f"{REVISIONS}/?q={owner.pk}"
    pages = {found: operator_browser.http.get(found).text}
    for revision in RevisionRow.objects.filter(owner_id=owner.pk):
        path = f"{REVISIONS}/{revision.pk}/change/"
        assert path in pages[found]
        pages[path] = operator_browser.http.get(path).text
        assert all(f"{part}" in pages[path] for part in (revision.actor, revision.request_id, revision.entity_id))
    created, revoked = (
        [page for page in pages.values() if f"<tr><td>{member}</td><td>-</td><td>" in page]
        for member in ("name", "revoked at")
    )
    assert (len(created), len(revoked)) == (2, 1)  # the owner and its key
    assert all(f"<td>{escape(name)}</td>" in page for page in created)
    for path in (f"{OWNERS}/", f"{OWNERS}/{owner.pk}/change/", f"{KEYS}/{row.pk}/change/", f"{KEYS}/{row.pk}/history/"):
        pages[path] = operator_browser.http.get(path).text
    for page in pages.values():
        assert name not in page
        assert row.digest not in page


def test_revisions_can_be_searched(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    revision = RevisionRow.objects.get(owner_id=owner.pk)
    words = (owner.pk, revision.pk, revision.request_id, revision.actor)
    for word in words:
        assert f"{REVISIONS}/{revision.pk}/change/" in operator_browser.http.get(f"{REVISIONS}/?q={word}").text
    assert f"{revision.pk}" not in operator_browser.http.get(f"{REVISIONS}/?q={uuid4()}").text


def test_the_list_of_revisions_shows_action_kind_and_owner(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    issue(operator_browser, owner)
    operator_browser.send(f"{OWNERS}/{owner.pk}/deactivate/")
    found = f"{REVISIONS}/?q={owner.pk}"
    page = operator_browser.http.get(found).text
    assert sorted(re.findall(r'field-action">(\w+)<', page)) == ["created", "created", "deactivated"]
    assert page.count(f'<a href="{OWNERS}/{owner.pk}/change/">{owner.name}</a>') == 3
    assert re.search(r">20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC<", page)
    assert re.findall(r'field-kind">(\w+)<', operator_browser.http.get(f"{found}&kind=key").text) == ["key"]
    for kind in ("owner", "key", "simulation"):
        assert f"kind={kind}" in page


def test_revisions_are_listed_latest_first(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    for _ in range(3):
        operator_browser.send(f"{OWNERS}/{owner.pk}/deactivate/")
        issue(operator_browser, owner)
        operator_browser.send(f"{OWNERS}/{owner.pk}/activate/")
    every = RevisionRow.objects.filter(owner_id=owner.pk)
    paths = {f"{REVISIONS}/{query}": every for query in ("", f"?owner_id__exact={owner.pk}", f"?q={owner.pk}")}
    history = operator_browser.http.get(f"{OWNERS}/{owner.pk}/history/").headers["location"]
    paths[history] = every.filter(kind="owner")
    for path, revisions in paths.items():
        listed = re.findall(rf'href="{REVISIONS}/([0-9a-f-]+)/change/', operator_browser.http.get(path).text)
        expected = [str(revision.pk) for revision in revisions.order_by("-number")]
        assert [id for id in listed if id in expected] == expected, path


def test_a_list_of_one_owner_is_in_the_order_of_its_numbers(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    written = RevisionRow.objects.filter(owner_id=owner.pk).values()[0]
    for number, id in zip(range(2, 6), sorted((uuid4() for _ in range(4)), reverse=True), strict=True):
        RevisionRow.objects.create(**{**written, "id": id, "number": number, "version": number})
    page = operator_browser.http.get(f"{REVISIONS}/?owner_id__exact={owner.pk}").text
    listed = re.findall(rf'href="{REVISIONS}/([0-9a-f-]+)/change/', page)
    assert [RevisionRow.objects.get(pk=id).number for id in listed] == [5, 4, 3, 2, 1]


def test_the_index_page_lists_the_sections(operator_browser: OperatorBrowser) -> None:
    page = operator_browser.http.get("/admin/").text
    assert "Sign-in attempts" in page
    assert "Recent actions" not in page
    assert '<link rel="icon" href="data:,">' in page


def test_a_confirmation_page_changes_nothing_without_a_post(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        operator_browser.http.request(method, f"{OWNERS}/{owner.pk}/deactivate/")
    assert OwnerRow.objects.get(pk=owner.pk).deactivated_at is None


def test_domain_errors_are_shown_on_the_form(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    past = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    refused = {
        "exists.": operator_browser.send(f"{OWNERS}/add/", name=owner.name),
        "is a UUID": operator_browser.send(f"{OWNERS}/add/", name=owner.pk.hex),
        "holds control characters": operator_browser.send(f"{OWNERS}/add/", name="a\tb"),
        "expired from the start": issue(operator_browser, owner, expires_at=past),
        "There is no such owner.": issue(operator_browser, owner, owner="Nobody at all"),
        "Select a valid choice": issue(operator_browser, owner, scopes=["everything"]),
        "This field is required": issue(operator_browser, owner, name=" "),
    }
    for words, answer in refused.items():
        assert answer.status_code == 200
        assert words in answer.text
        assert key_in(answer) is None
    assert not ApiKeyRow.objects.filter(owner=owner).exists()


def test_an_owner_named_like_an_id_is_not_confused_with_it(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    other = OwnerRow.objects.create(id=uuid4(), name=str(owner.pk), created_at=owner.created_at, version=1)
    operator_browser.send(f"{OWNERS}/{owner.pk}/deactivate/")
    assert key_in(issue(operator_browser, owner, owner=str(owner.pk)))
    assert OwnerRow.objects.get(pk=owner.pk).deactivated_at is not None
    assert OwnerRow.objects.get(pk=other.pk).deactivated_at is None
    assert (owner.keys.count(), other.keys.count()) == (1, 0)


def test_an_unknown_object_is_reported(operator_browser: OperatorBrowser) -> None:
    for path in (f"{OWNERS}/{uuid4()}/deactivate/", f"{KEYS}/{uuid4()}/revoke/", f"{OWNERS}/{uuid4()}/history/"):
        answer = operator_browser.http.get(path)
        assert answer.status_code == 302
        assert "There is no such" in operator_browser.http.get(answer.headers["location"]).text


def test_without_permission_nothing_can_be_changed(
    operator_browser: OperatorBrowser, owner: OwnerRow, caplog: pytest.LogCaptureFixture
) -> None:
    key = key_in(issue(operator_browser, owner))
    assert key is not None
    row = ApiKeyRow.objects.get(owner=owner)
    Operator.objects.filter(username=operator_browser.username).update(is_superuser=False)
    operator = Operator.objects.get(username=operator_browser.username)
    operator.user_permissions.set(Permission.objects.filter(codename__in=["view_ownerrow", "view_apikeyrow"]))
    token = operator_browser.filled("/admin/password_change/")
    for path in (
        f"{OWNERS}/add/",
        f"{KEYS}/add/",
        f"{OWNERS}/{owner.pk}/deactivate/",
        f"{OWNERS}/{owner.pk}/activate/",
        f"{KEYS}/{row.pk}/revoke/",
    ):
        assert operator_browser.http.get(path).status_code == 403
        assert operator_browser.http.post(path, data=token | {"name": "x"}).status_code == 403
    for path in (f"{OWNERS}/{owner.pk}/change/", f"{KEYS}/{row.pk}/change/"):
        shown = operator_browser.http.get(path)
        assert shown.status_code == 200
        assert not any(f'/{verb}/"' in shown.text for verb in ("deactivate", "revoke", "add"))
    operator.user_permissions.clear()
    caplog.clear()
    assert operator_browser.http.get(f"{OWNERS}/{owner.pk}/history/").status_code == 403
    assert [record.exc_info for record in caplog.records if record.name == "django.request"] == [None]
    assert operator_browser.api_accepts(key)


def test_a_change_without_a_csrf_token_is_rejected(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    for path in (f"{OWNERS}/add/", f"{KEYS}/add/", f"{OWNERS}/{owner.pk}/deactivate/"):
        assert operator_browser.http.post(path, data={"name": "x"}).status_code == 403


def test_pages_are_not_cached_and_require_sign_in(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    pages = (f"{OWNERS}/", f"{KEYS}/add/", f"{OWNERS}/{owner.pk}/deactivate/")
    for path in pages:
        assert "no-store" in operator_browser.http.get(path).headers["cache-control"]
    operator_browser.http.cookies.clear()
    for path in pages:
        assert operator_browser.http.get(path).headers["location"].startswith("/admin/login/")
