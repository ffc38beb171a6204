"""Pages of operators, without their password hashes, of groups, of failed sign-ins, and of what operators did.

An operator can neither grant permissions that it lacks nor change an operator with more permissions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.forms import CheckboxSelectMultiple
from django.urls import reverse
from django.utils.html import format_html

from adapters.django_orm.admin import permissions
from adapters.django_orm.admin.read_only import ReadOnlyAdmin
from adapters.django_orm.admin.safe_lookups import SafeLookupsAdmin
from adapters.django_orm.models import Operator

if TYPE_CHECKING:
    from django.db.models import ManyToManyField, Model
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString


class LimitedRightsAdmin(SafeLookupsAdmin):
    """Rows that grant permissions: only those of the signed-in operator are offered and accepted."""

    filter_horizontal = ()

    def formfield_for_manytomany(self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        offered: Any = {
            "permissions": permissions.grantable_permissions,
            "user_permissions": permissions.grantable_permissions,
            "groups": permissions.grantable_groups,
        }
        kwargs["queryset"] = offered[db_field.name](request)
        # Django's pair of boxes has names for screen readers where none are allowed.
        kwargs["widget"] = CheckboxSelectMultiple
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # The button "save as new" is off, but Django accepts its parameter, and checks the permission to add only.
        if "_saveasnew" in request.POST:
            raise PermissionDenied
        answer: HttpResponse = super().changeform_view(request, *args, **kwargs)
        return answer

    def may_change(self, request: HttpRequest, row: Any) -> bool:
        """Whether the row has no permission that the signed-in operator lacks."""
        raise NotImplementedError

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or self.may_change(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or self.may_change(request, obj))


@admin.register(Operator)
class OperatorAdmin(LimitedRightsAdmin, UserAdmin):  # type: ignore[type-arg]  # -- generic for the type checker alone, not at run time
    """Without Django's field that shows the algorithm, the salt and the beginning of a password's hash."""

    fieldsets = ((None, {"fields": ("username", "set_password")}), *UserAdmin.fieldsets[1:])  # type: ignore[index]  # -- never None there
    readonly_fields = ("set_password", "last_login", "date_joined")

    def may_change(self, request: HttpRequest, row: Operator) -> bool:
        return permissions.may_change_operator(request, row)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return self.readonly_fields if permissions.is_superuser(request) else (*self.readonly_fields, "is_superuser")

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Without the right to delete log entries, which nobody has: those of an operator go with it."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, lacking - {LogEntry._meta.verbose_name}, protected

    @admin.display(description="password")
    def set_password(self, operator: Operator) -> SafeString:
        where = reverse("admin:auth_user_password_change", args=[operator.pk])
        return format_html('<a href="{}">Set a new password</a>', where)


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(LimitedRightsAdmin, DjangoGroupAdmin):
    def may_change(self, request: HttpRequest, row: Group) -> bool:
        return permissions.may_change_group(request, row)


apps.get_app_config("axes").verbose_name = "Sign-in attempts"


@admin.register(apps.get_model("axes", "AccessAttempt"))
class AttemptAdmin(ReadOnlyAdmin):
    """Failed sign-ins by name and address, without the submitted form."""

    ordering = ("-attempt_time",)
    list_display = ("attempt_time", "username", "ip_address", "failures_since_start")
    search_fields = ("=username", "=ip_address")
    search_help_text = "A name or an address"
    fields = list_display
    secret_fields = ("get_data", "post_data")

    def history_view(self, *args: Any, **kwargs: Any) -> Any:
        return admin.ModelAdmin.history_view(self, *args, **kwargs)


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin):
    """What operators did to other operators and groups, and which owners they exported and erased."""

    ordering = ("-action_time",)
    list_display = fields = ("action_time", "user", "content_type", "object_repr", "what")
    list_select_related = ("user", "content_type")
    search_fields = ("=user__username", "object_repr")
    id_fields = ()
    id_like_fields = ("object_id",)
    search_help_text = "An operator's name, an object's id, or a part of its name"

    def history_view(self, *args: Any, **kwargs: Any) -> Any:
        return admin.ModelAdmin.history_view(self, *args, **kwargs)

    def what(self, entry: LogEntry) -> str:
        return entry.get_change_message() or entry.get_action_flag_display()
