"""Read-only pages of tenants' entities, derived from their fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from adapters.django_orm.admin.records import OwnedAdmin
from adapters.django_orm.apps import model_of
from domain.entity import FieldSpec, spec_of, title_of, words
from domain.fields import Amount, Boolean, Choice, Day, Integer, Moment, Reference, Text
from domain.registry import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.repository import Owned

COLUMNS_MAX = 5
"""Fields that a list shows, beside the owner and what every entity has."""
_SHOWN = (Text, Choice, Boolean, Integer, Amount, Day, Moment)


def entity_admin(entity: type[Owned]) -> type[OwnedAdmin]:
    """The page of the entities of one kind."""
    fields = spec_of(entity).fields.values()
    first, *others = [*_named(fields, *_SHOWN)][:COLUMNS_MAX] or ["id"]
    texts = tuple(_named(fields, Text))
    parts = "".join(f"a part of the {words(name)}, " for name in texts).capitalize()
    members: dict[str, Any] = {
        "__module__": __name__,
        "__doc__": f"The page of {entity.__name__}.",
        "list_display": (first, "owner_link", *others, "created_at", "version"),
        "list_filter": (*_named(fields, Day, Moment), "created_at"),
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


for _entity in ENTITIES:
    admin.site.register(model_of(_entity), entity_admin(_entity))
