"""Read-only pages of webhooks, without their secrets, and of deliveries to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.contrib import admin
from django.db.models import Q
from django.utils.html import format_html

from adapters.django_orm.admin.read_only import ConditionFilter, list_url
from adapters.django_orm.admin.records import OwnedAdmin
from adapters.django_orm.admin.references import reference_filter
from adapters.django_orm.models import WebhookDeliveryRow, WebhookRow
from domain.webhooks.delivery import ACCEPTED

if TYPE_CHECKING:
    from django.utils.safestring import SafeString


class StateFilter(ConditionFilter):
    title = parameter_name = "state"
    conditions: ClassVar = {
        "enabled": lambda: Q(enabled=True),
        "disabled": lambda: Q(enabled=False),
        "disabled by the service": lambda: Q(disabled_reason__isnull=False),
    }


@admin.register(WebhookRow)
class WebhookAdmin(OwnedAdmin):
    list_display = ("url", "owner_link", "kinds", "enabled", "disabled_reason", "created_at")
    list_filter = (reference_filter("owner_id"), StateFilter, "created_at")
    search_fields = ("url",)
    search_help_text = "A part of the URL, or the id of a webhook or an owner"
    id_fields = ("id", "owner_id")
    secret_fields = ("secret", "previous_secret")
    fields = (
        *("id", "owner_link", "url", "kinds", "description", "enabled", "disabled_reason", "previous_secret_until"),
        *("created_at", "updated_at", "version", "deliveries"),
    )

    def deliveries(self, row: WebhookRow) -> SafeString:
        """A link to the deliveries to it."""
        where = list_url("webhookdeliveryrow", webhook_id__exact=str(row.pk))
        return format_html('<a href="{}">deliveries to this webhook</a>', where)


class OutcomeFilter(ConditionFilter):
    title = parameter_name = "outcome"
    conditions: ClassVar = {
        "accepted": lambda: Q(status_code__range=(ACCEPTED[0], ACCEPTED[-1])),
        "not accepted": lambda: ~Q(status_code__range=(ACCEPTED[0], ACCEPTED[-1])) | Q(status_code__isnull=True),
    }


@admin.register(WebhookDeliveryRow)
class DeliveryAdmin(OwnedAdmin):
    list_display = ("created_at", "type", "owner_link", "attempt", "status_code", "duration_ms", "error")
    list_filter = (*map(reference_filter, ("owner_id", "webhook_id")), OutcomeFilter, "created_at")
    search_fields = ("=message_id",)
    search_help_text = "The id of a message, a delivery, a webhook or an owner"
    id_fields = ("id", "owner_id", "webhook_id")
    fields = (
        *("id", "owner_link", "webhook_id", "created_at", "message_id", "type", "number", "cause", "attempt"),
        *("status_code", "duration_ms", "answer", "error", "next_attempt_at"),
    )
