"""Pages whose address cannot make them fail: what no query can use is refused as Django refuses what it knows."""

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
"""Characters: nothing longer is found anyway, and each word is one more condition."""

_log = logging.getLogger("goatfish.admin")


class CheckedList(ChangeList):
    """Django refuses by ``?e=1`` what it cannot make a query of. Much of that shows only when the query is run."""

    def get_results(self, request: HttpRequest) -> None:
        try:
            super().get_results(request)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            if not self.get_filters_params() and not self.query:
                raise  # nothing was asked for: it is our fault
            _log.warning("%s %r cannot be looked up", request.method, request.path, exc_info=error)
            raise IncorrectLookupParameters(error) from error


class CheckedLookups(admin.ModelAdmin):  # type: ignore[type-arg]  # -- generic for the type checker alone, not at run time
    """Lists, searches and ids that take any text."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CheckedList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Model | None:
        """None too for an id that is out of its type's range."""
        try:
            found: Model | None = super().get_object(request, object_id, from_field)
        except (OverflowError, DataError):
            return None
        return found

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """No regular expressions: some take for ever, and hold the whole process on SQLite."""
        is_expression = not {"regex", "iregex"}.isdisjoint(lookup.split("__"))
        return not is_expression and super().lookup_allowed(lookup, value, request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if len(search_term) > SEARCH_MAX:
            raise IncorrectLookupParameters
        return super().get_search_results(request, queryset, search_term)
