"""Entities get admin pages from their declaration: a list with filters and search, and a detail page."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from django.contrib.admin import site
from django.db.models import Model
from django.test import Client, override_settings
from django.urls import path
from uuid_utils.compat import uuid7

from adapters.django_orm.admin.entities import register_entities
from adapters.django_orm.apps import model_of
from adapters.django_orm.entity_models import column_reader
from domain.repository import Owned, OwnerId
from tests.contracts.specimens import EDGES, material, specimen
from tests.integration.factories import OwnerRowFactory
from tests.integration.specimen_tables import specimen_tables
from tests.specimens import Material, Specimen

__all__ = ["specimen_tables"]


@pytest.fixture
def pages(specimen_tables: None, quick_passwords: None, admin_client: Client) -> Iterator[Client]:
    """A superuser's client, with the admin pages of specimens."""
    register_entities((Material, Specimen))
    urlconf: Any = ModuleType("urlconf")
    urlconf.urlpatterns = [path("admin/", site.urls)]
    with override_settings(ROOT_URLCONF=urlconf):
        yield admin_client
    for entity in (Material, Specimen):
        site.unregister(model_of(entity))


def stored(entity: Owned) -> Model:
    model = model_of(type(entity))
    names = [field.attname for field in model._meta.concrete_fields]
    row: Model = model._default_manager.create(
        **dict(zip(names, column_reader(type(entity), names)(entity), strict=True))
    )
    return row


def test_specimens_can_be_listed_filtered_searched_and_viewed(pages: Client) -> None:
    owner = OwnerId(OwnerRowFactory.create(id=uuid7()).pk)
    steel = stored(material(owner))
    made = [stored(specimen(owner, steel.pk, **fields)) for fields in EDGES]
    list_path = "/admin/specimen_tables/specimenrow/"
    for query, count in (
        ("", len(made)),
        ("?state=broken", 1),
        ("?sealed__exact=0", 1),
        (f"?q={made[0].name}", 1),  # type: ignore[attr-defined]  # -- a column of the specimen's row
        (f"?q={steel.pk}", len(made)),
        ("?made_on__gte=2027-01-01", 0),
    ):
        page = pages.get(f"{list_path}{query}")
        assert page.status_code == 200, query
        assert page.context["cl"].result_count == count, query
    for one in made:
        assert pages.get(f"{list_path}{one.pk}/change/").status_code == 200
