"""The fair semaphore: no owner exceeds its limit, reserved slots stay available, and no slot is lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.django_orm.sql.fair_semaphore import (
    LOOKUPS,
    SERVICE,
    SYSTEM,
    FairSemaphore,
)

if TYPE_CHECKING:
    from collections.abc import Coroutine

NAMES = ("a", "b", "c", "d", LOOKUPS, SERVICE)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.sampled_from(NAMES)),
        st.tuples(st.sampled_from(["give", "cancel", "cancel and give"]), st.integers(0, 50)),
        st.tuples(st.just("rest"), st.integers(1, 3)),
    ),
    max_size=60,
)


class Clock:
    """A clock that tests advance."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Crowd:
    """Tasks that acquire slots, and hold them until a test releases them."""

    def __init__(self, size: int, timeout: float | None = None, clock: Clock | None = None) -> None:
        self.semaphore = FairSemaphore(size, timeout=timeout, clock=clock or Clock())
        self.size = size
        self.having: list[str] = []
        self.waiting: list[tuple[str, asyncio.Task[None]]] = []

    def ask(self, name: str) -> asyncio.Task[None]:
        async def asked() -> None:
            await self.semaphore.acquire(name)
            self.having.append(name)

        task = asyncio.create_task(asked())
        self.waiting.append((name, task))
        return task

    def give(self, place: int) -> None:
        if self.having:
            self.semaphore.release(self.having.pop(place % len(self.having)))

    def cancel(self, place: int) -> None:
        if self.waiting:
            self.waiting[place % len(self.waiting)][1].cancel()

    async def rest(self, rounds: int = 5) -> None:
        """Lets all tasks run as far as they can."""
        for _ in range(rounds):
            await asyncio.sleep(0)
        self.waiting = [(name, task) for name, task in self.waiting if not task.done()]

    def check(self) -> None:
        """Asserts the invariants, once no task can proceed."""
        semaphore, owners = self.semaphore, [name for name in self.having if name not in SYSTEM]
        assert semaphore._free == self.size - len(self.having) >= 0
        assert len(owners) <= semaphore.unreserved
        assert all(owners.count(name) <= semaphore.owner_limit for name in owners)
        for name, _ in self.waiting:
            assert not semaphore.acquire_nowait(name)
        assert len(self.waiting) == sum(
            len(queue.waiters)
            for queues in (semaphore._waiting, semaphore._waiting_system)
            for queue in queues.values()
        )


def run(made: Coroutine[None, None, None]) -> None:
    asyncio.run(made)


@given(size=st.integers(1, 12), steps=STEPS)
def test_whatever_happens_no_place_is_lost_and_none_is_free_that_somebody_may_have(
    size: int, steps: list[tuple[str, str | int]]
) -> None:
    async def lived() -> None:
        crowd = Crowd(size)
        for what, value in steps:
            if isinstance(value, str):
                crowd.ask(value)
            elif what == "rest":
                await crowd.rest(value)
            elif what == "give":
                crowd.give(value)
            else:  # whoever is cancelled may just have been given a place
                crowd.cancel(value)
                if what == "cancel and give":
                    crowd.give(value)
                    crowd.cancel(value + 1)
        await crowd.rest()
        crowd.check()
        while crowd.having:
            crowd.give(0)
            await crowd.rest()
            crowd.check()
        assert crowd.waiting == []
        assert (crowd.semaphore._free, crowd.semaphore._held_by_owners, crowd.semaphore._held) == (size, 0, {})
        assert not crowd.semaphore._waiting
        assert not crowd.semaphore._waiting_system

    run(lived())


@pytest.mark.parametrize(
    ("size", "kept", "share"),
    [(1, 0, 1), (2, 1, 1), (3, 1, 1), (4, 1, 2), (7, 1, 4), (8, 2, 4), (10, 2, 6), (33, 2, 21)],
)
async def test_one_owner_has_a_part_of_what_is_not_kept_back(size: int, kept: int, share: int) -> None:
    crowd = Crowd(size)
    for _ in range(size + 5):
        crowd.ask("a")
    await crowd.rest()
    assert crowd.having == ["a"] * share
    for _ in range(size + 5):
        crowd.ask("b")
        crowd.ask("c")
    await crowd.rest()
    assert len(crowd.having) == size - kept
    assert size < 3 or "b" in crowd.having
    for _ in range(size):
        crowd.ask(SERVICE)
    await crowd.rest()
    assert crowd.having.count(SERVICE) == kept
    crowd.check()


