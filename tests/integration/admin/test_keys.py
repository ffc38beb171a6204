"""Keys are issued and shown once, and end when they are revoked or their owner is deactivated."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from adapters.django_orm.models import ApiKeyRow, OwnerRow
from domain.idempotency import KEPT_FOR
from tests.integration.admin.admin_client import (
    KEYS,
    OWNERS,
    Desk,
    issue,
    key_in,
    sent_at_once,
    within_a_second,
)


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
    row = ApiKeyRow.objects.get(owner=owner)
    assert (row.name, {str(scope) for scope in row.scopes}, row.expires_at) == ("CI", {"simulations:read"}, None)
    assert row.created_by == f"operator:{at_desk.username}"
    for page in (f"{KEYS}/", f"{KEYS}/{row.pk}/change/"):
        assert f"operator:{at_desk.username}" in at_desk.http.get(page).text
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
    assert ApiKeyRow.objects.filter(owner=owner).count() == 1


def test_a_ticket_of_somebody_elses_or_of_long_ago_issues_nothing(
    at_desk: Desk, owner: OwnerRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    yesterday = time.time() - KEPT_FOR.total_seconds()
    with monkeypatch.context() as then:
        then.setattr("django.core.signing.time", SimpleNamespace(time=lambda: yesterday))
        old = at_desk.filled(f"{KEYS}/add/")["ticket"]
    for ticket in ("mine", old):
        answer = issue(at_desk, owner, ticket=ticket)
        assert "This form is too old" in answer.text
        assert key_in(answer) is None
    assert not ApiKeyRow.objects.filter(owner=owner).exists()


def test_a_revoked_key_is_dead_within_a_second(at_desk: Desk, owner: OwnerRow) -> None:
    key = key_in(issue(at_desk, owner))
    assert key is not None
    assert at_desk.may(key)
    row = ApiKeyRow.objects.get(owner=owner)
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


def test_a_key_of_a_deactivated_owner_is_issued_with_a_word_about_it_and_not_offered(
    at_desk: Desk, owner: OwnerRow
) -> None:
    offered = f"{KEYS}/add/?owner={owner.pk}"
    assert offered in at_desk.http.get(f"{OWNERS}/{owner.pk}/change/").text
    assert "is deactivated" not in issue(at_desk, owner).text
    at_desk.send(f"{OWNERS}/{owner.pk}/deactivate/")
    assert offered not in at_desk.http.get(f"{OWNERS}/{owner.pk}/change/").text
    assert "is deactivated: the key is rejected until the owner is activated" in issue(at_desk, owner).text


def test_owners_and_keys_are_filtered_by_words(at_desk: Desk, owner: OwnerRow) -> None:
    assert key_in(issue(at_desk, owner))
    row = ApiKeyRow.objects.get(owner=owner)

    def states(path: str, pk: object, words: list[str]) -> list[str]:
        return [word for word in words if f"{pk}/change/" in at_desk.http.get(f"{path}/?q={pk}&state={word}").text]

    assert states(KEYS, row.pk, ["open", "expired", "revoked"]) == ["open"]
    at_desk.send(f"{KEYS}/{row.pk}/revoke/")
    assert states(KEYS, row.pk, ["open", "expired", "revoked"]) == ["revoked"]
    assert states(OWNERS, owner.pk, ["active", "deactivated"]) == ["active"]
    at_desk.send(f"{OWNERS}/{owner.pk}/deactivate/")
    assert states(OWNERS, owner.pk, ["active", "deactivated"]) == ["deactivated"]


def test_an_expiry_is_taken_in_utc(at_desk: Desk, owner: OwnerRow) -> None:
    assert key_in(issue(at_desk, owner, expires_at="2099-01-05T12:30"))
    assert ApiKeyRow.objects.get(owner=owner).expires_at == datetime(2099, 1, 5, 12, 30, tzinfo=UTC)
