"""Read-only pages of tenants' entities, derived from their fields, unless a kind has registered its own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Q

from adapters.django_orm.admin.read_only import ConditionFilter
from adapters.django_orm.admin.records import OwnedAdmin
from adapters.django_orm.apps import model_of
from domain import fields as kinds
from domain.entity import title_of
from domain.entity_spec import FieldSpec, spec_of, words
from domain.fields import Amount, Boolean, Day, Integer, Moment, Reference, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from enum import StrEnum

    from domain.repository import Owned

COLUMNS_MAX = 5
"""Fields that a list shows, beside the owner and what every entity has."""
_SHOWN = (Text, kinds.Choice, Boolean, Integer, Amount, Day, Moment)


def entity_admin(entity: type[Owned]) -> type[OwnedAdmin]:
    """The page of the entities of one kind."""
    fields = spec_of(entity).fields.values()
    first, *others = [*_named(fields, *_SHOWN)][:COLUMNS_MAX] or ["id"]
    texts = tuple(_named(fields, Text))
    choices = [_choice_filter(each, each.kind.options) for each in fields if isinstance(each.kind, kinds.Choice)]
    parts = "".join(f"a part of the {words(name)}, " for name in texts).capitalize()
    members: dict[str, Any] = {
        "__module__": __name__,
        "__doc__": f"The page of {entity.__name__}.",
        "list_display": (first, "owner_link", *others, "created_at", "version"),
        "list_filter": (*choices, *_named(fields, Boolean, Day, Moment), "created_at"),
        "search_fields": texts,
        "search_help_text": f"{parts or 'The '}{'or the ' if parts else ''}id of a {title_of(entity)} or of an owner",
        "id_fields": ("id", "owner_id", *_named(fields, Reference)),
    }
    return type(f"{entity.__name__}Admin", (OwnedAdmin,), members)


def _named(fields: Any, *kinds: type[Any]) -> Iterator[str]:
    """The names of the fields of these kinds."""
    each: FieldSpec
    for each in fields:
        if isinstance(each.kind, kinds):
            yield each.name


def _choice_filter(field: FieldSpec, options: Iterable[StrEnum]) -> type[ConditionFilter]:
    """A filter by the values of an enumeration, which are known without reading a row."""
    conditions = {option.value: partial(Q, (field.name, option)) for option in options}
    members = {"title": words(field.name), "parameter_name": field.name, "conditions": conditions}
    return type(f"{field.name.title()}Filter", (ConditionFilter,), members)


def register_entities(entities: Iterable[type[Owned]]) -> None:
    """Registers the page of every kind that has none yet."""
    for entity in entities:
        model = model_of(entity)
        if not admin.site.is_registered(model):
            admin.site.register(model, entity_admin(entity))
