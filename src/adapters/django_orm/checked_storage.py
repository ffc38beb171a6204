"""A storage that is used only once its database was checked: a service may start before its database does."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from adapters.django_orm.storage import Storage
from domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from adapters.django_orm.repositories.replica_reads import ReplicaReads
    from adapters.django_orm.sql.asyncpg_executor import AsyncpgExecutor

INTERVAL = 0.5
"""Seconds between two checks of a database that cannot be used yet."""
_log = logging.getLogger("goatfish.server")


class CheckedStorage(Storage):
    """Until the database passes the check, every statement raises ``Unavailable``.

    ``first`` is what checks: the same storage, with connections that nobody else uses. ``check_more`` is part of that
    where the database was away at the start; it raises ``Unavailable`` too.
    """

    def __init__(
        self,
        executor: AsyncpgExecutor,
        *,
        first: Storage,
        check_more: Callable[[], Awaitable[None]],
        enforce_rls: bool,
        replica_reads: ReplicaReads | None = None,
    ) -> None:
        super().__init__(executor, enforce_rls=enforce_rls, replica_reads=replica_reads)
        self._first, self._check_more = first, check_more
        self._opening: asyncio.Task[None] | None = None
        self._fault = ""

    async def open(self) -> None:
        """Returns although the database cannot be used, and opens as soon as it can."""
        try:
            await self._check_first()
        except Unavailable as error:
            self._report(error)
            self._opening = asyncio.create_task(self._open_later())
        else:
            await super().open()

    async def close(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
            with suppress(asyncio.CancelledError):
                await self._opening
        await super().close()

    async def check(self) -> None:
        if self._fault:
            raise Unavailable(self._fault)
        await super().check()

    async def _check_first(self) -> None:
        await self._first.open()
        try:
            await self._first.check()
        finally:
            await self._first.close()

    async def _open_later(self) -> None:
        while self._fault:
            await asyncio.sleep(INTERVAL)
            try:
                await self._check_first()
                await self._check_more()
            except Exception as error:  # of any kind: otherwise it would never be tried again
                self._report(error)
            else:
                self._fault = ""
        await super().open()
        _log.info("The database can be used.")

    def _report(self, error: Exception) -> None:
        if self._fault != str(error):
            self._fault = str(error)
            _log.warning("Nothing is served until the database can be used. %s", error)
