"""The contract of webhooks' cursors and deliveries, as documented in ``domain.webhooks.ports``."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from domain.errors import NotFound
from domain.paging import Comparison, Condition, PageRequest
from domain.repository import OwnerId
from domain.simulations.simulation import Simulation
from domain.webhooks.delivery import Cursor, Delivery, DeliveryCause
from domain.webhooks.ports import OwnedDeliveries, Waiting
from domain.webhooks.webhook import DisabledReason, Webhook
from tests.factories import CONTEXT, NOW, DeliveryFactory, OwnerFactory, SimulationFactory, WebhookFactory

if TYPE_CHECKING:
    from app.storage import Storage

SECOND = timedelta(seconds=1)
LATER = NOW + 30 * SECOND
ME, OTHER = uuid7(), uuid7()


class DeliveriesContract:
    """Subclass and provide a ``storage`` fixture."""

    @pytest.fixture
    async def owner(self, storage: Storage) -> OwnerId:
        owner = OwnerFactory.build()
        await storage.owners.add(owner, CONTEXT)
        return owner.id

    @pytest.fixture
    async def webhook(self, storage: Storage, owner: OwnerId) -> Webhook:
        webhook = WebhookFactory.build(owner_id=owner)
        await storage.webhooks.of(owner).add(webhook, CONTEXT)
        return webhook

    @pytest.fixture
    def owned(self, storage: Storage, owner: OwnerId) -> OwnedDeliveries:
        return storage.deliveries.of(owner)

    async def test_webhook_is_stored_with_its_secrets(self, storage: Storage, owner: OwnerId, webhook: Webhook) -> None:
        assert await storage.webhooks.of(owner).get(webhook.id) == webhook
        (found,) = (await storage.webhooks.of(owner).page(PageRequest())).items
        assert found == webhook
        rolled = webhook.rolled("sealed anew", NOW + SECOND, timedelta(hours=1))
        await storage.webhooks.of(owner).change(webhook.id, lambda _: rolled, CONTEXT)
        assert await storage.webhooks.of(owner).get(webhook.id) == rolled
        assert rolled.sealed_secrets(NOW + SECOND) == ["sealed anew", "sealed"]
        recorded = (await storage.revisions.of(owner).page(PageRequest())).items
        assert {revision.kind for revision in recorded} == {"owner", "webhook"}
        assert "sealed" not in repr(recorded)

    async def test_new_webhook_is_sent_what_changes_from_now_on(
        self, storage: Storage, owner: OwnerId, webhook: Webhook, owned: OwnedDeliveries
    ) -> None:
        last = (await storage.revisions.of(owner).span()).last
        cursor = await owned.claim(webhook.id, ME, NOW, LATER)
        assert cursor is not None
        # What made the webhook itself may be passed over by the deliverer.
        assert cursor.number in {last, last - 1}
        assert cursor == Cursor(number=cursor.number, next_attempt_at=NOW)

    async def test_webhook_is_served_by_one_at_a_time(self, webhook: Webhook, owned: OwnedDeliveries) -> None:
        assert await owned.claim(webhook.id, ME, NOW, LATER) is not None
        assert await owned.claim(webhook.id, OTHER, LATER - SECOND, LATER + SECOND) is None
        assert await owned.claim(webhook.id, OTHER, LATER, LATER + SECOND) is not None
        assert not await owned.save(webhook.id, ME, Cursor(number=9, next_attempt_at=NOW), LATER, [])

    async def test_cursor_is_saved_with_deliveries(
        self, owner: OwnerId, webhook: Webhook, owned: OwnedDeliveries
    ) -> None:
        await owned.claim(webhook.id, ME, NOW, LATER)
        cursor = Cursor(number=7, attempts=3, failing_since=NOW, next_attempt_at=LATER)
        first, second = (
            DeliveryFactory.build(owner_id=owner, webhook_id=webhook.id, created_at=NOW + each * SECOND)
            for each in range(2)
        )
        second = dataclasses.replace(
            second,
            cause=DeliveryCause.REPEAT,
            status_code=None,
            answer='{"🐐": "\t\\N"}\n',
            error="refused",
            next_attempt_at=LATER,
        )
        assert await owned.save(webhook.id, ME, cursor, LATER, [first, second])
        assert await self.deliveries(owned, webhook) == [second, first]
        assert await owned.save(webhook.id, ME, cursor, None, [])
        assert await owned.claim(webhook.id, OTHER, NOW, LATER) == cursor

    async def test_lost_lease_saves_nothing(self, owner: OwnerId, webhook: Webhook, owned: OwnedDeliveries) -> None:
        await owned.claim(webhook.id, OTHER, NOW, LATER)
        made = [DeliveryFactory.build(owner_id=owner, webhook_id=webhook.id)]
        assert not await owned.save(webhook.id, ME, Cursor(number=7, next_attempt_at=NOW), LATER, made)
        assert await self.deliveries(owned, webhook) == []

    async def test_change_of_a_webhook_ends_its_lease(
        self, storage: Storage, owner: OwnerId, webhook: Webhook, owned: OwnedDeliveries
    ) -> None:
        await owned.claim(webhook.id, ME, NOW, LATER)
        failed = Cursor(number=7, attempts=3, failing_since=NOW, next_attempt_at=LATER)
        assert await owned.save(webhook.id, ME, failed, LATER, [])
        context = dataclasses.replace(CONTEXT, at=NOW + SECOND)
        await storage.webhooks.of(owner).change(
            webhook.id, lambda stored: stored.disable(reason=DisabledReason.GONE, now=context.at), context
        )
        assert not await owned.save(webhook.id, ME, failed, LATER, [])
        assert await owned.claim(webhook.id, OTHER, NOW, LATER) == Cursor(number=7, next_attempt_at=NOW + SECOND)

    async def test_deleted_webhook_has_no_cursor(
        self, storage: Storage, owner: OwnerId, webhook: Webhook, owned: OwnedDeliveries
    ) -> None:
        await owned.claim(webhook.id, ME, NOW, LATER)
        await storage.webhooks.of(owner).remove(webhook.id, CONTEXT)
        with pytest.raises(NotFound):
            await storage.webhooks.of(owner).get(webhook.id)
        assert not await owned.save(webhook.id, ME, Cursor(number=7, next_attempt_at=NOW), None, [])
        assert await owned.claim(webhook.id, ME, LATER, LATER) is None
        assert not await owned.request(webhook.id, webhook.id)
        assert not await self.is_waiting(storage, webhook, LATER)

    async def test_what_is_behind_and_served_by_nobody_is_waiting(
        self, storage: Storage, owner: OwnerId, webhook: Webhook, owned: OwnedDeliveries
    ) -> None:
        await self.advance(storage, webhook, NOW)
        assert not await self.is_waiting(storage, webhook, LATER)
        await storage.repository(Simulation).of(owner).add(SimulationFactory.build(owner_id=owner), CONTEXT)
        assert not await self.is_waiting(storage, webhook, NOW - SECOND)
        assert await self.is_waiting(storage, webhook, NOW)
        await owned.claim(webhook.id, ME, NOW, LATER)
        assert not await self.is_waiting(storage, webhook, LATER - SECOND)
        assert await self.is_waiting(storage, webhook, LATER)
        await self.advance(storage, webhook, LATER)
        assert not await self.is_waiting(storage, webhook, LATER)
        assert (owner, webhook.id) in await storage.deliveries.all()

    async def test_what_is_ahead_of_its_owner_is_waiting(
        self, storage: Storage, webhook: Webhook, owned: OwnedDeliveries
    ) -> None:
        await owned.claim(webhook.id, ME, NOW, LATER)
        await owned.save(webhook.id, ME, Cursor(number=1000, next_attempt_at=NOW), None, [])
        assert await self.is_waiting(storage, webhook, NOW)

    async def test_how_all_webhooks_stand_is_told(
        self, storage: Storage, owner: OwnerId, webhook: Webhook, owned: OwnedDeliveries
    ) -> None:
        await self.advance(storage, webhook, NOW)
        before = await storage.deliveries.standing()
        await storage.repository(Simulation).of(owner).add(SimulationFactory.build(owner_id=owner), CONTEXT)
        standing = await storage.deliveries.standing()
        assert standing == before._replace(behind=before.behind + 1, changes=max(before.changes, 1))
        await owned.claim(webhook.id, ME, NOW, LATER)
        failed = Cursor(number=0, attempts=1, failing_since=OLD, next_attempt_at=NOW)
        assert await owned.save(webhook.id, ME, failed, None, [])
        failing = await storage.deliveries.standing()
        assert (failing.failing, failing.failing_since) == (before.failing + 1, OLD)
        await storage.webhooks.of(owner).change(
            webhook.id, lambda stored: stored.disable(reason=DisabledReason.GONE, now=NOW), CONTEXT
        )
        assert await storage.deliveries.standing() == before._replace(disabled=before.disabled + 1)

    async def test_disabled_webhook_waits_for_requests_alone(
        self, storage: Storage, owner: OwnerId, webhook: Webhook, owned: OwnedDeliveries
    ) -> None:
        await storage.webhooks.of(owner).change(
            webhook.id, lambda stored: stored.disable(reason=DisabledReason.GONE, now=NOW), CONTEXT
        )
        assert not await self.is_waiting(storage, webhook, LATER)
        assert await owned.request(webhook.id, webhook.id)
        assert await self.is_waiting(storage, webhook, NOW)

    async def test_one_request_waits_at_a_time(self, webhook: Webhook, owned: OwnedDeliveries) -> None:
        first, second = uuid7(), uuid7()
        assert await owned.request(webhook.id, first)
        assert not await owned.request(webhook.id, second)
        await owned.fulfil(webhook.id, second)
        cursor = await owned.claim(webhook.id, ME, NOW, LATER)
        assert cursor is not None
        assert cursor.requested == first
        await owned.save(webhook.id, ME, dataclasses.replace(cursor, requested=None), LATER, [])
        await owned.fulfil(webhook.id, first)
        assert await owned.request(webhook.id, second)

    async def test_webhooks_of_other_owners_are_out_of_reach(self, storage: Storage, webhook: Webhook) -> None:
        stranger = storage.deliveries.of(OwnerId(uuid7()))
        assert await stranger.claim(webhook.id, ME, NOW, LATER) is None
        assert not await stranger.request(webhook.id, webhook.id)
        assert (await stranger.page(PageRequest())).items == ()

    async def test_purge_deletes_old_deliveries(
        self, storage: Storage, owner: OwnerId, webhook: Webhook, owned: OwnedDeliveries
    ) -> None:
        await owned.claim(webhook.id, ME, NOW, LATER)
        # Older than those of any other test.
        old, young = (
            DeliveryFactory.build(id=id, owner_id=owner, webhook_id=webhook.id, created_at=at)
            for id, at in ((UUID(int=7 << 76 | 2 << 62 | webhook.id.int % 2**62), OLD), (uuid7(), NOW))
        )
        await owned.save(webhook.id, ME, Cursor(number=5, next_attempt_at=NOW), None, [old, young])
        assert await storage.deliveries.purge(OLD + SECOND) == 1
        assert await storage.deliveries.purge(OLD + SECOND) == 0
        assert await self.deliveries(owned, webhook) == [young]

    @staticmethod
    async def deliveries(owned: OwnedDeliveries, webhook: Webhook) -> list[Delivery]:
        condition = Condition("webhook_id", Comparison.EQUAL, webhook.id)
        return [*(await owned.page(PageRequest(conditions=(condition,)))).items]

    @staticmethod
    async def is_waiting(storage: Storage, webhook: Webhook, now: datetime) -> bool:
        return Waiting(webhook.owner_id, webhook.id) in await storage.deliveries.waiting(now)

    @staticmethod
    async def advance(storage: Storage, webhook: Webhook, now: datetime) -> None:
        """Has the webhook's cursor stand at its owner's last change."""
        owned, last = (
            storage.deliveries.of(webhook.owner_id),
            (await storage.revisions.of(webhook.owner_id).span()).last,
        )
        await owned.claim(webhook.id, ME, now, now)
        await owned.save(webhook.id, ME, Cursor(number=last, next_attempt_at=NOW), None, [])


OLD = NOW.replace(year=1971)
