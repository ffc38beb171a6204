"""Rows that are looked at: found by their ids, newest first, without what is secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from adapters.django_orm.admin.safe_lookups import CheckedLookups

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import HttpRequest, HttpResponse


class Choice(admin.SimpleListFilter):
    """A filter by words that are known beforehand: no row is read to offer them."""

    conditions: ClassVar[Mapping[str, Callable[[], Q]]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(word, word) for word in self.conditions]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        condition = self.conditions.get(self.value() or "")
        return queryset if condition is None else queryset.filter(condition())


class ReadOnlyAdmin(CheckedLookups):
    """Rows to look at: changes pass through the use cases, which keep the rules and record the cause."""

    ordering = ("-id",)  # newest first: the ids begin with the time, and only the primary key serves all owners
    list_per_page = 50
    show_full_result_count = False
    actions = None
    id_fields: tuple[str, ...] = ("id",)
    id_like_fields: tuple[str, ...] = ()  # of text that may look like an id
    secret_fields: tuple[str, ...] = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Nothing secret can be asked for by the query either, letter by letter."""
        secret = lookup.startswith(self.secret_fields)
        return not secret and super().lookup_allowed(lookup, value, request)

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
        for name in self.id_like_fields:
            condition |= Q((name, search_term.strip()))
        return queryset.filter(condition), False

    def missing(self, request: HttpRequest) -> HttpResponseRedirect:
        """To the list, with the word that there is no such row."""
        messages.warning(request, f"There is no such {self.opts.verbose_name}.")
        return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The revisions: they know more than Django's own log, and of changes by the API too."""
        row = self.get_object(request, object_id)
        if row is None:
            return self.missing(request)
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        owner, entity = str(getattr(row, "owner_id", row.pk)), str(getattr(row, "entity_id", row.pk))
        return HttpResponseRedirect(list_of("revisionrow", owner_id__exact=owner, entity_id__exact=entity))


def list_of(model: str, **conditions: str) -> str:
    """Where the admin lists these rows."""
    return f"{reverse(f'admin:goatfish_{model}_changelist')}?{urlencode(conditions)}"
