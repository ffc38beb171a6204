"""Pages of owners: create, deactivate, activate, export, erase, and links to what they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.urls import reverse

from adapters.django_orm.admin.owner_data import OwnerDataAdmin
from adapters.django_orm.admin.read_only import ConditionFilter, list_url
from adapters.django_orm.admin.use_case_actions import UseCaseAction, add_form_error, run_use_case
from adapters.django_orm.apps import model_of
from adapters.django_orm.models import ApiKeyRow, OwnerRow, RevisionRow
from domain.access.owner import Owner
from domain.errors import DomainError
from domain.registry import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import Model
    from django.http import HttpRequest, HttpResponse


class OwnerForm(forms.Form):
    """The form for a new owner."""

    name = forms.CharField(max_length=Owner.NAME_MAX)


class StateFilter(ConditionFilter):
    title = parameter_name = "state"
    conditions: ClassVar = {
        "active": lambda: Q(deactivated_at__isnull=True),
        "deactivated": lambda: Q(deactivated_at__isnull=False),
    }


@admin.register(OwnerRow)
class OwnerAdmin(OwnerDataAdmin):
    list_display = fields = ("name", "id", "created_at", "deactivated_at")
    list_filter = (StateFilter,)
    search_fields = ("name",)
    search_help_text = "A part of the name, or an id"
    use_case_actions = (
        UseCaseAction(
            name="deactivate",
            warning="All of its API keys will be rejected. Nothing is deleted, and it can be activated again.",
            success="The owner {} is deactivated: its keys are rejected within a second.",
            is_applicable=lambda row: row.deactivated_at is None,
            run=lambda cases, row, context: cases.owners.deactivate(row.pk, context),
        ),
        UseCaseAction(
            name="activate",
            warning="Its API keys will be valid again, unless revoked or expired.",
            success="The owner {} is active again.",
            is_applicable=lambda row: row.deactivated_at is not None,
            run=lambda cases, row, context: cases.owners.activate(row.pk, context),
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
                owner = run_use_case(
                    request, lambda cases, context: cases.owners.create(form.cleaned_data["name"], context)
                )
            except DomainError as error:
                add_form_error(form, error)
            else:
                messages.success(request, f"The owner {owner.name} is created. Next, issue a key.")
                return self.redirect_to_row(owner.id)
        return self.page(request, "goatfish/form.html", {"form": form, "title": "Add owner", "submit": "Add"})

    def tools(self, request: HttpRequest, row: Model) -> list[tuple[str, str]]:
        tools = [*self._lists(request, row), *super().tools(request, row)]
        active = getattr(row, "deactivated_at", None) is None
        if active and self.admin_site.get_model_admin(ApiKeyRow).has_add_permission(request):
            tools.append((f"{reverse('admin:goatfish_apikeyrow_add')}?{urlencode({'owner': row.pk})}", "Issue a key"))
        return tools

    def _lists(self, request: HttpRequest, row: Model) -> Iterator[tuple[str, str]]:
        """The lists of what the owner has, as far as the operator may see them."""
        models: tuple[type[Model], ...] = (*map(model_of, ENTITIES), ApiKeyRow, RevisionRow)
        for model in models:
            if self.admin_site.get_model_admin(model).has_view_permission(request):
                owner = "owner__id__exact" if model is ApiKeyRow else "owner_id__exact"
                where = list_url(str(model._meta.model_name), **{owner: str(row.pk)})
                yield where, str(model._meta.verbose_name_plural).capitalize()
