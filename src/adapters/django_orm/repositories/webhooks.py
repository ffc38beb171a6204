"""Webhooks with their cursors, and the deliveries to them."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery

from adapters.django_orm.models import ChangeCountRow, WebhookCursorRow, WebhookDeliveryRow, WebhookRow
from adapters.django_orm.repositories.reader import Reader
from adapters.django_orm.repositories.repository import OwnedTable
from adapters.django_orm.repositories.write_records import BATCHES, WriteKind, WriteRecords
from adapters.django_orm.sql.expressions import Param, field_of, param
from adapters.django_orm.sql.limits import PURGED_AT_ONCE
from adapters.django_orm.sql.many import many
from adapters.django_orm.sql.statement import Executor, RlsContext, Statement
from domain.revisions import revision_id
from domain.webhooks.delivery import Cursor, Delivery
from domain.webhooks.ports import Standing, Waiting
from domain.webhooks.webhook import Webhook

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from adapters.django_orm.sql.statement import WriteBatch, WriteStep
    from domain.paging import Page, PageRequest
    from domain.repository import OwnerId

_cursor = partial(param, WebhookCursorRow)
_STATE = ("number", "attempts", "failing_since", "next_attempt_at")
_LEASE = ("holder", "leased_until")
_OF_WEBHOOK = {
    "id": "id",
    "owner_id": "owner_id",
    "created_at": "created_at",
    "next_attempt_at": "updated_at",
    "active": "enabled",
}
"""The columns of a cursor that follow from its webhook, with the attributes of that."""
_BEGUN = ("attempts", "failing_since", "next_attempt_at", "active", *_LEASE)
"""The columns that a change of the webhook sets anew."""
_LAST = 'coalesce((SELECT "last" FROM "change_count" WHERE "owner_id" = %s), 0)'
_STANDING = """
SELECT count(CASE WHEN "active" THEN "other_last" END),
coalesce(max(CASE WHEN "active" THEN "other_last" - "number" END), 0),
count(CASE WHEN "active" THEN "failing_since" END),
min(CASE WHEN "active" THEN "failing_since" END),
count(CASE WHEN NOT "active" THEN 1 END)
FROM rows
"""
_DELIVERER = str(UUID(int=0))


def _one() -> QuerySet[WebhookCursorRow, WebhookCursorRow]:
    return WebhookCursorRow.objects.filter(owner_id=_cursor("owner_id"), id=_cursor("id"))


def _with_other_last() -> QuerySet[WebhookCursorRow, WebhookCursorRow]:
    """All cursors, each with the number of the owner's last change unless it is the cursor's own."""
    other = ChangeCountRow.objects.filter(~Q(last=OuterRef("number")), owner_id=OuterRef("owner_id"))
    return WebhookCursorRow.objects.annotate(other_last=Subquery(other.values("last")))


def _free() -> Q:
    """Of cursors that nobody has leased."""
    return Q(leased_until__isnull=True) | Q(leased_until__lte=_cursor("leased_until", "now"))


class WebhookTable(OwnedTable[Webhook]):
    """Webhooks, whose writes also write their cursors: a changed webhook is served anew, with what it has not sent."""

    def __init__(self, executor: Executor, records: WriteRecords) -> None:
        super().__init__(Webhook, WebhookRow, executor, records)

    def row(self, entity: Webhook) -> dict[str, Any]:
        return {**super().row(entity), "active": entity.enabled, "next_attempt_at": entity.updated_at}

    def _steps(self, kind: WriteKind, references: tuple[str, ...], unchanged: tuple[str, ...]) -> tuple[WriteStep, ...]:
        steps = super()._steps(kind, references, unchanged)
        if kind in BATCHES:
            return *steps, *self._compile.gather(), self._begin_all
        return *steps, self._compile.delete(_one()) if kind is WriteKind.DELETE else self._begin

    @property
    def _begin(self) -> WriteStep:
        updates = ", ".join(f'"{name}" = excluded."{name}"' for name in _BEGUN)
        columns: dict[str, Param | str] = {name: _cursor(name) for name in _OF_WEBHOOK}
        return self._compile.insert(
            WebhookCursorRow,
            {**columns, "attempts": "0", "number": _LAST},
            more=(_cursor("owner_id"),),
            suffix=f' ON CONFLICT ("id", "owner_id") DO UPDATE SET {updates}',
        )

    @property
    def _begin_all(self) -> WriteStep:
        columns: dict[str, Param | str] = {
            name: many(WebhookCursorRow, name, f"row.{attribute}") for name, attribute in _OF_WEBHOOK.items()
        }
        columns |= {"attempts": "0", "number": _LAST}
        return self._compile.insert_all(WebhookCursorRow, columns, more={"owner": _cursor("owner_id")})


class DeliveryTable(Reader[Delivery]):
    """The deliveries and cursors of all owners."""

    def __init__(self, executor: Executor) -> None:
        super().__init__(Delivery, WebhookDeliveryRow, executor)

    def of(self, owner: OwnerId) -> OwnedDeliveries:
        return OwnedDeliveries(self, owner)

    async def waiting(self, now: datetime) -> Sequence[Waiting]:
        rows = await self.executor.fetch(_DELIVERER, self._waiting, {"now": now})
        return [Waiting(owner, id) for owner, id in rows]

    @cached_property
    def _waiting(self) -> Statement:
        due = Q(active=True, next_attempt_at__lte=_cursor("next_attempt_at", "now"), other_last__isnull=False)
        rows = _with_other_last().filter(_free(), Q(requested__isnull=False) | due)
        return self._compile.select(rows.order_by("next_attempt_at", "id"), "owner_id", "id", rls=RlsContext.DELIVERER)

    async def standing(self) -> Standing:
        (row,) = await self.executor.fetch(_DELIVERER, self._standing, {})
        return Standing(*row)

    @cached_property
    def _standing(self) -> Statement:
        _, time = self.executor.codec(field_of(WebhookCursorRow, "failing_since"))
        columns = ("active", "number", "failing_since", "other_last")
        decoders = (None, None, None, time, None)
        return self._compile.over(_with_other_last(), columns, _STANDING, decoders, rls=RlsContext.DELIVERER)

    async def all(self) -> Sequence[tuple[OwnerId, UUID]]:
        return [(owner, id) for owner, id in await self.executor.fetch(_DELIVERER, self._all, {})]

    @cached_property
    def _all(self) -> Statement:
        return self._compile.select(WebhookCursorRow.objects.order_by("id"), "owner_id", "id", rls=RlsContext.DELIVERER)

    @cached_property
    def cursor(self) -> Statement:
        return self._compile.select(_one(), *_STATE, "requested")

    @cached_property
    def claim(self) -> WriteBatch:
        return self._compile.chain(self._compile.update(_one().filter(_free()), _LEASE))

    @cached_property
    def save(self) -> WriteBatch:
        """Stores the cursor alone."""
        return self._compile.chain(self._save)

    @cached_property
    def save_all(self) -> WriteBatch:
        """Stores the cursor, and deliveries."""
        columns = {name: many(WebhookDeliveryRow, name, f"delivery.{name}") for name in self.columns}
        return self._compile.chain(self._save, self._compile.insert_all(WebhookDeliveryRow, columns))

    @property
    def _save(self) -> WriteStep:
        return self._compile.update(_one().filter(holder=_cursor("holder", "held_by")), (*_STATE, *_LEASE))

    @cached_property
    def request(self) -> WriteBatch:
        return self._compile.chain(self._compile.update(_one().filter(requested__isnull=True), ["requested"]))

    @cached_property
    def fulfil(self) -> WriteBatch:
        waiting = _one().filter(requested=_cursor("requested", "fulfilled"))
        return self._compile.chain(self._compile.update(waiting, ["requested"]))

    async def purge(self, before: datetime) -> int:
        purged = 0
        values = {"created_at": before, "id": revision_id(UUID(int=0), before)}
        while count := await self.executor.write("", self._delete_old, values):
            purged += count
        return purged

    @cached_property
    def _delete_old(self) -> WriteBatch:
        # The ids are in the order of time, and their index finds the oldest.
        old = WebhookDeliveryRow.objects.filter(id__lt=self._param("id"), created_at__lt=self._param("created_at"))
        ids = old.order_by("id").values("id")[:PURGED_AT_ONCE]
        delete = self._compile.delete(WebhookDeliveryRow.objects.filter(id__in=ids), rls=RlsContext.NOBODY)
        return self._compile.chain(delete, rls=RlsContext.NOBODY)


class OwnedDeliveries:
    """One owner's cursors and deliveries."""

    def __init__(self, table: DeliveryTable, owner: OwnerId) -> None:
        self._table, self._owner = table, owner

    async def claim(self, id: UUID, holder: UUID, now: datetime, until: datetime) -> Cursor | None:
        values = {"now": now, "holder": holder, "leased_until": until}
        if not await self._write(self._table.claim, id, values):
            return None
        place = {"owner_id": self._owner, "id": id}
        rows = await self._table.executor.fetch(str(self._owner), self._table.cursor, place)
        return Cursor(**dict(zip((*_STATE, "requested"), rows[0], strict=True))) if rows else None

    async def save(
        self, id: UUID, holder: UUID, cursor: Cursor, until: datetime | None, deliveries: Sequence[Delivery]
    ) -> bool:
        values = {name: getattr(cursor, name) for name in _STATE}
        values |= {"held_by": holder, "holder": holder if until else None, "leased_until": until}
        for name in self._table.columns if deliveries else ():
            values[f"delivery.{name}"] = [getattr(each, name) for each in deliveries]
        return await self._write(self._table.save_all if deliveries else self._table.save, id, values)

    async def request(self, id: UUID, requested: UUID) -> bool:
        return await self._write(self._table.request, id, {"requested": requested})

    async def fulfil(self, id: UUID, requested: UUID) -> None:
        await self._write(self._table.fulfil, id, {"requested": None, "fulfilled": requested})

    async def page(self, request: PageRequest) -> Page[Delivery]:
        return await self._table.page(self._owner, request)

    async def _write(self, chain: WriteBatch, id: UUID, values: dict[str, Any]) -> bool:
        """Whether the cursor was written."""
        place = {"owner_id": self._owner, "id": id}
        return bool(await self._table.executor.write(str(self._owner), chain, values | place))
