"""The directory: all owners, and the key by which a caller is found before an owner is known."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from adapters.django_orm.models import KeyRow, OwnerRow
from adapters.django_orm.statements import Compiler, Executor, Param, Statement, Work
from domain.access.key import Key
from domain.access.owner import Owner
from domain.errors import Conflict
from domain.tenancy import Cause

if TYPE_CHECKING:
    from uuid import UUID

    from django.db import models

_OWNER = tuple(field.name for field in dataclasses.fields(Owner))
_KEY = tuple(field.name for field in dataclasses.fields(Key))


def _param(model: type[models.Model], column: str) -> Param:
    return Param(column, cast("models.Field[Any, Any]", model._meta.get_field(column)))


class OwnerDirectory:
    """The domain's directory in Django's tables."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._compile = Compiler(executor)

    @cached_property
    def _insert(self) -> Statement:
        return self._compile.insert(OwnerRow, _OWNER)

    @cached_property
    def _by_name(self) -> Statement:
        return self._compile.select(OwnerRow.objects.filter(name=_param(OwnerRow, "name")), *_OWNER)

    @cached_property
    def _by_id(self) -> Statement:
        return self._compile.select(OwnerRow.objects.filter(id=_param(OwnerRow, "id")), *_OWNER)

    @cached_property
    def _all(self) -> Statement:
        return self._compile.select(OwnerRow.objects.order_by("name"), *_OWNER)

    @cached_property
    def _holder(self) -> Statement:
        rows = KeyRow.objects.filter(public_id=_param(KeyRow, "public_id"))
        return self._compile.select(rows, *(f"owner__{name}" for name in _OWNER), *_KEY)

    async def add(self, owner: Owner, cause: Cause) -> None:
        def work() -> Work[None]:
            yield self._insert, {name: getattr(owner, name) for name in _OWNER}

        try:
            await self._executor.transact(None, work())
        except Conflict as error:
            raise Conflict("owner_name_taken", f"An owner named {owner.name!r} exists.") from error

    async def find(self, name_or_id: str | UUID) -> Owner | None:
        statement = self._by_name if isinstance(name_or_id, str) else self._by_id
        values = {"name": name_or_id, "id": name_or_id}
        for row in await self._executor.fetch(None, statement, values):
            return Owner(**dict(zip(_OWNER, row, strict=True)))
        return None

    async def all(self) -> list[Owner]:
        rows = await self._executor.fetch(None, self._all, {})
        return [Owner(**dict(zip(_OWNER, row, strict=True))) for row in rows]

    async def holder(self, public_id: str) -> tuple[Owner, Key] | None:
        for row in await self._executor.fetch(None, self._holder, {"public_id": public_id}):
            owner = Owner(**dict(zip(_OWNER, row[: len(_OWNER)], strict=True)))
            return owner, Key(**dict(zip(_KEY, row[len(_OWNER) :], strict=True)))
        return None
