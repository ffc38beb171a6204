"""Delivering once: everything that is due is served, and then it ends."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from domain.errors import Unavailable
from domain.webhooks.ports import Answer
from domain.webhooks.turn import TURN
from tests.unit.delivering import ACCEPTED, FAILED, World, names


@pytest.fixture(autouse=True)
def few_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.webhooks.deliverer.AT_ONCE", 4)


async def once(world: World) -> None:
    async with asyncio.timeout(30):
        await world.new_deliverer().run_once()


async def test_more_webhooks_than_places_are_served(world: World) -> None:
    webhooks = [await world.webhook(f"number-{each}") for each in range(20)]
    await world.simulation("one")
    await once(world)
    assert {url for url, *_ in world.endpoints.sent} == {each.url for each in webhooks}
    assert len(world.endpoints.sent) == 20


async def test_webhook_that_needs_several_turns_is_served_to_the_end(world: World) -> None:
    webhook = await world.webhook("late")

    def answers_late() -> Answer:
        world.clock.passes(timedelta(seconds=TURN / 8))
        return ACCEPTED

    world.endpoints.answers[webhook.url] = answers_late
    made = [(await world.simulation(f"number {each}")).name for each in range(230)]
    await once(world)
    assert names(world.endpoints.to(webhook)) == made


async def test_failing_endpoint_is_tried_once(world: World) -> None:
    failing, other = await world.webhook("failing"), await world.webhook("other")
    world.endpoints.answers[failing.url] = lambda: FAILED
    await world.simulation("one")

    def answers_late() -> Answer:
        world.clock.passes(timedelta(hours=1))
        return ACCEPTED

    world.endpoints.answers[other.url] = answers_late
    await once(world)
    assert len(world.endpoints.to(failing)) == len(world.endpoints.to(other)) == 1


async def test_it_ends_though_changes_keep_coming(world: World) -> None:
    webhook = await world.webhook("a")
    accept = world.endpoints.post

    async def changing(*sent: object) -> Answer:
        await world.simulation("one more")
        return await accept(*sent)  # type: ignore[arg-type]  # -- whatever it was sent

    world.endpoints.post = changing  # type: ignore[method-assign, assignment]  # -- an endpoint that makes changes
    await world.simulation("one")
    await once(world)
    assert names(world.endpoints.to(webhook)) == ["one"]


async def test_nothing_to_do_is_done(world: World) -> None:
    await once(world)
    assert world.endpoints.sent == []


async def test_outage_is_raised(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(_: object) -> None:
        raise Unavailable("refused")

    monkeypatch.setattr(world.storage.deliveries, "waiting", fails)
    with pytest.raises(Unavailable):
        await once(world)
