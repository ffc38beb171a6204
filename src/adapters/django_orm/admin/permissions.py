"""Which operators and groups an operator may change: none with more permissions than its own, and no superuser.

Permissions of inactive accounts count too, since they could be activated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet

from adapters.django_orm.models import Operator

if TYPE_CHECKING:
    from django.http import HttpRequest


def is_superuser(request: HttpRequest) -> bool:
    """Whether the signed-in operator is a superuser."""
    user: Any = request.user
    return bool(user.is_active and user.is_superuser)


def grantable_permissions(request: HttpRequest) -> QuerySet[Permission]:
    """The permissions of the signed-in operator, those of its groups included: it may grant them to others."""
    permissions = Permission.objects.all()
    if is_superuser(request):
        return permissions
    return permissions.filter(pk__in=_of_operator(request.user.pk).values("pk"))


def grantable_groups(request: HttpRequest) -> QuerySet[Group]:
    """The groups without a permission that the signed-in operator lacks."""
    return Group.objects.exclude(
        pk__in=Group.objects.filter(permissions__in=_missing_permissions(request)).values("pk")
    )


def may_change_operator(request: HttpRequest, operator: Operator) -> bool:
    """Whether the operator has no permission that the signed-in one lacks."""
    return is_superuser(request) or not _operators_with_more_rights(request).filter(pk=operator.pk).exists()


def may_change_group(request: HttpRequest, group: Group) -> bool:
    """Whether that holds for the group and all of its members, whose permissions change with it."""
    if is_superuser(request):
        return True
    return (
        grantable_groups(request).filter(pk=group.pk).exists()
        and not _operators_with_more_rights(request).filter(groups=group).exists()
    )


def _of_operator(pk: Any) -> QuerySet[Permission]:
    return Permission.objects.filter(Q(user=pk) | Q(group__user=pk))


def _missing_permissions(request: HttpRequest) -> QuerySet[Permission]:
    return Permission.objects.exclude(pk__in=grantable_permissions(request).values("pk"))


def _operators_with_more_rights(request: HttpRequest) -> QuerySet[Operator]:
    lacking = _missing_permissions(request)
    more = Q(is_superuser=True) | Q(user_permissions__in=lacking) | Q(groups__permissions__in=lacking)
    return Operator.objects.filter(pk__in=Operator.objects.filter(more).values("pk"))
