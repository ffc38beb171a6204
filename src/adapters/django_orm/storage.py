"""The domain's storage ports on one executor."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from adapters.django_orm.bypass import bypass_of
from adapters.django_orm.directory import OwnerDirectory
from adapters.django_orm.models import KeyRow, SimulationRow
from adapters.django_orm.outcomes import OutcomeTable
from adapters.django_orm.owned import Rows, Table
from adapters.django_orm.records import Records
from adapters.django_orm.revisions import RevisionTable
from adapters.django_orm.statements import Compiler, Named, Statement
from domain.access.key import Key
from domain.access.owner import Owner
from domain.errors import Unavailable
from domain.simulations.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import Model

    from adapters.django_orm.pool import PoolExecutor
    from adapters.django_orm.thread import ThreadExecutor

BYPASS_KNOWN = 1.0
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

    ``held`` says whether the executor's role has to be one that row-level security binds.
    """

    def __init__(
        self,
        executor: PoolExecutor | ThreadExecutor,
        *,
        held: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.executor = executor
        self._held, self._monotonic = held, monotonic
        self._bypass: str | None = None
        self._bypass_known_until = float("-inf")
        self.outcomes = OutcomeTable(executor)
        self.revisions = RevisionTable({entity.KIND: entity for entity in (Owner, Key, Simulation)}, executor)
        records = Records(self.outcomes, self.revisions)
        self.simulations = Table(Simulation, SimulationRow, executor, records)
        self.keys = Table(Key, KeyRow, executor, records)
        self.owners = OwnerDirectory(executor, records)

    @property
    def tables(self) -> dict[type[Model], Rows[Any]]:
        """What keeps entities, by the model of its rows."""
        kept = [*vars(self).values(), self.owners.table]
        return {each.model: each for each in kept if isinstance(each, Rows)}

    async def open(self) -> None:
        await self.executor.open()

    async def close(self) -> None:
        await self.executor.close()

    async def check(self) -> None:
        """Raises ``Unavailable`` for a database out of reach, a migration not applied, a role that could see more."""
        if self._held and self._monotonic() >= self._bypass_known_until:
            self._bypass = await bypass_of(self.executor)
            self._bypass_known_until = self._monotonic() + BYPASS_KNOWN
        if self._bypass:
            raise Unavailable(self._bypass)
        applied = {(app, name) for app, name in await self.executor.fetch("", self._applied, {})}
        if missing := self._migrations - applied:
            raise Unavailable(f"{len(missing)} migrations are not applied.")

    async def identity(self) -> str:
        """Which of all PostgreSQL databases it is, the same whichever way it is reached. Raises ``Unavailable``."""
        ((identity,),) = await self.executor.fetch("", _IDENTITY, {})
        return str(identity)

    @cached_property
    def _applied(self) -> Statement:
        return Compiler(self.executor).select(
            MigrationRecorder.Migration.objects.all(), "app", "name", named=Named.NOBODY
        )

    @cached_property
    def _migrations(self) -> set[tuple[str, str]]:
        return set(MigrationLoader(None).disk_migrations)
