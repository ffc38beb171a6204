"""An operator cannot grant permissions that it lacks, nor change an operator with more."""

from __future__ import annotations

from typing import Any

import pytest
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
def desk(clerk: Operator) -> Client:
    return browser(clerk)


@pytest.fixture
def boss() -> Operator:
    return operator("boss", is_superuser=True)


@pytest.fixture
def keeper() -> Operator:
    return operator("keeper", "view_simulationrow", "change_apikeyrow")


@pytest.fixture
def strong_group() -> Group:
    group = Group.objects.create(name="key keepers")
    group.permissions.set(permissions("change_apikeyrow"))
    return group


def everything(of: Operator, **more: Any) -> dict[str, Any]:
    """A form of an operator that asks for all rights."""
    every = list(Permission.objects.values_list("pk", flat=True))
    groups = list(Group.objects.values_list("pk", flat=True))
    asked = {"username": of.username, "email": of.email, "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    return asked | {"user_permissions": every, "groups": groups} | more


def rights(of: Operator) -> tuple[bool, set[str], set[str]]:
    fresh = Operator.objects.get(pk=of.pk)
    own = set(fresh.user_permissions.values_list("codename", flat=True))
    return fresh.is_superuser, own, set(fresh.groups.values_list("name", flat=True))


def state(of: Operator) -> dict[str, Any]:
    return {**Operator.objects.filter(pk=of.pk).values().get(), "rights": rights(of)}


@pytest.mark.parametrize("button", ["_save", "_continue", "_saveasnew", "_addanother"])
@pytest.mark.parametrize("query", ["", "?_popup=1", "?_to_field=id&_popup=1"])
def test_nobody_makes_itself_or_another_more_than_it_is(
    desk: Client, clerk: Operator, strong_group: Group, button: str, query: str
) -> None:
    other = operator("other")
    for changed in (clerk, other):
        before = rights(changed)
        desk.post(f"{OPERATORS}/{changed.pk}/change/{query}", everything(changed, **{button: "1", "_popup": "1"}))
        assert rights(changed) == before
    assert Operator.objects.count() == 2
    assert not Operator.objects.filter(is_superuser=True).exists()


def test_a_superusers_mark_alone_is_not_taken(desk: Client, clerk: Operator) -> None:
    asked = {"username": "clerk", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    own = [permission.pk for permission in permissions(*OWN)]
    assert desk.post(f"{OPERATORS}/{clerk.pk}/change/", asked | {"user_permissions": own}).status_code == 302
    assert rights(clerk) == (False, set(OWN), set())


def test_what_one_has_may_be_given(desk: Client) -> None:
    other, readers = operator("other"), Group.objects.create(name="readers")
    readers.permissions.set(permissions("view_simulationrow"))
    asked = {"username": "other", "is_active": "on", "is_staff": "on", "groups": [readers.pk]}
    given = [permission.pk for permission in permissions("view_operator")]
    assert desk.post(f"{OPERATORS}/{other.pk}/change/", asked | {"user_permissions": given}).status_code == 302
    assert rights(other) == (False, {"view_operator"}, {"readers"})


@pytest.mark.parametrize("of_more_rights", ["boss", "keeper", "member", "sleeper"])
def test_whoever_has_more_is_neither_changed_nor_deleted(
    desk: Client, of_more_rights: str, request: pytest.FixtureRequest, strong_group: Group
) -> None:
    if of_more_rights == "member":
        target = operator("member")
        target.groups.add(strong_group)
    elif of_more_rights == "sleeper":  # whose rights Django does not count: it could be woken
        target = operator("sleeper", "change_apikeyrow", is_active=False)
    else:
        target = request.getfixturevalue(of_more_rights)
    before = state(target)
    page = f"{OPERATORS}/{target.pk}"
    assert desk.get(f"{page}/change/").status_code == 200  # to look is allowed
    assert desk.post(f"{page}/change/", {"username": "renamed", "email": "me@evil.example"}).status_code == 403
    assert desk.post(f"{page}/change/", {"username": "x", "_saveasnew": "1"}).status_code == 403
    assert desk.get(f"{page}/password/").status_code == 403
    password = {"password1": NEW, "password2": NEW, "set-password": "1", "usable_password": "true"}
    assert desk.post(f"{page}/password/", password).status_code == 403
    assert desk.post(f"{page}/password/", {"usable_password": "false", "unset-password": "1"}).status_code == 403
    assert desk.post(f"{page}/delete/", {"post": "yes"}).status_code == 403
    bulk = {"action": "delete_selected", "_selected_action": [target.pk], "post": "yes"}
    assert desk.post(f"{OPERATORS}/", bulk).status_code in {302, 403}
    assert state(target) == before


def test_a_new_operator_has_no_rights(desk: Client) -> None:
    asked = {"username": "new", "password1": NEW, "password2": NEW, "usable_password": "true"}
    rest = {"is_superuser": "on", "is_staff": "on", "user_permissions": [permissions("add_apikeyrow")[0].pk]}
    assert desk.post(f"{OPERATORS}/add/", asked | rest).status_code == 302
    made = Operator.objects.get(username="new")
    assert (made.is_staff, rights(made)) == (False, (False, set(), set()))


def test_whoever_may_only_add_cannot_add() -> None:
    adder = browser(operator("adder", "add_operator"))
    asked = {"username": "new", "password1": NEW, "password2": NEW, "usable_password": "true"}
    assert adder.post(f"{OPERATORS}/add/", asked).status_code == 403
    own = Operator.objects.get(username="adder").pk
    assert adder.post(f"{OPERATORS}/{own}/change/", asked | {"_saveasnew": "1"}).status_code == 403
    assert not Operator.objects.filter(username="new").exists()


def test_a_group_is_no_way_round(desk: Client, clerk: Operator, strong_group: Group) -> None:
    weak = Group.objects.create(name="weak")
    clerk.groups.add(weak)
    wanted = permissions("change_apikeyrow")[0].pk
    desk.post(f"{GROUPS}/{weak.pk}/change/", {"name": "weak", "permissions": [wanted]})
    desk.post(f"{GROUPS}/add/", {"name": "made", "permissions": [wanted]})
    assert not weak.permissions.exists()
    assert not Group.objects.filter(name="made").exists()
    page = f"{GROUPS}/{strong_group.pk}"
    assert desk.post(f"{page}/change/", {"name": "key keepers", "permissions": []}).status_code == 403
    assert desk.post(f"{page}/delete/", {"post": "yes"}).status_code == 403
    bulk = {"action": "delete_selected", "_selected_action": [strong_group.pk], "post": "yes"}
    assert desk.post(f"{GROUPS}/", bulk).status_code in {302, 403}
    assert strong_group.permissions.count() == 1


def test_a_group_with_a_member_of_more_rights_is_left_alone(desk: Client, boss: Operator) -> None:
    weak = Group.objects.create(name="weak")
    weak.permissions.set(permissions("view_simulationrow"))
    boss.groups.add(weak)
    assert desk.post(f"{GROUPS}/{weak.pk}/change/", {"name": "weak", "permissions": []}).status_code == 403
    assert desk.post(f"{GROUPS}/{weak.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_superuser_may_do_everything(boss: Operator, keeper: Operator, strong_group: Group) -> None:
    desk, every = browser(boss), Permission.objects.count()
    assert desk.post(f"{OPERATORS}/{keeper.pk}/change/", everything(keeper)).status_code == 302
    assert rights(keeper)[0]
    assert (len(rights(keeper)[1]), rights(keeper)[2]) == (every, {"key keepers"})
    asked = {"name": "all", "permissions": list(Permission.objects.values_list("pk", flat=True))}
    assert desk.post(f"{GROUPS}/{strong_group.pk}/change/", asked).status_code == 302
    bulk = {"action": "delete_selected", "_selected_action": [keeper.pk], "post": "yes"}
    assert desk.post(f"{OPERATORS}/", bulk).status_code == 302
    assert not Operator.objects.filter(pk=keeper.pk).exists()


def test_everybody_changes_its_own_password(keeper: Operator) -> None:
    asked = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert browser(keeper).post("/admin/password_change/", asked).status_code == 302
    assert Operator.objects.get(pk=keeper.pk).check_password(NEW)


def test_a_form_with_every_right_is_not_too_large(settings: Any) -> None:
    groups = 100
    assert Permission.objects.count() + groups + 30 < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
