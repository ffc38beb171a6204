"""API keys in the admin: issued and shown once, revoked, and rejected while their owner is deactivated."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Permission

from adapters.django_orm.models import ApiKeyRow, Operator, OwnerRow, RevisionRow
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

if TYPE_CHECKING:
    from httpx2 import Response


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


def roll(operator_browser: OperatorBrowser, row: ApiKeyRow, **fields: Any) -> Response:
    return operator_browser.send(f"{KEYS}/{row.pk}/roll/", **{"overlap": "86400", "expires_at": "", **fields})


@pytest.fixture
def key(operator_browser: OperatorBrowser, owner: OwnerRow) -> str:
    """The owner's only key."""
    text = key_in(issue(operator_browser, owner, name="CI <b>"))
    assert text is not None
    return text


def test_a_rolled_key_has_a_successor_that_is_shown_once(
    operator_browser: OperatorBrowser, owner: OwnerRow, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    old = ApiKeyRow.objects.get(owner=owner)
    path = f"{KEYS}/{old.pk}/roll/"
    assert path in operator_browser.http.get(f"{KEYS}/{old.pk}/change/").text
    form = operator_browser.filled(path) | {"overlap": "3600", "expires_at": ""}
    shown = operator_browser.http.post(path, data=form)
    new_key = key_in(shown)
    assert new_key not in {None, key}
    assert "no-store" in shown.headers["cache-control"]
    new = ApiKeyRow.objects.exclude(pk=old.pk).get(owner=owner)
    old.refresh_from_db()
    assert (new.name, new.scopes, new.expires_at) == (old.name, old.scopes, None)
    assert old.expires_at == new.created_at + timedelta(hours=1)
    assert f"It replaces gf_{old.public_id}, which ends {old.expires_at:%Y-%m-%d %H:%M:%S} UTC." in shown.text
    assert operator_browser.api_accepts(str(new_key))
    assert operator_browser.api_accepts(key)
    again = operator_browser.http.post(path, data=form)  # as when a browser reloads the page
    assert (again.status_code, key_in(again)) == (302, None)
    assert ApiKeyRow.objects.filter(owner=owner).count() == 2
    for page in (again.headers["location"], f"{KEYS}/{new.pk}/change/", path, f"{OWNERS}/{owner.pk}/change/"):
        answer = operator_browser.http.get(page)
        assert key_in(answer) is None
        assert "<b>" not in answer.text
    secret = str(new_key).rsplit("_", 1)[1]
    assert secret not in caplog.text
    assert secret not in str(list(operator_browser.http.cookies.items()))
    revisions = RevisionRow.objects.filter(owner_id=owner.pk, kind="key").order_by("number")
    assert [(each.entity_id, each.version, each.actor) for each in revisions] == [
        (old.pk, 1, f"operator:{operator_browser.username}"),
        (new.pk, 1, f"operator:{operator_browser.username}"),
        (old.pk, 2, f"operator:{operator_browser.username}"),
    ]


def test_a_key_rolled_without_overlap_ends_at_once(
    operator_browser: OperatorBrowser, owner: OwnerRow, key: str
) -> None:
    old = ApiKeyRow.objects.get(owner=owner)
    new_key = key_in(roll(operator_browser, old, overlap="0", expires_at="2099-01-05T12:30"))
    assert new_key is not None
    assert within_a_second(lambda: not operator_browser.api_accepts(key))
    assert operator_browser.api_accepts(new_key)
    assert ApiKeyRow.objects.exclude(pk=old.pk).get(owner=owner).expires_at == datetime(2099, 1, 5, 12, 30, tzinfo=UTC)


def test_a_repeated_form_completes_what_was_interrupted(
    operator_browser: OperatorBrowser, owner: OwnerRow, key: str
) -> None:
    old = ApiKeyRow.objects.get(owner=owner)
    path = f"{KEYS}/{old.pk}/roll/"
    form = operator_browser.filled(path) | {"overlap": "3600", "expires_at": ""}
    assert key_in(operator_browser.http.post(path, data=form))
    ApiKeyRow.objects.filter(pk=old.pk).update(expires_at=None, original_expires_at=None)
    assert operator_browser.http.post(path, data=form).status_code == 302
    new = ApiKeyRow.objects.exclude(pk=old.pk).get(owner=owner)
    assert ApiKeyRow.objects.get(pk=old.pk).expires_at == new.created_at + timedelta(hours=1)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"overlap": "1"}, "Select a valid choice."),
        ({"expires_at": "2001-01-01T00:00"}, "The key would be expired from the start."),
        ({"expires_at": "soon"}, "Enter a valid date/time."),
        ({"ticket": "mine"}, "This form is too old."),
    ],
)
def test_a_key_is_not_rolled_by_a_wrong_form(
    operator_browser: OperatorBrowser, owner: OwnerRow, key: str, fields: dict[str, str], sentence: str
) -> None:
    answer = roll(operator_browser, ApiKeyRow.objects.get(owner=owner), **fields)
    assert answer.status_code == 200
    assert sentence in answer.text
    assert ApiKeyRow.objects.get(owner=owner).expires_at is None


def test_a_revoked_key_is_not_rolled(operator_browser: OperatorBrowser, owner: OwnerRow, key: str) -> None:
    row = ApiKeyRow.objects.get(owner=owner)
    operator_browser.send(f"{KEYS}/{row.pk}/revoke/")
    assert f"{KEYS}/{row.pk}/roll/" not in operator_browser.http.get(f"{KEYS}/{row.pk}/change/").text
    assert "The key is revoked or expired. Create a new one." in roll(operator_browser, row).text
    assert ApiKeyRow.objects.filter(owner=owner).count() == 1


@pytest.mark.parametrize("rights", [("add_apikeyrow",), ("change_apikeyrow",), ()])
def test_rolling_needs_the_rights_to_add_and_to_change_keys(
    operator_browser: OperatorBrowser, owner: OwnerRow, key: str, rights: tuple[str, ...]
) -> None:
    row = ApiKeyRow.objects.get(owner=owner)
    path = f"{KEYS}/{row.pk}/roll/"
    form = operator_browser.filled(path) | {"overlap": "0", "expires_at": ""}
    operator = Operator.objects.get(username=operator_browser.username)
    Operator.objects.filter(pk=operator.pk).update(is_superuser=False)
    operator.user_permissions.set(Permission.objects.filter(codename__in=("view_apikeyrow", *rights)))
    assert path not in operator_browser.http.get(f"{KEYS}/{row.pk}/change/").text
    for answer in (operator_browser.http.get(path), operator_browser.http.post(path, data=form)):
        assert answer.status_code == 403
        assert "Rolling a key needs the permissions to add and to change keys." in answer.text
    assert ApiKeyRow.objects.get(owner=owner).expires_at is None
