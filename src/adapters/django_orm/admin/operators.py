"""Operators, without a word of their passwords' hashes, their groups, and the attempts to sign in that failed.

Nobody gives rights here that it lacks, or lays hands on an operator who has more than itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils.html import format_html

from adapters.django_orm.admin import permissions
from adapters.django_orm.admin.read_only import ReadOnlyAdmin
from adapters.django_orm.admin.safe_lookups import CheckedLookups
from adapters.django_orm.models import Operator

if TYPE_CHECKING:
    from django.db.models import ManyToManyField, Model
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString


class OwnRightsAlone(CheckedLookups):
    """Rows that give rights: they offer those of whoever is signed in, and no others are taken."""

    def formfield_for_manytomany(self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        offered: Any = {
            "permissions": permissions.held,
            "user_permissions": permissions.held,
            "groups": permissions.within,
        }
        kwargs["queryset"] = offered[db_field.name](request)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # Django offers that button to nobody here, and asks those who send it all the same for the right to add alone.
        if "_saveasnew" in request.POST:
            raise PermissionDenied
        answer: HttpResponse = super().changeform_view(request, *args, **kwargs)
        return answer

    def may_change(self, request: HttpRequest, row: Any) -> bool:
        """Whether the row has no right that whoever is signed in lacks."""
        raise NotImplementedError

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or self.may_change(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or self.may_change(request, obj))


@admin.register(Operator)
class OperatorAdmin(OwnRightsAlone, UserAdmin):  # type: ignore[type-arg]  # -- generic for the type checker alone, not at run time
    """Without the field that tells how a password is hashed, with what salt, and how the hash begins."""

    fieldsets = ((None, {"fields": ("username", "set_password")}), *UserAdmin.fieldsets[1:])  # type: ignore[index]  # -- never None there
    readonly_fields = ("set_password", "last_login", "date_joined")

    def may_change(self, request: HttpRequest, row: Operator) -> bool:
        return permissions.may_change_operator(request, row)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return self.readonly_fields if permissions.is_superuser(request) else (*self.readonly_fields, "is_superuser")

    @admin.display(description="password")
    def set_password(self, operator: Operator) -> SafeString:
        where = reverse("admin:auth_user_password_change", args=[operator.pk])
        return format_html('<a href="{}">Set another</a>', where)


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(OwnRightsAlone, DjangoGroupAdmin):
    def may_change(self, request: HttpRequest, row: Group) -> bool:
        return permissions.may_change_group(request, row)


apps.get_app_config("axes").verbose_name = "Sign-in attempts"


@admin.register(apps.get_model("axes", "AccessAttempt"))
class AttemptAdmin(ReadOnlyAdmin):
    """Who was refused, and how often; what else the form was sent is left out."""

    ordering = ("-attempt_time",)
    list_display = ("attempt_time", "username", "ip_address", "failures_since_start")
    search_fields = ("=username", "=ip_address")
    search_help_text = "A name or an address"
    fields = list_display
    secret_fields = ("get_data", "post_data")

    def history_view(self, *args: Any, **kwargs: Any) -> Any:
        return admin.ModelAdmin.history_view(self, *args, **kwargs)
