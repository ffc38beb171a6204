"""The Django app of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig, apps

if TYPE_CHECKING:
    from django.db import models


class GoatfishConfig(AppConfig):
    name = "adapters.django_orm"
    label = "goatfish"
    verbose_name = "Goatfish"


def owned_models() -> list[type[models.Model]]:
    """The models with an ``owner_id``, in their order; the owners' own model has none."""
    found = apps.get_app_config("goatfish").get_models()
    return [model for model in found if any(field.column == "owner_id" for field in model._meta.concrete_fields)]
