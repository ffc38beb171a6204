"""Django's admin for operators: read-only tables, and the few changes that go through use cases."""

from django.contrib import admin

from adapters.django_orm.admin.api_keys import ApiKeyAdmin
from adapters.django_orm.admin.entities import entity_admin, register_entities
from adapters.django_orm.admin.lockout import SignInForm
from adapters.django_orm.admin.operators import AttemptAdmin, GroupAdmin, OperatorAdmin
from adapters.django_orm.admin.owners import OwnerAdmin
from adapters.django_orm.admin.records import RevisionAdmin
from adapters.django_orm.admin.webhooks import DeliveryAdmin, WebhookAdmin
from domain.registry import ENTITIES

__all__ = [
    "ApiKeyAdmin",
    "AttemptAdmin",
    "DeliveryAdmin",
    "GroupAdmin",
    "OperatorAdmin",
    "OwnerAdmin",
    "RevisionAdmin",
    "WebhookAdmin",
    "entity_admin",
]

admin.site.site_header = admin.site.site_title = "Goatfish"
admin.site.index_title = "Overview"
admin.site.site_url = "/docs"
admin.site.login_form = SignInForm
admin.site.enable_nav_sidebar = False  # lists need its width; every page links to the index

register_entities(ENTITIES)
