"""The domain's storage ports on one executor."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from adapters.django_orm.apps import model_of
from adapters.django_orm.models import ApiKeyRow
from adapters.django_orm.repositories.idempotency import IdempotencyTable
from adapters.django_orm.repositories.owners import OwnerDirectory
from adapters.django_orm.repositories.reader import Reader
from adapters.django_orm.repositories.replica_reads import OUTCOMES
from adapters.django_orm.repositories.repository import OwnedTable
from adapters.django_orm.repositories.revisions import RevisionTable
from adapters.django_orm.repositories.run_reports import RunReports
from adapters.django_orm.repositories.webhooks import DeliveryTable, WebhookTable
from adapters.django_orm.repositories.write_records import WriteRecords
from adapters.django_orm.row_security.role_audit import role_bypass
from adapters.django_orm.schema import applied_migrations, migration_fault, table_fault, unknown_migrations
from adapters.django_orm.sql.failures import NotMigrated
from adapters.django_orm.sql.statement import Statement
from domain.access.api_key import ApiKey
from domain.access.owner import Owner
from domain.errors import Unavailable
from domain.registry import ENTITIES
from domain.repository import E, Owned
from domain.runs.run import Run
from domain.webhooks.webhook import Webhook

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from django.db.models import Model

    from adapters.django_orm.repositories.replica_reads import ReplicaReads
    from adapters.django_orm.sql.asyncpg_executor import AsyncpgExecutor
    from adapters.django_orm.sql.django_executor import DjangoExecutor
    from adapters.django_orm.sql.fair_semaphore import FairSemaphore

BYPASS_TTL = 1.0
"""Seconds for which the answer holds whether the role could see more: anybody may ask for it, as often as they like."""


# The database within its server, and when that was started: together no other's, and any role may ask. As numbers,
# because text would depend on the settings of the role.
_IDENTITY = Statement(
    """
    SELECT concat(oid, ' ', extract(epoch FROM pg_postmaster_start_time()))
    FROM pg_database WHERE datname = current_database()
    """,
    (),
    (None,),
)


class Storage:
    """Everything that is kept. ``open`` and ``close`` belong to the event loop that uses it.

    ``enforce_rls`` says whether row-level security has to bind the role of the executor. With ``replica_reads``,
    pages and reports are read there; single objects, keys and the records of requests are read by the executor.
    """

    def __init__(
        self,
        executor: AsyncpgExecutor | DjangoExecutor,
        *,
        entities: Sequence[type[Owned]] = ENTITIES,
        enforce_rls: bool = False,
        replica_reads: ReplicaReads | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.executor = executor
        self._enforce_rls, self._monotonic = enforce_rls, monotonic
        self.replica_reads = replica_reads
        self._bypass: str | None = None
        self._bypass_known_until = float("-inf")
        self.idempotency_records = IdempotencyTable(executor)
        recorded: tuple[type[Owned], ...] = (Owner, ApiKey, Webhook, *entities)
        self.revisions = RevisionTable({entity.KIND: entity for entity in recorded}, executor, replica_reads)
        records = WriteRecords(self.idempotency_records, self.revisions)
        models = {entity: model_of(entity) for entity in entities}
        self._repositories: dict[type[Owned], OwnedTable[Any]] = {
            entity: OwnedTable(entity, model, executor, records, models, reads=replica_reads)
            for entity, model in models.items()
        }
        self.keys = OwnedTable(ApiKey, ApiKeyRow, executor, records)
        self.owners = OwnerDirectory(executor, records)
        self.webhooks = WebhookTable(executor, records)
        self.deliveries = DeliveryTable(executor)

    @property
    def tables(self) -> dict[type[Model], Reader[Any]]:
        """What keeps entities, by the model of its rows."""
        kept: list[Reader[Any]] = [
            self.owners.table,
            self.keys,
            self.webhooks,
            self.revisions,
            *self._repositories.values(),
        ]
        return {each.model: each for each in kept}

    @property
    def pools(self) -> Mapping[str, FairSemaphore]:
        """What its statements wait for, by name."""
        of_standbys = {} if self.replica_reads is None else self.replica_reads.pools
        return {**self.executor.pools, **of_standbys}

    @property
    def standby_reads(self) -> Mapping[str, int]:
        """How many reads that standbys may answer have had which outcome."""
        return dict.fromkeys(OUTCOMES, 0) if self.replica_reads is None else self.replica_reads.outcomes

    def repository(self, entity: type[E]) -> OwnedTable[E]:
        return self._repositories[entity]

    @cached_property
    def run_reports(self) -> RunReports:
        return RunReports(self.repository(Run))

    async def open(self) -> None:
        await self.executor.open()
        if self.replica_reads is not None:
            await self.replica_reads.open()
            self.replica_reads.watch()

    async def close(self) -> None:
        if self.replica_reads is not None:
            await self.replica_reads.close()
        await self.executor.close()

    async def check(self) -> None:
        """Raises ``Unavailable`` for a database out of reach or not migrated, or a role that could see more."""
        try:
            await self._check()
        except NotMigrated as error:
            raise Unavailable(await self._schema_fault() or table_fault(error.reason)) from error

    async def _check(self) -> None:
        if self._enforce_rls and self._monotonic() >= self._bypass_known_until:
            self._bypass = await self._role_bypass()
            self._bypass_known_until = self._monotonic() + BYPASS_TTL
        if self._bypass:
            raise Unavailable(self._bypass)
        if fault := migration_fault(await self._applied()):
            raise Unavailable(fault)

    async def _role_bypass(self) -> str | None:
        bypass = await role_bypass(self.executor)
        if bypass is None:
            return None
        # Asked last: a later version records its migrations before it grants anything.
        try:
            later = unknown_migrations(await self._applied(with_tables=False))
        except Unavailable:
            return bypass
        return await role_bypass(self.executor, later=True) if later else bypass

    async def _schema_fault(self) -> str | None:
        try:
            return migration_fault(await self._applied(with_tables=False))
        except NotMigrated:
            return migration_fault([])

    async def _applied(self, *, with_tables: bool = True) -> list[tuple[str, str]]:
        statement = applied_migrations(self.executor.alias, with_tables=with_tables)
        return [(app, name) for app, name in await self.executor.fetch("", statement, {})]

    async def identity(self) -> str:
        """Which of all PostgreSQL databases it is, the same whichever way it is reached. Raises ``Unavailable``."""
        ((identity,),) = await self.executor.fetch("", _IDENTITY, {})
        return str(identity)
