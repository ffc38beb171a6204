"""Read-only pages of revisions, and what all pages of rows with an owner share."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.db.models import Case, F, OuterRef, Q, Subquery, When
from django.urls import reverse
from django.utils.html import format_html

from adapters.django_orm.admin.differences import differences
from adapters.django_orm.admin.read_only import ConditionFilter, ReadOnlyAdmin
from adapters.django_orm.admin.references import reference_filter
from adapters.django_orm.admin.tables import differences_table
from adapters.django_orm.apps import model_of
from adapters.django_orm.models import ApiKeyRow, OwnerRow, RevisionRow, WebhookRow
from domain.access.api_key import ApiKey
from domain.access.owner import Owner
from domain.registry import ENTITIES
from domain.revisions import Action, action
from domain.webhooks.webhook import Webhook

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString


class OwnedAdmin(ReadOnlyAdmin):
    """Rows with an ``owner_id`` column, shown with a link to the owner."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        name = OwnerRow.objects.filter(pk=OuterRef("owner_id")).values("name")
        rows: QuerySet[Any] = super().get_queryset(request).annotate(owner_name=Subquery(name))
        return rows

    @admin.display(description="owner")
    def owner_link(self, row: Any) -> SafeString | str:
        if row.owner_name is None:  # the owner is erased, or on another shard
            return str(row.owner_id)
        where = reverse("admin:goatfish_ownerrow_change", args=[row.owner_id])
        return format_html('<a href="{}">{}</a>', where, row.owner_name)


KINDS = (Owner.KIND, ApiKey.KIND, Webhook.KIND, *(entity.KIND for entity in ENTITIES))
_RECORDED: tuple[type[Model], ...] = (OwnerRow, ApiKeyRow, WebhookRow, *map(model_of, ENTITIES))
_MODELS = {model._meta.db_table: model._meta.model_name for model in _RECORDED}
"""The names of the models whose pages show objects, by kind."""

_ACTIONS = {
    Owner.KIND: {"deactivated_at": ("deactivated", "activated")},
    ApiKey.KIND: {"revoked_at": ("revoked", "updated"), "expires_at": ("rolled", "updated")},
}
"""What an update is called that gives a member a value, and one that removes it."""


class KindFilter(ConditionFilter):
    title = parameter_name = "kind"
    conditions: ClassVar = {kind: partial(Q, kind=kind) for kind in KINDS}


@admin.register(RevisionRow)
class RevisionAdmin(OwnedAdmin):
    list_display = ("created_at", "action", "kind", "entity_id", "owner_link", "actor")
    list_display_links = ("created_at",)
    list_filter = (reference_filter("owner_id"), KindFilter, "created_at")
    search_fields = ("=actor", "=request_id")
    search_help_text = "An actor, a request's id, or the id of a revision, an owner or an object"
    id_fields = ("id", "owner_id", "entity_id")
    id_like_fields = ("request_id",)
    fields = (
        *("id", "owner_link", "owner_id", "created_at", "actor", "request_id"),
        *("action", "kind", "object_link", "version", "changes"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        sides: dict[str, Any] = {}
        for side in ("before", "after"):
            sides[f"has_{side}"] = Q((f"{side}__isnull", False))
            sides[f"small_{side}"] = Case(When(kind__in=_ACTIONS, then=F(side)))  # those of other kinds may be large
        rows: QuerySet[Any] = super().get_queryset(request).annotate(**sides)
        return rows

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """The latest first: by number within one owner, and by the time in the ids where owners are mixed."""
        return ("-number",) if {"owner_id", "owner_id__exact"} & request.GET.keys() else self.ordering

    def action(self, row: Any) -> str:
        """What was done, by the name of the command or the button that did it, where it has one."""
        done = action(row.has_before or None, row.has_after or None)
        if done is Action.CREATED and row.version > 1:
            return "restored"
        if done is Action.UPDATED and row.kind in _ACTIONS:
            before, after = json.loads(row.small_before), json.loads(row.small_after)
            for member, (given, removed) in _ACTIONS[row.kind].items():
                if before.get(member) != after.get(member):
                    return removed if after.get(member) is None else given
        return str(done)

    @admin.display(description="object")
    def object_link(self, row: RevisionRow) -> SafeString | str:
        """The id of what was changed, as a link where it has a page and was not deleted by this change."""
        page = f"admin:goatfish_{_MODELS.get(row.kind, '')}_change"
        if row.after is None or row.kind not in _MODELS:
            return str(row.entity_id)
        return format_html('<a href="{}">{}</a>', reverse(page, args=[row.entity_id]), row.entity_id)

    def changes(self, row: RevisionRow) -> SafeString:
        """What is different after it."""
        return differences_table(differences(row.kind, row.before, row.after))
