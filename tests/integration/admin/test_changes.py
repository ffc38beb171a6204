"""What operators change in the admin: by the use cases, with a cause, and only where they may."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission

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
    Desk,
    issue,
    key_in,
)


def test_every_change_leaves_a_revision_that_names_the_operator_and_the_request(at_desk: Desk, owner: OwnerRow) -> None:
    assert key_in(issue(at_desk, owner))
    row = ApiKeyRow.objects.get(owner=owner)
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
    row = ApiKeyRow.objects.get(owner=owner)
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


def test_the_list_of_revisions_says_what_was_done_to_what_and_whose_it_is(at_desk: Desk, owner: OwnerRow) -> None:
    issue(at_desk, owner)
    at_desk.send(f"{OWNERS}/{owner.pk}/deactivate/")
    found = f"{REVISIONS}/?q={owner.pk}"
    page = at_desk.http.get(found).text
    assert sorted(re.findall(r'field-action">(\w+)<', page)) == ["created", "created", "updated"]
    assert page.count(f'<a href="{OWNERS}/{owner.pk}/change/">{owner.name}</a>') == 3
    assert re.search(r">20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC<", page)
    assert re.findall(r'field-kind">(\w+)<', at_desk.http.get(f"{found}&kind=key").text) == ["key"]
    for kind in ("owner", "key", "simulation"):
        assert f"kind={kind}" in page


def test_the_index_names_what_is_there(at_desk: Desk) -> None:
    page = at_desk.http.get("/admin/").text
    assert "Sign-in attempts" in page
    assert "Recent actions" not in page
    assert '<link rel="icon" href="data:,">' in page


def test_looking_at_a_page_that_asks_changes_nothing(at_desk: Desk, owner: OwnerRow) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        at_desk.http.request(method, f"{OWNERS}/{owner.pk}/deactivate/")
    assert OwnerRow.objects.get(pk=owner.pk).deactivated_at is None


def test_what_the_domain_refuses_is_said_on_the_form(at_desk: Desk, owner: OwnerRow) -> None:
    past = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    refused = {
        "exists.": at_desk.send(f"{OWNERS}/add/", name=owner.name),
        "is a UUID": at_desk.send(f"{OWNERS}/add/", name=owner.pk.hex),
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
    assert not ApiKeyRow.objects.filter(owner=owner).exists()


def test_the_owner_that_is_shown_is_the_one_that_is_changed(at_desk: Desk, owner: OwnerRow) -> None:
    other = OwnerRow.objects.create(id=uuid4(), name=str(owner.pk), created_at=owner.created_at, version=1)
    at_desk.send(f"{OWNERS}/{owner.pk}/deactivate/")
    assert key_in(issue(at_desk, owner, owner=str(owner.pk)))
    assert OwnerRow.objects.get(pk=owner.pk).deactivated_at is not None
    assert OwnerRow.objects.get(pk=other.pk).deactivated_at is None
    assert (owner.keys.count(), other.keys.count()) == (1, 0)


def test_an_object_that_is_not_there_is_said(at_desk: Desk) -> None:
    for path in (f"{OWNERS}/{uuid4()}/deactivate/", f"{KEYS}/{uuid4()}/revoke/", f"{OWNERS}/{uuid4()}/history/"):
        answer = at_desk.http.get(path)
        assert answer.status_code == 302
        assert "There is no such" in at_desk.http.get(answer.headers["location"]).text


def test_without_permission_nothing_can_be_changed(
    at_desk: Desk, owner: OwnerRow, caplog: pytest.LogCaptureFixture
) -> None:
    key = key_in(issue(at_desk, owner))
    assert key is not None
    row = ApiKeyRow.objects.get(owner=owner)
    Operator.objects.filter(username=at_desk.username).update(is_superuser=False)
    operator = Operator.objects.get(username=at_desk.username)
    operator.user_permissions.set(Permission.objects.filter(codename__in=["view_ownerrow", "view_apikeyrow"]))
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
    caplog.clear()
    assert at_desk.http.get(f"{OWNERS}/{owner.pk}/history/").status_code == 403
    assert [record.exc_info for record in caplog.records if record.name == "django.request"] == [None]
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
