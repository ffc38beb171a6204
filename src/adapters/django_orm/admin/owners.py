"""Owners: made, deactivated and activated again; their keys are a link away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.urls import reverse

from adapters.django_orm.admin.read_only import Choice, list_of
from adapters.django_orm.admin.use_case_actions import (
    Change,
    UseCaseAdmin,
    carried_out,
    refuse,
)
from adapters.django_orm.models import ApiKeyRow, OwnerRow
from domain.access.owner import Owner
from domain.errors import DomainError

if TYPE_CHECKING:
    from django.db.models import Model
    from django.http import HttpRequest, HttpResponse


class OwnerForm(forms.Form):
    """What is asked for a new owner."""

    name = forms.CharField(max_length=Owner.NAME_MAX)


class StateFilter(Choice):
    title = parameter_name = "state"
    conditions: ClassVar = {
        "active": lambda: Q(deactivated_at__isnull=True),
        "deactivated": lambda: Q(deactivated_at__isnull=False),
    }


@admin.register(OwnerRow)
class OwnerAdmin(UseCaseAdmin):
    list_display = ("name", "id", "created_at", "deactivated_at")
    list_filter = (StateFilter,)
    search_fields = ("name",)
    search_help_text = "A part of the name, or an id"
    changes = (
        Change(
            name="deactivate",
            warning="None of its keys opens anything from then on. Nothing is deleted, and it can be activated again.",
            done="{} is deactivated: its keys are dead within a second.",
            fits=lambda row: row.deactivated_at is None,
            carry_out=lambda cases, row, context: cases.owners.deactivate(row.pk, context),
        ),
        Change(
            name="activate",
            warning="Those of its keys that are neither revoked nor expired open again.",
            done="{} is active again.",
            fits=lambda row: row.deactivated_at is not None,
            carry_out=lambda cases, row, context: cases.owners.activate(row.pk, context),
        ),
    )

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = OwnerForm(request.POST or None)
        if form.is_valid():
            try:
                owner = carried_out(
                    request, lambda cases, context: cases.owners.create(form.cleaned_data["name"], context)
                )
            except DomainError as error:
                refuse(form, error)
            else:
                messages.success(request, f"{owner.name} is made. It needs a key.")
                return self.to_row(owner.id)
        return self.page(request, "goatfish/form.html", {"form": form, "title": "Add owner", "submit": "Add"})

    def tools(self, request: HttpRequest, row: Model) -> list[tuple[str, str]]:
        tools = [(list_of("apikeyrow", owner__id__exact=str(row.pk)), "Keys"), *super().tools(request, row)]
        active = getattr(row, "deactivated_at", None) is None
        if active and self.admin_site.get_model_admin(ApiKeyRow).has_add_permission(request):
            tools.append((f"{reverse('admin:goatfish_apikeyrow_add')}?{urlencode({'owner': row.pk})}", "Issue a key"))
        return tools
