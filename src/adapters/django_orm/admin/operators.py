"""Operators, without a word of their passwords' hashes, and the attempts to sign in that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.urls import reverse
from django.utils.html import format_html

from adapters.django_orm.admin.shown import ShownOnly
from adapters.django_orm.models import Operator

if TYPE_CHECKING:
    from django.utils.safestring import SafeString


@admin.register(Operator)
class OperatorAdmin(UserAdmin):  # type: ignore[type-arg]  # -- generic for the type checker alone, not at run time
    """Without the field that tells how a password is hashed, with what salt, and how the hash begins."""

    fieldsets = ((None, {"fields": ("username", "set_password")}), *UserAdmin.fieldsets[1:])  # type: ignore[index]  # -- never None there
    readonly_fields = ("set_password", "last_login", "date_joined")

    @admin.display(description="password")
    def set_password(self, operator: Operator) -> SafeString:
        where = reverse("admin:auth_user_password_change", args=[operator.pk])
        return format_html('<a href="{}">Set another</a>', where)


apps.get_app_config("axes").verbose_name = "Sign-in attempts"


@admin.register(apps.get_model("axes", "AccessAttempt"))
class AttemptAdmin(ShownOnly):
    """Who was refused, and how often; what else the form was sent is left out."""

    ordering = ("-attempt_time",)
    list_display = ("attempt_time", "username", "ip_address", "failures_since_start")
    search_fields = ("=username", "=ip_address")
    search_help_text = "A name or an address"
    fields = list_display
    secret_fields = ("get_data", "post_data")

    def history_view(self, *args: Any, **kwargs: Any) -> Any:
        return admin.ModelAdmin.history_view(self, *args, **kwargs)
