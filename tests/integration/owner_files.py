"""A committed owner with rows in every tenant table, and helpers to export, edit and import its file."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import uuid4

import pytest

from adapters.django_orm import bootstrap
from adapters.django_orm.storage import Storage
from adapters.django_orm.tenant_data.erasing import erase, rows_per_table
from adapters.django_orm.tenant_data.exporting import open_export
from adapters.django_orm.tenant_data.importing import import_owner
from domain.access.api_key import ApiKey
from domain.access.owner import Owner
from domain.access.token import ApiKeyToken
from domain.entity import update
from domain.errors import DomainError
from domain.registry import ENTITIES
from domain.repository import OwnerId
from domain.simulations.simulation import Simulation
from domain.write_context import IdempotencyKey, WriteContext
from tests.contracts.cases import add_referred, case_of
from tests.contracts.resources import RESOURCES
from tests.factories import ApiKeyFactory, DeliveryFactory, SimulationFactory, WebhookFactory
from tests.integration.conftest import opened

Line: TypeAlias = dict[str, Any]
NAME = 'Flügel 漢字 🐐 "quoted" \\ 100% $1 e\u0301'


async def stored_owner(text: ApiKeyToken, simulations: int = 7) -> Owner:
    """Stores a deactivated owner with objects of every kind, a key with this token, and idempotency records.

    ``simulations`` are created and updated; every fifth is deleted.
    """
    now = datetime.now(UTC)
    owner = Owner.create(id=OwnerId(uuid4()), now=now.replace(microsecond=0), name=f"Åcme {uuid4()}")
    cause = WriteContext(actor="operator:tests", request_id="request-1", at=now)
    async with opened(bootstrap.django_storage(size=4)) as storage:
        await storage.owners.add(owner, cause)
        key: ApiKey = ApiKeyFactory.build(owner_id=owner.id, text=text, created_at=now)
        await storage.keys.of(owner.id).add(key, cause)
        await storage.keys.of(owner.id).add(ApiKeyFactory.build(owner_id=owner.id, last_used_at=now), cause)
        for number in range(simulations):
            idempotency_key = IdempotencyKey(operation="create_simulation", key=f"ß {number}", fingerprint="f" * 64)
            context = WriteContext(actor="key:1", request_id="", at=now, idempotency_key=idempotency_key)
            await add_and_change(storage, owner.id, context, deleted=number % 5 == 4)
        await add_referred(storage, owner.id, *ENTITIES)
        for resource in RESOURCES:
            if resource.entity is not Simulation:
                made = case_of(resource.entity).make(owner.id, created_at=now)
                await storage.repository(resource.entity).of(owner.id).add(made, cause)
        await add_webhook(storage, owner.id, cause)
        return await storage.owners.change(owner.id, lambda stored: stored.deactivate(now), cause)


async def add_webhook(storage: Storage, owner: OwnerId, cause: WriteContext) -> None:
    """A webhook with a delivery; without a secret, which no file contains."""
    webhook = WebhookFactory.build(owner_id=owner, secret="", created_at=cause.at)
    await storage.webhooks.of(owner).add(webhook, cause)
    holder, owned = uuid4(), storage.deliveries.of(owner)
    cursor = await owned.claim(webhook.id, holder, cause.at, cause.at)
    assert cursor is not None
    made = [DeliveryFactory.build(owner_id=owner, webhook_id=webhook.id, created_at=cause.at, answer=NAME)]
    assert await owned.save(webhook.id, holder, cursor, None, made)


async def add_and_change(storage: Storage, owner: OwnerId, cause: WriteContext, *, deleted: bool = False) -> Simulation:
    simulation: Simulation = SimulationFactory.build(owner_id=owner, name=NAME, created_at=cause.at)
    repository = storage.repository(Simulation).of(owner)
    await repository.add(simulation, cause)
    changed = await repository.change(simulation.id, lambda stored: update(stored, now=cause.at, name="New"), cause)
    if deleted:
        await repository.remove(simulation.id, cause)
    return changed


def exported(owner: OwnerId) -> bytes:
    with open_export(owner, datetime.now(UTC)) as (_, parts):
        return b"".join(part for _, part in parts)


def imported(file: bytes, name: str | None = None) -> dict[str, int]:
    return import_owner(io.BytesIO(file), bootstrap.django_storage(size=1).tables, name)[1]


def remove(owner: OwnerId) -> None:
    """Erases the owner, of whom nothing is left."""
    for _ in erase(owner):
        pass
    assert not any(rows_per_table(owner).values())


def expect_refused(owner: OwnerId, lines: Iterable[Line], reason: str) -> None:
    """Imports these lines, which have to be refused wholly, in one sentence with this reason."""
    try:
        with pytest.raises(DomainError) as refused:
            imported(file_from(lines))
        assert not any(rows_per_table(owner).values())
    finally:
        remove(owner)
    assert reason in refused.value.detail
    assert "\n" not in refused.value.detail


def lines_of(file: bytes) -> list[Line]:
    return [json.loads(line) for line in file.splitlines()]


def file_from(lines: Iterable[Line]) -> bytes:
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)


def rows_of(lines: list[Line], table: str) -> list[Line]:
    return [line for line in lines if line.get("table") == table]
