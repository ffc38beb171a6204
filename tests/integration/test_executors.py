"""Every executor runs chains of statements atomically, and reports violations and readiness."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
import pytest
from django.db import DataError
from django.db.migrations.recorder import MigrationRecorder

from adapters.django_orm.models import SimulationRow
from adapters.django_orm.sql.compiler import Compiler
from adapters.django_orm.sql.expressions import Param
from adapters.django_orm.sql.statement import ConstraintViolated, WriteStep
from adapters.django_orm.storage import Storage
from domain.errors import Conflict, NotFound, Unavailable
from domain.simulations.simulation import Simulation
from tests.contracts.cases import admitted
from tests.factories import CONTEXT, ApiKeyFactory, SimulationFactory
from tests.integration.conftest import MakeStorage, opened

if TYPE_CHECKING:
    from adapters.django_orm.sql.statement import Values, WriteBatch


def two_inserts(storage: Storage, first: Simulation, second: Simulation) -> tuple[WriteBatch, Values]:
    """A chain of two inserts, and its values."""
    compiler = Compiler(storage.executor)

    def insert(prefix: str) -> WriteStep:
        names = {field.attname: field for field in SimulationRow._meta.concrete_fields}
        return compiler.insert(SimulationRow, {name: Param(prefix + name, field) for name, field in names.items()})

    values = storage.repository(Simulation).row
    named = {
        f"{prefix}{name}": value for prefix, one in (("a", first), ("b", second)) for name, value in values(one).items()
    }
    return compiler.chain(insert("a"), insert("b")), named


async def test_a_chain_is_one_transaction(storage: Storage) -> None:
    owner = await admitted(storage)
    first, second = SimulationFactory.build_batch(2, owner_id=owner)
    simulations = storage.repository(Simulation).of(owner)
    await simulations.add(second, CONTEXT)
    chain, values = two_inserts(storage, first, second)
    with pytest.raises(ConstraintViolated):
        await storage.executor.write(str(owner), chain, values)
    with pytest.raises(NotFound):
        await simulations.get(first.id)
    await simulations.remove(second.id, CONTEXT)
    assert await storage.executor.write(str(owner), chain, values) == 1
    assert await simulations.get(first.id) == first
    assert await simulations.get(second.id) == second


async def test_a_step_is_skipped_if_the_previous_one_changed_no_row(storage: Storage) -> None:
    owner = await admitted(storage)
    simulation = SimulationFactory.build(owner_id=owner)
    table, compiler = storage.repository(Simulation), Compiler(storage.executor)
    nothing = compiler.delete(table._one)
    columns = {name: table._param(name) for name in table.columns}
    chain = compiler.chain(nothing, compiler.insert(SimulationRow, columns))
    assert await storage.executor.write(str(owner), chain, table.row(simulation)) == 0
    with pytest.raises(NotFound):
        await table.of(owner).get(simulation.id)


async def test_a_duplicate_public_id_is_a_conflict(storage: Storage) -> None:
    owner = await admitted(storage)
    key = ApiKeyFactory.build(owner_id=owner)
    await storage.keys.of(owner).add(key, CONTEXT)
    with pytest.raises(Conflict):
        await storage.keys.of(owner).add(ApiKeyFactory.build(owner_id=owner, public_id=key.public_id), CONTEXT)


async def test_a_number_out_of_range_is_not_a_domain_error(storage: Storage) -> None:
    owner = await admitted(storage)
    with pytest.raises((OverflowError, DataError, asyncpg.DataError), match=r"out of|too large"):
        await (
            storage.repository(Simulation)
            .of(owner)
            .add(SimulationFactory.build(owner_id=owner, version=2**63), CONTEXT)
        )


async def test_concurrent_statements_return_their_own_rows(storage: Storage) -> None:
    owners = [await admitted(storage) for _ in range(3)]
    simulations = [SimulationFactory.build(owner_id=owners[number % 3]) for number in range(30)]
    await asyncio.gather(*(storage.repository(Simulation).of(each.owner_id).add(each, CONTEXT) for each in simulations))
    read = await asyncio.gather(
        *(storage.repository(Simulation).of(each.owner_id).get(each.id) for each in simulations)
    )
    assert read == simulations


async def test_a_migrated_database_is_ready(storage: Storage) -> None:
    await storage.check()


def test_a_database_with_an_unapplied_migration_is_not_ready(lend: MakeStorage) -> None:
    MigrationRecorder.Migration.objects.filter(app="goatfish", name="0001_initial").delete()

    async def check() -> None:
        async with opened(lend()) as storage:
            with pytest.raises(Unavailable, match="1 migration"):
                await storage.check()

    asyncio.run(check())