async def test_the_service_itself_comes_first_but_takes_no_more_than_is_kept_back_while_owners_wait() -> None:
    crowd = Crowd(10)
    for name in ["a"] * 4 + ["b"] * 4 + [LOOKUPS] * 2:
        crowd.ask(name)
    await crowd.rest()
    for name in ["c"] * 3 + [LOOKUPS] * 5 + [SERVICE]:
        crowd.ask(name)
    await crowd.rest()
    assert crowd.having.count("c") == 0
    crowd.give(crowd.having.index("a"))
    await crowd.rest()
    assert crowd.having[-1] == "c"
    for _ in range(2):
        crowd.give(crowd.having.index(LOOKUPS))
        await crowd.rest()
    assert crowd.having[-2:] == [LOOKUPS, SERVICE]  # which take turns as well


async def test_with_one_place_the_service_itself_comes_first() -> None:
    crowd = Crowd(1)
    for name in ("a", "b", SERVICE):
        crowd.ask(name)
    await crowd.rest()
    crowd.give(0)
    await crowd.rest()
    assert crowd.having == [SERVICE]


async def test_an_owner_that_has_its_share_keeps_its_turn_and_stops_nobody() -> None:
    crowd = Crowd(4)
    for name in "aaabc":
        crowd.ask(name)
    await crowd.rest()
    assert crowd.having == ["a", "a", "b"]
    crowd.give(2)
    await crowd.rest()
    assert crowd.having == ["a", "a", "c"]
    crowd.give(0)
    await crowd.rest()
    assert crowd.having == ["a", "c", "a"]


async def served(crowd: Crowd, clock: Clock, times: int, seconds: float) -> None:
    """Releases the slots one by one, so many seconds apart."""
    for _ in range(times):
        clock.seconds += seconds
        crowd.give(0)
        await crowd.rest()


async def test_whoever_would_wait_too_long_is_refused_at_once() -> None:
    clock = Clock()
    crowd = Crowd(1, 5, clock)
    for _ in range(12):
        crowd.ask("a")
    await crowd.rest()
    await served(crowd, clock, 3, 1.0)
    late = crowd.ask("a")
    await crowd.rest(2)
    assert isinstance(late.exception(), TimeoutError)  # eight are ahead, a second each


async def test_nobody_is_refused_who_is_first_or_comes_with_a_crowd_or_while_all_goes_well() -> None:
    clock = Clock()
    crowd = Crowd(1, 5, clock)
    for _ in range(1000):
        crowd.ask("a")
    await crowd.rest()
    clock.seconds += 0.9  # the event loop was busy
    crowd.ask("a")
    await served(crowd, clock, 200, 0.001)
    others = [crowd.ask("a"), crowd.ask("b")]
    await served(crowd, clock, 200, 0.002)
    others.append(crowd.ask("a"))
    await crowd.rest()
    assert not any(task.done() and task.exception() for task in others)
    assert len(crowd.waiting) == 1002 - 400 + 1


async def test_where_nobody_is_served_at_all_a_queue_stops_growing_before_the_first_gives_up() -> None:
    clock = Clock()
    crowd = Crowd(10, 5, clock)
    for _ in range(24):
        crowd.ask("a")
    await crowd.rest()
    clock.seconds += 2
    late, other = crowd.ask("a"), crowd.ask("b")
    await crowd.rest(2)
    assert isinstance(late.exception(), TimeoutError)
    assert other.exception() is None


@given(seconds=st.lists(st.sampled_from([0.001, 0.1, 1.0, 4.0]), min_size=5, max_size=12))
def test_refusals_end_once_places_are_given_back_quickly_again(seconds: list[float]) -> None:
    async def lived() -> None:
        clock = Clock()
        crowd = Crowd(3, 5, clock)
        for each in seconds:
            for _ in range(10):
                crowd.ask("a")
            await crowd.rest()
            # Whatever has been: one waits where any has to, so that the pace is always known anew.
            assert crowd.waiting
            await served(crowd, clock, 3, each)
        for _ in range(2):  # a window that still knows the slow ones, and one that does not
            clock.seconds += 1
            crowd.ask("a")
            await served(crowd, clock, len(crowd.waiting), 0.001)
        asked = [crowd.ask("a") for _ in range(20)]
        await crowd.rest()
        assert not any(task.done() and task.exception() for task in asked)

    run(lived())


async def test_whoever_waits_too_long_gives_up_and_leaves_nothing() -> None:
    crowd = Crowd(1, 0.01)
    crowd.ask("a")
    late = crowd.ask("b")
    await asyncio.sleep(0.05)
    assert isinstance(late.exception(), TimeoutError)
    assert not crowd.semaphore._waiting


async def test_all_are_returned_once_the_last_is() -> None:
    crowd = Crowd(3)
    await crowd.semaphore.all_released()
    crowd.ask("a")
    crowd.ask("b")
    await crowd.rest()
    waiting = asyncio.create_task(crowd.semaphore.all_released())
    crowd.give(0)
    await crowd.rest()
    assert not waiting.done()
    crowd.give(0)
    await waiting
