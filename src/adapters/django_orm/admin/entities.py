"""Read-only pages of tenants' entities, derived from their fields, unless a kind has registered its own."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Q

from adapters.django_orm.admin.read_only import ConditionFilter
from adapters.django_orm.admin.records import OwnedAdmin
from adapters.django_orm.admin.references import reference_column, reference_filter, referring_column, with_names
from adapters.django_orm.admin.tables import has_table, table_of
from adapters.django_orm.apps import model_of
from adapters.django_orm.columns import references_in
from domain import fields as kinds
from domain.entity import title_of
from domain.entity_spec import spec_of
from domain.field_spec import FieldSpec, display_name
from domain.fields import Amount, Boolean, Day, Integer, Moment, Reference, Text
from domain.paging import Comparison
from domain.references import links_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from enum import StrEnum

    from django.db.models import Model, QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

    from adapters.django_orm.columns import ReferenceField
    from domain.references import Link
    from domain.repository import Owned

COLUMNS_MAX = 6
"""Fields that a list shows, beside the owner and when it was created."""
_SHOWN = (Text, kinds.Choice, Boolean, Integer, Amount, Day, Moment, Reference)


class EntityAdmin(OwnedAdmin):
    """Entities, with the names of what they refer to."""

    references: tuple[ReferenceField, ...] = ()
    referring: Mapping[str, Link] = MappingProxyType({})
    """What refers to one of them, by the name of the field that lists it."""

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Without lists of what the operator may not see."""
        hidden = {name for name, link in self.referring.items() if not _may_view(request, link.child)}
        return [name for name in super().get_fields(request, obj) if name not in hidden]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return with_names(super().get_queryset(request), self.references)


def entity_admin(entity: type[Owned], entities: Sequence[type[Owned]] = ()) -> type[EntityAdmin]:
    """The page of the entities of one kind; others of ``entities`` may refer to it."""
    fields = spec_of(entity).fields.values()
    texts = [field for field in fields if isinstance(field.kind, Text)]
    references = tuple(references_in(model_of(entity)))
    links = {field.attname: f"{field.attname}_link" for field in references}
    first = texts[0].name if texts else "id"
    others = [links.get(name, name) for name in _named(fields, *_SHOWN) if name != first][: COLUMNS_MAX - 1]
    choices = [_choice_filter(each, each.kind.options) for each in fields if isinstance(each.kind, kinds.Choice)]
    parts = "".join(f"{'' if _is_exact(each) else 'a part of '}the {display_name(each.name)}, " for each in texts)
    ids = "".join(f"its {display_name(name).removesuffix(' id')}, " for name in links)
    referring = {f"{link.child.KIND}_{link.field.name}_list": link for link in links_to(entity, entities)}
    members: dict[str, Any] = {
        "__module__": __name__,
        "__doc__": f"The page of {entity.__name__}.",
        "references": references,
        "referring": referring,
        "list_display": (first, "owner_link", *others, "created_at"),
        "list_filter": (
            *choices,
            *map(reference_filter, ("owner_id", *links)),
            *_named(fields, Boolean, Day, Moment),
            "created_at",
        ),
        "search_fields": tuple(f"{each.name}__exact" if _is_exact(each) else each.name for each in texts),
        "search_help_text": f"{parts.capitalize()}{'or the' if parts else 'The'} id of a {title_of(entity)}, "
        f"{ids}or its owner",
        "id_fields": ("id", "owner_id", *links),
        "fields": ("id", "owner_link", "owner_id", *_details(entity, links), *referring, *_KEPT),
        **{links[field.attname]: reference_column(field) for field in references},
        **{name: referring_column(link) for name, link in referring.items()},
        **{f"{field.name}_table": _table_column(field) for field in spec_of(entity).kept if has_table(field)},
    }
    return type(f"{entity.__name__}Admin", (EntityAdmin,), members)


def _may_view(request: HttpRequest, entity: type[Owned]) -> bool:
    return admin.site.get_model_admin(model_of(entity)).has_view_permission(request)


_KEPT = ("created_at", "updated_at")


def _details(entity: type[Owned], links: Mapping[str, str]) -> Iterator[str]:
    """What the page of one entity shows of its fields."""
    for field in spec_of(entity).kept:
        yield links.get(field.name, f"{field.name}_table" if has_table(field) else field.name)


def _table_column(field: FieldSpec) -> Callable[[Any, Any], SafeString | None]:
    @admin.display(description=display_name(field.name))
    def table(_: Any, row: Any) -> SafeString | None:
        return table_of(field, getattr(row, field.name))

    return table


def _is_exact(field: FieldSpec) -> bool:
    """Whether clients look the text up as a whole."""
    return field.kind.unique or any(each.comparison is Comparison.EQUAL for each in field.kind.filters)


def _named(fields: Any, *kinds: type[Any]) -> Iterator[str]:
    """The names of the fields of these kinds."""
    each: FieldSpec
    for each in fields:
        if isinstance(each.kind, kinds):
            yield each.name


def _choice_filter(field: FieldSpec, options: Iterable[StrEnum]) -> type[ConditionFilter]:
    """A filter by the values of an enumeration, which are known without reading a row."""
    conditions = {option.value: partial(Q, (field.name, option)) for option in options}
    members = {"title": display_name(field.name), "parameter_name": field.name, "conditions": conditions}
    return type(f"{field.name.title()}Filter", (ConditionFilter,), members)


def register_entities(entities: Sequence[type[Owned]]) -> None:
    """Registers the page of every kind that has none yet."""
    for entity in entities:
        model = model_of(entity)
        if not admin.site.is_registered(model):
            admin.site.register(model, entity_admin(entity, entities))
