"""Admin pages whose URL parameters cannot cause an error: unusable lookups are rejected as Django rejects others."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db import DataError, InterfaceError, OperationalError

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest

SEARCH_MAX = 300
"""Characters of a search: no searched column is longer, and each word adds a condition."""

_log = logging.getLogger("goatfish.admin")


class SafeChangeList(ChangeList):
    """Redirects to ``?e=1``, as Django does for invalid lookups, also where they fail only when the query runs."""

    def get_results(self, request: HttpRequest) -> None:
        try:
            super().get_results(request)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            if not self.get_filters_params() and not self.query:
                raise  # no filter and no search: it is a bug
            _log.warning("%s %r has an invalid lookup", request.method, request.path, exc_info=error)
            raise IncorrectLookupParameters(error) from error


class SafeLookupsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # -- generic for the type checker alone, not at run time
    """Accepts any text in lists, searches and ids."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return SafeChangeList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Model | None:
        """None also for an id out of its column's range."""
        try:
            found: Model | None = super().get_object(request, object_id, from_field)
        except (OverflowError, DataError):
            return None
        return found

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """No regular expressions: some take exponential time, and on SQLite they block the whole process."""
        is_expression = not {"regex", "iregex"}.isdisjoint(lookup.split("__"))
        return not is_expression and super().lookup_allowed(lookup, value, request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if len(search_term) > SEARCH_MAX:
            raise IncorrectLookupParameters
        return super().get_search_results(request, queryset, search_term)
