"""Who is served while there are more webhooks than places: nobody waits for another owner, or for what is slow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from adapters.in_memory.webhooks import OwnedDeliveries
from domain.repository import OwnerId
from domain.webhooks.deliverer import AT_ONCE, STATEMENTS
from domain.webhooks.places import Places, in_turn
from domain.webhooks.ports import Answer, Waiting
from domain.webhooks.webhook import Webhook
from tests.factories import OwnerFactory
from tests.unit.delivering import ACCEPTED, FAILED, World


def owners(number: int) -> list[OwnerId]:
    return [OwnerId(uuid7()) for _ in range(number)]


def taken(places: Places, owner: OwnerId, number: int) -> list[UUID]:
    """The webhooks that got a place, of so many that want one."""
    return [id for id in (uuid7() for _ in range(number)) if places.take(owner, id)]


def test_one_owner_may_have_all_its_webhooks_served() -> None:
    places = Places(AT_ONCE)
    (owner,) = owners(1)
    assert len(taken(places, owner, Webhook.OWNED_MAX)) == Webhook.OWNED_MAX


@pytest.mark.parametrize("greedy", [1, 5, 50])
def test_owners_who_want_everything_leave_room_for_others(greedy: int) -> None:
    places = Places(AT_ONCE)
    everybody = owners(greedy)
    held = dict.fromkeys(everybody, 0)
    for _ in range(AT_ONCE):
        for owner in everybody:
            held[owner] += len(taken(places, owner, 1))
    assert max(held.values()) - min(held.values()) <= 1
    free = AT_ONCE - sum(held.values())
    assert free >= AT_ONCE // (greedy + 1) - 1
    (other,) = owners(1)
    assert taken(places, other, 1)


def test_slow_webhooks_leave_half_of_the_places_to_fast_ones() -> None:
    places = Places(100)
    everybody = owners(200)
    slow = [(owner, uuid7()) for owner in everybody]
    for _, id in slow:
        places.note(id, is_slow=True)
    assert sum(places.take(owner, id) for owner, id in slow) == 50
    assert all(taken(places, owner, 1) for owner in everybody[:49])


def test_slow_webhooks_do_not_hold_up_fast_ones_of_the_same_owner() -> None:
    places = Places(40)
    (owner,) = owners(1)
    for each in range(100):
        places.note(UUID(int=each), is_slow=True)
    assert sum(places.take(owner, UUID(int=each)) for each in range(100)) == 10
    assert len(taken(places, owner, 10)) == 10


def test_place_is_free_again_after_it() -> None:
    places = Places(2)
    one, other = owners(2)
    (id,) = taken(places, one, 1)
    assert not taken(places, one, 1)
    assert taken(places, other, 1)
    places.leave(id)
    assert taken(places, one, 1)


def test_webhook_that_turns_slow_or_fast_counts_as_such_at_once() -> None:
    places = Places(4)
    everybody = owners(3)
    ids = [id for owner in everybody[:2] for id in taken(places, owner, 1)]
    late = uuid7()
    for id in (*ids, late):
        places.note(id, is_slow=True)
    assert not places.take(everybody[2], late)
    places.note(ids[0], is_slow=False)
    assert places.take(everybody[2], late)


def test_owners_take_turns() -> None:
    one, other = owners(2)
    ids = [uuid7() for _ in range(4)]
    found = [*(Waiting(one, id) for id in ids[:3]), Waiting(other, ids[3])]
    assert [each.id for each in in_turn(found)] == [ids[0], ids[3], ids[1], ids[2]]


async def owner_with_webhooks(world: World, number: int) -> list[Webhook]:
    """Another owner's webhooks, which have a change to send."""
    owner = OwnerFactory.build()
    await world.storage.owners.add(owner, world.context)
    made = [await world.webhook(f"{owner.id}-{each}", owner=owner.id) for each in range(number)]
    await world.simulation("slow", owner=owner.id)
    return made


class Hanging:
    """Endpoints of some webhooks that do not answer before they are ``released``; others accept at once."""

    def __init__(self, world: World, *webhooks: Webhook) -> None:
        self._urls = {each.url for each in webhooks}
        self._post = world.endpoints.post
        self.released = asyncio.Event()
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.accepted: asyncio.Queue[str] = asyncio.Queue()
        world.endpoints.post = self.post  # type: ignore[method-assign]  # -- endpoints that take their time

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if url in self._urls:
            self.begun.put_nowait(url)
            await self.released.wait()
        answer = await self._post(url, headers, body)
        self.accepted.put_nowait(url)
        return answer


async def first(number: int, queue: asyncio.Queue[str]) -> set[str]:
    async with asyncio.timeout(30):
        return {await queue.get() for _ in range(number)}


async def test_owners_with_many_slow_endpoints_delay_no_other_owner(world: World) -> None:
    slow = [each for _ in range(6) for each in await owner_with_webhooks(world, Webhook.OWNED_MAX)]
    hanging = Hanging(world, *slow)
    await world.deliverer.poll()
    await first(AT_ONCE * 3 // 4, hanging.begun)
    webhook = await world.webhook("other")
    await world.simulation("one")
    await world.deliverer.poll()
    assert await first(1, hanging.accepted) == {webhook.url}
    hanging.released.set()
    await world.deliverer.settled()


async def test_what_got_no_place_is_served_by_and_by(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.webhooks.deliverer.AT_ONCE", 4)
    monkeypatch.setattr("domain.webhooks.deliverer.BETWEEN_POLLS", 0.001)
    world.deliverer = world.new_deliverer()
    webhooks = await owner_with_webhooks(world, 20)
    hanging = Hanging(world)
    running = asyncio.create_task(world.deliverer.run())
    assert await first(20, hanging.accepted) == {each.url for each in webhooks}
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_failing_and_slow_endpoints_leave_places_to_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.webhooks.deliverer.AT_ONCE", 2)
    world.deliverer = world.new_deliverer()
    (failing,), (late,) = await owner_with_webhooks(world, 1), await owner_with_webhooks(world, 1)

    def answers_late() -> Answer:
        world.clock.passes(timedelta(seconds=2))
        return ACCEPTED

    world.endpoints.answers |= {failing.url: lambda: FAILED, late.url: answers_late}
    await world.deliver()
    await world.simulation("again", owner=late.owner_id)
    world.clock.passes(timedelta(minutes=1))
    hanging = Hanging(world, failing, late)
    await world.deliverer.poll()
    await first(1, hanging.begun)
    other = await world.webhook("other")
    await world.simulation("one")
    await world.deliverer.poll()
    assert await first(1, hanging.accepted) == {other.url}
    assert hanging.begun.empty()
    hanging.released.set()
    await world.deliverer.settled()


async def test_webhooks_of_an_owner_use_the_database_a_few_at_a_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, most = 0, 0

    def counting(write: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def counted(*given: Any, **named: Any) -> Any:
            nonlocal writing, most
            writing += 1
            most = max(most, writing)
            await asyncio.sleep(0)
            writing -= 1
            return await write(*given, **named)

        return counted

    for name in ("claim", "save"):
        monkeypatch.setattr(OwnedDeliveries, name, counting(getattr(OwnedDeliveries, name)))
    await owner_with_webhooks(world, Webhook.OWNED_MAX)
    await world.deliver()
    assert len(world.endpoints.sent) == Webhook.OWNED_MAX
    assert most == STATEMENTS
