"""What operators see of the tables in Django's admin; tenants' data is shown there and never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import Model, Q, QuerySet

from adapters.django_orm.models import KeyRow, Operator, OwnerRow, SimulationRow

if TYPE_CHECKING:
    from django.http import HttpRequest

admin.site.site_header = admin.site.site_title = "Goatfish"
admin.site.index_title = "Operators"
admin.site.register(Operator, UserAdmin)


class _ShownOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # -- generic for the type checker alone, not at run time
    """Rows to look at: changes pass through the use cases, which keep the rules and record the cause."""

    ordering = ("-id",)  # newest first: the ids begin with the time, and only the primary key serves all owners
    list_per_page = 50
    show_full_result_count = False
    id_fields: tuple[str, ...] = ("id",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Looks an id up by its index; anything else is looked for as text."""
        try:
            wanted = UUID(search_term.strip())
        except ValueError:
            return super().get_search_results(request, queryset, search_term)
        condition = Q()
        for name in self.id_fields:
            condition |= Q((name, wanted))
        return queryset.filter(condition), False


@admin.register(OwnerRow)
class OwnerAdmin(_ShownOnly):
    list_display = ("name", "id", "created_at", "deactivated_at")
    list_filter = (("deactivated_at", admin.EmptyFieldListFilter),)
    search_fields = ("name",)
    search_help_text = "A part of the name, or an id"


@admin.register(KeyRow)
class KeyAdmin(_ShownOnly):
    list_display = ("name", "owner", "prefix", "scopes_held", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_select_related = ("owner",)
    list_filter = (("revoked_at", admin.EmptyFieldListFilter), "created_at")
    search_fields = ("name", "public_id", "owner__name")
    search_help_text = "A part of the name, of the prefix or of the owner's name, or an id"
    id_fields = ("id", "owner_id")
    fields = ("id", "owner", *list_display[:1], *list_display[2:], "version")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return super().get_search_results(request, queryset, search_term.strip().removeprefix("gf_"))

    @admin.display(ordering="public_id")
    def prefix(self, row: KeyRow) -> str:
        return f"gf_{row.public_id}"

    @admin.display(description="scopes")
    def scopes_held(self, row: KeyRow) -> str:
        return ", ".join(sorted(row.scopes))


@admin.register(SimulationRow)
class SimulationAdmin(_ShownOnly):
    list_display = ("name", "owner_id", "start_date", "end_date", "created_at", "version")
    list_filter = ("start_date", "created_at")
    search_fields = ("name",)
    search_help_text = "A part of the name, or the id of a simulation or of an owner"
    id_fields = ("id", "owner_id")
