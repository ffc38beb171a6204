"""What a deliverer tells: attempts by what became of them, and how far webhooks are behind."""

from __future__ import annotations

from datetime import timedelta

from prometheus_client import CollectorRegistry

from app.metrics.webhooks import WebhookCollector
from domain.webhooks.figures import BUCKETS
from domain.webhooks.ports import Answer
from tests.unit.delivering import ACCEPTED, FAILED, SECOND, World

PREFIX = "goatfish_webhook"


def told(world: World, name: str, **labels: str) -> float | None:
    registry = CollectorRegistry()
    registry.register(WebhookCollector(world.figures, world.clock))
    return registry.get_sample_value(PREFIX + name, labels)


async def test_process_that_delivers_nothing_tells_nothing(world: World) -> None:
    registry = CollectorRegistry()
    registry.register(WebhookCollector(world.figures, world.clock))
    assert [*registry.collect()] == []


async def test_attempts_are_counted_by_what_became_of_them(world: World) -> None:
    failing, silent = [await world.webhook(each) for each in ("failing", "silent")]
    await world.webhook("good")

    def answers_late() -> Answer:
        world.clock.passes(timedelta(seconds=10.5))
        return Answer(error="silence")

    world.endpoints.answers |= {failing.url: lambda: FAILED, silent.url: answers_late}
    await world.simulation("one")
    await world.deliver()
    outcomes = {each: told(world, "_deliveries_total", outcome=each) for each in ("accepted", "refused", "unanswered")}
    assert outcomes == dict.fromkeys(outcomes, 1)
    assert told(world, "_delivery_duration_seconds_count") == 3
    assert told(world, "_delivery_duration_seconds_bucket", le=str(BUCKETS[-1])) in {1, 2}  # others take their time too
    assert (told(world, "_delivery_duration_seconds_sum") or 0.0) >= 10.5


async def test_lag_is_told_while_an_endpoint_fails_and_ends_with_it(world: World) -> None:
    webhook = await world.webhook("a")
    world.endpoints.answers[webhook.url] = lambda: FAILED
    for name in ("one", "two", "three"):
        await world.simulation(name)
    await world.deliver()
    world.clock.passes(timedelta(minutes=10))
    await world.deliver()
    assert told(world, "_lag_seconds", state="failing") == 600
    assert told(world, "_lag_seconds", state="waiting") == 0
    assert told(world, "_lag_changes") == 3
    assert (told(world, "s_behind"), told(world, "s_failing"), told(world, "s_disabled")) == (1, 1, 0)
    world.endpoints.answers[webhook.url] = lambda: ACCEPTED
    world.clock.passes(timedelta(minutes=10))
    await world.deliver()
    world.clock.passes(timedelta(minutes=1))
    await world.deliver()
    assert {told(world, "_lag_seconds", state=each) for each in ("failing", "waiting")} == {0}
    assert told(world, "_lag_changes") == 0
    assert (told(world, "s_behind"), told(world, "s_failing")) == (0, 0)


async def test_lag_counts_from_the_change_that_is_sent(world: World) -> None:
    webhook = await world.webhook("a")
    await world.simulation("one")
    world.clock.passes(timedelta(hours=1))  # without a deliverer
    seen: list[float | None] = []

    def answers() -> Answer:
        world.clock.passes(SECOND)
        seen.append(told(world, "_lag_seconds", state="waiting"))
        return ACCEPTED

    world.endpoints.answers[webhook.url] = answers
    for name in ("two", "three"):
        await world.simulation(name)
    await world.deliver()
    assert seen[1:] == [3602, 3]


async def test_disabled_webhooks_are_counted(world: World) -> None:
    webhook = await world.webhook("a")
    world.endpoints.answers[webhook.url] = lambda: Answer(status_code=410)
    await world.simulation("one")
    await world.deliver()
    world.clock.passes(timedelta(minutes=1))
    await world.deliver()
    assert (told(world, "s_disabled"), told(world, "s_behind"), told(world, "s_failing")) == (1, 0, 0)
