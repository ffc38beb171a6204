"""Django's view of this package."""

from django.apps import AppConfig


class GoatfishConfig(AppConfig):
    name = "adapters.django_orm"
    label = "goatfish"
    verbose_name = "Goatfish"
