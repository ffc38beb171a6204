"""An owner has no more webhooks than there may be, however many are made at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from domain.errors import Conflict
from domain.paging import LIMIT_MAX, PageRequest
from domain.webhooks.webhook import Webhook
from domain.write_context import IdempotencyKey
from tests.contracts.cases import admitted
from tests.factories import CONTEXT, WebhookFactory
from tests.integration.conftest import COMMITTING, MakeStorage, opened

AT_ONCE = 8


@pytest.fixture
def committing(request: pytest.FixtureRequest) -> MakeStorage:
    make: MakeStorage = request.getfixturevalue(COMMITTING)
    return make


async def test_webhooks_that_are_made_at_once_do_not_pass_the_limit(committing: MakeStorage) -> None:
    async with opened(committing(size=10, acquire_timeout=30)) as storage:
        owner = await admitted(storage)
        webhooks = storage.webhooks.of(owner)
        for made in WebhookFactory.build_batch(Webhook.OWNED_MAX - 2, owner_id=owner):
            await webhooks.add(made, CONTEXT)
        contexts = [
            replace(CONTEXT, idempotency_key=IdempotencyKey(operation="create", key=f"k{number}", fingerprint="f"))
            for number in range(AT_ONCE)
        ]
        new = WebhookFactory.build_batch(AT_ONCE, owner_id=owner)
        await asyncio.gather(*(webhooks.get(made.id) for _ in range(AT_ONCE)))  # opens the connections
        outcomes = await asyncio.gather(*map(webhooks.add, new, contexts), return_exceptions=True)
        refused = [each for each in outcomes if each is not None]
        assert [(type(each), getattr(each, "code", "")) for each in refused] == [(Conflict, "too_many_webhooks")] * (
            AT_ONCE - 2
        )
        assert len((await webhooks.page(PageRequest(limit=LIMIT_MAX))).items) == Webhook.OWNED_MAX
        kept = [
            await storage.idempotency_records.of(owner).find(context.idempotency_key, Webhook, CONTEXT.at)
            for context in contexts
            if context.idempotency_key
        ]
        assert [record is None for record in kept] == [outcome is not None for outcome in outcomes]
        await webhooks.remove(new[outcomes.index(None)].id, CONTEXT)
        await webhooks.add(new[outcomes.index(refused[0])], CONTEXT)
