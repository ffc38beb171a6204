"""Read-only admin pages: searchable by id, newest first, without secret columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from adapters.django_orm.admin.safe_lookups import SafeChangeList, SafeLookupsAdmin
from adapters.django_orm.repositories.page_sizes import sized_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import HttpRequest, HttpResponse


class ConditionFilter(admin.SimpleListFilter):
    """A filter with a fixed list of choices, each a condition; no query is needed to list them."""

    conditions: ClassVar[Mapping[str, Callable[[], Q]]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(word, word) for word in self.conditions]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        condition = self.conditions.get(self.value() or "")
        return queryset if condition is None else queryset.filter(condition())


class LightChangeList(SafeChangeList):
    """A list that reads no long texts, maps or lists: its rows might be of any size."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        return rows.defer(*sized_columns(self.model, [field.attname for field in self.model._meta.concrete_fields]))


class ReadOnlyAdmin(SafeLookupsAdmin):
    """Read-only rows: only use cases change them, which validate and record revisions."""

    ordering = ("-id",)  # newest first: ids are time-ordered, and only the primary key is an index across owners
    list_per_page = 50
    show_full_result_count = False
    actions = None
    id_fields: tuple[str, ...] = ("id",)
    id_like_fields: tuple[str, ...] = ()  # text columns whose values may be UUIDs
    secret_fields: tuple[str, ...] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[LightChangeList]:
        return LightChangeList

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """No lookups of secret columns, by which they could be guessed letter by letter."""
        secret = lookup.startswith(self.secret_fields)
        return not secret and super().lookup_allowed(lookup, value, request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Looks a UUID up by its index; searches anything else as text."""
        try:
            wanted = UUID(search_term.strip())
        except ValueError:
            return super().get_search_results(request, queryset, search_term)
        condition = Q()
        for name in self.id_fields:
            condition |= Q((name, wanted))
        for name in self.id_like_fields:
            condition |= Q((name, search_term.strip()))
        return queryset.filter(condition), False

    def redirect_missing(self, request: HttpRequest) -> HttpResponseRedirect:
        """Redirects to the list, with a message that there is no such row."""
        messages.warning(request, f"There is no such {self.opts.verbose_name}.")
        return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirects to the row's revisions, which include changes by the API, as Django's own log does not."""
        row = self.get_object(request, object_id)
        if row is None:
            return self.redirect_missing(request)
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        owner, entity = str(getattr(row, "owner_id", row.pk)), str(getattr(row, "entity_id", row.pk))
        return HttpResponseRedirect(list_url("revisionrow", owner_id__exact=owner, entity_id__exact=entity))


def list_url(model: str, **conditions: str) -> str:
    """The URL of the admin's list of these rows."""
    where = reverse(f"admin:goatfish_{model}_changelist")
    return f"{where}?{urlencode(conditions)}" if conditions else where
