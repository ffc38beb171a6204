"""Simulations and revisions, which operators read and never change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.html import format_html

from adapters.django_orm.admin.shown import ShownOnly
from adapters.django_orm.models import RevisionRow, SimulationRow

if TYPE_CHECKING:
    from django.utils.safestring import SafeString


@admin.register(SimulationRow)
class SimulationAdmin(ShownOnly):
    list_display = ("name", "owner_id", "start_date", "end_date", "created_at", "version")
    list_filter = ("start_date", "created_at")
    search_fields = ("name",)
    search_help_text = "A part of the name, or the id of a simulation or of an owner"
    id_fields = ("id", "owner_id")


@admin.register(RevisionRow)
class RevisionAdmin(ShownOnly):
    list_display = ("created_at", "owner_id", "kind", "entity_id", "version", "actor", "request_id")
    list_display_links = ("created_at",)
    list_filter = ("created_at",)  # not by kind: to offer the kinds, Django would read every revision
    search_fields = ("=actor", "=request_id")
    search_help_text = "An actor, a request's id, or the id of a revision, an owner or an object"
    id_fields = ("id", "owner_id", "entity_id")
    id_like_fields = ("request_id",)
    fields = (
        *("id", "owner_id", "number", "created_at", "actor", "request_id"),
        *("kind", "entity_id", "version", "state_before", "state_after"),
    )

    @admin.display(description="before")
    def state_before(self, row: RevisionRow) -> SafeString | None:
        return _laid_out(row.before)

    @admin.display(description="after")
    def state_after(self, row: RevisionRow) -> SafeString | None:
        return _laid_out(row.after)


def _laid_out(state: str | None) -> SafeString | None:
    if state is None:
        return None
    return format_html("<pre>{}</pre>", json.dumps(json.loads(state), indent=2, ensure_ascii=False))
