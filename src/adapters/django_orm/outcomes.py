"""What idempotent requests made, recorded by the transaction that made it."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import msgspec
from django.db import connections

from adapters.django_orm.models import OutcomeRow
from adapters.django_orm.statements import Compiler, Executor, Param, Statement, Work
from domain.idempotency import KEPT_FOR, Outcome, Repeated

if TYPE_CHECKING:
    from datetime import datetime

    from django.db import models

    from domain.tenancy import E, Idempotency, Owned, OwnerId

PURGED_AT_ONCE = 1000
"""Rows of one transaction, short enough for other writers to wait for."""
IN_FLIGHT_WAIT = 250
"""Milliseconds for which a request waits for another with the same key; PostgreSQL only, as SQLite has one writer."""
_COLUMNS = tuple(field.attname for field in OutcomeRow._meta.concrete_fields)


def _param(column: str, name: str | None = None) -> Param:
    return Param(name or column, cast("models.Field[Any, Any]", OutcomeRow._meta.get_field(column)))


def snapshot(entity: Owned) -> str:
    """The entity as JSON, its secret attributes empty."""
    bare = dataclasses.replace(entity, **dict.fromkeys(entity.SECRETS, ""))
    return msgspec.json.encode(bare, order="deterministic").decode()


class OutcomeTable:
    """All recorded outcomes."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self._compile = Compiler(executor)

    def of(self, owner: OwnerId) -> OwnedOutcomes:
        return OwnedOutcomes(self, owner)

    @property
    def _mine(self) -> models.QuerySet[OutcomeRow, OutcomeRow]:
        return OutcomeRow.objects.filter(owner_id=_param("owner_id"))

    @cached_property
    def find(self) -> Statement:
        one = self._mine.filter(operation=_param("operation"), key=_param("key"), created_at__gte=_param("created_at"))
        return self._compile.select(one, "fingerprint", "entity")

    @cached_property
    def insert(self) -> Statement:
        # Another transaction with the same key is waited for, whichever way it ends.
        replaced = ", ".join(f'"{column}" = excluded."{column}"' for column in _COLUMNS)
        return self._compile.insert(
            OutcomeRow,
            _COLUMNS,
            suffix=f' ON CONFLICT ("owner_id", "operation", "key") DO UPDATE SET {replaced}'
            ' WHERE "outcome"."created_at" < %s RETURNING 1',
            more=[_param("created_at", "expired_before")],
        )

    @cached_property
    def _delete_old(self) -> Statement:
        old = OutcomeRow.objects.filter(created_at__lt=_param("created_at")).values("id")[:PURGED_AT_ONCE]
        return self._compile.delete(OutcomeRow.objects.filter(id__in=old), suffix=" RETURNING 1")

    async def purge(self, before: datetime) -> int:
        def work() -> Work[int]:
            return len((yield self._delete_old, {"created_at": before}))

        purged = 0
        while count := await self.executor.transact(None, work()):
            purged += count
        return purged

    @cached_property
    def _wait_briefly(self) -> Statement:
        return Statement(f"SELECT set_config('lock_timeout', '{IN_FLIGHT_WAIT}', true)", (), (None,))

    def record(self, promise: Idempotency, entity: Owned) -> Work[None]:
        """Part of the transaction that adds the entity. Raises ``Repeated``."""
        values = {
            "id": entity.id,
            "owner_id": entity.owner_id,
            "created_at": entity.created_at,
            "operation": promise.operation,
            "key": promise.key,
            "fingerprint": promise.fingerprint,
            "entity": snapshot(entity),
            "expired_before": entity.created_at - KEPT_FOR,
        }
        if connections[self.executor.alias].vendor == "postgresql":
            yield self._wait_briefly, {}
        if not (yield self.insert, values):
            raise Repeated


class OwnedOutcomes:
    """One owner's recorded outcomes."""

    def __init__(self, table: OutcomeTable, owner: OwnerId) -> None:
        self._table, self._owner = table, owner

    async def find(self, promise: Idempotency, entity: type[E], since: datetime) -> Outcome[E] | None:
        values = {
            "owner_id": self._owner,
            "operation": promise.operation,
            "key": promise.key,
            "created_at": since,
        }
        for fingerprint, kept in await self._table.executor.fetch(self._owner, self._table.find, values):
            return Outcome(fingerprint, msgspec.json.decode(kept, type=entity))
        return None
