"""Links between the pages of entities that refer to each other, and filters by what is referred to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from adapters.django_orm.admin.read_only import list_url
from adapters.django_orm.apps import model_of, owned_models
from adapters.django_orm.repositories.page_sizes import sized_columns
from domain.entity import plural_of
from domain.entity_spec import spec_of
from domain.field_spec import display_name
from domain.fields import Choice
from domain.references import referred_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

    from adapters.django_orm.columns import ReferenceField
    from domain.references import Link

NAME = "_named"
"""The end of the annotation that holds the name of what a reference refers to."""
NEWEST = 10
"""How many rows a page shows of those that refer to one."""


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


def referring_column(link: Link) -> Callable[[Any, Any], SafeString | str]:
    """What shows the newest of the rows that refer to one, and leads to the list of them."""
    model, name = model_of(link.child), link.field.name
    page, fields = _page(model._meta.db_table), spec_of(link.child).fields.values()
    choices = [field.name for field in fields if isinstance(field.kind, Choice)]

    def shown(child: Any) -> tuple[str, object, str]:
        said = "".join(f", {getattr(child, choice)}" for choice in choices)
        return reverse(page, args=[child.pk]), getattr(child, "name", None) or child.pk, said

    is_own_kind = referred_kind(link.child, name) == link.child.KIND

    @admin.display(
        description="children" if is_own_kind else f"{display_name(plural_of(link.child))} of this {_title(name)}"
    )
    def listed(_: Any, row: Any) -> SafeString | str:
        children = model._default_manager.filter((name, row.pk), owner_id=row.owner_id)
        large = sized_columns(model, [field.attname for field in model._meta.concrete_fields])
        newest = [*children.defer(*large).order_by("-created_at", "-pk")[: NEWEST + 1]]
        if not newest:
            return "None"
        links = format_html_join("", '<li><a href="{}">{}</a>{}</li>', map(shown, newest[:NEWEST]))
        label = f"Show all; these are the newest {NEWEST}" if len(newest) > NEWEST else "Show as a list"
        where = list_url(str(model._meta.model_name), **{f"{name}__exact": str(row.pk)})
        return format_html('<ul>{}</ul><a href="{}">{}</a>', links, where, label)

    return listed


def _title(column: str) -> str:
    return display_name(column).removesuffix(" id")


def _page(table: str) -> str:
    (model,) = (model for model in owned_models() if model._meta.db_table == table)
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
