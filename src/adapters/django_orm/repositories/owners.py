"""The directory: all owners, and the key by which a caller is found before an owner is known."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import TYPE_CHECKING

from adapters.django_orm.models import ApiKeyRow, OwnerRow
from adapters.django_orm.repositories.repository import OwnedTable
from adapters.django_orm.sql.compiler import Compiler
from adapters.django_orm.sql.expressions import param
from adapters.django_orm.sql.statement import Executor, RlsContext, Statement
from domain.access.api_key import ApiKey
from domain.access.owner import Owner
from domain.errors import Conflict, NotFound
from domain.write_context import WriteContext

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from adapters.django_orm.repositories.write_records import WriteRecords
    from domain.repository import OwnerId

_OWNER = tuple(field.name for field in dataclasses.fields(Owner))
_KEY = tuple(field.name for field in dataclasses.fields(ApiKey))


class _OwnerTable(OwnedTable[Owner]):
    """Owners, each of whom is its own."""

    OWNER = "id"


class OwnerDirectory:
    """The domain's directory in Django's tables."""

    def __init__(self, executor: Executor, records: WriteRecords) -> None:
        self._executor = executor
        self._compile = Compiler(executor)
        self.table = _OwnerTable(Owner, OwnerRow, executor, records)

    @cached_property
    def _by_name(self) -> Statement:
        return self._compile.select(
            OwnerRow.objects.filter(name=param(OwnerRow, "name")), *_OWNER, rls=RlsContext.NOBODY
        )

    @cached_property
    def _by_id(self) -> Statement:
        return self._compile.select(OwnerRow.objects.filter(id=param(OwnerRow, "id")), *_OWNER, rls=RlsContext.NOBODY)

    @cached_property
    def _all(self) -> Statement:
        return self._compile.select(OwnerRow.objects.order_by("name"), *_OWNER, rls=RlsContext.NOBODY)

    @cached_property
    def _holder(self) -> Statement:
        rows = ApiKeyRow.objects.filter(public_id=param(ApiKeyRow, "public_id"))
        return self._compile.select(rows, *(f"owner__{name}" for name in _OWNER), *_KEY, rls=RlsContext.KEY)

    async def add(self, owner: Owner, context: WriteContext) -> None:
        try:
            await self.table.of(owner.id).add(owner, context)
        except Conflict as error:
            raise Conflict("owner_name_taken", f"An owner named {owner.name!r} exists.") from error

    async def change(self, id: OwnerId, fn: Callable[[Owner], Owner], context: WriteContext) -> Owner:
        return await self.table.of(id).change(id, fn, context)

    async def find(self, name_or_id: str | UUID) -> Owner | None:
        statement = self._by_name if isinstance(name_or_id, str) else self._by_id
        values = {"name": name_or_id, "id": name_or_id}
        for row in await self._executor.fetch("", statement, values):
            return Owner(**dict(zip(_OWNER, row, strict=True)))
        return None

    async def all(self) -> list[Owner]:
        rows = await self._executor.fetch("", self._all, {})
        return [Owner(**dict(zip(_OWNER, row, strict=True))) for row in rows]

    async def is_active(self, id: OwnerId) -> bool:
        try:
            return (await self.table.of(id).get(id)).deactivated_at is None
        except NotFound:
            return False

    async def holder(self, public_id: str, sent: Callable[[], None] | None = None) -> tuple[Owner, ApiKey] | None:
        for row in await self._executor.fetch(public_id, self._holder, {"public_id": public_id}, sent):
            owner = Owner(**dict(zip(_OWNER, row[: len(_OWNER)], strict=True)))
            return owner, ApiKey(**dict(zip(_KEY, row[len(_OWNER) :], strict=True)))
        return None
