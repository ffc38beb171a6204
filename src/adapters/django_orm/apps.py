"""The Django app of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig, apps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db import models

    from domain.repository import Owned


class GoatfishConfig(AppConfig):
    name = "adapters.django_orm"
    label = "goatfish"
    verbose_name = "Goatfish"


def owned_models() -> list[type[models.Model]]:
    """The models with an ``owner_id``, in their order; the owners' own model has none."""
    return [model for model in _models() if any(each.column == "owner_id" for each in model._meta.concrete_fields)]


def model_of(entity: type[Owned]) -> type[models.Model]:
    """The model of an entity, found by its table. Raises ``LookupError``."""
    for model in _models():
        if model._meta.db_table == entity.KIND:
            return model
    raise LookupError(
        f"{entity.__name__} has no model: {entity.__name__}Row = entity_model({entity.__name__}, __name__)"
    )


def _models() -> Iterator[type[models.Model]]:
    return (model for app in apps.get_app_configs() for model in app.get_models())
