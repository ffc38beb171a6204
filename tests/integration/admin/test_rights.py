"""An operator cannot grant permissions that it lacks, or change an operator with more permissions."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.test import Client

from adapters.django_orm.models import Operator
from tests.integration.admin.admin_client import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]
OPERATORS, GROUPS = "/admin/goatfish/operator", "/admin/auth/group"
OWN = (
    *("view_operator", "change_operator", "add_operator", "delete_operator", "view_simulationrow"),
    *("view_group", "change_group", "add_group", "delete_group"),
)
NEW = "another horse battery"


def permissions(*codenames: str) -> list[Permission]:
    return list(Permission.objects.filter(codename__in=codenames))


def operator(name: str, *codenames: str, **fields: Any) -> Operator:
    made = Operator.objects.create_user(name, f"{name}@example.org", PASSWORD, **{"is_staff": True, **fields})
    made.user_permissions.set(permissions(*codenames))
    return made


def browser(of: Operator) -> Client:
    client = Client(headers={"host": "localhost"})
    client.force_login(of)
    return client


@pytest.fixture
def clerk() -> Operator:
    return operator("clerk", *OWN)


@pytest.fixture
def clerk_client(clerk: Operator) -> Client:
    return browser(clerk)


@pytest.fixture
def superuser() -> Operator:
    return operator("superuser", is_superuser=True)


@pytest.fixture
def key_manager() -> Operator:
    return operator("key_manager", "view_simulationrow", "change_apikeyrow")


@pytest.fixture
def strong_group() -> Group:
    group = Group.objects.create(name="key keepers")
    group.permissions.set(permissions("change_apikeyrow"))
    return group


def all_permissions_form(of: Operator, **more: Any) -> dict[str, Any]:
    """A form that requests all permissions for an operator."""
    every = list(Permission.objects.values_list("pk", flat=True))
    groups = list(Group.objects.values_list("pk", flat=True))
    form = {"username": of.username, "email": of.email, "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    return form | {"user_permissions": every, "groups": groups} | more


def granted(of: Operator) -> tuple[bool, set[str], set[str]]:
    fresh = Operator.objects.get(pk=of.pk)
    own = set(fresh.user_permissions.values_list("codename", flat=True))
    return fresh.is_superuser, own, set(fresh.groups.values_list("name", flat=True))


def state(of: Operator) -> dict[str, Any]:
    return {**Operator.objects.filter(pk=of.pk).values().get(), "granted": granted(of)}


def test_an_operator_cannot_escalate_its_own_or_anothers_permissions(
    clerk_client: Client, clerk: Operator, strong_group: Group
) -> None:
    other = operator("other")
    buttons = ("_save", "_continue", "_saveasnew", "_addanother")
    queries = ("", "?_popup=1", "?_to_field=id&_popup=1")
    for changed, button, query in product((clerk, other), buttons, queries):
        before = granted(changed)
        form = all_permissions_form(changed, **{button: "1", "_popup": "1"})
        clerk_client.post(f"{OPERATORS}/{changed.pk}/change/{query}", form)
        assert granted(changed) == before, (changed, button, query)
    assert Operator.objects.count() == 2
    assert not Operator.objects.filter(is_superuser=True).exists()


def test_the_superuser_flag_is_ignored(clerk_client: Client, clerk: Operator) -> None:
    form = {"username": "clerk", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    own = [permission.pk for permission in permissions(*OWN)]
    assert clerk_client.post(f"{OPERATORS}/{clerk.pk}/change/", form | {"user_permissions": own}).status_code == 302
    assert granted(clerk) == (False, set(OWN), set())


def test_an_operator_can_grant_permissions_that_it_has(clerk_client: Client) -> None:
    other, readers = operator("other"), Group.objects.create(name="readers")
    readers.permissions.set(permissions("view_simulationrow"))
    form = {"username": "other", "is_active": "on", "is_staff": "on", "groups": [readers.pk]}
    own_permissions = [permission.pk for permission in permissions("view_operator")]
    form |= {"user_permissions": own_permissions}
    assert clerk_client.post(f"{OPERATORS}/{other.pk}/change/", form).status_code == 302
    assert granted(other) == (False, {"view_operator"}, {"readers"})


@pytest.mark.parametrize("privileged", ["superuser", "key_manager", "member", "inactive"])
def test_an_operator_with_more_permissions_cannot_be_changed_or_deleted(
    clerk_client: Client, privileged: str, request: pytest.FixtureRequest, strong_group: Group
) -> None:
    if privileged == "member":
        target = operator("member")
        target.groups.add(strong_group)
    elif privileged == "inactive":  # Django counts no permissions of an inactive operator, but it could be activated
        target = operator("inactive", "change_apikeyrow", is_active=False)
    else:
        target = request.getfixturevalue(privileged)
    before = state(target)
    page = f"{OPERATORS}/{target.pk}"
    assert clerk_client.get(f"{page}/change/").status_code == 200  # viewing is allowed
    assert clerk_client.post(f"{page}/change/", {"username": "renamed", "email": "me@evil.example"}).status_code == 403
    assert clerk_client.post(f"{page}/change/", {"username": "x", "_saveasnew": "1"}).status_code == 403
    assert clerk_client.get(f"{page}/password/").status_code == 403
    password = {"password1": NEW, "password2": NEW, "set-password": "1", "usable_password": "true"}
    assert clerk_client.post(f"{page}/password/", password).status_code == 403
    unusable = {"usable_password": "false", "unset-password": "1"}
    assert clerk_client.post(f"{page}/password/", unusable).status_code == 403
    assert clerk_client.post(f"{page}/delete/", {"post": "yes"}).status_code == 403
    bulk = {"action": "delete_selected", "_selected_action": [target.pk], "post": "yes"}
    assert clerk_client.post(f"{OPERATORS}/", bulk).status_code in {302, 403}
    assert state(target) == before


def test_a_new_operator_has_no_permissions(clerk_client: Client) -> None:
    form = {"username": "new", "password1": NEW, "password2": NEW, "usable_password": "true"}
    forbidden_fields = {
        "is_superuser": "on",
        "is_staff": "on",
        "user_permissions": [permissions("add_apikeyrow")[0].pk],
    }
    assert clerk_client.post(f"{OPERATORS}/add/", form | forbidden_fields).status_code == 302
    made = Operator.objects.get(username="new")
    assert (made.is_staff, granted(made)) == (False, (False, set(), set()))


def test_the_add_permission_alone_is_not_enough() -> None:
    adder = browser(operator("adder", "add_operator"))
    form = {"username": "new", "password1": NEW, "password2": NEW, "usable_password": "true"}
    assert adder.post(f"{OPERATORS}/add/", form).status_code == 403
    own = Operator.objects.get(username="adder").pk
    assert adder.post(f"{OPERATORS}/{own}/change/", form | {"_saveasnew": "1"}).status_code == 403
    assert not Operator.objects.filter(username="new").exists()


def test_groups_cannot_be_used_to_escalate(clerk_client: Client, clerk: Operator, strong_group: Group) -> None:
    weak = Group.objects.create(name="weak")
    clerk.groups.add(weak)
    wanted = permissions("change_apikeyrow")[0].pk
    clerk_client.post(f"{GROUPS}/{weak.pk}/change/", {"name": "weak", "permissions": [wanted]})
    clerk_client.post(f"{GROUPS}/add/", {"name": "made", "permissions": [wanted]})
    assert not weak.permissions.exists()
    assert not Group.objects.filter(name="made").exists()
    page = f"{GROUPS}/{strong_group.pk}"
    assert clerk_client.post(f"{page}/change/", {"name": "key keepers", "permissions": []}).status_code == 403
    assert clerk_client.post(f"{page}/delete/", {"post": "yes"}).status_code == 403
    bulk = {"action": "delete_selected", "_selected_action": [strong_group.pk], "post": "yes"}
    assert clerk_client.post(f"{GROUPS}/", bulk).status_code in {302, 403}
    assert strong_group.permissions.count() == 1


def test_a_group_with_a_more_privileged_member_cannot_be_changed(clerk_client: Client, superuser: Operator) -> None:
    weak = Group.objects.create(name="weak")
    weak.permissions.set(permissions("view_simulationrow"))
    superuser.groups.add(weak)
    assert clerk_client.post(f"{GROUPS}/{weak.pk}/change/", {"name": "weak", "permissions": []}).status_code == 403
    assert clerk_client.post(f"{GROUPS}/{weak.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_superuser_may_do_everything(superuser: Operator, key_manager: Operator, strong_group: Group) -> None:
    superuser_client, every = browser(superuser), Permission.objects.count()
    page = f"{OPERATORS}/{key_manager.pk}/change/"
    assert superuser_client.post(page, all_permissions_form(key_manager)).status_code == 302
    assert granted(key_manager)[0]
    assert (len(granted(key_manager)[1]), granted(key_manager)[2]) == (every, {"key keepers"})
    form = {"name": "all", "permissions": list(Permission.objects.values_list("pk", flat=True))}
    assert superuser_client.post(f"{GROUPS}/{strong_group.pk}/change/", form).status_code == 302
    bulk = {"action": "delete_selected", "_selected_action": [key_manager.pk], "post": "yes"}
    assert superuser_client.post(f"{OPERATORS}/", bulk).status_code == 302
    assert not Operator.objects.filter(pk=key_manager.pk).exists()


def test_an_operator_that_has_done_something_can_be_deleted(superuser: Operator, key_manager: Operator) -> None:
    LogEntry.objects.create(user=key_manager, action_flag=CHANGE, object_id="1", change_message="Exported.")
    answer = browser(superuser).post(f"{OPERATORS}/{key_manager.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert not Operator.objects.filter(pk=key_manager.pk).exists()
    (entry,) = LogEntry.objects.all()
    assert entry.user == superuser


def test_every_operator_can_change_its_own_password(key_manager: Operator) -> None:
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert browser(key_manager).post("/admin/password_change/", form).status_code == 302
    assert Operator.objects.get(pk=key_manager.pk).check_password(NEW)


def test_a_form_with_every_permission_is_below_the_field_limit(settings: Any) -> None:
    groups = 100
    assert Permission.objects.count() + groups + 30 < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
