"""Signing in to the admin: guessing is throttled, and no page shows a password hash."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Permission
from django.db.models import F
from django.test import Client

from adapters.django_orm import management
from adapters.django_orm.admin.lockout import ADDRESS_FAILURE_LIMIT
from adapters.django_orm.models import ApiKeyRow, Operator
from tests.integration.admin.admin_client import ADDRESS, PASSWORD
from tests.integration.factories import KeyRowFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]
LOGIN = "/admin/login/"
AccessAttempt: Any = apps.get_model("axes", "AccessAttempt")  # the library has no types
LIMIT: int = settings.AXES_FAILURE_LIMIT


@pytest.fixture
def boss() -> Operator:
    management.create_operator("boss", PASSWORD)
    return Operator.objects.get(username="boss")


@pytest.fixture
def admin(boss: Operator) -> Client:
    client = Client(headers={"host": "localhost"})
    client.force_login(boss)
    return client


def sign_in(password: str, *, username: str = "boss", address: str = ADDRESS, **more: str) -> int:
    """The status of an attempt to sign in."""
    client = Client(headers={"host": "localhost"}, REMOTE_ADDR=address)
    return client.post(LOGIN, {"username": username, "password": password}, **more).status_code  # type: ignore[arg-type]  # -- the environment of a request


def lock_out() -> None:
    assert [sign_in(f"guess {number}") for number in range(LIMIT)] == [200] * (LIMIT - 1) + [429]


def test_a_successful_sign_in_resets_the_failures(boss: Operator) -> None:
    assert [sign_in("a guess") for _ in range(LIMIT - 1)] == [200] * (LIMIT - 1)
    assert sign_in(PASSWORD) == 302
    assert not AccessAttempt.objects.exists()
    assert [sign_in("a guess") for _ in range(LIMIT - 1)] == [200] * (LIMIT - 1)


def test_a_locked_out_client_is_rejected_even_with_the_right_password(boss: Operator) -> None:
    lock_out()
    client = Client(headers={"host": "localhost"}, REMOTE_ADDR=ADDRESS)
    answer = client.post(LOGIN, {"username": "boss", "password": PASSWORD})
    assert answer.status_code == 429
    assert "Try again in 15 minutes" in answer.text
    assert "<nav" not in answer.text
    assert answer.headers["Retry-After"] == "900"
    assert sign_in(PASSWORD, HTTP_USER_AGENT="another") == 429
    assert sign_in(PASSWORD, HTTP_X_FORWARDED_FOR="198.51.100.7") == 429


def test_a_lockout_does_not_affect_other_addresses_or_names(boss: Operator) -> None:
    lock_out()
    management.create_operator("other", PASSWORD)
    assert sign_in(PASSWORD, address="198.51.100.7") == 302
    assert sign_in(PASSWORD, username="other") == 302


def test_addresses_of_an_ipv6_network_share_a_lockout(boss: Operator) -> None:
    assert [sign_in("a guess", address=f"2001:db8:0:1::{number}") for number in range(LIMIT)][-1] == 429
    assert sign_in(PASSWORD, address="2001:db8:0:1:ffff::1") == 429
    assert sign_in(PASSWORD, address="2001:db8:0:2::1") == 302


def test_an_address_is_locked_out_for_guessing_many_names(boss: Operator) -> None:
    management.create_operator("clerk", PASSWORD)
    names = [f"name {number}" for number in range(ADDRESS_FAILURE_LIMIT - 1)]
    assert {sign_in("a guess", username=name) for name in names} == {200}
    assert sign_in(PASSWORD, username="clerk") == 302  # which does not reset the failures of other names
    assert sign_in("a guess", username="one more") == 429
    assert sign_in(PASSWORD) == 429
    assert sign_in(PASSWORD, username="clerk", HTTP_USER_AGENT="another") == 429
    assert sign_in(PASSWORD, address="198.51.100.7") == 302
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - settings.AXES_COOLOFF_TIME)
    assert sign_in(PASSWORD) == 302


def test_a_lockout_of_one_name_does_not_affect_its_address(boss: Operator) -> None:
    management.create_operator("clerk", PASSWORD)
    assert [sign_in("a typo", username="clerk") for _ in range(2 * LIMIT)][-1] == 429
    assert sign_in(PASSWORD) == 302


def test_a_lockout_expires_and_attempts_do_not_extend_it(boss: Operator) -> None:
    lock_out()
    nearly = settings.AXES_COOLOFF_TIME - timedelta(seconds=30)
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - nearly)
    assert sign_in(PASSWORD) == 429
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(seconds=31))
    assert sign_in(PASSWORD) == 302


@pytest.mark.parametrize("address", ["", "unknown", "testclient"])
def test_an_invalid_address_is_locked_out_too(boss: Operator, address: str) -> None:
    assert [sign_in("a guess", address=address) for _ in range(LIMIT)][-1] == 429


def test_no_password_is_stored_or_logged(boss: Operator, admin: Client, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(LIMIT + 1):
        sign_in("a secret guess")
        sign_in("x", username="a secret typed in the wrong field")
    (attempt_row,) = AccessAttempt.objects.filter(username="boss").values()
    assert "a secret" not in f"{attempt_row}"
    assert ADDRESS in caplog.text
    assert "a secret" not in caplog.text
    (attempt,) = AccessAttempt.objects.filter(username="boss")
    shown = admin.get(f"/admin/axes/accessattempt/{attempt.pk}/change/").text
    assert ADDRESS in shown
    assert "csrfmiddlewaretoken=" not in shown
    assert admin.post(f"/admin/axes/accessattempt/{attempt.pk}/delete/", {"post": "yes"}).status_code == 403


def test_no_page_shows_a_password_or_key_hash(admin: Client, boss: Operator) -> None:
    key = KeyRowFactory.create()
    viewer = Operator.objects.create(username="viewer", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    viewer_client = Client(headers={"host": "localhost"})
    viewer_client.force_login(viewer)
    algorithm, salt, digest = boss.password.split("$")
    for client in (admin, viewer_client):
        for path in (f"operator/{boss.pk}/change/", "operator/", f"apikeyrow/{key.pk}/change/", "apikeyrow/"):
            page = client.get(f"/admin/goatfish/{path}").text
            assert "boss" in page or key.name in page
            assert not any(part in page for part in (f"{algorithm}$", salt, digest[:6], key.digest[:12], "salt"))
    own_page = admin.get(f"/admin/goatfish/operator/{boss.pk}/change/").text
    assert f"/admin/goatfish/operator/{boss.pk}/password/" in own_page


def test_hashes_cannot_be_probed_by_filters(admin: Client) -> None:
    key = KeyRowFactory.create()
    for path in (
        f"apikeyrow/?digest__startswith={key.digest[:1]}",
        f"ownerrow/?keys__digest__startswith={key.digest[:1]}",
        "operator/?password__startswith=md5",
    ):
        assert admin.get(f"/admin/goatfish/{path}").status_code in {302, 400}
    assert ApiKeyRow.objects.get(pk=key.pk).digest == key.digest


def test_an_operators_password_can_be_reset(admin: Client, boss: Operator) -> None:
    path = f"/admin/goatfish/operator/{boss.pk}/password/"
    assert admin.get(path).status_code == 200
    new = "another horse battery"
    assert admin.post(path, {"password1": new, "password2": new, "set-password": "1"}).status_code == 302
    assert sign_in(new) == 302
    page = f"/admin/goatfish/operator/{boss.pk}/change/"
    form = {"username": "boss", "email": "boss@example.org", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    assert admin.post(page, form).status_code == 302
    assert Operator.objects.get(pk=boss.pk).email == "boss@example.org"
    assert sign_in(new) == 302


def test_the_history_page_redirects_to_the_revisions(admin: Client) -> None:
    key = KeyRowFactory.create()
    for path, owner in ((f"apikeyrow/{key.pk}", key.owner_id), (f"ownerrow/{key.owner_id}", key.owner_id)):
        answer = admin.get(f"/admin/goatfish/{path}/history/")
        assert answer.headers["Location"].startswith(f"/admin/goatfish/revisionrow/?owner_id__exact={owner}&entity_id")
        assert admin.get(answer.headers["Location"]).status_code == 200
