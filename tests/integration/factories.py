"""Factories of database rows, written by Django's ORM."""

# mypy: allow-untyped-calls
# factory_boy's declarations have no annotations.

import os

from factory.declarations import LazyAttribute, LazyFunction, SubFactory
from factory.django import DjangoModelFactory
from uuid_utils.compat import uuid7

from adapters.django_orm.models import ApiKeyRow, OwnerRow, SimulationRow
from domain.access.scopes import Scope
from domain.access.token import ApiKeyToken
from tests.factories import NOW, SimulationFactory


class OwnerRowFactory(DjangoModelFactory[OwnerRow]):
    """An active owner's row."""

    class Meta:
        model = OwnerRow

    id = LazyFunction(uuid7)
    name = LazyAttribute(lambda row: f"Owner {row.id}")
    created_at = NOW
    version = 1


class KeyRowFactory(DjangoModelFactory[ApiKeyRow]):
    """A key with all scopes; its owner is made too unless one is passed."""

    class Meta:
        model = ApiKeyRow

    class Params:
        text = LazyFunction(lambda: ApiKeyToken.new(os.urandom))

    id = LazyFunction(uuid7)
    owner = SubFactory(OwnerRowFactory)
    name = "Notebook"
    public_id = LazyAttribute(lambda row: row.text.public_id)
    digest = LazyAttribute(lambda row: row.text.digest())
    scopes = frozenset(Scope)
    created_at = NOW
    version = 1


class SimulationRowFactory(DjangoModelFactory[SimulationRow]):
    """A simulation of an owner id that no other row has."""

    class Meta:
        model = SimulationRow

    id = LazyFunction(uuid7)
    owner_id = LazyFunction(uuid7)
    name = "Wing flutter"
    name_folded = LazyAttribute(lambda row: row.name.casefold())
    start_date = SimulationFactory.start_date
    end_date = SimulationFactory.end_date
    created_at = NOW
    updated_at = NOW
    version = 1
