"""What idempotent requests made, each recorded by the transaction that made it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from adapters.django_orm.models import IdempotencyRow, RevisionRow
from adapters.django_orm.sql.compiler import Compiler
from adapters.django_orm.sql.expressions import Param, param
from adapters.django_orm.sql.limits import LOCK_TIMEOUT, PURGED_AT_ONCE
from adapters.django_orm.sql.membership import AnyOf
from adapters.django_orm.sql.statement import Executor, RlsContext, Statement, Values, WriteStep
from domain.idempotency import IDEMPOTENCY_TTL, IdempotencyRecord
from domain.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from adapters.django_orm.sql.failures import LockTimeout
    from adapters.django_orm.sql.statement import Rows, WriteBatch
    from domain.repository import E, Owned, OwnerId
    from domain.write_context import IdempotencyKey, WriteContext

IN_FLIGHT_WAIT = 250
"""Milliseconds for which a request waits for another with the same key; PostgreSQL only, as SQLite has one writer."""
_COLUMNS = tuple(field.attname for field in IdempotencyRow._meta.concrete_fields)


def _param(column: str, name: str | None = None) -> Param:
    return param(IdempotencyRow, column, name or f"record.{column}")


class IdempotencyTable:
    """All records."""

    WAIT_BRIEFLY = f" WHERE set_config('lock_timeout', '{IN_FLIGHT_WAIT}', true) IS NOT NULL"
    GO_ON = f" WHERE set_config('lock_timeout', '{int(LOCK_TIMEOUT * 1000)}', true) IS NOT NULL"
    """The condition of the step that follows, which may wait for locks as long as any other."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self._compile = Compiler(executor)

    def of(self, owner: OwnerId) -> OwnedIdempotencyRecords:
        return OwnedIdempotencyRecords(self, owner)

    @staticmethod
    def is_in_flight(context: WriteContext, error: LockTimeout) -> bool:
        """Whether the lock that a write did not get is that of its key.

        Then the server names the table, or none where the other request is just inserting its record.
        """
        is_of_key = not error.context or IdempotencyRow._meta.db_table in error.context
        return context.idempotency_key is not None and is_of_key

    @cached_property
    def find(self) -> Statement:
        names = ("owner_id", "operation", "key")
        rows = IdempotencyRow.objects.filter(
            created_at__gte=_param("created_at"), **{name: _param(name) for name in names}
        )
        return self._compile.select(rows, "fingerprint", "entity")

    @cached_property
    def find_created(self) -> Statement:
        """Finds the first revisions of entities."""
        rows = RevisionRow.objects.filter(
            AnyOf("entity_id", param(RevisionRow, "entity_id", "ids")),
            owner_id=param(RevisionRow, "owner_id"),
            kind=param(RevisionRow, "kind"),
            version=param(RevisionRow, "version"),
        )
        return self._compile.select(rows, "entity_id", "after")

    @cached_property
    def insert(self) -> WriteStep:
        """Part of a chain that adds an entity; it touches no row where there is a record that is not too old."""
        # Another transaction with the same key is waited for, whichever way it ends. A repeated request locks the
        # record, so that its commit too waits for the standbys (docs/decisions/0026).
        replaced = ", ".join(f'"{column}" = excluded."{column}"' for column in _COLUMNS)
        return self._compile.insert(
            IdempotencyRow,
            {name: _param(name) for name in _COLUMNS},
            where=self.WAIT_BRIEFLY,
            suffix=f' ON CONFLICT ("owner_id", "operation", "key") DO UPDATE SET {replaced}'
            ' WHERE "idempotency_record"."created_at" < %s',
            more=[_param("created_at", "record.expired_before")],
        )

    def values(self, idempotency_key: IdempotencyKey, entity: Owned, encoded: str) -> Values:
        """What ``insert`` is to be run with; ``encoded`` is the entity as JSON, without its secrets."""
        return {
            **self._values(idempotency_key, entity),
            "record.entity": encoded,
        }

    def values_of_all(self, idempotency_key: IdempotencyKey, entities: Sequence[Owned]) -> Values:
        """The same of a batch, of which the ids are kept: what it made is in its revisions, which are kept longer."""
        ids = msgspec.json.encode([entity.id for entity in entities]).decode()
        return {**self._values(idempotency_key, entities[0]), "record.entity": ids}

    @staticmethod
    def _values(idempotency_key: IdempotencyKey, entity: Owned) -> Values:
        return {
            "record.id": entity.id,
            "record.owner_id": entity.owner_id,
            "record.created_at": entity.created_at,
            "record.operation": idempotency_key.operation,
            "record.key": idempotency_key.key,
            "record.fingerprint": idempotency_key.fingerprint,
            "record.expired_before": entity.created_at - IDEMPOTENCY_TTL,
        }

    @cached_property
    def _delete_old(self) -> WriteBatch:
        old = IdempotencyRow.objects.filter(created_at__lt=_param("created_at")).values("id")[:PURGED_AT_ONCE]
        # The condition once more: an id is one of its owner's alone.
        expired = IdempotencyRow.objects.filter(id__in=old, created_at__lt=_param("created_at"))
        delete = self._compile.delete(expired, rls=RlsContext.NOBODY)
        return self._compile.chain(delete, rls=RlsContext.NOBODY)

    async def purge(self, before: datetime) -> int:
        purged = 0
        while count := await self.executor.write("", self._delete_old, {"record.created_at": before}):
            purged += count
        return purged


class OwnedIdempotencyRecords:
    """One owner's records."""

    def __init__(self, table: IdempotencyTable, owner: OwnerId) -> None:
        self._table, self._owner = table, owner

    async def find(
        self, idempotency_key: IdempotencyKey, entity: type[E], since: datetime
    ) -> IdempotencyRecord[E] | None:
        for fingerprint, kept in await self._kept(idempotency_key, since):
            return IdempotencyRecord(fingerprint, msgspec.json.decode(kept, type=entity))
        return None

    async def find_many(
        self, idempotency_key: IdempotencyKey, entity: type[E], since: datetime
    ) -> IdempotencyRecord[Sequence[E]] | None:
        for fingerprint, kept in await self._kept(idempotency_key, since):
            ids = msgspec.json.decode(kept, type=list[UUID])
            values = {"owner_id": self._owner, "kind": entity.KIND, "version": 1, "ids": ids}
            rows = await self._table.executor.fetch(str(self._owner), self._table.find_created, values)
            states: dict[UUID, str] = {id: state for id, state in rows}  # noqa: C416 -- for the type checker
            created = []
            if len(states) < len(ids):
                return None
            with Turns() as turns:
                for id in ids:
                    created.append(msgspec.json.decode(states[id], type=entity))
                    await turns.pause()
            return IdempotencyRecord(fingerprint, created)
        return None

    async def _kept(self, idempotency_key: IdempotencyKey, since: datetime) -> Rows:
        """The fingerprint of the record, and what the request has made."""
        values = {
            "record.owner_id": self._owner,
            "record.operation": idempotency_key.operation,
            "record.key": idempotency_key.key,
            "record.created_at": since,
        }
        return await self._table.executor.fetch(str(self._owner), self._table.find, values)
