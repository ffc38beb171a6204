"""API keys in the admin: issued and shown once, revoked, and rejected while their owner is deactivated."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from adapters.django_orm.models import ApiKeyRow, OwnerRow
from domain.idempotency import IDEMPOTENCY_TTL
from tests.integration.admin.admin_client import (
    KEYS,
    OWNERS,
    OperatorBrowser,
    issue,
    key_in,
    sent_at_once,
    within_a_second,
)


def test_an_issued_key_is_accepted_and_shown_once(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    path = f"{KEYS}/add/?owner={owner.pk}"
    assert f'value="{owner.pk}"' in operator_browser.http.get(path).text
    form = operator_browser.filled(path) | {"owner": str(owner.pk), "name": "CI", "scopes": ["simulations:read"]}
    shown = operator_browser.http.post(path, data=form)
    key = key_in(shown)
    assert key is not None
    assert "no-store" in shown.headers["cache-control"]
    assert operator_browser.api_accepts(key)
    again = operator_browser.http.post(path, data=form)  # as when a browser reloads the page
    assert (again.status_code, key_in(again)) == (302, None)
    row = ApiKeyRow.objects.get(owner=owner)
    assert (row.name, {str(scope) for scope in row.scopes}, row.expires_at) == ("CI", {"simulations:read"}, None)
    assert row.created_by == f"operator:{operator_browser.username}"
    for page in (f"{KEYS}/", f"{KEYS}/{row.pk}/change/"):
        assert f"operator:{operator_browser.username}" in operator_browser.http.get(page).text
    for page in (path, again.headers["location"], f"{KEYS}/{row.pk}/change/", f"{OWNERS}/{owner.pk}/change/"):
        answer = operator_browser.http.get(page)
        assert answer.status_code == 200
        assert key_in(answer) is None
        assert row.digest not in answer.text


def test_a_form_sent_concurrently_issues_one_key(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    path = f"{KEYS}/add/"
    form = operator_browser.filled(path) | {"owner": owner.name, "name": "CI", "scopes": ["simulations:read"]}
    answers = sent_at_once(operator_browser, [(path, form)] * 6)
    assert sum(key_in(answer) is not None for answer in answers) == 1
    assert {answer.status_code for answer in answers} <= {200, 302}
    assert ApiKeyRow.objects.filter(owner=owner).count() == 1


def test_a_forged_or_expired_form_ticket_issues_no_key(
    operator_browser: OperatorBrowser, owner: OwnerRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    yesterday = time.time() - IDEMPOTENCY_TTL.total_seconds()
    with monkeypatch.context() as patch:
        patch.setattr("django.core.signing.time", SimpleNamespace(time=lambda: yesterday))
        old = operator_browser.filled(f"{KEYS}/add/")["ticket"]
    for ticket in ("mine", old):
        answer = issue(operator_browser, owner, ticket=ticket)
        assert "This form is too old" in answer.text
        assert key_in(answer) is None
    assert not ApiKeyRow.objects.filter(owner=owner).exists()


def test_a_revoked_key_is_rejected_within_a_second(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    key = key_in(issue(operator_browser, owner))
    assert key is not None
    assert operator_browser.api_accepts(key)
    row = ApiKeyRow.objects.get(owner=owner)
    assert f"{KEYS}/{row.pk}/revoke/" in operator_browser.http.get(f"{KEYS}/{row.pk}/change/").text
    assert operator_browser.send(f"{KEYS}/{row.pk}/revoke/").headers["location"] == f"{KEYS}/{row.pk}/change/"
    assert within_a_second(lambda: not operator_browser.api_accepts(key))
    shown = operator_browser.http.get(f"{KEYS}/{row.pk}/change/").text
    assert "is revoked" in shown
    assert f"{KEYS}/{row.pk}/revoke/" not in shown


def test_keys_are_rejected_while_their_owner_is_deactivated(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    key = key_in(issue(operator_browser, owner))
    assert key is not None
    assert operator_browser.api_accepts(key)
    operator_browser.send(f"{OWNERS}/{owner.pk}/deactivate/")
    assert within_a_second(lambda: not operator_browser.api_accepts(key))
    assert f"{OWNERS}/{owner.pk}/activate/" in operator_browser.http.get(f"{OWNERS}/{owner.pk}/change/").text
    operator_browser.send(f"{OWNERS}/{owner.pk}/activate/")
    assert within_a_second(lambda: operator_browser.api_accepts(key))


def test_issuing_a_key_for_a_deactivated_owner_warns_and_is_not_linked(
    operator_browser: OperatorBrowser, owner: OwnerRow
) -> None:
    add_key_path = f"{KEYS}/add/?owner={owner.pk}"
    assert add_key_path in operator_browser.http.get(f"{OWNERS}/{owner.pk}/change/").text
    assert "is deactivated" not in issue(operator_browser, owner).text
    operator_browser.send(f"{OWNERS}/{owner.pk}/deactivate/")
    assert add_key_path not in operator_browser.http.get(f"{OWNERS}/{owner.pk}/change/").text
    assert "is deactivated: the key is rejected until the owner is activated" in issue(operator_browser, owner).text


def test_owners_and_keys_can_be_filtered_by_state(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    assert key_in(issue(operator_browser, owner))
    row = ApiKeyRow.objects.get(owner=owner)

    def states(path: str, pk: object, words: list[str]) -> list[str]:
        return [
            word for word in words if f"{pk}/change/" in operator_browser.http.get(f"{path}/?q={pk}&state={word}").text
        ]

    assert states(KEYS, row.pk, ["open", "expired", "revoked"]) == ["open"]
    operator_browser.send(f"{KEYS}/{row.pk}/revoke/")
    assert states(KEYS, row.pk, ["open", "expired", "revoked"]) == ["revoked"]
    assert states(OWNERS, owner.pk, ["active", "deactivated"]) == ["active"]
    operator_browser.send(f"{OWNERS}/{owner.pk}/deactivate/")
    assert states(OWNERS, owner.pk, ["active", "deactivated"]) == ["deactivated"]


def test_an_expiry_is_in_utc(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    assert key_in(issue(operator_browser, owner, expires_at="2099-01-05T12:30"))
    assert ApiKeyRow.objects.get(owner=owner).expires_at == datetime(2099, 1, 5, 12, 30, tzinfo=UTC)
