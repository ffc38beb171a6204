"""Django's ORM and the repositories read and write the same rows."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Any

from domain.access.api_key import ApiKey
from domain.access.owner import Owner
from domain.repository import OwnerId
from domain.simulations.simulation import Simulation
from tests.contracts.cases import CASES, Case, admitted
from tests.factories import CONTEXT, NOW
from tests.integration.conftest import MakeStorage, opened, table_of
from tests.integration.factories import KeyRowFactory, OwnerRowFactory, SimulationRowFactory

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker


def entity_of(type_: type[Any], row: Any) -> Any:
    return type_(**{field.name: getattr(row, field.name) for field in dataclasses.fields(type_)})


def test_rows_made_by_the_orm_load_as_entities(lend: MakeStorage) -> None:
    owner = OwnerRowFactory.create(deactivated_at=NOW)
    key = KeyRowFactory.create(owner=owner)
    simulation = SimulationRowFactory.create(owner_id=owner.id)

    async def read() -> None:
        async with opened(lend()) as storage:
            mine = OwnerId(owner.id)
            assert await storage.owners.find(owner.id) == entity_of(Owner, owner)
            assert await storage.keys.of(mine).get(key.id) == entity_of(ApiKey, key)
            assert await storage.repository(Simulation).of(mine).get(simulation.id) == entity_of(Simulation, simulation)
            assert await storage.owners.holder(key.public_id) == (entity_of(Owner, owner), entity_of(ApiKey, key))

    asyncio.run(read())


def test_entities_stored_by_a_repository_load_by_the_orm(
    make_storage: MakeStorage, django_db_blocker: DjangoDbBlocker
) -> None:
    stored: list[tuple[Case, Any]] = []

    async def write() -> None:
        async with opened(make_storage()) as storage:
            for case, fields in ((each, fields) for each in CASES for fields in each.edges):
                entity = case.make(await admitted(storage, case.entity), **fields)
                await case.repository(storage).of(entity.owner_id).add(entity, CONTEXT)
                stored.append((case, entity))

    asyncio.run(write())
    with django_db_blocker.unblock():
        for case, entity in stored:
            row = table_of(case, make_storage()).model._default_manager.get(id=entity.id)
            assert entity_of(type(entity), row) == entity
