"""Reads that standbys answer wherever they have the owner's last change, and the primary everywhere else."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeAlias

from django.db import models
from django.db.models import Func

from adapters.django_orm.models import ChangeCountRow
from adapters.django_orm.sql.compiler import Compiler
from adapters.django_orm.sql.expressions import param
from adapters.django_orm.sql.statement import Statement
from domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from adapters.django_orm.sql.asyncpg_executor import AsyncpgExecutor
    from adapters.django_orm.sql.fair_semaphore import FairSemaphore
    from adapters.django_orm.sql.standby import Standby
    from adapters.django_orm.sql.statement import Executor, Rows, Values

    Audit: TypeAlias = Callable[[Executor], Awaitable[str | None]]

LOOK_EVERY = 5.0
"""Seconds between two looks at the standbys."""
OUTCOMES: Final = ("standby", "behind", "failed", "avoided")
"""What becomes of a read: a standby answers, or the primary, as the standby is behind or fails, or none is used now."""

# A standby has the identifier of its primary's cluster, whatever its own name, address or settings. Databases are the
# same there, with their numbers.
_CLUSTER = Statement(
    """
    SELECT concat(system_identifier, ' ', (SELECT oid FROM pg_database WHERE datname = current_database())),
        pg_is_in_recovery()
    FROM pg_control_system()
    """,
    (),
    (None, None),
)


class ReplicaReads:
    """Runs statements of owners on ``standby``, where that has all that the owner has changed, else on ``primary``.

    Every write of an owner raises the owner's change count in its transaction, and holds its row until the commit. So
    where a snapshot of the standby has the very row that the primary has, with the transaction that wrote it, it has
    what all transactions before have written for the owner, and no other. ``audit`` returns why the role of a standby
    is not to be used, if it has to be asked. ``open`` and ``close`` belong to the event loop that uses it.
    """

    def __init__(self, primary: AsyncpgExecutor, standby: Standby, *, audit: Audit | None = None) -> None:
        self._primary, self._standby, self._audit = primary, standby, audit
        self.outcomes = dict.fromkeys(OUTCOMES, 0)
        """How many reads have had each of ``OUTCOMES``."""
        self._compile = Compiler(primary)
        self._watching: asyncio.Task[None] | None = None

    @property
    def pools(self) -> Mapping[str, FairSemaphore]:
        """The connections to the standbys, once they are opened."""
        return {f"standby {name}": pool for name, pool in self._standby.pools.items()}

    async def open(self) -> None:
        """Prepares connections to the standbys, which are not read before ``watch`` has found them good."""
        await self._standby.open()

    def watch(self) -> None:
        """Looks at the standbys from now on, again and again."""
        self._watching = asyncio.create_task(self._look_again_and_again())

    async def close(self) -> None:
        """Closes the connections to the standbys."""
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
        await self._standby.close()

    @cached_property
    def last_change(self) -> Statement:
        """The owner's last change: its number, the transaction that wrote it, and whether a standby says so."""
        written_by = Func(template='"change_count"."xmin"::text', output_field=models.TextField())
        rows = ChangeCountRow.objects.filter(owner_id=param(ChangeCountRow, "owner_id")).annotate(written_by=written_by)
        sql = 'SELECT "last", "written_by", pg_is_in_recovery() FROM rows'
        return self._compile.over(rows, ("last", "written_by"), sql, (None,) * 3)

    async def fetch(
        self, principal: str, statement: Statement, values: Values, sent: Callable[[], None] | None = None
    ) -> Rows:
        outcome, rows = "avoided", None
        if self._standby.is_used:
            last = await self._primary.fetch(principal, self.last_change, values)
            expected = [(number, written_by, True) for number, written_by, _ in last]
            outcome = "behind"
            if expected:  # an owner without changes is unknown, or being erased
                outcome, rows = await self._standby.fetch_as_of(
                    principal, self.last_change, expected, statement, values
                )
        self.outcomes[outcome] += 1
        return await self._primary.fetch(principal, statement, values, sent) if rows is None else rows

    async def check(self) -> None:
        """Raises ``Unavailable`` for standbys out of reach or of another primary, or a role that could see more."""
        ((there, in_recovery),) = await self._standby.fetch("", _CLUSTER, {})
        ((here, _),) = await self._primary.fetch("", _CLUSTER, {})
        if not in_recovery:
            raise Unavailable("It leads to a server that is no standby any more.")
        if here != there:
            raise Unavailable("It leads to another cluster, or another database, than GOATFISH_DATABASE_URL.")
        if self._audit is not None and (fault := await self._audit(self._standby)):
            raise Unavailable(fault)

    async def _look_again_and_again(self) -> None:
        while True:
            try:
                await self.check()
            except Exception as error:  # of any kind: without a good look nothing is read there
                self._standby.avoid(str(error))
            else:
                self._standby.use()
            await asyncio.sleep(LOOK_EVERY)
