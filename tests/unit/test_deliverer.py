"""Delivering: what is sent to which endpoint, in which order, and what becomes of an endpoint that fails."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from adapters.in_memory.webhooks import OwnedDeliveries
from domain.access.owner import Owner
from domain.access.scopes import Scope
from domain.errors import Conflict, PoolTimeout, Unavailable, Unfit
from domain.history import History
from domain.paging import LIMIT_MAX, Page, PageRequest
from domain.repository import OwnerId
from domain.revisions import Revision
from domain.webhooks.deliverer import Deliverer
from domain.webhooks.delivery import GIVE_UP_AFTER
from domain.webhooks.messages import BODY_MAX
from domain.webhooks.ports import Answer, Waiting
from domain.webhooks.turn import LEASE
from domain.webhooks.webhook import Webhook
from domain.write_context import WriteContext
from tests.factories import NOW, OwnerFactory
from tests.unit.delivering import ACCEPTED, BEFORE, FAILED, GONE, KEY, SECOND, World, names

PAGE = Path(__file__).parents[2] / "docs" / "webhooks.md"


async def test_changes_are_sent_in_order_from_the_creation_on(world: World) -> None:
    await world.simulation("before")
    webhook = await world.webhook("a")
    made = [await world.simulation(f"number {each}") for each in range(205)]
    await world.deliver()
    messages = world.endpoints.to(webhook)
    assert names(messages) == [each.name for each in made]
    first = messages[0]
    assert first["type"] == "simulation.created"
    assert first["timestamp"] == first["data"]["at"] == "2026-11-22T08:00:00.123456Z"
    assert (first["data"]["kind"], first["data"]["id"], first["data"]["version"]) == ("simulation", str(made[0].id), 1)
    assert first["data"]["before"] is None
    await world.deliver()
    assert len(world.endpoints.sent) == 205


async def test_other_kinds_and_other_owners_are_not_sent(world: World) -> None:
    await world.webhook("runs", kinds=("run",))
    await world.webhook("stranger", owner=OwnerFactory.build().id)
    await world.simulation("wing")
    await world.deliver()
    assert world.endpoints.sent == []
    assert await world.storage.deliveries.waiting(world.clock()) == []


async def test_messages_are_signed_with_every_valid_secret(world: World) -> None:
    webhook = await world.webhook("a", secret="whsec_" + base64.b64encode(b"1" * 24).decode())
    await world.simulation("one")
    await world.deliver()
    other = "whsec_" + base64.b64encode(b"2" * 64).decode()
    roll = world.container.use_cases.webhooks().roll
    await roll(world.owner, webhook.id, world.context, overlap=10 * SECOND, secret=other)
    await world.simulation("two")
    await world.deliver()
    world.clock.passes(10 * SECOND)
    await world.simulation("three")
    await world.deliver()
    signed = [[b"1" * 24], [b"2" * 64, b"1" * 24], [b"2" * 64]]
    for (_, headers, body), secrets in zip(world.endpoints.sent, signed, strict=True):
        content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = [base64.b64encode(hmac.digest(each, content, hashlib.sha256)).decode() for each in secrets]
        assert headers["webhook-signature"] == " ".join(f"v1,{each}" for each in expected)
    times = [int(headers["webhook-timestamp"]) for _, headers, _ in world.endpoints.sent]
    assert times == [int(NOW.timestamp())] * 2 + [int(NOW.timestamp()) + 10]


async def test_receiver_of_the_documentation_knows_what_is_genuine(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "whsec_" + base64.b64encode(b"1" * 24).decode()
    monkeypatch.setenv("WEBHOOK_SECRET", secret)
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(program.rpartition("ThreadingHTTPServer(")[0], names)
    monkeypatch.setattr(names["time"], "time", world.clock().timestamp)
    await world.webhook("a", secret=secret)
    await world.simulation("one")
    await world.deliver()
    ((_, headers, body),) = world.endpoints.sent
    assert names["is_genuine"](headers, body)
    assert not names["is_genuine"](headers, body + b" ")
    assert not names["is_genuine"]({**headers, "webhook-id": "msg_other"}, body)


async def test_failed_message_is_repeated_and_holds_up_its_endpoint_alone(world: World) -> None:
    failing, other = await world.webhook("failing"), await world.webhook("other")
    world.endpoints.answers[failing.url] = lambda: FAILED
    for name in ("one", "two"):
        await world.simulation(name)
    await world.deliver()
    assert names(world.endpoints.to(failing)) == ["one"]
    assert names(world.endpoints.to(other)) == ["one", "two"]
    await world.deliver()
    assert len(world.endpoints.to(failing)) == 1
    world.clock.passes(5 * SECOND)
    await world.deliver()
    world.clock.passes(9 * SECOND)
    await world.deliver()
    assert names(world.endpoints.to(failing)) == ["one", "one"]
    world.endpoints.answers[failing.url] = lambda: ACCEPTED
    world.clock.passes(SECOND)
    await world.deliver()
    assert names(world.endpoints.to(failing)) == ["one", "one", "one", "two"]
    ids = [headers["webhook-id"] for url, headers, _ in world.endpoints.sent if url == failing.url]
    assert ids[0] == ids[1] == ids[2] != ids[3]
    first, *_, last = await world.deliveries(failing)
    assert (first.attempt, first.status_code, first.answer, first.next_attempt_at) == (
        1,
        503,
        "later",
        NOW + 5 * SECOND,
    )
    assert (last.attempt, last.status_code, last.next_attempt_at) == (1, 204, None)


async def test_delays_double_up_to_six_hours_and_end_after_three_days(world: World) -> None:
    webhook = await world.webhook("a")
    world.endpoints.answers[webhook.url] = lambda: FAILED
    await world.simulation("one")
    await world.deliver()
    delays = []
    while (await world.stored(webhook)).enabled:
        last = (await world.deliveries(webhook))[-1]
        assert last.next_attempt_at is not None
        delays.append(last.next_attempt_at - world.clock())
        world.clock.passes(delays[-1])
        await world.deliver()
    assert delays[:4] == [5 * SECOND, 10 * SECOND, 20 * SECOND, 40 * SECOND]
    assert max(delays) == timedelta(hours=6)
    assert GIVE_UP_AFTER <= sum(delays, timedelta()) < GIVE_UP_AFTER + timedelta(hours=6)
    assert (await world.stored(webhook)).disabled_reason == "failing"
    assert (await world.deliveries(webhook))[-1].next_attempt_at is None
    await world.simulation("two")
    world.endpoints.answers[webhook.url] = lambda: ACCEPTED
    world.endpoints.sent.clear()
    world.clock.passes(timedelta(days=9))
    await world.deliver()
    assert world.endpoints.sent == []
    update = world.container.use_cases.webhooks().update
    await update(world.owner, webhook.id, world.context, scopes=frozenset(Scope), enabled=True)
    await world.deliver()
    assert names(world.endpoints.to(webhook)) == ["one", "two"]


async def test_endpoint_may_ask_for_a_later_attempt(world: World) -> None:
    webhook = await world.webhook("a")
    world.endpoints.answers[webhook.url] = lambda: replace(FAILED, retry_after=timedelta(minutes=5))
    await world.simulation("one")
    await world.deliver()
    (delivery,) = await world.deliveries(webhook)
    assert delivery.next_attempt_at == NOW + timedelta(minutes=5)


async def test_410_disables_the_webhook_at_once(world: World) -> None:
    webhook = await world.webhook("a")
    world.endpoints.answers[webhook.url] = lambda: GONE
    for name in ("one", "two"):
        await world.simulation(name)
    await world.deliver()
    stored = await world.stored(webhook)
    assert (stored.enabled, stored.disabled_reason) == (False, "gone")
    assert len(world.endpoints.sent) == 1


async def test_410_to_a_ping_disables_the_webhook_too(world: World) -> None:
    webhook = await world.webhook("a")
    world.endpoints.answers[webhook.url] = lambda: GONE
    await world.container.use_cases.webhooks().request(world.owner, webhook.id, None)
    await world.deliver()
    assert (await world.stored(webhook)).disabled_reason == "gone"
    assert await world.storage.deliveries.waiting(world.clock()) == []


async def test_webhook_that_was_changed_in_time_is_not_disabled(world: World) -> None:
    webhook = await world.webhook("a")
    await world.simulation("one")
    world.endpoints.answers[webhook.url] = lambda: GONE
    use_cases, repository = world.container.use_cases.webhooks(), world.storage.webhooks

    class ChangedJustBefore:
        """The owner sets another URL between the last save of the turn and the disabling."""

        def of(self, owner: OwnerId) -> Any:
            return self

        async def get(self, id: UUID) -> Webhook:
            return await repository.of(world.owner).get(id)

        async def change(self, id: UUID, change: Callable[[Webhook], Webhook], context: WriteContext) -> Webhook:
            await use_cases.update(world.owner, id, context, scopes=frozenset(Scope), url="https://b.example")
            return await repository.of(world.owner).change(id, change, context)

    means = replace(world.container.delivering(), sender=world.endpoints, repository=ChangedJustBefore())
    world.deliverer = Deliverer(means, world.figures)
    await world.deliver()
    stored = await world.stored(webhook)
    assert (stored.url, stored.enabled) == ("https://b.example", True)


async def test_slow_endpoint_delays_nobody_else(world: World) -> None:
    slow, other = await world.webhook("slow"), await world.webhook("other")
    goes_on, others_done = asyncio.Event(), asyncio.Event()
    post = world.endpoints.post

    async def waiting(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if url == slow.url:
            await goes_on.wait()
        answer = await post(url, headers, body)
        if len(world.endpoints.to(other)) == 2:
            others_done.set()
        return answer

    world.endpoints.post = waiting  # type: ignore[method-assign]  # -- an endpoint that takes its time
    for name in ("one", "two"):
        await world.simulation(name)
    await world.deliverer.poll()
    async with asyncio.timeout(30):
        await others_done.wait()
    assert world.endpoints.to(slow) == []
    goes_on.set()
    await world.deliverer.settled()
    assert names(world.endpoints.to(slow)) == ["one", "two"]


async def test_killed_deliverer_is_followed_by_another(world: World) -> None:
    webhook = await world.webhook("a")
    await world.simulation("one")
    killed = world.new_deliverer()
    never = asyncio.Event()

    async def hanging(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        await never.wait()
        return ACCEPTED

    post, world.endpoints.post = world.endpoints.post, hanging  # type: ignore[method-assign]  # -- as above
    await killed.poll()
    await asyncio.sleep(0)
    world.endpoints.post = post  # type: ignore[method-assign]  # -- as above
    await world.deliver()
    assert world.endpoints.sent == []
    world.clock.passes(LEASE)
    await world.deliver()
    assert names(world.endpoints.to(webhook)) == ["one"]


async def test_webhook_stays_leased_while_changes_are_skipped(world: World) -> None:
    await world.webhook("a", kinds=("run",))
    for _ in range(2 * LIMIT_MAX):
        await world.simulation("one")
    waiting: list[Waiting] = []

    class SlowHistory(History):
        async def changes(self, owner: OwnerId, request: PageRequest) -> Page[Revision[Any]]:
            world.clock.passes(LEASE * 0.6)
            waiting.extend(await world.storage.deliveries.waiting(world.clock()))
            return await super().changes(owner, request)

    slow = SlowHistory(revisions=world.storage.revisions)
    world.deliverer = Deliverer(
        replace(world.container.delivering(), sender=world.endpoints, history=slow), world.figures
    )
    await world.deliver()
    assert world.clock() >= NOW + LEASE
    assert waiting == []


async def test_busy_database_has_nothing_sent_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    webhook = await world.webhook("a")
    await world.simulation("one")
    save, refused = OwnedDeliveries.save, 0

    async def busy(*given: Any) -> bool:
        nonlocal refused
        refused += 1
        if refused <= 2:
            raise PoolTimeout("no connection was free in time")
        return await save(*given)

    monkeypatch.setattr(OwnedDeliveries, "save", busy)
    monkeypatch.setattr("domain.webhooks.turn.SAVE_PAUSE", 0)
    await world.deliver()
    assert refused == 3
    world.clock.passes(LEASE)
    await world.deliver()
    assert names(world.endpoints.to(webhook)) == ["one"]
    assert len(await world.deliveries(webhook)) == 1


async def test_stopped_deliverer_gives_its_leases_back(world: World) -> None:
    webhook = await world.webhook("a")
    await world.simulation("one")
    started, never = asyncio.Event(), asyncio.Event()

    async def hanging(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        started.set()
        await never.wait()
        return ACCEPTED

    post, world.endpoints.post = world.endpoints.post, hanging  # type: ignore[method-assign]  # -- as above
    running = asyncio.create_task(world.new_deliverer().run())
    await started.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    world.endpoints.post = post  # type: ignore[method-assign]  # -- as above
    await world.deliver()
    assert names(world.endpoints.to(webhook)) == ["one"]


async def test_changed_webhook_is_sent_the_rest_to_its_new_url(world: World) -> None:
    webhook = await world.webhook("old")
    await world.simulation("one")
    update = world.container.use_cases.webhooks().update

    async def moving(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if url == webhook.url:
            await update(world.owner, webhook.id, world.context, scopes=frozenset(Scope), url="https://new.example")
        return await post(url, headers, body)

    post, world.endpoints.post = world.endpoints.post, moving  # type: ignore[method-assign]  # -- as above
    await world.deliver()
    await world.deliver()
    assert [url for url, *_ in world.endpoints.sent] == ["https://old.example", "https://new.example"]


async def test_large_change_is_sent_without_its_states(world: World) -> None:
    webhook = await world.webhook("a")
    made = await world.simulation("large", labels={f"k{each}": "🐐" * 255 for each in range(32)})
    fitting = await world.simulation("fitting", labels={f"k{each}": "x" * 255 for each in range(32)})
    await world.deliver()
    large, whole = world.endpoints.to(webhook)
    assert all(len(body) <= BODY_MAX for *_, body in world.endpoints.sent)
    assert large["data"].keys() == {"kind", "id", "version", "action", "at", "actor", "request_id", "href"}
    assert large["data"]["href"] == f"/api/v1/simulations/{made.id}"
    assert whole["data"]["after"]["labels"] == fitting.labels


async def test_forgotten_changes_disable_the_webhook(world: World) -> None:
    webhook = await world.webhook("a")
    await world.simulation("lost")
    world.clock.passes(timedelta(days=1))
    await world.storage.revisions.purge(world.clock())
    await world.simulation("kept")
    await world.deliver()
    assert (await world.stored(webhook)).disabled_reason == "changes_forgotten"
    update = world.container.use_cases.webhooks().update
    await update(world.owner, webhook.id, world.context, scopes=frozenset(Scope), enabled=True)
    await world.deliver()
    assert names(world.endpoints.to(webhook)) == ["kept"]


async def test_delivery_is_repeated_on_request(world: World) -> None:
    webhook = await world.webhook("a")
    for name in ("one", "two"):
        await world.simulation(name)
    await world.deliver()
    first, _ = await world.deliveries(webhook)
    use_cases = world.container.use_cases.webhooks()
    await use_cases.request(world.owner, webhook.id, first.id)
    with pytest.raises(Conflict):
        await use_cases.request(world.owner, webhook.id, None)
    await world.deliver()
    await use_cases.request(world.owner, webhook.id, None)
    await world.deliver()
    *_, repeated, ping = await world.deliveries(webhook)
    assert (repeated.cause, repeated.message_id, repeated.number) == ("repeat", first.message_id, first.number)
    assert (ping.cause, ping.type) == ("ping", "webhook.ping")
    bodies = [body for *_, body in world.endpoints.sent]
    assert bodies[2] == bodies[0]
    assert json.loads(bodies[3])["data"] == {"webhook_id": str(webhook.id)}
    await use_cases.request(world.owner, webhook.id, ping.id)
    await world.deliver()
    assert (await world.deliveries(webhook))[-1].type == "webhook.ping"
    world.clock.passes(timedelta(days=1))
    await world.storage.revisions.purge(world.clock())
    await use_cases.request(world.owner, webhook.id, first.id)
    await world.deliver()
    assert len(world.endpoints.sent) == 5
    await use_cases.request(world.owner, webhook.id, None)


async def test_delivery_of_a_kind_that_is_sent_no_longer_is_not_repeated(world: World) -> None:
    # Whoever has changed the URL meanwhile is perhaps not allowed to read it.
    webhook = await world.webhook("a")
    await world.simulation("one")
    await world.deliver()
    (first,) = await world.deliveries(webhook)
    use_cases = world.container.use_cases.webhooks()
    await use_cases.request(world.owner, webhook.id, first.id)
    scopes = frozenset({Scope.WEBHOOKS_MANAGE, Scope.RUNS_READ})
    changes = {"url": "https://b.example", "kinds": ("run",)}
    await use_cases.update(world.owner, webhook.id, world.context, scopes=scopes, **changes)
    await world.deliver()
    assert len(world.endpoints.sent) == 1
    with pytest.raises(Unfit):
        await use_cases.request(world.owner, webhook.id, first.id)
    await use_cases.request(world.owner, webhook.id, None)
    await world.deliver()
    assert len(world.endpoints.sent) == 2


async def test_secrets_are_encrypted_anew_while_the_secret_key_is_replaced(world: World) -> None:
    webhook = await world.webhook("a")
    before = (await world.stored(webhook)).secret
    assert "whsec" not in before
    world.container = world.containing(BEFORE, KEY)
    assert await world.new_deliverer().reseal() == 1
    assert await world.new_deliverer().reseal() == 0
    assert (await world.stored(webhook)).secret != before
    world.container = world.containing(BEFORE)
    world.deliverer = world.new_deliverer()
    await world.simulation("one")
    await world.deliver()
    assert len(world.endpoints.sent) == 1


async def test_webhook_that_is_deleted_meanwhile_stops_no_encryption(world: World) -> None:
    await world.webhook("a")
    everything, deleted = await world.storage.deliveries.all(), OwnerFactory.build().id

    async def with_deleted() -> Any:
        return [(world.owner, deleted), *everything]

    world.storage.deliveries.all = with_deleted  # type: ignore[method-assign]  # -- as it was a moment ago
    world.container = world.containing(BEFORE, KEY)
    assert await world.new_deliverer().reseal() == 1


async def test_webhook_whose_secret_cannot_be_read_is_disabled(world: World) -> None:
    webhook = await world.webhook("a")
    await world.simulation("one")
    world.container = world.containing("another secret key, of 32 characters")
    world.deliverer = world.new_deliverer()
    await world.deliver()
    assert world.endpoints.sent == []
    assert (await world.stored(webhook)).disabled_reason == "secret_unreadable"
    use_cases = world.container.use_cases.webhooks()
    await use_cases.roll(world.owner, webhook.id, world.context, overlap=SECOND)
    await use_cases.update(world.owner, webhook.id, world.context, scopes=frozenset(Scope), enabled=True)
    await world.deliver()
    assert len(world.endpoints.sent) == 1


async def test_request_ends_where_the_secret_cannot_be_read(world: World) -> None:
    webhook = await world.webhook("a")
    await world.container.use_cases.webhooks().request(world.owner, webhook.id, None)
    world.container = world.containing("another secret key, of 32 characters")
    world.deliverer = world.new_deliverer()
    await world.deliver()
    assert (await world.stored(webhook)).disabled_reason == "secret_unreadable"
    assert await world.storage.deliveries.waiting(world.clock()) == []


async def test_outage_of_the_database_is_logged_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    async def fails(_: datetime) -> Any:
        raise Unavailable("refused")

    waiting, world.storage.deliveries.waiting = world.storage.deliveries.waiting, fails  # type: ignore[method-assign, assignment]  # -- an outage
    await world.simulation("one")
    for _ in range(3):
        await world.deliver()
    assert [record.getMessage() for record in caplog.records] == ["Webhooks wait for the database: refused"]
    webhook = await world.webhook("a")
    await world.simulation("two")
    world.storage.deliveries.waiting = waiting  # type: ignore[method-assign]  # -- as above
    await world.deliver()
    assert names(world.endpoints.to(webhook)) == ["two"]


async def test_deactivated_owner_is_sent_nothing(world: World) -> None:
    webhook = await world.webhook("a")
    await world.simulation("one")
    await world.storage.owners.change(world.owner, lambda owner: owner.deactivate(world.clock()), world.context)
    await world.deliver()
    assert world.endpoints.sent == []
    await world.storage.owners.change(world.owner, Owner.activate, world.context)
    world.clock.passes(timedelta(minutes=1))
    await world.deliver()
    assert names(world.endpoints.to(webhook)) == ["one"]


async def test_request_to_a_deactivated_owner_ends(world: World) -> None:
    webhook = await world.webhook("a")
    await world.container.use_cases.webhooks().request(world.owner, webhook.id, None)
    await world.storage.owners.change(world.owner, lambda owner: owner.deactivate(world.clock()), world.context)
    await world.deliver()
    assert await world.storage.deliveries.waiting(world.clock()) == []
    assert world.endpoints.sent == []


async def test_bug_is_logged_and_not_met_again_at_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    webhook = await world.webhook("a")
    await world.simulation("one")
    await world.container.use_cases.webhooks().request(world.owner, webhook.id, None)

    async def fails(*_: object) -> Answer:
        raise ZeroDivisionError

    world.endpoints.post = fails  # type: ignore[method-assign, assignment]  # -- a bug
    for _ in range(3):
        await world.deliver()
    assert len([record for record in caplog.records if record.exc_info]) == 1
    world.clock.passes(5 * SECOND)
    await world.deliver()
    assert len([record for record in caplog.records if record.exc_info]) == 2


async def test_owner_has_a_hundred_webhooks_at_most(world: World) -> None:
    for each in range(Webhook.OWNED_MAX):
        await world.webhook(f"number-{each}")
    with pytest.raises(Conflict):
        await world.webhook("one-more")
