"""Links between the pages of entities that refer to each other, and filters by what is referred to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils.html import format_html

from adapters.django_orm.apps import model_of, owned_models
from domain.entity import plural_of
from domain.entity_spec import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

    from adapters.django_orm.columns import ReferenceField
    from domain.references import Link

NAME = "_named"
"""The end of the annotation that holds the name of what a reference refers to."""


class ReferenceFilter(admin.SimpleListFilter):
    """Rows that refer to one that is given by its id, as links to this list do.

    It offers nothing to choose from: there may be millions.
    """

    column: ClassVar[str]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        given = request.GET.get(self.parameter_name or "", "")
        return [(given, given)] if given else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        try:
            return queryset.filter((self.column, UUID(self.value())))
        except ValueError as error:
            raise IncorrectLookupParameters(error) from error


def reference_filter(column: str) -> type[ReferenceFilter]:
    """The filter by a reference."""
    members = {"title": _title(column), "parameter_name": f"{column}__exact", "column": column}
    return type("ReferenceFilter", (ReferenceFilter,), members)


def with_names(queryset: QuerySet[Any], references: Iterable[ReferenceField]) -> QuerySet[Any]:
    """The rows with the names of what they refer to, where that has names."""
    models = {model._meta.db_table: model for model in owned_models()}
    for field in references:
        model = models[field.to]
        if any(each.name == "name" for each in model._meta.concrete_fields):
            found = model._default_manager.filter(pk=OuterRef(field.name), owner_id=OuterRef("owner_id"))
            queryset = queryset.annotate(**{field.name + NAME: Subquery(found.values("name"))})
    return queryset


def reference_column(field: ReferenceField) -> Callable[[Any, Any], SafeString | None]:
    """What shows a reference as a link to the page of what it refers to."""
    page = _page(field.to)

    @admin.display(description=_title(field.name))
    def link(_: Any, row: Any) -> SafeString | None:
        id = getattr(row, field.name)
        if id is None:
            return None
        return format_html('<a href="{}">{}</a>', reverse(page, args=[id]), getattr(row, field.name + NAME, None) or id)

    return link


def referring_column(link: Link) -> Callable[[Any, Any], SafeString]:
    """What leads from a row to the list of those that refer to it."""
    meta = model_of(link.child)._meta

    @admin.display(description=f"{words(plural_of(link.child))} of this {_title(link.field.name)}")
    def listed(_: Any, row: Any) -> SafeString:
        where = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
        return format_html('<a href="{}?{}__exact={}">Show</a>', where, link.field.name, row.pk)

    return listed


def _title(column: str) -> str:
    return words(column).removesuffix(" id")


def _page(table: str) -> str:
    (model,) = (model for model in owned_models() if model._meta.db_table == table)
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
