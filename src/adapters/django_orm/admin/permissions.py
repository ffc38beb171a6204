"""Which operators and groups an operator may change: none with more rights than its own, and no superuser.

Rights are what the database says, whether or not an account is active: it could be made so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet

from adapters.django_orm.models import Operator

if TYPE_CHECKING:
    from django.http import HttpRequest


def is_superuser(request: HttpRequest) -> bool:
    """Whether everything is allowed to whoever is signed in."""
    user: Any = request.user
    return bool(user.is_active and user.is_superuser)


def held(request: HttpRequest) -> QuerySet[Permission]:
    """The permissions of whoever is signed in, its own and those of its groups."""
    permissions = Permission.objects.all()
    if is_superuser(request):
        return permissions
    return permissions.filter(pk__in=_of(request.user.pk).values("pk"))


def within(request: HttpRequest) -> QuerySet[Group]:
    """The groups with no right that whoever is signed in lacks."""
    return Group.objects.exclude(pk__in=Group.objects.filter(permissions__in=_lacking(request)).values("pk"))


def may_change_operator(request: HttpRequest, operator: Operator) -> bool:
    """Whether the operator has no right that whoever is signed in lacks."""
    return is_superuser(request) or not _above(request).filter(pk=operator.pk).exists()


def may_change_group(request: HttpRequest, group: Group) -> bool:
    """Whether that holds for the group and for all of its members, whose rights change with it."""
    if is_superuser(request):
        return True
    return within(request).filter(pk=group.pk).exists() and not _above(request).filter(groups=group).exists()


def _of(pk: Any) -> QuerySet[Permission]:
    return Permission.objects.filter(Q(user=pk) | Q(group__user=pk))


def _lacking(request: HttpRequest) -> QuerySet[Permission]:
    return Permission.objects.exclude(pk__in=held(request).values("pk"))


def _above(request: HttpRequest) -> QuerySet[Operator]:
    lacking = _lacking(request)
    more = Q(is_superuser=True) | Q(user_permissions__in=lacking) | Q(groups__permissions__in=lacking)
    return Operator.objects.filter(pk__in=Operator.objects.filter(more).values("pk"))
